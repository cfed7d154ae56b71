"""Merging heads is a change of index that loses nothing, and what it may be exchanged with."""

from collections.abc import Iterator
from typing import Any

import sympy as sp
from sympy.matrices.expressions.matexpr import MatrixElement

from mha_book.symbolic._deciders import with_floor
from mha_book.symbolic._index_sums import same_sums
from mha_book.symbolic.proof import Step, proof
from mha_book.symbolic.symbols import H, T, d

__all__ = ["merge_commutes", "merge_index"]

h, g, c, b, m, t, u = sp.symbols("h g c b m t u", integer=True, nonnegative=True)
rest = sp.Symbol("r", integer=True, positive=True)


@proof("eq-merge-index")
def merge_index() -> Iterator[Step]:
    """Head and coordinate name a column, and quotient and remainder name them back."""
    column, wide_enough = h * d + c, {d: c + rest}
    yield Step(
        sp.floor(column / d),
        h,
        r"The quotient of column $hd + c$ is the head. Since $c < d$ we may write "
        r"$d = c + r$ with $r > 0$, and then $c/d$ is at least 0 and less than 1.",
        where=wide_enough,
        decide=with_floor(h),
    )
    yield Step(
        column - d * sp.floor(column / d),
        c,
        "What the division leaves over is the coordinate.",
        where=wide_enough,
        decide=with_floor(h),
    )
    remainder = sp.Mod(m, d)
    yield Step(
        sp.floor(m / d) * d + remainder,
        m,
        "The other way round: the quotient times $d$ plus the remainder is the column. Each map "
        "undoes the other, so no column is left out or used twice.",
        where={remainder: remainder.rewrite(sp.floor)},
    )
    yield Step(
        sp.Sum(sp.Sum(1, (c, 0, d - 1)), (h, 0, H - 1)),
        H * d,
        "There are as many pairs of a head and a coordinate as columns.",
    )


@proof("eq-merge-commutes")
def merge_commutes() -> Iterator[Step]:
    """What mixes tokens, or maps every head alike, may come before the merge or after it."""
    heads = sp.IndexedBase("O")
    mixing, inside = sp.MatrixSymbol("P", T, T), sp.MatrixSymbol("M", d, d)
    copies = sp.KroneckerProduct(sp.Identity(H), inside)
    every_head = sp.MatrixSymbol(r"\tilde{M}", *copies.shape)
    merged = sp.MatrixSymbol("X", T, copies.rows)
    from_column = {merged[u, h * d + c]: heads[h, u, c], merged[t, g * d + b]: heads[g, t, b]}
    quotients = {sp.floor((g * d + b) / d): g, sp.floor((h * d + c) / d): h}
    remainders = {sp.Mod(b, d): b, sp.Mod(c, d): c}

    def by_index(left: Any, right: Any) -> bool:
        is_entry = lambda e: isinstance(e, MatrixElement)  # noqa: E731
        right = right.replace(is_entry, lambda e: e.parent[e.i, e.j])
        renamed = right.xreplace(from_column).xreplace(quotients).xreplace(remainders)
        modulo_h = {sp.Mod(g, H): g, sp.Mod(h, H): h}
        return same_sums()(left, renamed.xreplace(modulo_h))

    yield Step(
        sp.Sum(mixing[t, u] * heads[h, u, c], (u, 0, T - 1)),
        sp.Sum(mixing[t, u] * merged[u, h * d + c], (u, 0, T - 1)),
        "Write $X$ for the merged heads, $X_{u,hd+c} = O_{h,u,c}$, and let $P$ mix tokens, before "
        "the merge or after it. Merging renames columns and leaves tokens alone, so the two sums "
        "have the same terms.",
        decide=by_index,
    )
    entry = merged[t, g * d + b] * every_head[g * d + b, h * d + c]
    yield Step(
        sp.Sum(heads[h, t, b] * inside[b, c], (b, 0, d - 1)),
        sp.Sum(sp.Sum(entry, (b, 0, d - 1)), (g, 0, H - 1)),
        r"Let $M$ map the $d$ numbers of a head. After the merge this is the block diagonal of "
        r"$H$ copies, $\tilde{M} = I_H \otimes M$, whose entry at row $gd + b$ and column $hd + c$ "
        r"is $\delta_{gh} M_{bc}$.",
        where={every_head: copies},
        decide=by_index,
    )

"""Scores from a network with one hidden layer (eq-additive-attention)."""

from collections.abc import Iterator
from typing import Any

import sympy as sp
from sympy.matrices.expressions.matexpr import MatrixElement

from mha_book.symbolic._deciders import blockwise
from mha_book.symbolic._entries import row_vector, same_sums
from mha_book.symbolic.blocks import beside, stacked
from mha_book.symbolic.proof import Step, proof

__all__ = ["additive_attention", "d_k", "d_q", "m"]

d_q, d_k, m = sp.symbols("d_q d_k m", integer=True, positive=True)


@proof("eq-additive-attention")
def additive_attention() -> Iterator[Step]:
    """An additive score is bounded whatever the width, and two of its units make a kernel."""
    q, k = row_vector("q", d_q), row_vector("k", d_k)
    W_1, W_2 = sp.MatrixSymbol("W_1", d_q, m), sp.MatrixSymbol("W_2", d_k, m)
    yield Step(
        beside(q, k) * stacked(W_1, W_2),
        q * W_1 + k * W_2,
        "Query and key side by side, times the two matrices stacked: the same hidden layer.",
        decide=blockwise,
    )
    u, z, weight = sp.symbols("u z w", real=True)
    yield Step(
        weight**2 - (weight * sp.tanh(z)) ** 2,
        weight**2 / sp.cosh(z) ** 2,
        r"A unit adds at most $\lvert w \rvert$ to the score, for what is missing is a square over "
        r"a square. So no score exceeds $\lVert w \rVert_1$, however wide the query is.",
    )
    yield Step(
        sp.tanh(u + 1) - sp.tanh(u - 1),
        2 * sp.sinh(2) / (sp.cosh(2 * u) + sp.cosh(2)),
        "Two units with shifted thresholds make a bump, highest at $u = 0$ and the same on both "
        "sides: a kernel.",
        decide=_same_powers,
    )
    b, w = row_vector("b", m), sp.MatrixSymbol("w", m, sp.S.One)
    hidden, activation = row_vector("h", m), sp.Lambda(z, sp.tanh(z))
    a, n, unit = sp.symbols("a n u", integer=True, nonnegative=True)
    before = (
        sp.Sum(q[0, a] * W_1[a, unit], (a, 0, d_q - 1))
        + sp.Sum(k[0, n] * W_2[n, unit], (n, 0, d_k - 1))
        + b[0, unit]
    )
    yield Step(
        MatrixElement(hidden * w, 0, 0),
        sp.Sum(sp.tanh(before) * w[unit, 0], (unit, 0, m - 1)),
        "The score, unit by unit, with $h$ the hidden layer after the tanh. Rows and columns count "
        "from zero here.",
        where={hidden: (q * W_1 + k * W_2 + b).applyfunc(activation)},
        decide=same_sums,
    )


def _same_powers(left: Any, right: Any) -> bool:
    """Compare hyperbolic functions as what they are, sums of exponentials."""
    return bool(sp.simplify((left - right).rewrite(sp.exp)) == 0)

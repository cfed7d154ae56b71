"""How widely and how far a head looks (eq-head-statistics)."""

from collections.abc import Iterator
from typing import Any

import sympy as sp

from mha_book.symbolic._entries import entries, same_sums, total
from mha_book.symbolic.proof import Step, equal, proof
from mha_book.symbolic.symbols import T, T_k, T_q, i, j

__all__ = ["distance", "entropy", "head_statistics"]

A = entries("A")


def entropy(weight: Any = A, queries: Any = T_q, keys: Any = T_k) -> Any:
    """The mean over the queries of the entropy of their weights, in bits."""
    bits = weight(i, j) * sp.log(weight(i, j)) / sp.log(2)
    return -total(total(bits, j, keys), i, queries) / queries


def distance(weight: Any = A, queries: Any = T_q, keys: Any = T_k) -> Any:
    """The mean over the queries of the distance that their weights look, in places."""
    return total(total(weight(i, j) * sp.Abs(i - j), j, keys), i, queries) / queries


@proof("eq-head-statistics")
def head_statistics() -> Iterator[Step]:
    """Entropy lies between one key and all keys; a head that looks evenly reaches the most."""
    x = sp.Symbol("x", positive=True)
    yield Step(
        sp.log(x),
        x - 1,
        "The logarithm lies below its tangent at $1$.",
        relation="<=",
        decide=_touches_at_one,
    )
    gain = A(i, j) * (1 / (A(i, j) * T_k) - 1)
    yield Step(
        total(gain, j, T_k),
        1 - total(A(i, j), j, T_k),
        "Take $x = 1/(A_{ij} T_k)$ and average with the weights of one query, which sum to one: "
        r"$\log_2 T_k$ less the entropy of the query is not below zero.",
        decide=same_sums,
    )
    yield Step(
        entropy(),
        sp.log(T_k) / sp.log(2),
        "If all keys count the same, it is that much.",
        where={A: sp.Lambda((i, j), 1 / T_k)},
    )
    yield Step(
        distance(A, T, T),
        (T - 1 / T) / 3,
        "An even look over a text of $T$ tokens goes a third of its length, nearly.",
        where={A: sp.Lambda((i, j), 1 / T)},
        decide=_on_both_sides,
    )


def _touches_at_one(left: Any, right: Any) -> bool:
    """Whether right − left is zero at 1, with no slope there, and convex."""
    (x,) = right.free_symbols
    gap = right - left
    flat = gap.subs(x, 1) == 0 == gap.diff(x).subs(x, 1)
    return all((flat, gap.diff(x, 2).is_positive))


def _on_both_sides(left: Any, right: Any) -> bool:
    """Add up the keys before a query and those from it on; Σ_i Σ_j |i − j| has a closed form."""
    ((key, first, last), (query, *rows)) = left.atoms(sp.Sum).pop().limits
    term = left.atoms(sp.Sum).pop().function
    before = sp.Sum(term.replace(sp.Abs, sp.Id), (key, first, query))
    after = sp.Sum(term.replace(sp.Abs, lambda gap: -gap), (key, query + 1, last))
    whole = sp.Sum((before + after).doit(), (query, *rows)).doit()
    return equal(left.xreplace({left.atoms(sp.Sum).pop(): whole}), right)

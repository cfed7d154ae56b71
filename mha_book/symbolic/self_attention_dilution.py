"""What one token among many can weigh at most (eq-self-attention-dilution)."""

from collections.abc import Iterator
from typing import Any

import sympy as sp

from mha_book.symbolic._entries import entries, l, same_sums, total
from mha_book.symbolic.proof import Step, proof
from mha_book.symbolic.symbols import T

__all__ = ["self_attention_dilution"]


@proof("eq-self-attention-dilution")
def self_attention_dilution() -> Iterator[Step]:
    """If no score exceeds c in size, no weight exceeds exp(2c)/T."""
    bound, u = sp.Symbol("c", positive=True), sp.Symbol("u", nonnegative=True)
    above = type("t", (entries("t"),), {"is_nonnegative": True, "symbol": "t"})
    yield Step(
        sp.exp(bound - u),
        sp.exp(bound),
        "The score of the key in question is at most $c$, so it is $c - u$ with $u \\ge 0$.",
        relation="<=",
        decide=_at_most,
    )
    yield Step(
        total(sp.exp(above(l) - bound), l, T),
        sp.exp(-bound) * total(sp.exp(above(l)), l, T),
        r"Every score is at least $-c$, so it is $t_l - c$ with $t_l \ge 0$.",
        decide=same_sums,
    )
    yield Step(
        total(sp.exp(above(l)), l, T),
        T,
        "None of these exponentials is below one, and there are $T$.",
        relation=">=",
        decide=_at_least_one_each,
    )
    yield Step(
        sp.exp(bound) / (sp.exp(-bound) * T),
        sp.exp(2 * bound) / T,
        "The largest numerator over the smallest denominator bounds every weight.",
    )
    largest = sp.exp(bound) / (sp.exp(bound) + (T - 1) * sp.exp(-bound))
    yield Step(
        T * largest,
        sp.exp(2 * bound),
        "The bound is sharp: let one score be $c$ and all others $-c$. As the text grows, the "
        "weight tends to the bound.",
        relation="->",
        decide=lambda left, right: sp.limit(left, T, sp.oo) == right,
    )


def _at_most(left: Any, right: Any) -> bool:
    """Compare two exponentials by their exponents."""
    return bool((sp.log(right) - sp.log(left)).is_nonnegative)


def _at_least_one_each(left: Any, right: Any) -> bool:
    """Compare a sum of exponentials with the number of its terms."""
    count = sp.Sum(sp.S.One, *left.limits).doit()
    return all((sp.log(left.function).is_nonnegative, count == right))

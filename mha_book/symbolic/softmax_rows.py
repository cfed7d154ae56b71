"""Shares that sum to one, and how to compute them safely.

Proves eq-softmax-rows and eq-steps-safe-softmax.
"""

from collections.abc import Iterator
from typing import Any

import sympy as sp

from mha_book.symbolic._entries import entries, l, same_sums, total
from mha_book.symbolic.proof import Step, equal, proof
from mha_book.symbolic.symbols import T, i, j

__all__ = ["safe_share", "share", "softmax_rows", "steps_safe_softmax"]

s, m = entries("s"), entries("m")


def share() -> Any:
    """The weight of key j for query i."""
    return sp.exp(s(i, j)) / total(sp.exp(s(i, l)), l, T)


def safe_share() -> Any:
    """The same, with a number that depends on the row alone taken from every score first."""
    return sp.exp(s(i, j) - m(i)) / total(sp.exp(s(i, l) - m(i)), l, T)


@proof("eq-softmax-rows")
def softmax_rows() -> Iterator[Step]:
    """Softmax gives the shares that reward high scores most while staying as even as they can."""
    a = sp.Symbol("a", positive=True)
    price = sp.Symbol(r"\lambda", real=True)
    yield Step(
        sp.Derivative(a * s(i, j) - a * sp.log(a) - price * a, a),
        s(i, j) - sp.log(a) - 1 - price,
        r"Choose the shares of a row so that their mean score plus their entropy is largest, at a "
        r"price $\lambda$ for each unit of share. This is the slope by one share.",
    )
    yield Step(
        s(i, j) - sp.log(a) - 1 - price,
        sp.Integer(0),
        r"It vanishes for the softmax, with $\lambda = \ln \sum_l e^{s_{il}} - 1$. Entropy is "
        "concave, so this is the maximum.",
        where={a: share(), price: sp.log(total(sp.exp(s(i, l)), l, T)) - 1},
    )
    yield Step(
        total(share(), j, T),
        sp.Integer(1),
        "The shares of a row sum to one, however many there are.",
        decide=same_sums,
    )


@proof("eq-steps-safe-softmax")
def steps_safe_softmax() -> Iterator[Step]:
    """Subtracting the largest score changes no share and keeps every exponential at most one."""
    below, rest = sp.Symbol("u", nonnegative=True), sp.Symbol("r", nonnegative=True)
    top, score = sp.symbols("m s", real=True)
    yield Step(
        sp.exp(score - top),
        sp.Integer(1),
        "With $m$ the largest score of the row, $s = m - u$ with $u \\ge 0$: no exponential "
        "exceeds one.",
        relation="<=",
        where={score: top - below},
        decide=lambda left, right: equal(sp.log(right) - sp.log(left), below),
    )
    yield Step(
        sp.exp(score - top) + rest,
        sp.Integer(1),
        "The largest score itself gives one, and the rest $r$ of the sum is not negative. So the "
        "sum is at least one, and nothing is divided by zero.",
        relation=">=",
        where={score: top},
        decide=lambda left, right: equal(left - right, rest),
    )
    yield Step(
        safe_share(),
        share(),
        r"The factor $e^{-m_i}$ stands in the numerator and in every term of the denominator, so "
        "it cancels.",
        decide=same_sums,
    )

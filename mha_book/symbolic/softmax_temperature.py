"""Softmax with a temperature: its shares, its Jacobian and its two limits."""

from collections.abc import Callable, Iterator
from typing import Any

import sympy as sp

from mha_book.symbolic.proof import Step, proof
from mha_book.symbolic.symbols import n

__all__ = ["softmax_temperature", "softmax_temperature_limits"]

tau, g, D = sp.symbols("tau g D", positive=True)
s, top, others, h = sp.symbols("s M R h", nonnegative=True)
m = sp.Symbol("m", integer=True, positive=True)


@proof("eq-softmax-temperature")
def softmax_temperature() -> Iterator[Step]:
    """A temperature raises each ratio of shares to a power, and divides the Jacobian."""
    s_i, s_j = sp.symbols("s_i s_j", real=True)
    p_i, p_j, rest = sp.symbols("p_i p_j r", positive=True)
    total = sp.exp(s_i / tau) + sp.exp(s_j / tau) + rest
    share = sp.exp(s_i / tau) / (sp.exp(s_i / tau) + sp.exp(s_j / tau) + rest)
    shares = {p_i: sp.exp(s_i / tau) / total, p_j: sp.exp(s_j / tau) / total}
    yield Step(
        p_i / p_j,
        (sp.exp(s_i) / sp.exp(s_j)) ** (1 / tau),
        r"The denominator cancels in a ratio of two shares, and $1/\tau$ becomes a power: a low "
        "temperature exaggerates every ratio.",
        where=shares,
        decide=lambda left, right: sp.expand_log(sp.log(left / right)).equals(0),
    )
    yield Step(
        tau * sp.Derivative(share, s_i),
        p_i * (1 - p_i),
        r"By the own score: the quotient rule, and the inner derivative $1/\tau$, which the factor "
        "in front takes away.",
        where=shares,
    )
    yield Step(
        tau * sp.Derivative(share, s_j),
        -p_i * p_j,
        "By another score.",
        where=shares,
    )


@proof("eq-softmax-temperature-limits")
def softmax_temperature_limits() -> Iterator[Step]:
    """Cold, softmax shares the whole among the maxima; hot, it gives everybody the same."""
    yield from _cold()
    for sign, reason in (
        (
            -1,
            "Now let no two scores be more than $D$ apart. The largest share comes about when one "
            "score is above all others by $D$,",
        ),
        (1, "the smallest when one score is below all others by $D$."),
    ):
        share = 1 / (1 + (n - 1) * sp.exp(sign * D / tau))
        yield Step(
            sp.exp(s / tau) / (sp.exp(s / tau) + (n - 1) * sp.exp((s + sign * D) / tau)),
            share,
            reason,
        )
        yield Step(
            share,
            1 / n,
            r"It tends to $1/n$ as $\tau \to \infty$.",
            relation="->",
            decide=_limit(sp.oo),
        )


def _cold() -> Iterator[Step]:
    """The limit of a low temperature, with ties."""
    cold, next_best = 1 / (m + (n - m) * sp.exp(-g / tau)), sp.exp((top - g) / tau)
    yield Step(
        sp.exp(top / tau) / (m * sp.exp(top / tau) + others),
        1 / (m + others * sp.exp(-top / tau)),
        "Let $m$ of the $n$ scores share the maximum $M$, and let $R$ be the sum of the other "
        r"exponentials. Divide above and below by $e^{M/\tau}$.",
    )
    yield Step(
        sp.exp((top - g - h) / tau),
        next_best,
        "Let every other score lie at least $g$ below, one of them by $g + h$. No term of $R$ "
        "exceeds this;",
        relation="<=",
        decide=lambda left, right: sp.log(left / right).simplify().is_nonpositive,
    )
    yield Step(
        1 / (m + others * sp.exp(-top / tau)),
        cold,
        "at the worst all $n - m$ of them attain it,",
        where={others: (n - m) * next_best},
    )
    yield Step(
        cold,
        1 / m,
        r"and even then the share of each maximum tends to $1/m$ as $\tau \to 0$. Nothing remains "
        "for the others.",
        relation="->",
        decide=_limit(0),
    )


def _limit(point: Any) -> Callable[[Any, Any], bool]:
    """A decider: the left side tends to the right side as τ > 0 goes to the point."""
    return lambda left, right: sp.simplify(sp.limit(left, tau, point) - right) == 0

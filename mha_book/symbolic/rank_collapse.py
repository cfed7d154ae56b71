"""Averages of tokens lie closer together than the tokens: attention alone contracts."""

from collections.abc import Iterator
from typing import Any

import sympy as sp

from mha_book.symbolic._deciders import not_less
from mha_book.symbolic._index_sums import same_sums
from mha_book.symbolic.proof import Decider, Step, proof
from mha_book.symbolic.symbols import T, j, k

__all__ = ["rank_collapse", "rank_collapse_rate"]


def _over(term: Any, index: Any = j) -> sp.Sum:
    """The sum over all tokens."""
    return sp.Sum(term, (index, 1, T))


@proof("eq-rank-collapse")
def rank_collapse() -> Iterator[Step]:
    """Two averages differ by no more than the part of the weights that they do not share."""
    shared, p, r, below, above = (sp.IndexedBase(x, nonnegative=True) for x in "mpruw")
    x = sp.IndexedBase("x", real=True)
    a, b = (sp.IndexedBase(name, nonnegative=True) for name in "ab")
    high, low = sp.symbols(r"x_{\max} x_{\min}", real=True)
    total = sp.Symbol(r"\mu", nonnegative=True)
    parts = {a[j]: shared[j] + p[j], b[j]: shared[j] + r[j]}
    yield Step(
        _over((a[j] - b[j]) * x[j]),
        _over(p[j] * x[j]) - _over(r[j] * x[j]),
        r"Let $a$ and $b$ be two rows of weights. Both contain $m_j = \min(a_j, b_j)$, so write "
        r"$a = m + p$ and $b = m + r$. What they share cancels in the difference of the averages.",
        decide=lambda left, right: same_sums()(left.xreplace(parts), right),
    )
    yield Step(
        _over(p[j] * (high - x[j])),
        0,
        r"No $x_j$ exceeds $x_{\max}$, so $x_{\max} - x_j = u_j \ge 0$ and "
        r"$\sum_j p_j x_j \le x_{\max} \sum_j p_j$.",
        relation=">=",
        decide=lambda left, right: not_less(left.xreplace({x[j]: high - below[j]}), right),
    )
    yield Step(
        _over(r[j] * (x[j] - low)),
        0,
        r"No $x_j$ is below $x_{\min}$, so $x_j - x_{\min} = w_j \ge 0$ and "
        r"$\sum_j r_j x_j \ge x_{\min} \sum_j r_j$.",
        relation=">=",
        decide=lambda left, right: not_less(left.xreplace({x[j]: low + above[j]}), right),
    )
    leftover = {_over(a[j]): 1, _over(b[j]): 1, _over(shared[j]): total}
    yield Step(
        high * _over(a[j] - shared[j]) - low * _over(b[j] - shared[j]),
        (1 - total) * (high - low),
        r"Each row adds up to 1, so $p$ and $r$ both add up to $1 - \mu$, where "
        r"$\mu = \sum_j \min(a_j, b_j)$ is what the rows share.",
        decide=same_sums(leftover),
    )


@proof("eq-rank-collapse-rate")
def rank_collapse_rate() -> Iterator[Step]:
    """The closer the scores of a row, the more any two rows share, and the stronger the pull."""
    least, spread = sp.symbols(r"a_{\min} \Delta", nonnegative=True)
    spare, gap = (sp.IndexedBase(name, nonnegative=True) for name in "uw")
    score = sp.Symbol("s", real=True)
    highest = score + spread
    yield Step(
        _over(least + spare[j]) - T * least,
        _over(spare[j]),
        r"Two rows share at least $a_{\min}$, the smallest weight, at each of the $T$ keys: "
        r"$\min(a_j, b_j) = a_{\min} + u_j$ with $u_j \ge 0$. So $\tau \le 1 - T a_{\min}$.",
        decide=same_sums(),
    )
    yield Step(
        _over(sp.exp(highest) - sp.exp(highest - gap[k]), k),
        0,
        r"How small is the smallest weight? If its score is $s$ and no score of the row exceeds "
        r"$s + \Delta$, the row's exponentials add up to $T e^{s + \Delta}$ at most.",
        relation=">=",
        decide=lambda left, right: right == 0 and _never_negative(left.function),
    )
    yield Step(
        1 - T * least,
        1 - sp.exp(-spread),
        r"So in the worst case $a_{\min} = e^{s} / (T e^{s + \Delta})$, and $T$ cancels.",
        where={least: sp.exp(score) / (T * sp.exp(highest))},
    )
    yield Step(
        1 - sp.exp(-spread),
        spread,
        r"This is at most $\Delta$: both sides are 0 at 0, and the right side grows faster.",
        relation="<=",
        decide=_overtaken(spread),
    )


def _overtaken(variable: Any) -> Decider:
    """A decider: both sides agree at 0, and from there the right one is never slower."""

    def decide(left: Any, right: Any) -> bool:
        lead = right - left
        return bool(lead.subs(variable, 0) == 0 and _never_negative(sp.diff(lead, variable)))

    return decide


def _never_negative(difference: Any) -> bool:
    """Whether e^A - e^B is at least 0, because A - B is."""
    positive, negative = sorted(difference.args, key=lambda term: -term.is_positive)
    return bool((sp.log(positive) - sp.log(-negative)).is_nonnegative)

"""Brackets are one or zero, and counting them agrees with counting by hand."""

from itertools import product

import pytest
import sympy as sp

from mha_book.symbolic.iverson import Bracket, by_counting
from mha_book.symbolic.proof import to_latex

j, a, b, n = (sp.Symbol(name, integer=True) for name in "jabn")
r = sp.Symbol("r", integer=True, nonnegative=True)
CONDITIONS = {
    "at most": j <= a,
    "less": j < a,
    "at least": j >= a,
    "more": j > a,
    "turned": a - j >= 0,
    "both": (j > a) & (j <= b),
    "either": (j < a) | (j >= b),
    "three": (j > a) & (j < b) & (j < 2 * b),
}


@pytest.mark.parametrize("condition", CONDITIONS.values(), ids=CONDITIONS)
@pytest.mark.parametrize("size", [1, 3, 7])
@pytest.mark.parametrize(("low", "high"), list(product([-3, 1, 4], [0, 3, 9])))
def test_counting_is_adding_up(condition: sp.Basic, low: int, high: int, size: int) -> None:
    values = {a: low, b: high, n: size}
    by_hand = sum(bool(condition.subs({**values, j: place})) for place in range(-1, size))
    count = sp.Sum(Bracket(condition), (j, -1, n - 1)).subs(values)
    assert by_counting(count, sp.Integer(by_hand))
    assert not by_counting(count, sp.Integer(by_hand + 1))


def test_counting_works_with_letters_whose_order_is_known() -> None:
    count = sp.Sum(Bracket(j <= r), (j, 0, n))
    assert by_counting(count.subs(n, 2 * r), r + 1)
    assert not by_counting(count.subs(n, 2 * r), r)
    assert not by_counting(count, r + 1), "n might be smaller"


def test_a_bound_is_dropped_by_one_that_is_dropped_itself() -> None:
    """n + r - 1 is at least n - 1, which is at least 0, for n = 1, 2, …"""
    size = sp.Symbol("s", integer=True, positive=True)
    both = sp.Sum(Bracket((j <= 0) & (j < size)), (j, 0, size + r - 1))
    assert by_counting(both, sp.S.One)


def test_other_sums_are_summed() -> None:
    assert by_counting(sp.Sum(j, (j, 1, n)), n * (n + 1) / 2)


@pytest.mark.parametrize("condition", [2 * j <= a, a <= 0])
def test_what_does_not_bound_the_index_is_refused(condition: sp.Basic) -> None:
    with pytest.raises(ValueError, match="does not bound j"):
        by_counting(sp.Sum(Bracket(condition), (j, 0, n)), sp.S.Zero)


def test_brackets_decide_themselves_and_look_like_brackets() -> None:
    assert (Bracket(r >= 0), Bracket(r < 0)) == (1, 0)
    assert Bracket(j <= a).subs({j: 3, a: 2}) == 0
    assert to_latex(Bracket(j <= a)) == r"\left[\,j \leq a\,\right]"

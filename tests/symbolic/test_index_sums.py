"""Algebra under a sum of symbolic length: what is equal is seen to be, and nothing else."""

import pytest
import sympy as sp

from mha_book.symbolic._index_sums import same_sums
from mha_book.symbolic.symbols import i, j, k, n

x, y = sp.IndexedBase("x", real=True), sp.IndexedBase("y", real=True)
a = sp.Symbol("a", positive=True)


def over(index, term, last=n):
    return sp.Sum(term, (index, 1, last))


delta = sp.KroneckerDelta(i, j)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (over(i, x[i]), over(j, x[j])),
        (over(i, 3 * x[i] + 2), 3 * over(j, x[j]) + 2 * n),
        (over(i, x[i]) * over(j, y[j]), over(j, over(k, y[j] * x[k]))),
        (over(i, (x[i] + a) ** 2), over(k, x[k] ** 2) + 2 * a * over(k, x[k]) + n * a**2),
        (over(i, x[i] * delta), x[j]),
        (over(i, x[i] * delta**2), x[j]),
        (over(i, over(j, (x[i] - y[j]) * delta)), over(k, x[k]) - over(k, y[k])),
        (sp.Derivative(over(i, sp.exp(a * i)), a), over(i, i * sp.exp(a * i))),
    ],
)
def test_equal_sums_are_found_equal(left, right):
    assert same_sums()(left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (over(i, x[i]), over(i, y[i])),
        (over(i, x[i]), over(i, x[i], n + 1)),
        (over(i, x[i]), sp.Sum(x[i], (i, 0, n))),
        (over(i, x[i]) * over(j, x[j]), over(i, x[i] ** 2)),
        (over(i, over(j, x[i] * y[j])), over(i, x[i] * y[i])),
        (over(i, x[i] / delta), x[j]),
        (over(i, x[i] * delta), x[i]),
        (over(i, 1 - delta), n),
    ],
)
def test_different_sums_are_found_different(left, right):
    assert not same_sums()(left, right)


def test_a_fact_counts_whatever_its_index():
    assert same_sums({over(i, x[i]): 1})(over(j, a * x[j]), a)
    assert not same_sums({over(i, x[i]): 1})(over(j, a * y[j]), a)

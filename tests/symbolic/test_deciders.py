"""Each decider accepts what holds, for a reason that needs it, and refuses what does not."""

import pytest
import sympy as sp
from sympy.stats import Bernoulli, Expectation, Variance

from mha_book.symbolic._deciders import (
    blockwise,
    by_summand,
    entrywise,
    explicitly,
    in_expectation,
    not_less,
    with_floor,
)

a, b = sp.symbols("a b", real=True)
c, r = sp.symbols("c r", integer=True, nonnegative=True)
m, n = sp.symbols("m n", integer=True, positive=True)
A, B = sp.MatrixSymbol("A", n, m), sp.MatrixSymbol("B", m, m)
x = sp.IndexedBase("x", real=True)


def total(summand: sp.Expr, last: sp.Expr = n) -> sp.Sum:
    return sp.Sum(summand, (c, 1, last))


def test_entrywise_compares_shapes_and_entries() -> None:
    assert entrywise((A * B)[:, :2], A * B[:, :2])
    assert not entrywise((A * B)[:, :2], A * B[:, 1:3])
    assert not entrywise((A * B)[:, :2], (A * B)[:, :3])


def test_blockwise_multiplies_blocks() -> None:
    assert blockwise(A * sp.BlockMatrix([[B, 2 * B]]), sp.BlockMatrix([[A * B, 2 * A * B]]))
    assert blockwise(sp.BlockMatrix([[A, A]]) * sp.BlockMatrix([[B], [B]]), 2 * A * B)
    assert not blockwise(A * sp.BlockMatrix([[B, 2 * B]]), sp.BlockMatrix([[2 * A * B, A * B]]))
    assert not blockwise(sp.BlockMatrix([[A, A]]), sp.BlockMatrix([[A], [A]]))
    assert not blockwise(sp.BlockMatrix([[A, A]]) * sp.BlockMatrix([[B], [B]]), A * B)


def test_explicitly_carries_products_out() -> None:
    row, square = sp.MatrixSymbol("p", 1, 2), sp.Matrix([[a, b], [b, a]]).as_immutable()
    assert explicitly(row * square, row * square.T)
    assert not explicitly(row * square, row)


@pytest.mark.parametrize("value", [c, c + 1, c - 1])
def test_with_floor_proves_the_value_of_the_floor(value: sp.Expr) -> None:
    floor = sp.floor((c * m + r) / m)
    fits = {m: r + n}  # so r < m
    assert with_floor(value)(2 * floor.subs(fits), 2 * value) == (value == c)
    assert not with_floor(c)(2 * floor, 2 * c), "without r < m it cannot be known"


def test_with_floor_wants_a_floor_and_the_rest_to_agree() -> None:
    floor = sp.floor(c / (c + m))
    assert with_floor(sp.S.Zero)(floor + 1, sp.S.One)
    assert not with_floor(sp.S.Zero)(floor + 1, sp.S(2))
    assert not with_floor(c)(c, c)


def test_not_less_knows_by_signs() -> None:
    assert not_less((a - b) ** 2 * n, sp.S.Zero)
    assert not_less((a - 1) ** 2 + 2 * a, a**2), "only once expanded"
    assert not_less(n, -n)
    assert not not_less(-n, n)
    assert not not_less(a * b, sp.S.Zero)


def test_not_less_takes_sums_term_by_term() -> None:
    assert not_less(total(x[c] ** 2), sp.S.Zero)
    assert not not_less(total(x[c] ** 3), sp.S.Zero)
    assert not not_less(total(1 + x[c] ** 2), sp.S.One), "it is zero that terms are compared with"


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (total((x[c] + a) ** 2), total(x[c] ** 2) + 2 * a * total(x[c]) + n * a**2, True),
        (total((x[c] + a) ** 2), total(x[c] ** 2) + a * total(x[c]) + n * a**2, False),
        (total((x[c] + a) ** 2), total(x[c] ** 2) + 2 * a * total(x[c]) + a**2, False),
        (total(x[c] / a), total(x[c]) / a, True),
        (total(x[c], n), total(x[c], n + 1), False),
        (x[c] * total(x[c]), total(x[c] ** 2), False),
        (total(x[c]) * total(x[c] ** 2), total(x[c] ** 2) * total(x[c]), True),
    ],
)
def test_by_summand_pulls_factors_in_and_adds_sums(
    left: sp.Expr, right: sp.Expr, same: bool
) -> None:
    assert by_summand(left, right) is same


def test_in_expectation_computes_means_and_variances() -> None:
    q = sp.Symbol("q", positive=True)
    coin = Bernoulli("M", q)
    assert in_expectation(Expectation(a * coin), a * q)
    assert not in_expectation(Expectation(a * coin), a * (1 - q))
    assert in_expectation(Variance(a * coin), a**2 * q * (1 - q))
    assert not in_expectation(Variance(a * coin), a * q * (1 - q))
    assert in_expectation(total(Expectation(coin) * x[c]), q * total(x[c]))

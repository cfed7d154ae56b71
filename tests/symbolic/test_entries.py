"""Sums of symbolic length: what is equal is seen to be, and nothing else."""

import pytest
import sympy as sp

from mha_book.symbolic._entries import c, entries, l, row_sum, row_vector, same_sums, total
from mha_book.symbolic.symbols import T, d, i, j, n

a, b = entries("a"), entries("b")
x = sp.Symbol("x", positive=True)
A, B = sp.MatrixSymbol("A", T, d), sp.MatrixSymbol("B", T, d)
inner = total(a(l, c) * b(i, c), c, d)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (total(a(l), l, T), total(a(j), j, T)),
        (
            total((a(l) - x) ** 2, l, T),
            total(a(l) ** 2, l, T) - 2 * x * total(a(l), l, T) + T * x**2,
        ),
        (total(sp.exp(a(l) - x), l, T), sp.exp(-x) * total(sp.exp(a(l)), l, T)),
        (total(x * inner, l, T), x * total(total(b(i, n) * a(l, n), n, d), l, T)),
        (sp.Derivative(total((a(l) - x) ** 2, l, T), x), 2 * T * x - 2 * total(a(l), l, T)),
        (sp.MatrixSymbol("A", T, d)[i, j], A[i, j]),
        ((A * B.T)[i, j], sp.Sum(A[i, n] * B[j, n], (n, 0, d - 1))),
        (row_sum(A, i), sp.Sum(A[i, j], (j, 0, d - 1))),
        (
            (row_vector("v", d) * B.T)[0, j],
            sp.Sum(B[j, n] * row_vector("v", d)[0, n], (n, 0, d - 1)),
        ),
    ],
)
def test_equal_sums_are_found_equal(left, right):
    assert same_sums(left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (total(a(l), l, T), total(a(l), l, T + 1)),
        (total(a(l), l, T), total(b(l), l, T)),
        (total(a(l), l, T) ** 2, total(a(l) ** 2, l, T)),
        (total(inner, l, T), total(total(a(c, l) * b(i, c), c, d), l, T)),  # a and its transpose
        (total(sp.exp(inner), l, T), total(sp.exp(x * inner), l, T)),  # the scale of a softmax
        (total(sp.exp(inner) * a(l), l, T), total(sp.exp(inner), l, T) * total(a(l), l, T)),
        (total(total(a(l, j), j, T), l, T), T * total(a(j, j), j, T)),  # one index for two
        ((A * B.T)[i, j], (B * A.T)[i, j]),
    ],
)
def test_different_sums_are_found_different(left, right):
    assert not same_sums(left, right)


def test_indices_are_written_small_and_apart_if_they_must():
    assert sp.latex(a(i, j)) == "a_{ij}"
    assert sp.latex(a(i, j - 1) ** 2) == "a_{i,j - 1}^{2}"

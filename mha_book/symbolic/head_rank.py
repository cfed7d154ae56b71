"""What a narrow head cannot do: its scores have rank d at most, and ln of its weights d + 1."""

from collections.abc import Callable, Iterator
from typing import Any

import sympy as sp
from sympy.matrices.expressions.matexpr import MatrixElement

from mha_book.symbolic._index_sums import same_sums
from mha_book.symbolic.proof import Step, proof
from mha_book.symbolic.symbols import T_k, T_q, d, i, j, k

__all__ = ["head_log_rank", "head_rank"]

Q, K = sp.MatrixSymbol("Q", T_q, d), sp.MatrixSymbol("K", T_k, d)
s = sp.Symbol("s", positive=True)
c, m = sp.symbols("c l", integer=True, nonnegative=True)


def _minor(entry: Callable[[Any, Any], Any]) -> sp.Determinant:
    """Rows i and k, columns j and l, of the matrix with this entry; not yet multiplied out."""
    return sp.Determinant(sp.Matrix(2, 2, lambda row, col: entry((i, k)[row], (j, m)[col])))


@proof("eq-head-rank")
def head_rank() -> Iterator[Step]:
    """The scores of a head of width d are a sum of d matrices of rank 1."""

    def part(row: Any, col: Any) -> Any:
        return s * Q[row, c] * K[col, c]

    yield Step(
        MatrixElement(s * Q * K.T, i, j),
        sp.Sum(part(i, j), (c, 0, d - 1)),
        "A score is a sum over the $d$ coordinates of the head, so the matrix of the scores is a "
        "sum of $d$ matrices, one a coordinate.",
        decide=same_sums(),
    )
    yield Step(
        _minor(part),
        sp.S.Zero,
        "Each of these has rank 1 at most: whichever two rows $i, k$ and columns $j, l$ one "
        "takes, their determinant is zero.",
    )
    yield Step(
        sp.Sum(1, (c, 0, d - 1)),
        d,
        "The rank of a sum is at most the sum of the ranks.",
    )


@proof("eq-head-log-rank")
def head_log_rank() -> Iterator[Step]:
    """The logarithms of the weights are the scores less one number a row."""
    partition = sp.IndexedBase("Z", positive=True)
    score = sp.Symbol("S_{ij}", real=True)
    total = sp.Symbol("Z_i", positive=True)
    yield Step(
        sp.log(sp.exp(score) / total),
        score - sp.log(total),
        r"A weight is $A_{ij} = e^{S_{ij}} / Z_i$, with $Z_i$ the sum of its row.",
    )
    yield Step(
        _minor(lambda row, col: sp.log(partition[row])),
        sp.S.Zero,
        r"What is subtracted is the same for all keys: a matrix with equal columns, whose "
        "determinants of order two vanish. Its rank is 1.",
    )
    yield Step(
        sp.Sum(1, (c, 0, d - 1)) + 1,
        d + 1,
        r"Rank $d$ for the scores and 1 for what is subtracted.",
    )

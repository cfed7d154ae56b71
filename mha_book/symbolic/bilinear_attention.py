"""A learned matrix between query and key (eq-bilinear-attention)."""

from collections.abc import Iterator

import sympy as sp
from sympy.matrices.expressions.matexpr import MatrixElement

from mha_book.symbolic._entries import row_vector, same_sums
from mha_book.symbolic.proof import Step, proof
from mha_book.symbolic.symbols import d, d_model

__all__ = ["bilinear_attention", "d_k", "d_q"]

d_q, d_k = sp.symbols("d_q d_k", integer=True, positive=True)


@proof("eq-bilinear-attention")
def bilinear_attention() -> Iterator[Step]:
    """A bilinear score compares every coordinate of the query with every coordinate of the key."""
    x, y = row_vector("x", d_model), row_vector("y", d_model)
    W_Q, W_K = sp.MatrixSymbol("W^Q", d_model, d), sp.MatrixSymbol("W^K", d_model, d)
    query, key = row_vector("q", d), row_vector("k", d)
    yield Step(
        query * key.T,
        x * (W_Q * W_K.T) * y.T,
        "A head projects token $x$ to the query $xW^Q$ and token $y$ to the key $yW^K$. So it is "
        r"bilinear in its tokens, with the matrix $W^Q {W^K}^\top$.",
        where={query: x * W_Q, key: y * W_K},
    )
    m, n, a, b = sp.symbols("m n a b", integer=True, nonnegative=True)
    yield Step(
        MatrixElement(W_Q * W_K.T, m, n),
        sp.Sum(W_Q[m, a] * W_K[n, a], (a, 0, d - 1)),
        "That matrix is a sum of $d$ products of a column and a row, so its rank is at most $d$.",
        decide=same_sums,
    )
    q, k = row_vector("q", d_q), row_vector("k", d_k)
    W = sp.MatrixSymbol("W", d_q, d_k)
    yield Step(
        MatrixElement(q * W * k.T, 0, 0),
        sp.Sum(q[0, a] * W[a, b] * k[0, b], (a, 0, d_q - 1), (b, 0, d_k - 1)),
        "Number by number: entry $a, b$ of $W$ says how much coordinate $a$ of the query looks for "
        "coordinate $b$ of the key. The two may differ in width.",
        decide=same_sums,
    )

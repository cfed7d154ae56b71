"""Three linear maps of the same tokens (eq-query-key-value)."""

from collections.abc import Iterator

import sympy as sp
from sympy.matrices.expressions.matexpr import MatrixElement

from mha_book.symbolic._deciders import blockwise
from mha_book.symbolic._entries import c, row_vector, same_sums
from mha_book.symbolic.blocks import beside, stacked
from mha_book.symbolic.proof import Step, proof
from mha_book.symbolic.symbols import T, d, d_model, d_v, i

__all__ = ["query_key_value"]


@proof("eq-query-key-value")
def query_key_value() -> Iterator[Step]:
    """One product gives queries, keys and values, and each feature contributes its row."""
    X = sp.MatrixSymbol("X", T, d_model)
    W_Q, W_K = sp.MatrixSymbol("W^Q", d_model, d), sp.MatrixSymbol("W^K", d_model, d)
    W_V = sp.MatrixSymbol("W^V", d_model, d_v)
    Q, K, V = (sp.MatrixSymbol(*a) for a in (("Q", T, d), ("K", T, d), ("V", T, d_v)))
    yield Step(
        X * beside(W_Q, W_K, W_V),
        beside(Q, K, V),
        "The three matrices side by side give the three results side by side, in one product.",
        where={Q: X * W_Q, K: X * W_K, V: X * W_V},
        decide=blockwise,
    )
    one, b = sp.OneMatrix(T, 1), row_vector("b", d)
    yield Step(
        beside(X, one) * stacked(W_Q, b),
        Q + one * b,
        "A bias is the row of one more feature, which every token has.",
        where={Q: X * W_Q},
        decide=blockwise,
    )
    m = sp.Symbol("m", integer=True, nonnegative=True)
    yield Step(
        MatrixElement(Q, i, c),
        sp.Sum(X[i, m] * W_Q[m, c], (m, 0, d_model - 1)),
        "Feature $m$ of token $i$ adds that much of row $m$ of the matrix. Rows and columns count "
        "from zero here; keys and values are made in the same way.",
        where={Q: X * W_Q},
        decide=same_sums,
    )

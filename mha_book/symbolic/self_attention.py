"""Queries, keys and values from one sequence (eq-self-attention)."""

from collections.abc import Iterator
from typing import Any

import sympy as sp
from sympy.matrices.expressions.matexpr import MatrixElement

from mha_book.symbolic._entries import c, row_sum, same_sums
from mha_book.symbolic.proof import Step, proof
from mha_book.symbolic.symbols import T, d, d_model, d_v, i, j

__all__ = ["output_entry", "score_entry", "self_attention"]


@proof("eq-self-attention")
def self_attention() -> Iterator[Step]:
    """Row i needs its own query and all tokens, but no other query and no parameter of size T."""
    X, E = sp.MatrixSymbol("X", T, d_model), sp.MatrixSymbol("E", T, T)
    W_Q, W_K = sp.MatrixSymbol("W^Q", d_model, d), sp.MatrixSymbol("W^K", d_model, d)
    W_V = sp.MatrixSymbol("W^V", d_model, d_v)
    scores = (X * W_Q) * (X * W_K).T / sp.sqrt(d)
    Q, K = sp.MatrixSymbol("Q", T, d), sp.MatrixSymbol("K", T, d)
    yield Step(
        Q * K.T / sp.sqrt(d),
        X * W_Q * W_K.T * X.T / sp.sqrt(d),
        "With queries and keys written out, the tokens stand on both sides of the parameters, "
        r"whose product has the shape $d_{model} \times d_{model}$ for every $T$.",
        where={Q: X * W_Q, K: X * W_K},
    )
    yield Step(
        MatrixElement(scores, i, j),
        score_entry(X, W_Q, W_K),
        "A score depends on two tokens, the one that asks and the one that answers. Rows and "
        "columns count from zero here.",
        decide=same_sums,
    )
    yield Step(
        MatrixElement(E * (X * W_V), i, c) / row_sum(E, i),
        output_entry(X, W_Q, W_K, W_V),
        "Let $E$ hold the exponentials of the scores. In row $i$ of the output only token $i$ "
        "asks, and every token $j$ answers.",
        where={E: scores.applyfunc(sp.exp)},
        decide=same_sums,
    )


def score_entry(X: Any, W_Q: Any, W_K: Any) -> Any:
    """The scaled score of the tokens i and j, number by number."""
    a, b, m = sp.symbols("a b m", integer=True, nonnegative=True)
    indices = ((a, 0, d_model - 1), (m, 0, d - 1), (b, 0, d_model - 1))
    return sp.Sum(X[i, a] * W_Q[a, m] * W_K[b, m] * X[j, b], *indices) / sp.sqrt(d)


def output_entry(X: Any, W_Q: Any, W_K: Any, W_V: Any) -> Any:
    """Coordinate c of output i, number by number."""
    a, power = sp.Symbol("a", integer=True, nonnegative=True), sp.exp(score_entry(X, W_Q, W_K))
    above = sp.Sum(power * X[j, a] * W_V[a, c], (j, 0, T - 1), (a, 0, d_model - 1))
    return above / sp.Sum(power, (j, 0, T - 1))

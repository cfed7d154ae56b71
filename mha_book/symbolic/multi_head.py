"""Several readings side by side (eq-head, eq-multi-head)."""

from collections.abc import Iterator

import sympy as sp
from sympy.matrices.expressions.matexpr import MatrixElement

from mha_book.symbolic._deciders import blockwise
from mha_book.symbolic._entries import (
    c,
    entries,
    row_sum,
    same_sums,
    total,
)
from mha_book.symbolic.blocks import beside, stacked
from mha_book.symbolic.proof import Step, at_sizes, proof
from mha_book.symbolic.self_attention import output_entry
from mha_book.symbolic.symbols import H, T, d, d_model, i

__all__ = ["head", "multi_head"]

h, m, n = sp.symbols("h m n", integer=True, positive=True)
X = sp.MatrixSymbol("X", T, d_model)
CHECKED = {H: 2, d: 3}, {H: 3, d: 2}, {H: 1, d: 4}


@proof("eq-head")
def head() -> Iterator[Step]:
    """The heads divide one full-width dot product into parts, and each takes its own softmax."""
    r = sp.Symbol("r", integer=True, positive=True)
    before_q, before_k = (sp.MatrixSymbol(f"W^{name}_{{<h}}", d_model, r) for name in "QK")
    own_q, own_k = (sp.MatrixSymbol(f"W^{name}_h", d_model, d) for name in "QK")
    yield Step(
        (X * beside(before_q, own_q)) * (X * beside(before_k, own_k)).T,
        X * before_q * (X * before_k).T + X * own_q * (X * own_k).T,
        "Add a head of width $d$ to those before it, of width $r$ together. Its scores are added "
        "to theirs: the dot product over the full width is the sum of those of the heads.",
        decide=blockwise,
    )
    queries, keys = sp.MatrixSymbol("Q_h", T, d), sp.MatrixSymbol("K_h", T, d)
    yield Step(
        queries * keys.T,
        X * (own_q * own_k.T) * X.T,
        "Taken alone, head $h$ compares tokens through a matrix of its own, of rank at most $d$.",
        where={queries: X * own_q, keys: X * own_k},
    )
    own_v, E = sp.MatrixSymbol("W^V_h", d_model, d), sp.MatrixSymbol("E", T, T)
    scores = (X * own_q) * (X * own_k).T / sp.sqrt(d)
    yield Step(
        MatrixElement(E * (X * own_v), i, c) / row_sum(E, i),
        output_entry(X, own_q, own_k, own_v),
        "What the head returns, number by number: with $E$ the exponentials of its scores, it is "
        "self-attention with its own three matrices. Rows and columns count from zero here.",
        where={E: scores.applyfunc(sp.exp)},
        decide=same_sums,
    )


@proof("eq-multi-head")
def multi_head() -> Iterator[Step]:
    """Heads side by side, times one matrix; they differ from one wide head by their weights."""
    r = sp.Symbol("r", integer=True, positive=True)
    A, V, V_h = (sp.MatrixSymbol(*a) for a in (("A", T, T), ("V_{<h}", T, r), ("V_h", T, d)))
    W, W_h = sp.MatrixSymbol("W^O_{<h}", r, d_model), sp.MatrixSymbol("W^O_h", d, d_model)
    yield Step(
        beside(A * V, A * V_h) * stacked(W, W_h),
        A * (beside(V, V_h) * stacked(W, W_h)),
        "If head $h$ had the same weights $A$ as the heads before it, all of them would be one "
        "wide head, with values of the full width. Heads matter because their weights differ.",
        decide=blockwise,
    )
    heads, W_O = entries("head", r"\mathrm{head}"), entries("WO", "W^O")
    owner = sp.ceiling(n / d)
    yield Step(
        total(heads(owner, i, n - (owner - 1) * d) * W_O(n, m), n, H * d),
        total(total(heads(h, i, c) * W_O((h - 1) * d + c, m), c, d), h, H),
        r"Column $n$ of the concatenation belongs to head $\lceil n/d \rceil$. Times $W^O$, the "
        "output is a sum over heads and their columns. (Checked for two heads of width three, "
        "three of width two and one of width four.)",
        decide=at_sizes(*CHECKED),
    )

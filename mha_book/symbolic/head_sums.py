"""Concatenating and projecting is summing over heads, and what follows from it."""

from collections.abc import Iterator

import sympy as sp

from mha_book.symbolic._deciders import blockwise
from mha_book.symbolic.blocks import beside, stacked
from mha_book.symbolic.proof import Step, proof
from mha_book.symbolic.symbols import T_k, T_q, d_model, d_v

__all__ = ["concat_is_sum", "head_permutation", "ov_circuit"]

m = sp.Symbol("m", integer=True, positive=True)
X = sp.MatrixSymbol("X", T_k, d_model)


def outputs(name: str, width: sp.Expr = d_v) -> sp.MatrixSymbol:
    """The output of one head or of several side by side."""
    return sp.MatrixSymbol(f"O_{{{name}}}", T_q, width)


def rows(name: str, width: sp.Expr = d_v) -> sp.MatrixSymbol:
    """The rows of the output projection that belong to them."""
    return sp.MatrixSymbol(f"W^{{O}}_{{{name}}}", width, d_model)


@proof("eq-concat-is-sum")
def concat_is_sum() -> Iterator[Step]:
    """The concatenated heads times the output projection are a sum with one term a head."""
    first, first_rows = outputs("<m", m * d_v), rows("<m", m * d_v)
    total = sp.MatrixSymbol(r"\Sigma_{<m}", T_q, d_model)
    joined = beside(first, outputs("m")) * stacked(first_rows, rows("m"))
    yield Step(
        joined,
        first * first_rows + outputs("m") * rows("m"),
        "Let $O_{<m}$ be the first $m$ heads side by side. A row of blocks times a column of "
        "blocks is the sum of the products.",
        decide=blockwise,
    )
    yield Step(
        joined,
        total + outputs("m") * rows("m"),
        "Induction: if the first $m$ heads give the sum $\\Sigma_{<m}$, one head more adds its "
        "own term. With one head there is nothing to concatenate.",
        where={total: first * first_rows},
        decide=blockwise,
    )


@proof("eq-ov-circuit")
def ov_circuit() -> Iterator[Step]:
    """A head adds its weights times the tokens times one matrix of low rank."""
    A = sp.MatrixSymbol("A_{h}", T_q, T_k)
    V, O = sp.MatrixSymbol("W^{V}_{h}", d_model, d_v), rows("h")  # noqa: E741
    joint = sp.MatrixSymbol("W^{OV}_{h}", d_model, d_model)
    yield Step(
        A * (X * V) * O,
        A * X * joint,
        "What head $h$ adds is its weights, times its values, times its rows of $W^O$. The two "
        "weight matrices stand next to each other and act as one, $W^{OV}_h = W^V_h W^O_h$.",
        where={joint: V * O},
    )
    values = sp.MatrixSymbol("V_{h}", T_k, d_v)
    yield Step(
        X * (V * O),
        values * O,
        "What a head can write is made of the $d_v$ rows of $W^O_h$, with its values "
        "$V_h = XW^V_h$ as factors. So the rank of $W^{OV}_h$ is at most $d_v$.",
        where={values: X * V},
    )


@proof("eq-head-permutation")
def head_permutation() -> Iterator[Step]:
    """Heads that change places together with their blocks change nothing."""
    w, d_b = sp.symbols("w d_b", integer=True, positive=True)
    a, b = outputs("a"), outputs("b", d_b)
    first, last = outputs("<a", w), outputs(">b", w)
    first_rows, last_rows = rows("<a", w), rows(">b", w)
    before, after = beside(first, a, b, last), beside(first, b, a, last)
    before_rows = stacked(first_rows, rows("a"), rows("b", d_b), last_rows)
    after_rows = stacked(first_rows, rows("b", d_b), rows("a"), last_rows)
    widths = (w, d_b, d_v, w)
    homes = {0: w, 2: d_v, 1: d_b, 3: w}  # where the columns before go, and how many they are
    Pi = sp.BlockMatrix(
        [
            [
                sp.Identity(own) if place == home else sp.ZeroMatrix(own, width)
                for place, width in enumerate(widths)
            ]
            for home, own in homes.items()
        ]
    )
    yield Step(
        before * Pi,
        after,
        "Two neighbours $a$ and $b$, heads or groups of heads, change places among any others. "
        "For the columns this is a product with a permutation $\\Pi$.",
        decide=blockwise,
    )
    yield Step(
        Pi.T * before_rows,
        after_rows,
        "Its transpose on the left moves the blocks of $W^O$ the same way.",
        decide=blockwise,
    )
    yield Step(
        after * after_rows,
        before * before_rows,
        "The product stays. Any order can be reached by such swaps, so any order gives the same "
        "output.",
        decide=blockwise,
    )

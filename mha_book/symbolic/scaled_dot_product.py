"""Weights and output of attention, entry by entry (eq-attention-weights, eq-scaled-dot-product)."""

from collections.abc import Iterator

import sympy as sp
from sympy.matrices.expressions.matexpr import MatrixElement

from mha_book.symbolic._entries import c, entries, l, row_sum, same_sums, total
from mha_book.symbolic.proof import Step, proof
from mha_book.symbolic.symbols import T_k, T_q, d, d_v, i, j

__all__ = ["attention_weights", "scaled_dot_product"]


@proof("eq-attention-weights")
def attention_weights() -> Iterator[Step]:
    """Shares that sum to one and grow by a factor with every unit of score are the softmax."""
    q, k, a = entries("q"), entries("k"), entries("a")
    s = sp.Symbol("s", positive=True)
    gap = total(q(i, c) * (k(l, c) - k(j, c)), c, d)
    score = total(q(i, c) * k(j, c), c, d)
    scores = score.subs(j, l)
    yield Step(
        total(a(i, j) * sp.exp(s * gap), l, T_k),
        a(i, j) * sp.exp(-s * score) * total(sp.exp(s * scores), l, T_k),
        r"Let key $l$ get $e^{s\,q_i \cdot (k_l - k_j)}$ times what key $j$ gets. Then all shares "
        "together are this multiple of the share of $j$.",
        decide=same_sums,
    )
    yield Step(
        1 / total(sp.exp(gap / sp.sqrt(d)), l, T_k),
        sp.exp(score / sp.sqrt(d)) / total(sp.exp(scores / sp.sqrt(d)), l, T_k),
        r"Together they are one, which settles the share of $j$. With $s = 1/\sqrt{d}$ it is the "
        "weight $a_{ij}$.",
        decide=same_sums,
    )


@proof("eq-scaled-dot-product")
def scaled_dot_product() -> Iterator[Step]:
    """Two matrix products with a softmax between them average the values for every query."""
    Q, K = sp.MatrixSymbol("Q", T_q, d), sp.MatrixSymbol("K", T_k, d)
    V, E = sp.MatrixSymbol("V", T_k, d_v), sp.MatrixSymbol("E", T_q, T_k)
    m = sp.Symbol("m", integer=True, nonnegative=True)
    score = sp.Sum(Q[i, m] * K[j, m], (m, 0, d - 1))
    yield Step(
        MatrixElement(Q * K.T, i, j),
        score,
        "Entry $i, j$ of the first product is the dot product of query $i$ and key $j$. Rows and "
        "columns count from zero here, as in code.",
        decide=same_sums,
    )
    power = sp.exp(score / sp.sqrt(d))
    yield Step(
        MatrixElement(E * V, i, c) / row_sum(E, i),
        sp.Sum(power * V[j, c], (j, 0, T_k - 1)) / sp.Sum(power, (j, 0, T_k - 1)),
        r"Let $E$ hold the exponentials of the entries of $QK^\top/\sqrt{d}$. Its row sums are "
        r"$E\mathbf{1}$, and $EV$ divided by them is the average of the values.",
        where={E: (Q * K.T / sp.sqrt(d)).applyfunc(sp.exp)},
        decide=same_sums,
    )

"""Attention backwards: the gradients of O = softmax(s QKᵀ) V for matrices of any size.

The loss changes by the inner product ⟨dO, δO⟩ = tr(dOᵀ δO), where δO is the change of the output
and dO its gradient. Each proof brings that into the form ⟨G, δX⟩ and reads off the gradient G of X.
"""

from collections.abc import Iterator
from typing import Any

import sympy as sp
from sympy.matrices.expressions.matexpr import MatrixElement
from sympy.tensor.array.array_derivatives import ArrayDerivative

from mha_book.symbolic._index_sums import same_sums
from mha_book.symbolic.proof import Step, equal, proof
from mha_book.symbolic.symbols import T, T_k, T_q, d, d_model, d_v, i, j, k, n

__all__ = [
    "backward_delta",
    "backward_keys",
    "backward_projection",
    "backward_queries",
    "backward_scores",
    "backward_values",
    "backward_weights",
    "key_bias_gradient",
]

Q, K = sp.MatrixSymbol("Q", T_q, d), sp.MatrixSymbol("K", T_k, d)
V, out = sp.MatrixSymbol("V", T_k, d_v), sp.MatrixSymbol("O", T_q, d_v)
A, S = sp.MatrixSymbol("A", T_q, T_k), sp.MatrixSymbol("S", T_q, T_k)
d_out, d_weights, d_scores = (sp.MatrixSymbol(f"d{x}", *x.shape) for x in (out, A, S))
move_v, move_a = (sp.MatrixSymbol(rf"\delta {x}", *x.shape) for x in (V, A))
g_v, g_a = sp.MatrixSymbol("G", T_k, d_v), sp.MatrixSymbol("G", T_q, T_k)
delta, ones = sp.MatrixSymbol(r"\delta", T_q, 1), sp.MatrixSymbol(r"\mathbf{1}", T_k, 1)
s, epsilon = sp.symbols(r"s \varepsilon", positive=True)


def _gradient(loss: Any, matrix: Any) -> Any:
    """The derivative of a scalar by a matrix, not yet carried out."""
    return ArrayDerivative(loss, matrix)


def _by_matrix_calculus(left: Any, right: Any) -> bool:
    """Whether the derivative on the left is the matrix on the right."""
    return equal(left.doit(), right)


def _same_trace(left: Any, right: Any) -> bool:
    """Whether two traces are of one product, up to transposes and where the circle is cut."""
    ours, theirs = (side.doit().arg.args for side in (left, right))
    return theirs in [ours[n:] + ours[:n] for n in range(len(ours))]


@proof("eq-backward-values")
def backward_values() -> Iterator[Step]:
    """The gradient of the values is the transposed weights times the gradient of the output."""
    yield Step(
        (A + epsilon * move_a) * (V + epsilon * move_v) - A * V,
        epsilon * (move_a * V + A * move_v) + epsilon**2 * move_a * move_v,
        r"Move the weights by $\varepsilon\,\delta A$ and the values by $\varepsilon\,\delta V$. "
        r"What is linear in $\varepsilon$ is the change of the output: "
        r"$\delta O = \delta A\, V + A\, \delta V$.",
    )
    yield Step(
        sp.Trace(d_out.T * A * move_v),
        sp.Trace(g_v.T * move_v),
        r"Let the values alone move. The loss changes by $\operatorname{tr}(dO^\top \delta O)$. "
        r"With $G = A^\top dO$ this is an inner product with $\delta V$, so $G$ is the gradient.",
        where={g_v: A.T * d_out},
        decide=_same_trace,
    )
    yield Step(
        _gradient(sp.Trace(d_out.T * A * V), V),
        A.T * d_out,
        "The same by the rules for derivatives of a trace.",
        decide=_by_matrix_calculus,
    )


@proof("eq-backward-weights")
def backward_weights() -> Iterator[Step]:
    """The gradient of the weights is the gradient of the output times the transposed values."""
    yield Step(
        sp.Trace(d_out.T * move_a * V),
        sp.Trace(g_a.T * move_a),
        r"Let the weights alone move. A trace stays the same when its last factor becomes the "
        r"first, and $V\,dO^\top$ is the transpose of $G = dO\,V^\top$.",
        where={g_a: d_out * V.T},
        decide=_same_trace,
    )
    yield Step(
        _gradient(sp.Trace(d_out.T * A * V), A),
        d_out * V.T,
        "The same by the rules for derivatives of a trace.",
        decide=_by_matrix_calculus,
    )


@proof("eq-backward-scores")
def backward_scores() -> Iterator[Step]:
    """A score's gradient is its weight times how much its dA exceeds the row's average dA."""
    partition = sp.Sum(sp.exp(S[i, k]), (k, 0, T_k - 1))

    def written_out(expression: Any) -> Any:
        is_weight = lambda e: isinstance(e, MatrixElement) and e.parent == A  # noqa: E731
        return expression.replace(is_weight, lambda e: sp.exp(S[e.i, e.j]) / partition)

    entry = A[i, j] * (d_weights[i, j] - sp.Sum(A[i, k] * d_weights[i, k], (k, 0, T_k - 1)))
    yield Step(
        sp.Derivative(
            sp.Sum(d_weights[i, k] * sp.exp(S[i, k]), (k, 0, T_k - 1))
            / sp.Sum(sp.exp(S[i, k]), (k, 0, T_k - 1)),
            S[i, j],
        ),
        entry,
        r"Row $i$ of the weights enters the change of the loss as $\sum_k dA_{ik} A_{ik}$, with "
        r"$A_{ik} = e^{S_{ik}} / \sum_l e^{S_{il}}$. The quotient rule leaves the weight times a "
        "difference: what this weight is worth, less what the row is worth on average.",
        decide=lambda left, right: same_sums()(left, written_out(right)),
    )
    yield Step(
        entry,
        MatrixElement(sp.HadamardProduct(A, d_weights - delta * ones.T), i, j),
        r"All rows at once. The column $\delta = (A \odot dA)\mathbf{1}$ holds the averages.",
        where={delta: sp.HadamardProduct(A, d_weights) * ones, ones: sp.OneMatrix(T_k, 1)},
        decide=lambda left, right: same_sums()(left, right.doit()),
    )


@proof("eq-backward-delta")
def backward_delta() -> Iterator[Step]:
    """The average of dA over a row is the inner product of the output with its gradient."""
    yield Step(
        MatrixElement(sp.HadamardProduct(A, d_weights) * ones, i, 0),
        MatrixElement(A * d_weights.T, i, i),
        "The sum of a row of a product taken entry by entry is an inner product of two rows.",
        where={ones: sp.OneMatrix(*ones.shape)},
        decide=lambda left, right: same_sums()(left.doit(), right.doit()),
    )
    yield Step(
        A * d_weights.T,
        out * d_out.T,
        r"Put in $dA = dO\,V^\top$ on the left and $O = AV$ on the right: both are $A V dO^\top$.",
        where={d_weights: d_out * V.T, out: A * V},
    )
    column = sp.Symbol("c", integer=True, nonnegative=True)
    yield Step(
        MatrixElement(out * d_out.T, i, i),
        sp.Sum(out[i, column] * d_out[i, column], (column, 0, d_v - 1)),
        "So the average over all keys is an inner product of $d_v$ numbers, and needs no weight.",
        decide=lambda left, right: same_sums()(left.doit(), right),
    )


@proof("eq-backward-queries")
def backward_queries() -> Iterator[Step]:
    """The gradient of the queries is s dS K."""
    yield Step(
        _gradient(sp.Trace(d_scores.T * (s * Q * K.T)), Q),
        s * d_scores * K,
        r"The scores are $S = s\,QK^\top$. Let the queries alone move.",
        decide=_by_matrix_calculus,
    )


@proof("eq-backward-keys")
def backward_keys() -> Iterator[Step]:
    """The gradient of the keys is s dSᵀ Q."""
    yield Step(
        _gradient(sp.Trace(d_scores.T * (s * Q * K.T)), K),
        s * d_scores.T * Q,
        r"Let the keys alone move. Every score of column $j$ contains key $j$, hence the "
        "transpose.",
        decide=_by_matrix_calculus,
    )


@proof("eq-backward-projection")
def backward_projection() -> Iterator[Step]:
    """A linear map passes back dY Wᵀ; its weight gets Xᵀ dY and its bias the sum of dY."""
    tokens, bias = sp.MatrixSymbol("X", T, d_model), sp.MatrixSymbol("b", 1, n)
    weight, d_result = sp.MatrixSymbol("W", d_model, n), sp.MatrixSymbol("dY", T, n)
    column = sp.MatrixSymbol(r"\mathbf{1}", T, 1)
    loss = sp.Trace(d_result.T * (tokens * weight + column * bias))
    yield Step(
        _gradient(loss, weight),
        tokens.T * d_result,
        r"The loss changes by $\operatorname{tr}(dY^\top \delta Y)$ with "
        r"$Y = XW + \mathbf{1}b$. Let the weights alone move.",
        decide=_by_matrix_calculus,
    )
    yield Step(
        _gradient(loss, bias),
        column.T * d_result,
        "Let the bias alone move. It was added to every token, so every token sends a gradient.",
        decide=_by_matrix_calculus,
    )
    yield Step(
        _gradient(loss, tokens),
        d_result * weight.T,
        "Let the tokens alone move: the gradient goes back through the transposed weights.",
        decide=_by_matrix_calculus,
    )


@proof("eq-key-bias-gradient")
def key_bias_gradient() -> Iterator[Step]:
    """A bias that is added to every key gets no gradient."""
    d_keys, rows = sp.MatrixSymbol("dK", T_k, d), sp.MatrixSymbol("r", T_q, 1)
    partition = sp.Sum(sp.exp(S[i, k]), (k, 0, T_k - 1))
    yield Step(
        ones.T * d_keys,
        s * rows.T * Q,
        r"The gradient of a bias is the sum over the keys. Put in $dK = s\, dS^\top Q$. The keys "
        r"are then summed inside $r = dS\, \mathbf{1}$, the sums of the rows of $dS$.",
        where={d_keys: s * d_scores.T * Q, rows: d_scores * ones},
    )
    average, whole = sp.symbols(r"\delta_i a_i")
    yield Step(
        sp.Sum(A[i, j] * (d_weights[i, j] - average), (j, 0, T_k - 1)),
        average * (1 - whole),
        r"Row $i$ of $dS$ is $A_{ij}(dA_{ij} - \delta_i)$, and $\delta_i$ is the average of "
        r"$dA_{ij}$ with the weights $A_{ij}$. Call the sum of these weights $a_i$.",
        where={
            average: sp.Sum(A[i, k] * d_weights[i, k], (k, 0, T_k - 1)),
            whole: sp.Sum(A[i, j], (j, 0, T_k - 1)),
        },
        decide=same_sums(),
    )
    yield Step(
        average * (1 - whole),
        sp.S.Zero,
        "Softmax makes the weights of a row add up to one, so the row of $dS$ adds up to zero.",
        where={whole: sp.Sum(sp.exp(S[i, j]), (j, 0, T_k - 1)) / partition},
        decide=same_sums(),
    )
    yield Step(
        s * rows.T * Q,
        sp.ZeroMatrix(1, d),
        "All entries of $r$ are zero, and nothing is left.",
        where={rows: sp.ZeroMatrix(T_q, 1)},
    )

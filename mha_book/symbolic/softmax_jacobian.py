"""The Jacobian of softmax is diag(p) − p pᵀ, for any number of logits (eq-softmax-jacobian)."""

from collections.abc import Iterator

import sympy as sp

from mha_book.symbolic.proof import Step, proof
from mha_book.symbolic.symbols import i, j

__all__ = ["softmax_jacobian"]


@proof("eq-softmax-jacobian")
def softmax_jacobian() -> Iterator[Step]:
    """Share i changes with logit j as p_i (δ_ij − p_j)."""
    z_i, z_j = sp.symbols("z_i z_j", real=True)
    p_i, p_j, rest = sp.symbols("p_i p_j r", positive=True)

    yield Step(
        sp.Derivative(sp.exp(z_i) / (sp.exp(z_i) + rest), z_i),
        p_i * (1 - p_i),
        "By its own logit: the quotient rule, with $r$ the sum of all other exponentials, however "
        "many there are.",
        where={p_i: sp.exp(z_i) / (sp.exp(z_i) + rest)},
    )
    total = sp.exp(z_i) + sp.exp(z_j) + rest
    yield Step(
        sp.Derivative(sp.exp(z_i) / (sp.exp(z_i) + sp.exp(z_j) + rest), z_j),
        -p_i * p_j,
        "By another logit, which stands in the denominator alone; $r$ is now the sum of the rest.",
        where={p_i: sp.exp(z_i) / total, p_j: sp.exp(z_j) / total},
    )
    delta = sp.KroneckerDelta(i, j)
    yield Step(
        -p_i * p_j,
        p_i * (delta - p_j),
        "In one line with Kronecker's delta, which is $0$ between different logits …",
        where={delta: 0},
    )
    yield Step(
        p_i * (1 - p_i),
        p_i * (delta - p_j),
        "… and $1$ where $i = j$, when the two shares are one.",
        where={delta: 1, p_j: p_i},
    )

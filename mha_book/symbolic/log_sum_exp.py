"""Softmax is the gradient of log-sum-exp, which is convex: its Hessian is a variance."""

from collections.abc import Iterator
from typing import Any

import sympy as sp

from mha_book.symbolic._deciders import not_less
from mha_book.symbolic.proof import Step, proof
from mha_book.symbolic.sums import sums_agree
from mha_book.symbolic.symbols import n

__all__ = ["log_sum_exp_convex", "log_sum_exp_gradient"]

z_i, z_j = sp.symbols("z_i z_j", real=True)
p_i, p_j, rest = sp.symbols("p_i p_j r", positive=True)
i, j = sp.symbols("i j", integer=True, positive=True)
p, u = sp.IndexedBase("p", positive=True), sp.IndexedBase("u", real=True)
mean = sp.Symbol(r"\bar{u}", real=True)


@proof("eq-log-sum-exp-gradient")
def log_sum_exp_gradient() -> Iterator[Step]:
    """The derivative of the log of the sum of exponentials by a logit is the share of the logit."""
    total = sp.exp(z_i) + rest
    yield Step(
        sp.Derivative(sp.log(total), z_i),
        sp.Derivative(total, z_i) / total,
        "The derivative of a logarithm is the derivative of what is inside over what is inside; "
        "$r$ stands for all other exponentials.",
    )
    yield Step(
        sp.Derivative(sp.log(total), z_i),
        p_i,
        "Only the own exponential moves, and it is its own derivative: what is left is the share.",
        where={p_i: sp.exp(z_i) / total},
    )


def over(x: Any, index: sp.Symbol = i) -> sp.Sum:
    """The sum over all logits."""
    return sp.Sum(x, (index, 1, n))


@proof("eq-log-sum-exp-convex")
def log_sum_exp_convex() -> Iterator[Step]:
    """The second derivative of log-sum-exp in any direction u is the variance of u under p."""
    total = sp.exp(z_i) + sp.exp(z_j) + rest
    shares = {p_i: sp.exp(z_i) / total, p_j: sp.exp(z_j) / total}
    yield Step(
        sp.Derivative(sp.log(sp.exp(z_i) + sp.exp(z_j) + rest), (z_i, 2)),
        p_i * (1 - p_i),
        "Differentiate twice by the same logit.",
        where=shares,
    )
    yield Step(
        sp.Derivative(sp.log(sp.exp(z_i) + sp.exp(z_j) + rest), z_i, z_j),
        -p_i * p_j,
        r"By two different ones. The Hessian is $\operatorname{diag}(p) - p p^\top$, the Jacobian "
        "of softmax.",
        where=shares,
    )
    square = p[i] * (u[i] - mean) ** 2
    delta = sp.KroneckerDelta(i, j)
    yield Step(
        over(over(u[i] * (p[i] * delta - p[i] * p[j]) * u[j], j)),
        over(p[i] * u[i] ** 2) - over(p[i] * u[i]) * over(p[j] * u[j], j),
        r"Its quadratic form $u^\top (\operatorname{diag}(p) - p p^\top)\, u$ in sums.",
        decide=sums_agree(),
    )
    yield Step(
        over(p[i] * u[i] ** 2) - mean**2,
        over(square),
        r"This is the variance of $u$ under the shares, with the mean $\bar{u} = \sum_i p_i u_i$, "
        "because the shares add up to 1.",
        decide=sums_agree({over(p[i] * u[i]): mean, over(p[i]): 1}),
    )
    yield Step(
        square,
        0,
        "No term of it is negative, so log-sum-exp curves upwards in every direction.",
        relation=">=",
        decide=not_less,
    )

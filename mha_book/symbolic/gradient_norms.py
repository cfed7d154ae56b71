"""The expected size of a gradient in deep random stacks: plain, pre-norm and post-norm.

Branches are linear, z ↦ Wz, and the entries of W are independent with mean 0 and variance g²/n:
E[W_ij W_kl] = (g²/n) δ_ik δ_jl, which is all that is used of them.
"""

from collections.abc import Iterator
from typing import Any

import sympy as sp

from mha_book.symbolic._index_sums import normal_form, same_sums
from mha_book.symbolic.proof import Decider, Step, equal, proof
from mha_book.symbolic.symbols import T, i, j, k, n

__all__ = [
    "plain_gradient_norm",
    "post_norm_gradient_norm",
    "pre_norm_gradient_norm",
    "uniform_attention_gradient",
]

E = sp.Function(r"\mathbb{E}")
W = sp.IndexedBase("W")
g = sp.Symbol("g", positive=True)
depth, layer = sp.symbols("L l", integer=True, positive=True)


def _over(index: Any, term: Any) -> sp.Sum:
    """The sum of a term over the n coordinates."""
    return sp.Sum(term, (index, 1, n))


def _expectation(expression: Any) -> Any:
    """What stands in E(…), averaged over W: products of two entries by their covariance."""

    def average(total: Any) -> Any:
        factors = sp.Mul.make_args(total.function)
        random = [f for f in factors if isinstance(f, sp.Indexed) and f.base == W]
        mean = sp.S.One if not random else sp.S.Zero
        if len(random) == 2:
            one, other = (f.indices for f in random)
            mean = g**2 / n * sp.Mul(*map(sp.KroneckerDelta, one, other))
        return total.func(mean * sp.Mul(*(f for f in factors if f not in random)), *total.limits)

    is_sum = lambda e: isinstance(e, sp.Sum)  # noqa: E731
    return expression.replace(E, lambda inside: normal_form(inside).replace(is_sum, average))


def _in_expectation(facts: dict[Any, Any] | None = None) -> Decider:
    """A decider that averages over W and then compares sums, given facts."""
    return lambda left, right: same_sums(facts)(_expectation(left), right)


@proof("eq-plain-gradient-norm")
def plain_gradient_norm() -> Iterator[Step]:
    """Without residual the expected squared gradient is multiplied by g² in every layer."""
    v = sp.IndexedBase("v", real=True)
    yield Step(
        E(_over(i, _over(j, W[j, i] * v[j]) * _over(k, W[k, i] * v[k]))),
        g**2 * _over(j, v[j] ** 2),
        r"The gradient $v$ passes a layer as $W^\top v$. In the square of its length only products "
        r"of an entry with itself have a mean that is not zero, namely $g^2/n$, and there are $n$ "
        r"of them for each $v_j$.",
        decide=_in_expectation(),
    )
    yield Step(
        sp.Product(g**2, (k, layer + 1, depth)),
        g ** (2 * (depth - layer)),
        "From the output $L$ down to layer $l$ these factors multiply, for the matrices are "
        "independent.",
    )


@proof("eq-pre-norm-gradient-norm")
def pre_norm_gradient_norm() -> Iterator[Step]:
    """In a pre-norm stack a gradient grows as the depth does, not as a power with that exponent."""
    x, z, v = (sp.IndexedBase(name, real=True) for name in "xzv")
    m = sp.Symbol("m", positive=True)
    a, b = sp.symbols("a b", integer=True, nonnegative=True)

    def branch(index: Any) -> Any:
        return _over(index, W[i, index] * z[index])

    yield Step(
        E(_over(i, (x[i] + branch(j)) * (x[i] + branch(k)))),
        _over(i, x[i] ** 2) + g**2 * n,
        r"Forwards: the branch sees the normalised stream $z$, with $\sum_j z_j^2 = n$. The mixed "
        "terms have mean zero.",
        decide=_in_expectation({_over(j, z[j] ** 2): n}),
    )
    yield Step(
        1 + sp.Sum(g**2, (k, 1, layer)),
        1 + layer * g**2,
        r"So the mean square of the stream, 1 at the start, gains $g^2$ in each layer: "
        r"$m_l = 1 + l g^2$.",
    )
    slope = (sp.KroneckerDelta(a, b) - x[a] * x[b] / (n * m)) / sp.sqrt(m)
    yield Step(
        _over(a, _over(b, slope**2)),
        (n - 1) / m,
        r"Backwards: where the stream has mean square $m$, the Jacobian of the norm is "
        r"$N = (I - xx^\top\!/nm)/\sqrt{m}$. Its squared entries add up to $(n-1)/m$.",
        decide=same_sums({_over(a, x[a] ** 2): n * m}),
    )
    norm = sp.IndexedBase("N", real=True)
    back, again = (
        _over(b, norm[a, b] * _over(j, W[j, b] * v[j])),
        _over(i, norm[a, i] * _over(k, W[k, i] * v[k])),
    )
    gain = 1 + g**2 / n * ((n - 1) / m)
    yield Step(
        E(_over(a, (v[a] + back) * (v[a] + again))),
        gain * _over(a, v[a] ** 2),
        r"The gradient $v$ becomes $v + N W^\top v$, and again the mixed terms have mean zero.",
        decide=_in_expectation({_over(a, _over(b, norm[a, b] ** 2)): (n - 1) / m}),
    )
    factor = (1 + k * g**2) / (1 + (k - 1) * g**2)
    yield Step(
        gain,
        factor,
        r"In a wide layer, $n \to \infty$, with the mean square $m_{k-1}$ before layer $k$ put in.",
        relation="->",
        where={m: 1 + (k - 1) * g**2},
        decide=lambda left, right: equal(sp.limit(left, n, sp.oo), right),
    )
    yield Step(
        sp.Product(factor, (k, layer + 1, depth)),
        (1 + depth * g**2) / (1 + layer * g**2),
        "Each numerator is the next denominator, so all but two cancel.",
        decide=_telescopes,
    )


def _telescopes(left: Any, right: Any) -> bool:
    """Whether the right is 1 for no factor and gains the last factor of the product with it."""
    factor, (index, first, last) = left.args
    gained = right / right.subs(last, last - 1)
    return equal(right.subs(last, first - 1), 1) and equal(gained, factor.subs(index, last))


@proof("eq-post-norm-gradient-norm")
def post_norm_gradient_norm() -> Iterator[Step]:
    """In a post-norm stack what the residual adds to a gradient, the norm takes away again."""
    x, v = sp.IndexedBase("x", real=True), sp.IndexedBase("v", real=True)
    b = sp.Symbol("b", nonnegative=True)

    def branch(index: Any) -> Any:
        return _over(index, W[i, index] * x[index])

    yield Step(
        E(_over(i, (x[i] + branch(j)) * (x[i] + branch(k)))),
        (1 + g**2) * n,
        r"Forwards: the norm before has made $\sum_i x_i^2 = n$, so the sum has mean square "
        r"$1 + g^2$. The norm behind divides by the root of that, and so does its Jacobian.",
        decide=_in_expectation({_over(i, x[i] ** 2): n}),
    )
    yield Step(
        E(_over(i, (v[i] + _over(j, W[j, i] * v[j])) * (v[i] + _over(k, W[k, i] * v[k])))),
        (1 + g**2) * _over(i, v[i] ** 2),
        r"Backwards: the sum makes $v$ into $v + W^\top v$. A branch that is not one matrix may "
        r"have another gain backwards, $b^2$ in place of $g^2$.",
        decide=_in_expectation(),
    )
    yield Step(
        sp.Product((1 + b**2) / (1 + g**2), (k, layer + 1, depth)),
        ((1 + b**2) / (1 + g**2)) ** (depth - layer),
        "Both factors together, for all layers from the output down to $l$.",
    )


@proof("eq-uniform-attention-gradient")
def uniform_attention_gradient() -> Iterator[Step]:
    """Attention that looks everywhere alike passes on what all tokens share, and nothing else."""
    v = sp.IndexedBase("v", real=True)
    common = sp.Symbol(r"\bar{v}", real=True)

    def mean(index: Any, term: Any) -> sp.Sum:
        return sp.Sum(term / T, (index, 1, T))

    yield Step(
        mean(j, common),
        common,
        "A gradient that is the same at every token comes through as it is.",
        decide=same_sums(),
    )
    yield Step(
        mean(j, v[j] - common),
        0,
        "What differs from token to token, with its mean taken out, cancels.",
        where={common: mean(k, v[k])},
        decide=same_sums(),
    )

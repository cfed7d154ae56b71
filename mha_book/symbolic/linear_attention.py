"""Attention without softmax: one sum may be done before the other, and then kept."""

from collections.abc import Iterator
from typing import Any

import sympy as sp

from mha_book.symbolic.proof import Step, proof
from mha_book.symbolic.sums import split_last, sums_agree
from mha_book.symbolic.symbols import T, T_k, d, d_v

__all__ = ["linear_attention", "linear_attention_causal", "linear_attention_cost"]

i, j, c = sp.symbols("i j c", integer=True, positive=True)
phi_q, phi_k = (sp.IndexedBase(rf"\phi({x})", nonnegative=True) for x in "qk")
v = sp.IndexedBase("v", real=True)
stored = phi_k[j, c] * v[j]
x = sp.Symbol("x", real=True)
elu_plus_one = sp.Piecewise((x + 1, x > 0), (sp.exp(x), True))


def _over_keys(x: Any, last: Any = T_k) -> sp.Sum:
    return sp.Sum(x, (j, 1, last))


def _over_width(x: Any) -> sp.Sum:
    return sp.Sum(x, (c, 1, d))


@proof("eq-linear-attention")
def linear_attention() -> Iterator[Step]:
    """Weights made of products of features can be applied without being computed."""
    similarity = _over_width(phi_q[i, c] * phi_k[j, c])
    yield Step(
        _over_keys(similarity * v[j]),
        _over_width(phi_q[i, c] * _over_keys(stored)),
        "The numerator: each key is compared with the query, feature by feature, and then weights "
        "its value. The feature of the query does not depend on the key, so it goes out of the sum "
        "over keys, and the inner sum is the same for every query.",
        decide=sums_agree(),
    )
    yield Step(
        _over_keys(similarity),
        _over_width(phi_q[i, c] * _over_keys(phi_k[j, c])),
        "The denominator, likewise.",
        decide=sums_agree(),
    )
    yield Step(
        elu_plus_one,
        0,
        r"The feature map $\phi(x) = \operatorname{elu}(x) + 1$ is positive on both branches, so "
        "the denominator is never zero and no weight is negative.",
        relation=">",
        decide=_positive_on_both_branches,
    )


def _positive_on_both_branches(left: Any, right: Any) -> bool:
    """On the branch x > 0 write x as a positive symbol; the other holds for all real x."""
    (upper, condition), (lower, _) = left.args
    x = condition.lhs
    positive = sp.Symbol("x", positive=True)
    return bool(
        condition == (x > 0)
        and (upper.subs(x, positive) - right).is_positive
        and (lower - right).is_positive
    )


@proof("eq-linear-attention-causal")
def linear_attention_causal() -> Iterator[Step]:
    """Under a causal mask the sums over keys grow by one term a token: a recurrent network."""
    S, z = sp.IndexedBase("S"), sp.IndexedBase("z")
    yield Step(
        _over_keys(_over_width(phi_q[i, c] * phi_k[j, c]) * v[j], i),
        _over_width(phi_q[i, c] * _over_keys(stored, i)),
        "Token $i$ sees the keys up to its own. Exchange the sums as before. The inner one is the "
        "state $S_{i,c}$, and without $v$ it is the state $z_{i,c}$.",
        decide=sums_agree(),
    )
    for name, letter, term in (
        ("numerator", S, stored),
        ("denominator", z, phi_k[j, c]),
    ):
        yield Step(
            letter[i, c],
            letter[i - 1, c] + term.subs(j, i),
            f"The state of the {name} is the one before plus one term, since a sum up to $i$ is "
            "the sum up to $i - 1$ and its last term.",
            where={letter[n, c]: _over_keys(term, n) for n in (i, i - 1)},
            decide=lambda left, right: split_last(left) == right,
        )


@proof("eq-linear-attention-cost")
def linear_attention_cost() -> Iterator[Step]:
    """Operations of the two forms, and the length at which they are equal."""

    def product(rows: Any, inner: Any, columns: Any) -> Any:
        return 2 * rows * inner * columns

    softmax, linear = 2 * T**2 * (d + d_v), 2 * T * d * (2 * d_v + 1)
    yield Step(
        product(T, d, T) + product(T, T, d_v),
        softmax,
        r"A product of an $a \times b$ and a $b \times c$ matrix takes $2abc$ operations. Softmax "
        r"attention forms $QK^\top$ and $AV$.",
    )
    yield Step(
        product(d, T, d_v) + product(T, d, d_v) + product(T, d, 1),
        linear,
        r"Linear attention forms $\phi(K)^\top V$, multiplies it by $\phi(Q)$, and needs one more "
        "product with a vector for the denominator.",
    )
    yield Step(
        softmax,
        linear,
        r"They are equal at $T = d(2d_v + 1)/(d + d_v)$, which for $d_v = d$ is $d + \frac12$.",
        where={T: d * (2 * d_v + 1) / (d + d_v)},
    )
    yield Step(
        d * (2 * d_v + 1) / (d + d_v),
        d + sp.Rational(1, 2),
        "Put in $d_v = d$.",
        where={d_v: d},
    )

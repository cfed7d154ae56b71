"""How far shares can move when logits do: at most half as far, and not at all when one-hot."""

from collections.abc import Iterator
from typing import Any

import sympy as sp

from mha_book.symbolic.proof import Step, proof

__all__ = ["softmax_saturation"]


def row_sum(share: Any) -> Any:
    """The magnitudes in the row of the Jacobian that belongs to a share, added up."""
    return 2 * share * (1 - share)


@proof("eq-softmax-saturation")
def softmax_saturation() -> Iterator[Step]:
    """The norm of the Jacobian is at most 2p(1−p) for some share p, and so at most one half."""
    p, r, x, e = sp.symbols("p_i r x epsilon", positive=True)
    u = sp.IndexedBase("u")
    i = sp.Symbol("i", integer=True)
    yield Step(
        p * (1 - p) + p * r,
        row_sum(p),
        "The magnitudes in row $i$ of the Jacobian add up to this, because the other shares are "
        "$r = 1 - p_i$ together.",
        where={r: 1 - p},
    )
    yield Step(
        row_sum(p) * sp.Abs(u[i]),
        sp.Abs(u[i]) / 2,
        r"If $\lambda u = Ju$ and $u_i$ is the entry of $u$ largest in size, then $|\lambda u_i|$ "
        "is at most that sum times $|u_i|$. And the sum is at most one half, since the difference "
        r"is $2 (p_i - \frac12)^2$.",
        relation="<=",
        decide=lambda left, right: (
            sp.expand((right - left) / sp.Abs(u[i]) - 2 * (p - sp.Rational(1, 2)) ** 2) == 0
        ),
    )
    shares = sp.Matrix([sp.Rational(1, 2), sp.Rational(1, 2)])
    directions = sp.Matrix([[1, 1], [-1, 1]])
    yield Step(
        sp.MatMul(sp.diag(*shares) - shares * shares.T, directions),
        sp.Matrix([[1, 0], [-1, 0]]) / 2,
        "Two equal shares attain it: raising one logit and lowering the other by as much moves the "
        "shares half as far (first column). Raising both moves nothing (second column).",
    )
    yield Step(
        sp.Matrix([row_sum(1 - e), row_sum(x)]),
        sp.zeros(2, 1),
        r"If one share is $1 - \epsilon$, any other is some $x \le \epsilon$. Both bounds vanish "
        r"with $\epsilon$: a one-hot softmax has the Jacobian zero.",
        relation="->",
        decide=lambda left, right: left.subs(x, e).applyfunc(lambda b: sp.limit(b, e, 0)) == right,
    )

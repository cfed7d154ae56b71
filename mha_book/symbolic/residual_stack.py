"""A stack of residual blocks x + f(x): its Jacobian, the paths in it, and how far it can shrink."""

from collections.abc import Iterator
from typing import Any

import sympy as sp

from mha_book.symbolic.proof import Step, proof
from mha_book.symbolic.symbols import n

__all__ = ["residual_expansion", "residual_jacobian_product", "residual_singular_bounds"]

one = sp.Identity(n)
J_1, J_2, J_3, J_l = (sp.MatrixSymbol(f"J_{x}", n, n) for x in ("1", "2", "3", "l"))


@proof("eq-residual-jacobian-product")
def residual_jacobian_product() -> Iterator[Step]:
    """A small change passes each block as itself plus what the branch makes of it."""
    x, f, u, y = (sp.MatrixSymbol(name, n, sp.S.One) for name in "xfuy")
    before = sp.MatrixSymbol("P", n, n)
    epsilon = sp.Symbol(r"\varepsilon", positive=True)
    yield Step(
        (x + epsilon * u) + (f + epsilon * J_1 * u) - (x + f),
        epsilon * (one + J_1) * u,
        r"Move the input of a block by a small $\varepsilon u$. The branch $f$ moves by "
        r"$\varepsilon J_1 u$, where $J_1$ is its Jacobian; the block moves by both.",
    )
    yield Step(
        y + J_2 * y,
        (one + J_2) * (one + J_1) * u,
        r"The next block does the same to what arrives, $y = (I + J_1) u$.",
        where={y: (one + J_1) * u},
    )
    yield Step(
        y + J_l * y,
        (one + J_l) * before * u,
        r"And so on: if the first $l - 1$ blocks together are $P$, then $y = Pu$ arrives at block "
        r"$l$, and $l$ blocks together are $(I + J_l) P$.",
        where={y: before * u},
    )


@proof("eq-residual-expansion")
def residual_expansion() -> Iterator[Step]:
    """Multiplied out, the Jacobian is a sum over all ways to skip or to enter each branch."""
    depth, k = sp.symbols("L k", integer=True, nonnegative=True)
    size = sp.Symbol("j", positive=True)
    paths = sp.binomial(depth, k)
    yield Step(
        (one + J_3) * (one + J_2) * (one + J_1),
        one + J_1 + J_2 + J_3 + J_2 * J_1 + J_3 * J_1 + J_3 * J_2 + J_3 * J_2 * J_1,
        "Three blocks: from each bracket take the identity, which is to skip the branch, or $J$, "
        "which is to enter it.",
    )
    yield Step(
        sp.Sum(paths, (k, 0, depth)),
        2**depth,
        r"With $L$ blocks, $\binom{L}{k}$ of the terms enter exactly $k$ branches. They are "
        "$2^L$ in all.",
    )
    yield Step(
        sp.Sum(paths * size**k, (k, 0, depth)),
        (1 + size) ** depth,
        "If every branch multiplies by $j$, the terms of length $k$ count for $j^k$ each.",
        decide=_for_every_size,
    )
    yield Step(
        sp.Sum(k * paths * size**k, (k, 1, depth)) / (1 + size) ** depth,
        depth * size / (1 + size),
        "So the average length of a path, weighted by what it carries, is $Lj/(1 + j)$: short "
        "when the branches are small.",
        decide=_for_every_size,
    )


def _for_every_size(left: Any, right: Any) -> bool:
    """Compare SymPy's closed form, given for j <= 1; what agrees there is one polynomial in j."""
    closed = sp.piecewise_fold(left.doit()).args[0].expr
    return bool(sp.simplify(closed - right) == 0)


@proof("eq-residual-singular-bounds")
def residual_singular_bounds() -> Iterator[Step]:
    """A block stretches no direction by more than 1 + ‖J‖, and none by less than 1 − ‖J‖."""
    size, spare = sp.symbols("t r", nonnegative=True)
    angle = sp.Symbol(r"\varphi", real=True)
    length = 1 + 2 * size * sp.cos(angle) + size**2
    bound = sp.Symbol(r"\|J\|", nonnegative=True)

    def at_least(left: Any, right: Any) -> bool:
        return bool(sp.expand((left - right).subs(bound, size + spare)) == spare)

    yield Step(
        (1 + size) ** 2 - length,
        4 * size * sp.sin(angle / 2) ** 2,
        r"Take a vector $u$ of length 1, let $t = \|Ju\|$ and let $\varphi$ be the angle between "
        r"$u$ and $Ju$. By the law of cosines $\|u + Ju\|^2 = 1 + 2t\cos\varphi + t^2$. The "
        "difference from $(1 + t)^2$ is never negative.",
    )
    yield Step(
        length - (1 - size) ** 2,
        4 * size * sp.cos(angle / 2) ** 2,
        r"Nor is the difference from $(1 - t)^2$: so $\|u + Ju\|$ lies between $|1 - t|$ and "
        "$1 + t$.",
    )
    yield Step(
        1 + bound,
        1 + size,
        r"The norm of $J$ is the largest $t$ there is, so $t \le \|J\|$, and no direction grows by "
        r"more than $1 + \|J\|$.",
        relation=">=",
        decide=at_least,
    )
    yield Step(
        1 - size,
        1 - bound,
        r"As long as $\|J\| < 1$, no direction shrinks below $1 - \|J\|$.",
        relation=">=",
        decide=at_least,
    )

"""Kernel regression is attention (eq-nadaraya-watson, eq-gaussian-kernel-softmax)."""

from collections.abc import Iterator
from typing import Any

import sympy as sp

from mha_book.symbolic._entries import c, entries, l, same_sums, total
from mha_book.symbolic.proof import Step, proof
from mha_book.symbolic.symbols import T, d, j

__all__ = ["X", "estimate", "gaussian_kernel_softmax", "h", "kernel", "nadaraya_watson", "x", "y"]

h = sp.Symbol("h", positive=True)
x, y = entries("x"), entries("y")
X = entries("X", "x")  # the point x_j, coordinate c


def kernel(point: Any) -> Any:
    """The Gaussian kernel between x and a point."""
    return sp.exp(-total((x(c) - X(point, c)) ** 2, c, d) / (2 * h**2))


def estimate() -> Any:
    """The curve at x, as the page defines it."""
    return total(kernel(j) * y(j), j, T) / total(kernel(j), j, T)


@proof("eq-nadaraya-watson")
def nadaraya_watson() -> Iterator[Step]:
    """The estimate is the constant that fits best when each point weighs as much as its kernel."""
    f, u = sp.symbols("f u", real=True)
    kappa = entries("kappa", r"\kappa")
    misfit = total(kappa(j) * (y(j) - f) ** 2, j, T)
    slope = 2 * f * total(kappa(j), j, T) - 2 * total(kappa(j) * y(j), j, T)
    yield Step(
        sp.Derivative(misfit, f),
        slope,
        "Look for the one number $f$ that is nearest to all $y_j$, each counted with the weight "
        r"$\kappa_j$. The slope of the weighted squared error is this.",
        decide=same_sums,
    )
    yield Step(
        sp.Derivative(misfit, (f, 2)),
        2 * total(kappa(j), j, T),
        "The second derivative is positive, so there is one minimum and no maximum.",
        decide=same_sums,
    )
    yield Step(
        slope,
        sp.Integer(0),
        r"With the Gaussian kernel for $\kappa_j$ and the estimate for $f$ the slope vanishes: "
        "the estimate is that minimum.",
        where={kappa: sp.Lambda(j, kernel(j)), f: estimate()},
        decide=same_sums,
    )
    yield Step(
        total(kernel(j) * u, j, T) / total(kernel(j), j, T),
        u,
        "Where all values are the same number $u$, the estimate is $u$ too: it is an average.",
        decide=same_sums,
    )


@proof("eq-gaussian-kernel-softmax")
def gaussian_kernel_softmax() -> Iterator[Step]:
    """Shares of a Gaussian kernel are a softmax of dot products, corrected for long keys."""
    product = total(x(c) * X(j, c), c, d)
    length = total(X(j, c) ** 2, c, d)
    yield Step(
        -total((x(c) - X(j, c)) ** 2, c, d) / (2 * h**2),
        -total(x(c) ** 2, c, d) / (2 * h**2) + product / h**2 - length / (2 * h**2),
        "Expand the square in the exponent, coordinate by coordinate.",
        decide=same_sums,
    )
    corrected = product / h**2 - length / (2 * h**2)
    yield Step(
        _shares(-total((x(c) - X(j, c)) ** 2, c, d) / (2 * h**2)),
        _shares(corrected),
        "The length of the query is the same for every key, so its exponential cancels.",
        decide=same_sums,
    )
    of_any_key = dict.fromkeys((length, length.subs(j, l)), sp.Symbol("r", positive=True))
    yield Step(
        _shares(corrected),
        _shares(product / h**2),
        "If all keys have the same length, that cancels too.",
        decide=lambda left, right: same_sums(left.xreplace(of_any_key), right),
    )


def _shares(exponent: Any) -> Any:
    """The exponential for key j over the sum for all keys."""
    return sp.exp(exponent) / total(sp.exp(exponent.subs(j, l)), l, T)

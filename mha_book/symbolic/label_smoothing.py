"""Cross-entropy with smoothed targets: its form in logits, and its gradient p − t."""

from collections.abc import Iterator
from typing import Any

import sympy as sp

from mha_book.symbolic.proof import Step, proof
from mha_book.symbolic.sums import sums_agree

__all__ = ["label_smoothing", "label_smoothing_gradient", "smoothed_target"]

N, j, y = sp.symbols("N j y", integer=True, positive=True)
epsilon = sp.Symbol("epsilon", nonnegative=True)
z = sp.IndexedBase("z", real=True)
t = sp.IndexedBase("t", positive=True)


def smoothed_target(index: Any, target: Any, smoothing: Any, size: Any) -> Any:
    r"""What a class should get when ``target`` is right (eq-label-smoothing).

    .. math:: t_j = (1 - \epsilon)\,\delta_{jy} + \frac{\epsilon}{N}

    ``torch.nn.functional.cross_entropy`` with ``label_smoothing`` compares with the same shares.
    Formulas: eq-label-smoothing-gradient.

    Args:
        index: the class *j*.
        target: the right class *y*.
        smoothing: the part ε that is spread over all classes, the right one included.
        size: the number of classes, *N*.

    Source: Szegedy et al. (2016), section 7.

    >>> [smoothed_target(index, 2, sp.Rational(1, 10), 4) for index in (1, 2, 3, 4)]
    [1/40, 37/40, 1/40, 1/40]
    """
    return (1 - smoothing) * sp.KroneckerDelta(index, target) + smoothing / size


@proof("eq-label-smoothing")
def label_smoothing() -> Iterator[Step]:
    """The loss is the usual one, less sure of itself: log-sum-exp minus a blend of logits."""
    lse = sp.Symbol("L", real=True)
    share = smoothed_target(j, y, epsilon, N)

    def over(x: Any) -> sp.Sum:
        return sp.Sum(x, (j, 1, N))

    yield Step(over(share), 1, "The smoothed targets add up to 1.", decide=sums_agree())
    yield Step(
        -over(t[j] * (z[j] - lse)),
        lse - over(t[j] * z[j]),
        r"Cross-entropy in logits: $\ln p_j = z_j - L$ with $L = \ln \sum_l e^{z_l}$, and the "
        "targets add up to 1.",
        decide=sums_agree({over(t[j]): 1}),
    )
    yield Step(
        lse - over(share * z[j]),
        lse - (1 - epsilon) * z[y] - epsilon * over(z[j]) / N,
        "Put in the smoothed targets: the logit of the right class counts less, and the mean of "
        "all logits enters.",
        decide=sums_agree(),
    )
    yield Step(
        lse - (1 - epsilon) * z[y] - epsilon * over(z[j]) / N,
        (1 - epsilon) * (lse - z[y]) + epsilon * over(lse - z[j]) / N,
        "Equivalently a blend of two losses: of the right class, and of all classes alike.",
        decide=sums_agree(),
    )


@proof("eq-label-smoothing-gradient")
def label_smoothing_gradient() -> Iterator[Step]:
    """The gradient by a logit is what the model gives the class less what it should give."""
    z_j, rest, constant = sp.symbols("z_j r c", real=True)
    p_j, t_j = sp.symbols("p_j t_j", positive=True)
    yield Step(
        sp.Derivative(sp.log(sp.exp(z_j) + sp.exp(rest)) - t_j * z_j - constant, z_j),
        p_j - t_j,
        "By one logit: log-sum-exp gives its share, the linear term its target. The other logits, "
        "in $e^r$ and $c$, stand still.",
        where={p_j: sp.exp(z_j) / (sp.exp(z_j) + sp.exp(rest))},
    )
    yield Step(
        sp.Sum(t[j] - smoothed_target(j, y, epsilon, N), (j, 1, N)),
        0,
        "Shares $t_j$ of any kind and the smoothed targets both add up to 1, so the entries of the "
        "gradient add up to zero: what one logit gains, others lose.",
        decide=sums_agree({sp.Sum(t[j], (j, 1, N)): 1}),
    )
    yield Step(
        p_j - t_j,
        p_j - (1 - epsilon) * sp.KroneckerDelta(j, y) - epsilon / N,
        "With the smoothed targets.",
        where={t_j: smoothed_target(j, y, epsilon, N)},
    )

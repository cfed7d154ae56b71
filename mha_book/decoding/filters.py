"""Pure functions from logits to logits, which change or cut the distribution that is drawn from.

Each works on the last axis, leaves its argument as it is, and marks what it cuts with minus
infinity, so filters compose: ``top_p(temperature(logits, 0.7), 0.9)``.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from mha_book._shapes import Float

__all__ = ["Sampling", "min_p", "temperature", "top_k", "top_p"]


def temperature(logits: Float[Tensor, "*B V"], value: float) -> Float[Tensor, "*B V"]:
    r"""Sharpen the distribution (value < 1) or flatten it (value > 1).

    :math:`p_i \propto \exp(z_i / \tau)`

    As τ goes to 0 all mass moves to the largest logit.

    Raises:
        ValueError: ``value`` is not a positive finite number.

    Source: Ackley, Hinton and Sejnowski (1985), section 2; for text: Holtzman et al. (2020),
    section 3.3.

    >>> temperature(torch.tensor([1.0, 2.0]), 0.5)
    tensor([2., 4.])
    """
    if not 0 < value < math.inf:
        raise ValueError(f"temperature={value} must be positive and finite; greedy is its limit 0")
    return logits / value


def top_k(logits: Float[Tensor, "*B V"], k: int) -> Float[Tensor, "*B V"]:
    r"""Cut all but the ``k`` largest logits; those equal to the smallest of them stay too.

    :math:`\mathrm{keep}_i = [\,z_i \ge z_{(k)}\,]`, where :math:`z_{(1)} \ge z_{(2)} \ge \dots`

    Raises:
        ValueError: ``k`` is less than 1.

    Source: Fan, Lewis and Dauphin (2018), section 5.4.

    >>> top_k(torch.tensor([1.0, 3.0, 2.0]), 2)
    tensor([-inf, 3., 2.])
    """
    if k < 1:
        raise ValueError(f"top_k={k} must be at least 1")
    if k >= logits.shape[-1]:
        return logits
    return _cut(logits, logits < logits.topk(k).values[..., -1:])


def top_p(logits: Float[Tensor, "*B V"], p: float) -> Float[Tensor, "*B V"]:
    r"""Cut all but the nucleus: the fewest most probable tokens that hold the mass ``p``.

    :math:`\mathrm{keep}_{(i)} = \Big[\,\sum_{j<i} p_{(j)} < p\,\Big]`, where
    :math:`p_{(1)} \ge p_{(2)} \ge \dots`

    The most probable token always stays. ``p=1`` cuts nothing.

    Raises:
        ValueError: ``p`` is not in (0, 1].

    Source: Holtzman et al. (2020), section 3.1.

    >>> top_p(torch.tensor([0.5, 0.2, 0.3]).log(), 0.7).exp()
    tensor([0.5000, 0.0000, 0.3000])
    """
    _check_share("top_p", p)
    if p == 1:
        return logits
    probabilities, order = logits.softmax(dim=-1).sort(dim=-1, descending=True)
    before = probabilities.cumsum(dim=-1) - probabilities
    return _cut(logits, torch.zeros_like(logits, dtype=torch.bool).scatter(-1, order, before >= p))


def min_p(logits: Float[Tensor, "*B V"], p: float) -> Float[Tensor, "*B V"]:
    r"""Cut each token less probable than ``p`` times the most probable one.

    :math:`\mathrm{keep}_i = [\,p_i \ge p \cdot \max_j p_j\,] = [\,z_i \ge \max_j z_j + \ln p\,]`

    The second form needs no softmax. A sure model keeps few tokens, an unsure one many.

    Raises:
        ValueError: ``p`` is not in (0, 1].

    Source: Nguyen et al. (2025), section 3.

    >>> min_p(torch.tensor([0.5, 0.1, 0.4]).log(), 0.5).exp()
    tensor([0.5000, 0.0000, 0.4000])
    """
    _check_share("min_p", p)
    return _cut(logits, logits < logits.amax(dim=-1, keepdim=True) + math.log(p))


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """Temperature, top-k, top-p and min-p in this order, each on what the one before has left.

    Attributes:
        temperature: 1 changes nothing.
        top_k: None cuts nothing.
        top_p: None cuts nothing.
        min_p: None cuts nothing.

    Raises:
        ValueError: a value is out of its range.

    >>> Sampling(top_k=2, min_p=0.9)(torch.tensor([0.5, 0.1, 0.4]).log()).exp()
    tensor([0.5000, 0.0000, 0.0000])
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None

    def __post_init__(self) -> None:
        """Try the filters on one token, so that a wrong value is told before a model runs."""
        self(torch.zeros(1))

    def __call__(self, logits: Float[Tensor, "*B V"]) -> Float[Tensor, "*B V"]:
        """The logits of the distribution to draw from."""
        logits = temperature(logits, self.temperature)
        logits = logits if self.top_k is None else top_k(logits, self.top_k)
        logits = logits if self.top_p is None else top_p(logits, self.top_p)
        return logits if self.min_p is None else min_p(logits, self.min_p)


def _cut(logits: Tensor, cut: Tensor) -> Tensor:
    return logits.masked_fill(cut, -math.inf)


def _check_share(name: str, p: float) -> None:
    if not 0 < p <= 1:
        raise ValueError(f"{name}={p} must be greater than 0 and at most 1")

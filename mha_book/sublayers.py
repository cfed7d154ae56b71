"""What a layer has besides attention: the feed-forward network, and residual with norm."""

from collections.abc import Callable
from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

from mha_book._checks import check_probability, check_sizes
from mha_book._shapes import Float

__all__ = ["FeedForward", "Order", "Residual", "drop"]

Order = Literal["pre", "post"]


class FeedForward(nn.Module):
    r"""Two linear maps with a non-linearity between, applied to each token alone (eq-feed-forward).

    .. math:: \mathrm{FFN}(x) = \phi(xW_1 + b_1)\,W_2 + b_2,
              \qquad \mathrm{FFN}_{gated}(x) = (\phi(xW_g) \odot xW_1)\,W_2

    Args:
        d_model: width of input and output.
        d_ff: width in between; 4·d_model if omitted. With a gate, 8/3·d_model weighs the same.
        activation: φ. With ``gated=True``, ``F.silu`` makes this SwiGLU and ``F.gelu`` GEGLU.
        gated: whether a third map gates the hidden units.
        bias: whether the maps add a bias.
        dropout: probability with which a hidden unit is dropped in training.

    Raises:
        ValueError: a size is not positive, or ``dropout`` is no probability.

    Source: Vaswani et al. (2017), section 3.3; gated: Shazeer (2020), section 2.

    Gradients through linear maps in a row: eq-plain-gradient-norm.
    Formulas: eq-feed-forward, eq-feed-forward-parameters.

    >>> FeedForward(4, 16)(torch.randn(2, 3, 4)).shape
    torch.Size([2, 3, 4])
    """

    def __init__(
        self,
        d_model: int,
        d_ff: int | None = None,
        *,
        activation: Callable[[Tensor], Tensor] = F.relu,
        gated: bool = False,
        bias: bool = True,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        d_ff = 4 * d_model if d_ff is None else d_ff
        check_sizes(d_model=d_model, d_ff=d_ff)
        check_probability("dropout", dropout)
        self.d_model, self.activation = d_model, activation
        self.gate_proj = nn.Linear(d_model, d_ff, bias=bias) if gated else None
        self.up_proj = nn.Linear(d_model, d_ff, bias=bias)
        self.down_proj = nn.Linear(d_ff, d_model, bias=bias)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Float[Tensor, "*B T d_model"]) -> Float[Tensor, "*B T d_model"]:
        """Transform each token of ``x`` by itself."""
        if self.gate_proj is None:
            hidden = self.activation(self.up_proj(x))
        else:
            hidden = self.activation(self.gate_proj(x)) * self.up_proj(x)
        return self.down_proj(drop(self.dropout, hidden))


class Residual(nn.Module):
    r"""Add what a sublayer computes to its input, normalising before or after (eq-residual).

    .. math:: \mathrm{post}: \; \mathrm{LN}(x + f(x)), \qquad \mathrm{pre}: \; x + f(\mathrm{LN}(x))

    A norm divides the gradient that comes back through it by the size of its input
    (eq-heads-norm-scale). A pre-norm stack leaves the sum itself unnormalised: put one more norm
    behind its last layer.

    Args:
        d_model: width of the residual stream.
        order: ``"pre"``, or ``"post"`` as in the 2017 paper.
        norm: makes the normalisation from its width, ``nn.LayerNorm`` say, or ``nn.RMSNorm``
            (eq-heads-rms-norm).
        dropout: probability with which a number of f(·) is dropped in training.

    Raises:
        ValueError: the order is unknown, or ``dropout`` is no probability.

    Source: Vaswani et al. (2017), section 3.1 (post); Xiong et al. (2020), section 3 (pre).

    Gradients: eq-residual-jacobian-product, eq-residual-expansion, eq-residual-singular-bounds,
    eq-pre-norm-gradient-norm, eq-post-norm-gradient-norm.
    Formulas: eq-layer-norm, eq-layer-norm-invariance, eq-layer-norm-jacobian, eq-pre-norm,
    eq-post-norm.

    >>> residual = Residual(2, order="post")
    >>> residual(torch.tensor([[1.0, 3.0]]), lambda x: 0 * x).round(decimals=2)
    tensor([[-1.,  1.]], grad_fn=<RoundBackward1>)
    """

    def __init__(
        self,
        d_model: int,
        *,
        order: Order = "pre",
        norm: Callable[[int], nn.Module] = nn.LayerNorm,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if order not in ("pre", "post"):
            raise ValueError(f"order={order!r} must be 'pre' or 'post'")
        check_probability("dropout", dropout)
        self.order = order
        self.norm = norm(d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: Float[Tensor, "*B d_model"], sublayer: Callable[[Tensor], Tensor]
    ) -> Float[Tensor, "*B d_model"]:
        """``x`` plus ``sublayer`` of it, in the chosen order."""
        if self.order == "pre":
            return x + drop(self.dropout, sublayer(self.norm(x)))
        return self.norm(x + drop(self.dropout, sublayer(x)))

    def extra_repr(self) -> str:
        """Order for ``print``."""
        return f"order={self.order!r}"


def drop(dropout: nn.Dropout, x: Tensor) -> Tensor:
    """What dropout leaves of ``x``: in evaluation all of it, without the call of a module.

    A step of decoding, with its few numbers in each call, is made of calls.
    """
    return dropout(x) if dropout.training else x

"""The layers of a Transformer, assembled from parts: attention, feed-forward, residual and norm."""

from collections.abc import Callable

from torch import Tensor, nn

from mha_book._checks import common_width
from mha_book._shapes import Bool, Float
from mha_book.attention import MultiHeadAttention
from mha_book.cache import KVCache
from mha_book.sublayers import FeedForward, Order, Residual

__all__ = ["DecoderLayer", "EncoderLayer", "FeedForward", "Order", "Residual"]


class EncoderLayer(nn.Module):
    r"""Self-attention, then feed-forward, each with its residual (eq-encoder-layer).

    .. math:: x' = \mathrm{Residual}(x, \mathrm{MultiHead}), \qquad
              y = \mathrm{Residual}(x', \mathrm{FFN})

    In pre order a stack returns its input plus what each sublayer added (eq-heads-unrolled).
    With ``causal=True`` and a cache this is also the layer of a decoder-only language model.

    Args:
        attention: the self-attention.
        feed_forward: the feed-forward network, of the same width.
        order: where the norms stand, ``"pre"`` or ``"post"``.
        norm: makes a normalisation from its width.
        dropout: probability with which a sublayer's number is dropped before it is added.

    Raises:
        ValueError: the parts differ in width, or an option of ``Residual`` is wrong.

    Source: Vaswani et al. (2017), section 3.1.
    Formulas: eq-encoder-layer, eq-encoder-layer-parameters.

    >>> layer = EncoderLayer(MultiHeadAttention(12, 3), FeedForward(12))
    >>> layer(torch.randn(2, 5, 12)).shape
    torch.Size([2, 5, 12])
    """

    def __init__(
        self,
        attention: MultiHeadAttention,
        feed_forward: FeedForward,
        *,
        order: Order = "pre",
        norm: Callable[[int], nn.Module] = nn.LayerNorm,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        d_model = common_width(attention=attention.d_model, feed_forward=feed_forward.d_model)
        self.attention = attention
        self.feed_forward = feed_forward
        self.attention_residual = Residual(d_model, order=order, norm=norm, dropout=dropout)
        self.feed_forward_residual = Residual(d_model, order=order, norm=norm, dropout=dropout)

    def forward(
        self,
        x: Float[Tensor, "B T d_model"],
        *,
        keep: Bool[Tensor, "..."] | None = None,
        bias: Float[Tensor, "..."] | None = None,
        causal: bool = False,
        cache: KVCache | None = None,
    ) -> Float[Tensor, "B T d_model"]:
        """Pass ``x`` through; all other arguments go to the attention."""
        x = self.attention_residual(
            x, lambda h: self.attention(h, keep=keep, bias=bias, causal=causal, cache=cache)
        )
        return self.feed_forward_residual(x, self.feed_forward)


class DecoderLayer(nn.Module):
    r"""Self-attention, cross-attention to the encoder's output, feed-forward (eq-decoder-layer).

    .. math:: x' = \mathrm{Residual}(x, \mathrm{MultiHead}(\cdot)), \quad
              x'' = \mathrm{Residual}(x', \mathrm{MultiHead}(\cdot, M)), \quad
              y = \mathrm{Residual}(x'', \mathrm{FFN})

    Args:
        self_attention: attention among the target tokens.
        cross_attention: attention from target tokens to the memory.
        feed_forward: the feed-forward network; all three have the same width.
        order: where the norms stand, ``"pre"`` or ``"post"``.
        norm: makes a normalisation from its width.
        dropout: probability with which a sublayer's number is dropped before it is added.

    Raises:
        ValueError: the parts differ in width, or an option of ``Residual`` is wrong.

    Source: Vaswani et al. (2017), section 3.1.

    >>> layer = DecoderLayer(MultiHeadAttention(12, 3), MultiHeadAttention(12, 3), FeedForward(12))
    >>> layer(torch.randn(2, 5, 12), memory=torch.randn(2, 7, 12)).shape
    torch.Size([2, 5, 12])
    """

    def __init__(
        self,
        self_attention: MultiHeadAttention,
        cross_attention: MultiHeadAttention,
        feed_forward: FeedForward,
        *,
        order: Order = "pre",
        norm: Callable[[int], nn.Module] = nn.LayerNorm,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        d_model = common_width(
            self_attention=self_attention.d_model,
            cross_attention=cross_attention.d_model,
            feed_forward=feed_forward.d_model,
        )
        self.self_attention = self_attention
        self.cross_attention = cross_attention
        self.feed_forward = feed_forward
        self.self_residual = Residual(d_model, order=order, norm=norm, dropout=dropout)
        self.cross_residual = Residual(d_model, order=order, norm=norm, dropout=dropout)
        self.feed_forward_residual = Residual(d_model, order=order, norm=norm, dropout=dropout)

    def forward(
        self,
        x: Float[Tensor, "B T d_model"],
        memory: Float[Tensor, "B T_m d_model"],
        *,
        keep: Bool[Tensor, "..."] | None = None,
        memory_keep: Bool[Tensor, "..."] | None = None,
        causal: bool = False,
        cache: KVCache | None = None,
        memory_cache: KVCache | None = None,
    ) -> Float[Tensor, "B T d_model"]:
        """Pass ``x`` through.

        ``keep`` and ``causal`` hide target tokens, ``memory_keep`` hides memory tokens.
        """
        x = self.self_residual(
            x, lambda h: self.self_attention(h, keep=keep, causal=causal, cache=cache)
        )
        x = self.cross_residual(
            x, lambda h: self.cross_attention(h, memory, keep=memory_keep, cache=memory_cache)
        )
        return self.feed_forward_residual(x, self.feed_forward)

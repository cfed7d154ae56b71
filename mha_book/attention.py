"""Multi-head attention: the module that learns what the heads compare and what they gather.

It knows nothing of softmax: that is ``mha_book.scaled_dot_product``, whose two functions are found
here as well. Axis letters: B batch, H query heads, H_kv key-value heads, T_q queries, T_k keys,
T_c tokens of the context, d width of a head, d_model width of the residual stream.
"""

from torch import Tensor, nn

from mha_book._checks import check_inputs, check_masks, check_probability, check_sizes
from mha_book._shapes import Bool, Float
from mha_book.cache import KVCache
from mha_book.positions import RotaryEmbedding
from mha_book.scaled_dot_product import attention_weights, scaled_dot_product_attention

__all__ = ["MultiHeadAttention", "attention_weights", "scaled_dot_product_attention"]


class MultiHeadAttention(nn.Module):
    r"""Attention in H subspaces at once, concatenated and projected (eq-multi-head).

    .. math:: \mathrm{MultiHead}(X, C) = \mathrm{Concat}(\mathrm{head}_1, …, \mathrm{head}_H)\,W^O,
              \quad \mathrm{head}_h = \mathrm{Attention}(XW^Q_h,\, CW^K_h,\, CW^V_h)

    Self-attention is the case C = X. Parameters: ``q_proj`` (d_model → H·d), ``k_proj`` and
    ``v_proj`` (d_model → H_kv·d), ``out_proj`` (H·d → d_model). Each of the first three holds the
    matrices of all its heads, side by side (eq-head-weights).

    Args:
        d_model: width of input and output.
        num_heads: number of query heads, H.
        num_kv_heads: number of key-value heads, H_kv; H if omitted. Fewer is grouped-query
            attention, one is multi-query attention.
        d_head: width of a head, d; d_model / H if omitted.
        bias: whether the projections add a bias.
        dropout: probability with which a weight is dropped in training.
        rotary: turns queries and keys by their positions, in self-attention.

    Raises:
        ValueError: a size is not positive, sizes do not divide, or ``dropout`` is no probability.

    Elsewhere: ``torch.nn.MultiheadAttention`` stacks the first three projections in
    ``in_proj_weight``, and its boolean masks mean the opposite: True hides.

    Formulas: eq-head, eq-self-attention, eq-query-key-value, eq-permutation-equivariance,
    eq-self-attention-masked-equivariance, eq-multi-head-readings, eq-score-bilinear,
    eq-projection-gauge.

    Source: Vaswani et al. (2017), section 3.2.2; Ainslie et al. (2023), section 2.2.

    Order of the heads: eq-merge-index, eq-merge-commutes.
    Gradients: eq-backward-projection, eq-key-bias-gradient.
    Formulas: eq-multi-head-parameters, eq-multi-head-grouped-parameters, eq-multi-head-flops,
    eq-concat-is-sum, eq-head-blocks, eq-attention-flops, eq-flops-crossover, eq-ov-circuit,
    eq-head-permutation.

    >>> attention = MultiHeadAttention(d_model=12, num_heads=3)
    >>> attention(torch.randn(2, 5, 12)).shape
    torch.Size([2, 5, 12])
    """

    def __init__(
        self,
        d_model: int,
        num_heads: int,
        *,
        num_kv_heads: int | None = None,
        d_head: int | None = None,
        bias: bool = True,
        dropout: float = 0.0,
        rotary: RotaryEmbedding | None = None,
    ) -> None:
        super().__init__()
        num_kv_heads = num_heads if num_kv_heads is None else num_kv_heads
        check_sizes(d_model=d_model, num_heads=num_heads, num_kv_heads=num_kv_heads)
        check_probability("dropout", dropout)
        if d_head is None:
            if d_model % num_heads:
                raise ValueError(f"d_model={d_model} is not divisible by num_heads={num_heads}")
            d_head = d_model // num_heads
        check_sizes(d_head=d_head)
        if num_heads % num_kv_heads:
            raise ValueError(f"num_heads={num_heads} is not divisible by {num_kv_heads=}")
        if rotary is not None and rotary.d_head != d_head:
            raise ValueError(f"rotary turns d_head={rotary.d_head}, but the heads have {d_head=}")
        self.d_model, self.d_head = d_model, d_head
        self.num_heads, self.num_kv_heads = num_heads, num_kv_heads
        self.dropout, self.rotary = dropout, rotary
        self.q_proj = nn.Linear(d_model, num_heads * d_head, bias=bias)
        self.k_proj = nn.Linear(d_model, num_kv_heads * d_head, bias=bias)
        self.v_proj = nn.Linear(d_model, num_kv_heads * d_head, bias=bias)
        self.out_proj = nn.Linear(num_heads * d_head, d_model, bias=bias)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weights as Glorot and Bengio (2010) do, uniformly; biases are zero."""
        for projection in (self.q_proj, self.k_proj, self.v_proj, self.out_proj):
            nn.init.xavier_uniform_(projection.weight)
            if projection.bias is not None:
                nn.init.zeros_(projection.bias)

    def forward(
        self,
        x: Float[Tensor, "B T_q d_model"],
        context: Float[Tensor, "B T_c d_model"] | None = None,
        *,
        keep: Bool[Tensor, "..."] | None = None,
        bias: Float[Tensor, "..."] | None = None,
        causal: bool = False,
        cache: KVCache | None = None,
    ) -> Float[Tensor, "B T_q d_model"]:
        """Let each token of ``x`` gather from ``context`` or, if omitted, from ``x`` itself.

        Args:
            x: the tokens that ask.
            context: the tokens that answer.
            keep: True where token *i* may attend to token *j*; broadcasts to (B, H, T_q, T_k).
                Nothing is hidden if omitted.
            bias: numbers added to the scaled scores; broadcasts likewise.
            causal: whether a token is hidden from those that stand before it, those in the cache
                included (eq-causal-mask).
            cache: earlier keys and values. Self-attention appends to it, so T_k is its earlier
                length plus T_q. Cross-attention fills it from ``context`` at the first call and
                reads it from then on.

        Raises:
            TypeError: ``keep`` is not boolean, or ``bias`` is not floating point.
            ValueError: a shape does not agree, ``causal`` comes with a context, or tokens do not
                fit the cache, which then stays as it was.
        """
        self._check(x, context, causal)
        past = 0 if cache is None else cache.length
        T_k = past + x.shape[1] if context is None else context.shape[1]
        check_masks(keep, bias, (x.shape[0], self.num_heads, x.shape[1], T_k))
        q = self._turn(self._split(self.q_proj(x)), past)
        if context is not None and cache is not None and past:
            k, v = cache.recall(x.shape[0], self.num_kv_heads, T_k, self.d_head)
        else:
            source = x if context is None else context
            k = self._turn(self._split(self.k_proj(source)), past)
            v = self._split(self.v_proj(source))
            k, v = (k, v) if cache is None else cache.append(k, v)
        dropout_p = self.dropout if self.training else 0.0
        heads = scaled_dot_product_attention(
            q, k, v, keep=keep, bias=bias, dropout_p=dropout_p, causal=causal
        )
        return self.out_proj(heads.transpose(1, 2).flatten(2))

    def weights(
        self,
        x: Float[Tensor, "B T_q d_model"],
        context: Float[Tensor, "B T_c d_model"] | None = None,
        *,
        keep: Bool[Tensor, "..."] | None = None,
        bias: Float[Tensor, "..."] | None = None,
        causal: bool = False,
    ) -> Float[Tensor, "B H T_q T_k"]:
        """The weights behind ``forward`` in evaluation mode, for looking at (eq-attention-weights).

        They are computed anew, by the definition, and not kept: the fused kernel of ``forward``
        never has them.

        Formulas: eq-bilinear-attention, eq-steps-feature-scores.

        Raises:
            TypeError: ``keep`` is not boolean, or ``bias`` is not floating point.
            ValueError: a shape does not agree, or ``causal`` comes with a context.
        """
        self._check(x, context, causal)
        q = self._turn(self._split(self.q_proj(x)))
        k = self._turn(self._split(self.k_proj(x if context is None else context)))
        return attention_weights(q, k, keep=keep, bias=bias, causal=causal)

    def _check(self, x: Tensor, context: Tensor | None, causal: bool) -> None:
        check_inputs(x, context, self.d_model)
        if context is not None and causal:
            raise ValueError("context was given, but causal=True orders the tokens of x alone")
        if context is not None and self.rotary is not None:
            raise ValueError("context was given, but rotary positions are for self-attention only")

    def _split(self, x: Float[Tensor, "B T width"]) -> Float[Tensor, "B heads T d"]:
        """Give each head its block of columns (eq-split-heads), in a view (eq-heads-address)."""
        return x.unflatten(2, (-1, self.d_head)).transpose(1, 2)

    def _turn(self, x: Float[Tensor, "B heads T d"], past: int = 0) -> Float[Tensor, "B heads T d"]:
        return x if self.rotary is None else self.rotary(x, past)

    def extra_repr(self) -> str:
        """Sizes for ``print``."""
        return (
            f"num_heads={self.num_heads}, num_kv_heads={self.num_kv_heads}, "
            f"d_head={self.d_head}, dropout={self.dropout}"
        )

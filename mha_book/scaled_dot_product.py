"""Scaled dot-product attention: the two functions that know nothing of parameters.

Axis letters: H query heads, H_kv key-value heads, T_q queries, T_k keys, d width of a query or key,
d_v width of a value. All axes in front of these are batches.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from mha_book import masks
from mha_book._checks import check_masks, check_probability, check_qkv
from mha_book._shapes import Bool, Float

__all__ = ["attention_weights", "scaled_dot_product_attention"]


def attention_weights(
    q: Float[Tensor, "*#B H T_q d"],
    k: Float[Tensor, "*#B H_kv T_k d"],
    *,
    keep: Bool[Tensor, "..."] | None = None,
    bias: Float[Tensor, "..."] | None = None,
    scale: float | None = None,
    causal: bool = False,
) -> Float[Tensor, "... H T_q T_k"]:
    r"""How much each query attends to each key (eq-attention-weights).

    .. math:: A = \mathrm{softmax}\!\left(s\,QK^\top + \mathrm{bias}\right), \qquad s = 1/\sqrt{d}

    Args:
        q: queries.
        k: keys; H must be a multiple of H_kv, and query head *h* reads key head *h // (H / H_kv)*
            (eq-heads-group).
        keep: True where query *i* may attend to key *j*; broadcasts to (…, H, T_q, T_k).
        bias: numbers added to the scaled scores; broadcasts likewise.
        scale: the factor *s*, if it is to be another.
        causal: whether keys that come after a query are hidden from it, as by ``masks.causal``; the
            last query stands at the last key.

    Returns:
        Weights whose rows sum to one. A row that may attend to nothing is all zeros.

    Raises:
        TypeError: ``keep`` is not boolean, or ``bias`` is not floating point.
        ValueError: widths, heads or shapes do not agree, or ``causal`` has fewer keys than queries.

    Formulas: eq-scores, eq-softmax-rows, eq-steps-safe-softmax, eq-gaussian-kernel-softmax,
    eq-self-attention-dilution, eq-score-variance, eq-score-moments, eq-score-variance-dependent,
    eq-softmax-jacobian, eq-softmax-saturation, eq-softmax-temperature-limits,
    eq-log-sum-exp-gradient, eq-log-sum-exp-convex.

    Source: Vaswani et al. (2017), section 3.2.1; grouped heads: Ainslie et al. (2023), section 2.2.

    Derivatives: eq-attention-query-gradient, eq-backward-scores.
    Limits: eq-head-rank, eq-head-log-rank, eq-rank-collapse, eq-rank-collapse-rate.
    Formulas: eq-head-score-sum.

    >>> q = torch.tensor([[[1.0, 0.0]]])                          # (H=1, T_q=1, d=2)
    >>> k = torch.tensor([[[2.0, 0.0], [0.0, 2.0], [1.0, 1.0]]])  # (H=1, T_k=3, d=2)
    >>> attention_weights(q, k).round(decimals=2)
    tensor([[[0.5800, 0.1400, 0.2800]]])
    """
    check_masks(keep, bias, check_qkv(q, k))
    keep = _hide_future(keep, q, k) if causal else keep
    k = k.repeat_interleave(q.shape[-3] // k.shape[-3], dim=-3)
    scale = 1 / math.sqrt(q.shape[-1]) if scale is None else scale
    scores = q * scale @ k.mT  # scaled before the product, which might overflow in half precision
    if bias is not None:
        scores = scores + bias.to(scores.dtype)
    if keep is not None:
        scores = scores.masked_fill(~keep, -math.inf)
    unseeing = scores.isneginf().all(dim=-1, keepdim=True)  # softmax would be 0/0 in these rows
    return scores.masked_fill(unseeing, 0).softmax(dim=-1).masked_fill(unseeing, 0.0)


def scaled_dot_product_attention(
    q: Float[Tensor, "*#B H T_q d"],
    k: Float[Tensor, "*#B H_kv T_k d"],
    v: Float[Tensor, "*#B H_kv T_k d_v"],
    *,
    keep: Bool[Tensor, "..."] | None = None,
    bias: Float[Tensor, "..."] | None = None,
    scale: float | None = None,
    dropout_p: float = 0.0,
    causal: bool = False,
) -> Float[Tensor, "... H T_q d_v"]:
    r"""The average of the values, weighted by attention (eq-scaled-dot-product).

    .. math:: \mathrm{Attention}(Q, K, V)
              = \mathrm{softmax}\!\left(\frac{QK^\top}{\sqrt{d}}\right) V

    Equal to ``attention_weights(q, k) @ v``, but computed by torch's fused kernel, which never
    stores the weights. Sequences and heads are axes to repeat over (eq-heads-batched). Grouped
    heads share their keys and values without copying them.

    Args:
        q: queries.
        k: keys; H must be a multiple of H_kv. All leading axes broadcast.
        v: values, as many as keys.
        keep: True where query *i* may attend to key *j*; broadcasts to (…, H, T_q, T_k).
        bias: numbers added to the scaled scores; broadcasts likewise.
        scale: factor of the dot products, if it is to be other than 1/√d.
        dropout_p: probability with which a weight is set to zero; the rest grow by 1/(1 − p)
            (eq-dropout).
        causal: whether keys that come after a query are hidden from it (eq-causal-mask); the last
            query stands at the last key. Without another mask the kernel skips what is hidden.

    Returns:
        One vector for each query; the zero vector where a query may attend to nothing.

    Raises:
        TypeError: ``keep`` is not boolean, or ``bias`` is not floating point.
        ValueError: shapes do not agree, ``dropout_p`` is no probability, or ``causal`` has fewer
            keys than queries.

    Formulas: eq-attention-output, eq-nadaraya-watson, eq-output-convex.

    Source: Vaswani et al. (2017), section 3.2.1, equation 1.

    Derivatives: eq-backward-values, eq-backward-weights, eq-backward-delta, eq-backward-queries,
    eq-backward-keys, eq-uniform-attention-gradient.

    >>> q, k = torch.zeros(1, 1, 2), torch.zeros(1, 3, 2)
    >>> v = torch.tensor([[[1.0], [2.0], [6.0]]])
    >>> scaled_dot_product_attention(q, k, v)
    tensor([[[3.]]])
    """
    check_masks(keep, bias, check_qkv(q, k, v))
    check_probability("dropout_p", dropout_p)
    T_q, T_k = q.shape[-2], k.shape[-2]
    causal = causal and T_q > 1  # one query, which stands at the last key, has no future
    is_causal = causal and T_q == T_k and keep is None and bias is None
    mask = _merge_masks(
        _hide_future(keep, q, k) if causal and not is_causal else keep, bias, q.dtype
    )
    group = q.shape[-3] // k.shape[-3]
    if T_q == 1 and group > 1:  # decoding: the queries of a group become rows of one call
        q = q.squeeze(-2).unflatten(-2, (-1, group))
        if mask is not None:
            rows = group if mask.shape[-3] > 1 else 1
            mask = mask.squeeze(-2).unflatten(-2, (-1, rows))
        out = F.scaled_dot_product_attention(q, k, v, mask, dropout_p, scale=scale)
        return out.flatten(-3, -2).unsqueeze(-2)
    return F.scaled_dot_product_attention(
        q, k, v, mask, dropout_p, is_causal, scale=scale, enable_gqa=group > 1
    )


def _hide_future(keep: Tensor | None, q: Tensor, k: Tensor) -> Tensor:
    """``keep``, but for the keys that come after a query."""
    past = masks.causal(q.shape[-2], k.shape[-2], device=q.device)
    return past if keep is None else keep & past


def _merge_masks(keep: Tensor | None, bias: Tensor | None, dtype: torch.dtype) -> Tensor | None:
    """One mask for the fused kernel, with at least the axes (H, T_q, T_k): boolean or additive."""
    mask = keep
    if bias is not None:
        bias = bias.to(dtype)
        mask = bias if keep is None else torch.where(keep, bias, -math.inf)
    return None if mask is None else mask[(None,) * max(0, 3 - mask.dim())]

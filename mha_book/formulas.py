"""The ledger: every numbered formula of the book, with its proof, its code and its section.

A row ties five things together by one string, the label: the formula on a page, its proof in
SymPy, the object that computes it or obeys it (whose docstring names the label), the tests marked
with it, and the section that explains it. ``tests/test_formulas.py`` follows every row in both
directions.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pkgutil import resolve_name
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mha_book.symbolic import Proof

__all__ = ["LEDGER", "Formula"]


@dataclass(frozen=True)
class Formula:
    """One row of the ledger.

    Attributes:
        label: the label of the formula on its page, ``eq-…``.
        name: the formula in a few words.
        section: the label of the section that it stands in, ``sec-…``.
        code: the object that computes or obeys it, as a path inside ``mha_book``.
        proof_path: its proof, as a path inside ``mha_book.symbolic``.

    >>> LEDGER["eq-softmax-jacobian"].proof.check()
    """

    label: str
    name: str
    section: str
    code: str
    proof_path: str

    @property
    def code_object(self) -> Any:
        """The class, function or module that ``code`` names."""
        return resolve_name(f"mha_book.{self.code}")

    @property
    def proof(self) -> "Proof":
        """The proof; importing it imports SymPy."""
        return resolve_name(f"mha_book.symbolic.{self.proof_path}")


_TABLE = """
# Chapter 2, core concepts: 2.1 attention
sec-attention-principle
  eq-nadaraya-watson | kernel regression | scaled_dot_product.scaled_dot_product_attention
  eq-gaussian-kernel-softmax | Gaussian kernel as a softmax | scaled_dot_product.attention_weights | nadaraya_watson
sec-attention-math
  eq-attention-weights | weights | scaled_dot_product.attention_weights | scaled_dot_product
  eq-scaled-dot-product | scaled dot-product attention | scaled_dot_product.scaled_dot_product_attention
  eq-attention-query-gradient | gradient of the weights by the query | scaled_dot_product.attention_weights
  eq-score-variance | variance of a score | scaled_dot_product.attention_weights | score_moments
  eq-softmax-temperature | softmax with a temperature | widgets.softmax_temperature.SoftmaxTemperature
sec-attention-types
  eq-bilinear-attention | bilinear score | attention.MultiHeadAttention.weights
  eq-additive-attention | additive score | variants.additive.additive_scores
# 2.2 self-attention
sec-self-attention-definition
  eq-self-attention | self-attention | attention.MultiHeadAttention
sec-self-attention-order
  eq-permutation-equivariance | no sense of order | attention.MultiHeadAttention
  eq-self-attention-masked-equivariance | order under a mask | attention.MultiHeadAttention | permutation_equivariance
sec-self-versus-traditional
  eq-self-attention-dilution | one token among many | scaled_dot_product.attention_weights
# 2.3 the multi-head module
sec-multi-head-structure
  eq-head | one head | attention.MultiHeadAttention | multi_head
  eq-multi-head | multi-head attention | attention.MultiHeadAttention
  eq-multi-head-parameters | parameters of the module | attention.MultiHeadAttention | parameter_counts
  eq-multi-head-grouped-parameters | parameters with grouped heads | attention.MultiHeadAttention | parameter_counts
sec-multi-head-flow
  eq-multi-head-flops | operations of the module | attention.MultiHeadAttention | attention_flops
sec-multi-versus-single
  eq-multi-head-readings | what readings can carry | attention.MultiHeadAttention
  eq-head-statistics | entropy and distance | widgets.head_explorer.HeadExplorer
# Chapter 3, the algorithm: 3.1 steps of self-attention
sec-input-representation
  eq-token-embedding | look-up in a table | symbolic.token_embedding.one_hot
sec-computing-qkv
  eq-query-key-value | queries, keys, values | attention.MultiHeadAttention
sec-scores-and-distribution
  eq-scores | scores | scaled_dot_product.attention_weights
  eq-steps-feature-scores | scores from features | attention.MultiHeadAttention.weights | scores
  eq-softmax-rows | softmax of each row | scaled_dot_product.attention_weights
  eq-steps-safe-softmax | softmax without overflow | scaled_dot_product.attention_weights | softmax_rows
sec-attention-output
  eq-attention-output | output | scaled_dot_product.scaled_dot_product_attention
# 3.2 steps of multi-head self-attention
sec-generating-heads
  eq-split-heads | columns of a head | attention.MultiHeadAttention._split
  eq-heads-address | heads in memory | attention.MultiHeadAttention._split | split_heads
  eq-head-weights | one matrix for all heads | attention.MultiHeadAttention
sec-attention-per-head
  eq-heads-batched | heads in a batch | scaled_dot_product.scaled_dot_product_attention
  eq-heads-group | key head of a query head | scaled_dot_product.attention_weights
sec-concatenate-project
  eq-concat-is-sum | concatenating is summing | attention.MultiHeadAttention | head_sums
sec-residual-norm
  eq-heads-token-share | share that differs between tokens | symbolic.heads_token_share.token_share
  eq-heads-rms-norm | RMSNorm | sublayers.Residual
  eq-heads-norm-scale | gradient behind a norm | sublayers.Residual
  eq-residual | residual in two orders | sublayers.Residual
  eq-heads-unrolled | a pre-norm stack as a sum | layers.EncoderLayer | residual
  eq-layer-norm | layer normalisation | sublayers.Residual
# 3.3 refinements
sec-positional-encoding
  eq-sinusoidal | sinusoidal positions | positions.sinusoidal
  eq-learned-positions | learned positions | positions.LearnedPositions
  eq-rotary | rotary positions | positions.RotaryEmbedding
  eq-alibi | ALiBi | positions.alibi
  eq-alibi-slopes | slopes of ALiBi | positions.alibi_slopes | alibi
sec-masks
  eq-causal-mask | causal mask | masks.causal | masks
  eq-window-mask | sliding window | masks.sliding_window | masks
  eq-prefix-mask | prefix mask | masks.prefix | masks
  eq-padding-mask | padding mask | masks.padding | masks
  eq-kv-cache | key-value cache | cache.KVCache
  eq-kv-cache-size | size of a cache | widgets.kv_cache_calculator.KVCacheCalculator
sec-attention-dropout
  eq-dropout | dropout of weights | scaled_dot_product.scaled_dot_product_attention
# Chapter 4, mathematics: 4.1 self-attention
sec-qkv-formulas
  eq-score-bilinear | scores as a bilinear form | attention.MultiHeadAttention
  eq-projection-gauge | projections with equal scores | attention.MultiHeadAttention | score_bilinear
sec-score-formula
  eq-score-moments | mean and variance of a score | scaled_dot_product.attention_weights
  eq-score-variance-dependent | variance of a score with correlated terms | scaled_dot_product.attention_weights | score_moments
sec-softmax-normalisation
  eq-softmax-jacobian | Jacobian of softmax | scaled_dot_product.attention_weights
  eq-softmax-saturation | norm of the Jacobian | scaled_dot_product.attention_weights
  eq-softmax-temperature-limits | cold and hot softmax | scaled_dot_product.attention_weights | softmax_temperature
  eq-log-sum-exp-gradient | softmax as a gradient | scaled_dot_product.attention_weights | log_sum_exp
  eq-log-sum-exp-convex | convexity of log-sum-exp | scaled_dot_product.attention_weights | log_sum_exp
  eq-label-smoothing | cross-entropy with smoothed targets | symbolic.label_smoothing.smoothed_target
  eq-label-smoothing-gradient | gradient of the smoothed loss | symbolic.label_smoothing.smoothed_target | label_smoothing
  eq-online-softmax | softmax block by block | variants.blockwise.merge
sec-output-formula
  eq-output-convex | outputs among the values | scaled_dot_product.scaled_dot_product_attention
  eq-linear-attention | linear attention | variants.linear.linear_attention
  eq-linear-attention-causal | linear attention as a recurrence | variants.linear.linear_attention | linear_attention
  eq-linear-attention-cost | operations of both forms | variants.linear.linear_attention | linear_attention
# 4.2 multi-head self-attention
sec-head-projections
  eq-head-blocks | heads are blocks of columns | attention.MultiHeadAttention
  eq-head-score-sum | scores of a wide head | scaled_dot_product.attention_weights | head_blocks
sec-heads-in-parallel
  eq-attention-flops | operations of attention | attention.MultiHeadAttention
  eq-flops-crossover | where the quadratic part takes over | attention.MultiHeadAttention | attention_flops
sec-concatenation-formula
  eq-ov-circuit | what a head writes | attention.MultiHeadAttention | head_sums
  eq-head-permutation | heads have no order | attention.MultiHeadAttention | head_sums
sec-residual-norm-formulas
  eq-layer-norm-invariance | what a norm forgets | sublayers.Residual | layer_norm
  eq-layer-norm-jacobian | Jacobian of layer normalisation | sublayers.Residual
  eq-pre-norm | stack in pre order | sublayers.Residual | residual_orders
  eq-post-norm | stack in post order | sublayers.Residual | residual_orders
  eq-feed-forward | feed-forward network | sublayers.FeedForward
  eq-feed-forward-parameters | parameters of the feed-forward network | sublayers.FeedForward | parameter_counts
  eq-encoder-layer | encoder layer | layers.EncoderLayer | layers
  eq-encoder-layer-parameters | parameters of an encoder layer | layers.EncoderLayer | parameter_counts
  eq-decoder-layer | decoder layer | layers.DecoderLayer | layers
# 4.3 derivations
sec-backward-derivation
  eq-backward-values | gradient of the values | scaled_dot_product.scaled_dot_product_attention | attention_backward
  eq-backward-weights | gradient of the weights | scaled_dot_product.scaled_dot_product_attention | attention_backward
  eq-backward-scores | gradient of the scores | scaled_dot_product.attention_weights | attention_backward
  eq-backward-delta | average of dA without the weights | scaled_dot_product.scaled_dot_product_attention | attention_backward
  eq-backward-queries | gradient of the queries | scaled_dot_product.scaled_dot_product_attention | attention_backward
  eq-backward-keys | gradient of the keys | scaled_dot_product.scaled_dot_product_attention | attention_backward
sec-dimension-proof
  eq-merge-index | index map of merging heads | attention.MultiHeadAttention | merge_heads
  eq-merge-commutes | what merging may be exchanged with | attention.MultiHeadAttention | merge_heads
  eq-head-rank | rank of the scores of a head | scaled_dot_product.attention_weights
  eq-head-log-rank | rank of the logarithms of its weights | scaled_dot_product.attention_weights | head_rank
sec-residual-gradients
  eq-residual-jacobian-product | Jacobian of a stack | sublayers.Residual | residual_stack
  eq-residual-expansion | sum over paths | sublayers.Residual | residual_stack
  eq-residual-singular-bounds | singular values | sublayers.Residual | residual_stack
  eq-plain-gradient-norm | plain stack | sublayers.FeedForward | gradient_norms
  eq-pre-norm-gradient-norm | pre-norm stack | sublayers.Residual | gradient_norms
  eq-post-norm-gradient-norm | post-norm stack | sublayers.Residual | gradient_norms
  eq-uniform-attention-gradient | uniform attention | scaled_dot_product.scaled_dot_product_attention | gradient_norms
  eq-rank-collapse | attention alone contracts | scaled_dot_product.attention_weights
  eq-rank-collapse-rate | how fast it contracts | scaled_dot_product.attention_weights | rank_collapse
# Chapter 5, practice: 5.1 the module in PyTorch
sec-backward-and-update
  eq-backward-projection | gradients of a linear map | attention.MultiHeadAttention | attention_backward
  eq-key-bias-gradient | the key bias gets no gradient | attention.MultiHeadAttention | attention_backward
"""


def _rows() -> Iterator[Formula]:
    """The table's rows: a label, the formula in a few words, and the code, under their section.

    The proof of a formula is the function named like its label, in the file of that name or in
    the one named at the end of the row, where proofs share a file.
    """
    section = ""
    for line in _TABLE.strip().splitlines():
        if line.startswith("sec-"):
            section = line
        elif not line.startswith("#"):
            label, name, code, *file = (part.strip() for part in line.split("|"))
            slug = label.removeprefix("eq-").replace("-", "_")
            yield Formula(label, name, section, code, f"{file[0] if file else slug}.{slug}")


_ROWS = tuple(_rows())
LEDGER = MappingProxyType({row.label: row for row in _ROWS})

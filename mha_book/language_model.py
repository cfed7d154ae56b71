"""The language model: a decoder that has no memory to read."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mha_book._checks import check_tokens
from mha_book._shapes import Float, Int
from mha_book.cache import DecoderCache
from mha_book.config import TransformerConfig
from mha_book.parts import (
    TokenEmbedding,
    caches_of,
    encoder_layer,
    final_norm,
    initialise,
    new_caches,
    output_table,
)

__all__ = ["LanguageModel"]


class LanguageModel(nn.Module):
    r"""Tokens to the logits of each next token: a decoder that has no memory to read.

    :math:`\mathrm{logits} = \mathrm{Norm}(\mathrm{Layers}(\sqrt{d_{model}}\,E_x + P))\,E^\top`,
    with as many layers as ``config.decoder_layers``. With ``norm="rms"``, ``activation="swiglu"``,
    ``positions="rotary"``, pre-norm order, no bias and unscaled embeddings this is Llama; with
    learned positions, ``"gelu_tanh"`` and unscaled embeddings, pre-norm, it is GPT-2.

    Args:
        config: sizes and parts; the encoder's have no part in it.

    Raises:
        TypeError: in ``forward``, tokens are no integers.
        ValueError: in ``forward``, tokens are not (B, T), not in the vocabulary, or more than the
            cache or the learned positions can take.

    Source: Radford et al. (2019), section 2.3; Touvron et al. (2023), section 2.2.

    >>> model = LanguageModel(TransformerConfig.tiny(vocabulary=97))
    >>> model(torch.tensor([[5, 7, 11]])).shape
    torch.Size([1, 3, 97])
    """

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config = config
        table = nn.Embedding(config.vocabulary, config.d_model)
        self.embedding = TokenEmbedding(config, table)
        self.layers = nn.ModuleList(encoder_layer(config) for _ in range(config.decoder_layers))
        self.norm = final_norm(config)
        self.output = output_table(config, table)
        initialise(self)

    def forward(
        self, tokens: Int[Tensor, "B T"], *, cache: DecoderCache | None = None
    ) -> Float[Tensor, "B T V"]:
        """The logits after each token; with a cache, ``tokens`` go on where it ended."""
        return self.logits(self.features(tokens, cache=cache))

    def features(
        self, tokens: Int[Tensor, "B T"], *, cache: DecoderCache | None = None
    ) -> Float[Tensor, "B T d_model"]:
        """What the logits are computed from; ``logits(features(tokens)[:, -1])`` are the last."""
        check_tokens("tokens", tokens)
        past = 0 if cache is None else cache.length
        x = self.embedding(tokens, offset=past)
        for layer, (own, _) in zip(self.layers, caches_of(cache, self.layers), strict=True):
            x = layer(x, causal=True, cache=own)
        return self.norm(x)

    def logits(self, features: Float[Tensor, "*B d_model"]) -> Float[Tensor, "*B V"]:
        """The product of each vector with each row of the output table."""
        return F.linear(features, self.output.weight)

    def new_cache(
        self, batch_size: int, max_length: int, dtype: torch.dtype | None = None
    ) -> DecoderCache:
        """An empty cache for ``max_length`` tokens, of the type of the weights unless told."""
        return DecoderCache(new_caches(self.layers, "attention", batch_size, max_length, dtype))

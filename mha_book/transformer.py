"""The Transformer: an encoder, a decoder, and both together, from one config.

Axis letters: B batch, T target tokens, T_s source tokens, d_model width, V vocabulary. A mask over
tokens, ``src_keep``, says True where a token is real and False where it fills up the batch.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mha_book._checks import check_real, check_tokens
from mha_book._shapes import Bool, Float, Int
from mha_book.cache import DecoderCache
from mha_book.config import TransformerConfig as TransformerConfig
from mha_book.language_model import LanguageModel as LanguageModel
from mha_book.parts import (
    TokenEmbedding,
    caches_of,
    decoder_layer,
    encoder_layer,
    final_norm,
    initialise,
    keep_real,
    new_caches,
    output_table,
)

__all__ = ["Decoder", "Encoder", "Transformer"]


class Encoder(nn.Module):
    """Source tokens to memory: embedding, layers of self-attention, norm.

    Every token sees every real token. The norm is there in pre-norm order only.

    Args:
        config: sizes and parts.
        table: the embedding table, if it is shared; otherwise one is made.

    Raises:
        TypeError: in ``forward``, tokens are no integers or the mask is not boolean.
        ValueError: in ``forward``, a shape does not agree or a token is not in the vocabulary.

    Source: Vaswani et al. (2017), section 3.1; the last norm: Xiong et al. (2020), section 3.

    >>> encoder = Encoder(TransformerConfig.tiny())
    >>> encoder(torch.tensor([[5, 7, 11]])).shape
    torch.Size([1, 3, 128])
    """

    def __init__(self, config: TransformerConfig, table: nn.Embedding | None = None) -> None:
        super().__init__()
        if table is None:
            size = config.source_vocabulary or config.vocabulary
            table = nn.Embedding(size, config.d_model)
        self.embedding = TokenEmbedding(config, table)
        self.layers = nn.ModuleList(encoder_layer(config) for _ in range(config.encoder_layers))
        self.norm = final_norm(config)
        initialise(self)

    def forward(
        self, src: Int[Tensor, "B T_s"], src_keep: Bool[Tensor, "B T_s"] | None = None
    ) -> Float[Tensor, "B T_s d_model"]:
        """One vector for each source token; those of padding are numbers that nobody reads."""
        check_tokens("src", src)
        check_real("src_keep", src_keep, src.shape)
        keep = keep_real(src_keep)
        x = self.embedding(src)
        for layer in self.layers:
            x = layer(x, keep=keep)
        return self.norm(x)


class Decoder(nn.Module):
    """Target tokens and memory to features: each token sees itself, its past and the memory.

    Args:
        config: sizes and parts.
        table: the embedding table, if it is shared; otherwise one is made.

    Raises:
        TypeError: in ``forward``, tokens are no integers or the mask is not boolean.
        ValueError: in ``forward``, a shape does not agree, a token is not in the vocabulary, or the
            cache is not this decoder's.

    Source: Vaswani et al. (2017), section 3.1.

    >>> decoder = Decoder(TransformerConfig.tiny())
    >>> decoder(torch.tensor([[5, 7, 11]]), memory=torch.zeros(1, 2, 128)).shape
    torch.Size([1, 3, 128])
    """

    def __init__(self, config: TransformerConfig, table: nn.Embedding | None = None) -> None:
        super().__init__()
        table = nn.Embedding(config.vocabulary, config.d_model) if table is None else table
        self.embedding = TokenEmbedding(config, table)
        self.layers = nn.ModuleList(decoder_layer(config) for _ in range(config.decoder_layers))
        self.norm = final_norm(config)
        initialise(self)

    def forward(
        self,
        tgt: Int[Tensor, "B T"],
        memory: Float[Tensor, "B T_s d_model"],
        src_keep: Bool[Tensor, "B T_s"] | None = None,
        cache: DecoderCache | None = None,
    ) -> Float[Tensor, "B T d_model"]:
        """One vector for each target token; with a cache, ``tgt`` goes on where it ended."""
        check_tokens("tgt", tgt)
        check_real("src_keep", src_keep, memory.shape[:2])
        past = 0 if cache is None else cache.length
        memory_keep = keep_real(src_keep)
        x = self.embedding(tgt, offset=past)
        for layer, (own, other) in zip(self.layers, caches_of(cache, self.layers), strict=True):
            caches = {"cache": own, "memory_cache": other}
            x = layer(x, memory, memory_keep=memory_keep, causal=True, **caches)
        return self.norm(x)

    def new_cache(
        self,
        batch_size: int,
        max_length: int,
        memory_length: int,
        dtype: torch.dtype | None = None,
    ) -> DecoderCache:
        """An empty cache for ``max_length`` target tokens and a memory of ``memory_length``.

        ``dtype`` is that of the weights if omitted; under autocast, give that of autocast.
        """
        return DecoderCache(
            new_caches(self.layers, "self_attention", batch_size, max_length, dtype),
            new_caches(self.layers, "cross_attention", batch_size, memory_length, dtype),
        )


class Transformer(nn.Module):
    r"""Source and target tokens to the logits of each next target token.

    :math:`\mathrm{logits} = \mathrm{Decoder}(y, \mathrm{Encoder}(x))\,E^\top`. With tied
    embeddings the rows of *E* are those that embed the target and, if the languages share a
    vocabulary, the source: one tensor, used three times. Seed the first weights with
    ``torch.manual_seed``; ``mha_book.parts.initialise`` says how they are drawn.

    Args:
        config: sizes and parts.

    Raises:
        TypeError: in a call, tokens are no integers or the mask is not boolean.
        ValueError: in a call, a shape does not agree or a token is not in the vocabulary.

    Source: Vaswani et al. (2017), section 3; tying, as in Press and Wolf (2017): section 3.4.

    >>> model = Transformer(TransformerConfig.tiny(vocabulary=97))
    >>> src, tgt = torch.tensor([[5, 7, 11]]), torch.tensor([[1, 13]])
    >>> model(src, tgt).shape
    torch.Size([1, 2, 97])
    """

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config = config
        table = nn.Embedding(config.vocabulary, config.d_model)
        shared = config.tie_embeddings and config.source_vocabulary is None
        self.encoder = Encoder(config, table if shared else None)
        self.decoder = Decoder(config, table)
        self.output = output_table(config, table)

    def forward(
        self,
        src: Int[Tensor, "B T_s"],
        tgt: Int[Tensor, "B T"],
        *,
        src_keep: Bool[Tensor, "B T_s"] | None = None,
    ) -> Float[Tensor, "B T V"]:
        """The logits of the token after each target token, which sees no later one."""
        return self.logits(self.features(src, tgt, src_keep=src_keep))

    def features(
        self,
        src: Int[Tensor, "B T_s"],
        tgt: Int[Tensor, "B T"],
        *,
        src_keep: Bool[Tensor, "B T_s"] | None = None,
    ) -> Float[Tensor, "B T d_model"]:
        """What the logits are computed from.

        To spare the logits of padding: ``logits(features(src, tgt)[tgt_keep])``.
        """
        return self.decoder(tgt, self.encode(src, src_keep), src_keep)

    def logits(self, features: Float[Tensor, "*B d_model"]) -> Float[Tensor, "*B V"]:
        """The product of each vector with each row of the output table."""
        return F.linear(features, self.output.weight)

    def encode(
        self, src: Int[Tensor, "B T_s"], src_keep: Bool[Tensor, "B T_s"] | None = None
    ) -> Float[Tensor, "B T_s d_model"]:
        """The memory of the source tokens."""
        return self.encoder(src, src_keep)

    def decode(
        self,
        tgt: Int[Tensor, "B T"],
        memory: Float[Tensor, "B T_s d_model"],
        src_keep: Bool[Tensor, "B T_s"] | None = None,
        cache: DecoderCache | None = None,
    ) -> Float[Tensor, "B T V"]:
        """The logits after each target token; with ``cache``, pass only the tokens it has not seen.

        ``decoder.new_cache`` makes one. It belongs to one memory, whose keys and values it holds.
        """
        return self.logits(self.decoder(tgt, memory, src_keep, cache))

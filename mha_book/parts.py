"""From a config to the parts of a Transformer: one small builder for each, and their first values.

``mha_book.transformer`` puts the parts together. To use a part of your own, build a model and
replace the part, or put layers together yourself: a layer takes its parts, not a config.
"""

import math
from collections.abc import Callable
from functools import lru_cache, partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mha_book._shapes import Bool, Float, Int
from mha_book.attention import MultiHeadAttention
from mha_book.cache import DecoderCache, KVCache
from mha_book.config import TransformerConfig
from mha_book.layers import DecoderLayer, EncoderLayer, FeedForward
from mha_book.positions import LearnedPositions, RotaryEmbedding, sinusoidal
from mha_book.sublayers import drop

__all__ = [
    "TokenEmbedding",
    "attention",
    "caches_of",
    "decoder_layer",
    "encoder_layer",
    "feed_forward",
    "final_norm",
    "initialise",
    "keep_real",
    "new_caches",
    "norm",
    "output_table",
    "waves",
]

#: The non-linearity of each activation, and whether it gates.
ACTIVATIONS: dict[str, tuple[Callable[[Tensor], Tensor], bool]] = {
    "relu": (F.relu, False),
    "gelu": (F.gelu, False),
    "gelu_tanh": (partial(F.gelu, approximate="tanh"), False),
    "swiglu": (F.silu, True),
}
NORMS: dict[str, Callable[..., nn.Module]] = {"layer": nn.LayerNorm, "rms": nn.RMSNorm}


def attention(config: TransformerConfig, *, cross: bool = False) -> MultiHeadAttention:
    """Self-attention or, without rotary positions, cross-attention."""
    turns = config.positions == "rotary" and not cross
    d_head = config.d_model // config.num_heads
    return MultiHeadAttention(
        config.d_model,
        config.num_heads,
        num_kv_heads=config.num_kv_heads,
        bias=config.bias,
        dropout=config.attention_dropout,
        rotary=RotaryEmbedding(d_head, config.rotary_base) if turns else None,
    )


def feed_forward(config: TransformerConfig) -> FeedForward:
    """The feed-forward network, gated if its activation is."""
    activation, gated = ACTIVATIONS[config.activation]
    return FeedForward(
        config.d_model,
        config.d_ff,
        activation=activation,
        gated=gated,
        bias=config.bias,
        dropout=config.activation_dropout,
    )


def norm(config: TransformerConfig) -> Callable[[int], nn.Module]:
    """What makes a norm from its width."""
    return partial(NORMS[config.norm], eps=config.norm_eps)


def final_norm(config: TransformerConfig) -> nn.Module:
    """The norm behind a stack of layers: a pre-norm stack leaves its sum unnormalised."""
    return norm(config)(config.d_model) if config.order == "pre" else nn.Identity()


def encoder_layer(config: TransformerConfig) -> EncoderLayer:
    """A layer of an encoder or of a language model."""
    parts = attention(config), feed_forward(config)
    return EncoderLayer(*parts, order=config.order, norm=norm(config), dropout=config.dropout)


def decoder_layer(config: TransformerConfig) -> DecoderLayer:
    """A layer of a decoder that reads a memory."""
    parts = attention(config), attention(config, cross=True), feed_forward(config)
    return DecoderLayer(*parts, order=config.order, norm=norm(config), dropout=config.dropout)


class TokenEmbedding(nn.Module):
    r"""The vector of each token plus that of its position: :math:`\sqrt{d_{model}}\,E_{x_t} + P_t`.

    The factor lets rows of *E* be of length about one, as the logits want them, while the first
    layer sees numbers of size one. Rotary positions add nothing here.

    Args:
        config: width, positions, scale and dropout.
        table: *E*, one row for each token; several modules may share it.

    Raises:
        ValueError: in ``forward``, a token has no row, or a position was not learned.

    Source: Vaswani et al. (2017), sections 3.4, 3.5 and 5.4.

    >>> embedding = TokenEmbedding(TransformerConfig.tiny(), nn.Embedding(1000, 128))
    >>> embedding(torch.tensor([[5, 7, 11]])).shape
    torch.Size([1, 3, 128])
    """

    def __init__(self, config: TransformerConfig, table: nn.Embedding) -> None:
        super().__init__()
        self.table = table
        self.scale = math.sqrt(config.d_model) if config.scale_embeddings else 1.0
        self.waves = config.positions == "sinusoidal"
        length = config.max_length
        self.learned = None if length is None else LearnedPositions(length, config.d_model)
        self.dropout = nn.Dropout(config.dropout)

    def forward(
        self, tokens: Int[Tensor, "B T"], *, offset: int = 0
    ) -> Float[Tensor, "B T d_model"]:
        """Embed tokens, the first of which stands at position ``offset``."""
        try:
            x = self.table(tokens) * self.scale
        except IndexError as error:  # on a GPU torch cannot say it so early
            span, N = f"from {tokens.min()} to {tokens.max()}", self.table.num_embeddings
            raise ValueError(f"tokens run {span}, but the vocabulary has 0 to {N - 1}") from error
        T, d_model = x.shape[1:]
        if self.waves:
            x = x + waves(offset + T, d_model, x.dtype, x.device)[offset : offset + T]
        if self.learned is not None:
            x = x + self.learned(T, offset=offset)
        return drop(self.dropout, x)


def waves(
    T: int, d_model: int, dtype: torch.dtype, device: torch.device
) -> Float[Tensor, "T_more d_model"]:
    """Sinusoidal positions 0 to ``T - 1`` and a few more, out of a table that is kept.

    A step of decoding wants one row, and to compute it takes longer than to embed its token. The
    length of a table is a power of two, so that few tables serve all steps.

    >>> waves(5, 4, torch.float32, torch.device("cpu")).shape
    torch.Size([8, 4])
    """
    length = 1 << max(0, T - 1).bit_length()
    if torch.compiler.is_compiling():  # a graph keeps no table and needs none
        return sinusoidal(length, d_model, dtype=dtype, device=device)
    return _table_of_waves(length, d_model, dtype, device)


@lru_cache(maxsize=8)
def _table_of_waves(
    T: int, d_model: int, dtype: torch.dtype, device: torch.device
) -> Float[Tensor, "T d_model"]:
    return sinusoidal(T, d_model, dtype=dtype, device=device)


def output_table(config: TransformerConfig, table: nn.Embedding) -> nn.Embedding:
    """The table whose rows are compared with the features: that of the target tokens if tied."""
    if config.tie_embeddings:
        return table
    output = nn.Embedding(config.vocabulary, config.d_model)
    initialise(output)
    return output


def initialise(model: nn.Module) -> None:
    """Draw all parameters of a model anew, by torch's generator: ``torch.manual_seed`` fixes them.

    Matrices as Glorot and Bengio (2010) do, uniformly; biases zero; norms one; embeddings normal
    with standard deviation 1/√d_model, as in the authors' tensor2tensor, so that both what goes in,
    times √d_model, and what comes out as logits starts with numbers of size one.

    >>> from mha_book.transformer import LanguageModel
    >>> with torch.device("meta"):
    ...     model = LanguageModel(TransformerConfig.tiny())
    >>> initialise(model.to_empty(device="cpu"))
    """
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=module.embedding_dim**-0.5)
        elif isinstance(module, nn.LayerNorm | nn.RMSNorm | LearnedPositions):
            module.reset_parameters()


def new_caches(
    layers: nn.ModuleList, name: str, batch_size: int, max_length: int, dtype: torch.dtype | None
) -> list[KVCache]:
    """An empty cache for the attention of that name in each layer, on its device.

    It is of the type of the weights if ``dtype`` is None.
    """
    attentions: list[MultiHeadAttention] = [getattr(layer, name) for layer in layers]
    return [
        KVCache(
            batch_size,
            attention.num_kv_heads,
            max_length,
            attention.d_head,
            dtype=attention.k_proj.weight.dtype if dtype is None else dtype,
            device=attention.k_proj.weight.device,
        )
        for attention in attentions
    ]


def caches_of(
    cache: DecoderCache | None, layers: nn.ModuleList
) -> list[tuple[KVCache | None, KVCache | None]]:
    """The cache of self- and of cross-attention for each layer, None where there is none.

    Raises:
        ValueError: the cache was made for another number of layers.
    """
    return [(None, None)] * len(layers) if cache is None else [*cache.pairs(len(layers))]


def keep_real(real: Bool[Tensor, "B T_k"] | None) -> Bool[Tensor, "B 1 1 T_k"] | None:
    """The mask of attention in which every query sees the real tokens, whatever it is itself."""
    return None if real is None else real[:, None, None, :]

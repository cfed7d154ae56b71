"""Multi-head self-attention, written to be read: the package behind the book.

Importing this package needs torch alone; every other dependency is imported by the part that uses
it.
"""

from mha_book.attention import (
    MultiHeadAttention,
    attention_weights,
    scaled_dot_product_attention,
)
from mha_book.cache import KVCache
from mha_book.config import TransformerConfig
from mha_book.language_model import LanguageModel
from mha_book.layers import DecoderLayer, EncoderLayer, FeedForward, Residual
from mha_book.transformer import Decoder, Encoder, Transformer

__version__ = "0.1.0"

__all__ = [
    "Decoder",
    "DecoderLayer",
    "Encoder",
    "EncoderLayer",
    "FeedForward",
    "KVCache",
    "LanguageModel",
    "MultiHeadAttention",
    "Residual",
    "Transformer",
    "TransformerConfig",
    "attention_weights",
    "scaled_dot_product_attention",
]

"""What a decoding strategy needs of a model: feed tokens, get logits, choose rows.

A strategy sees no cache, no mask and no memory; a state sees no strategy.
"""

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from mha_book._shapes import Bool, Float, Int
from mha_book.language_model import LanguageModel
from mha_book.transformer import Transformer

__all__ = ["LanguageState", "State", "TranslationState"]


@runtime_checkable
class State(Protocol):
    """Sequences under construction, one for each row, and what the model remembers of them."""

    def feed(self, tokens: Int[Tensor, "N T"]) -> Float[Tensor, "N V"]:
        """Append these tokens to the rows; the logits of the token after the last."""

    def select(self, rows: Int[Tensor, " M"]) -> None:
        """Go on with these rows, in this order: rows may be dropped, moved and repeated."""


class TranslationState:
    """The translations of some source sentences by a ``Transformer``.

    The source is encoded once, here; keys and values of memory and target are cached. Rows that
    stem from one sentence read the same memory, so the memory is moved only if sentences are.

    Args:
        model: the model.
        src: the source tokens.
        src_keep: True where a source token is real.
        max_length: how many target tokens may be fed.

    >>> from mha_book import TransformerConfig
    >>> model = Transformer(TransformerConfig.tiny(vocabulary=97)).eval()
    >>> state = TranslationState(model, torch.tensor([[5, 7], [11, 13]]), None, max_length=3)
    >>> state.feed(torch.tensor([[1], [1]])).shape
    torch.Size([2, 97])
    >>> state.select(torch.tensor([1]))
    >>> state.feed(torch.tensor([[17]])).shape
    torch.Size([1, 97])
    """

    def __init__(
        self,
        model: Transformer,
        src: Int[Tensor, "B T_s"],
        src_keep: Bool[Tensor, "B T_s"] | None,
        max_length: int,
    ) -> None:
        self.model = model
        self.keep = None if src_keep is None or src_keep.all() else src_keep
        self.memory = model.encode(src, self.keep)
        size = (len(src), max_length, src.shape[1])
        self.cache = model.decoder.new_cache(*size, dtype=_cache_type(src.device))
        self.sentences = torch.arange(len(src), device=src.device)

    def feed(self, tokens: Int[Tensor, "N T"]) -> Float[Tensor, "N V"]:
        """Append these tokens to the rows; the logits of the token after the last."""
        features = self.model.decoder(tokens, self.memory, self.keep, self.cache)
        return self.model.logits(features[:, -1])

    def select(self, rows: Int[Tensor, " M"]) -> None:
        """Go on with these rows, in this order: rows may be dropped, moved and repeated."""
        if _stay(rows, len(self.sentences)):
            return
        for own in self.cache.own:
            own.select(rows)
        sentences = self.sentences[rows]
        if not torch.equal(sentences, self.sentences):
            for other in self.cache.memory:
                other.select(rows)
            self.memory = self.memory[rows]
            self.keep = None if self.keep is None else self.keep[rows]
            self.sentences = sentences


class LanguageState:
    """Texts that a ``LanguageModel`` continues.

    Args:
        model: the model.
        batch_size: number of texts.
        max_length: how many tokens may be fed, those of the prompt included.

    >>> from mha_book import TransformerConfig
    >>> model = LanguageModel(TransformerConfig.tiny(vocabulary=97)).eval()
    >>> LanguageState(model, batch_size=1, max_length=8).feed(torch.tensor([[5, 7, 11]])).shape
    torch.Size([1, 97])
    """

    def __init__(self, model: LanguageModel, batch_size: int, max_length: int) -> None:
        self.model, self.batch_size = model, batch_size
        dtype = _cache_type(model.output.weight.device)
        self.cache = model.new_cache(batch_size, max_length, dtype=dtype)

    def feed(self, tokens: Int[Tensor, "N T"]) -> Float[Tensor, "N V"]:
        """Append these tokens to the rows; the logits of the token after the last."""
        return self.model.logits(self.model.features(tokens, cache=self.cache)[:, -1])

    def select(self, rows: Int[Tensor, " M"]) -> None:
        """Go on with these rows, in this order: rows may be dropped, moved and repeated."""
        if not _stay(rows, self.batch_size):
            for own in self.cache.own:
                own.select(rows)
            self.batch_size = len(rows)


def _stay(rows: Tensor, number: int) -> bool:
    """Whether every row stays where it is, so that there is nothing to copy."""
    return torch.equal(rows, torch.arange(number, device=rows.device))


def _cache_type(device: torch.device) -> torch.dtype | None:
    """The type of keys and values under autocast; None for that of the weights."""
    enabled = torch.is_autocast_enabled(device.type)
    return torch.get_autocast_dtype(device.type) if enabled else None

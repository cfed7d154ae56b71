"""What every decoding strategy is asked for, checked once, and what it answers."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from mha_book._checks import check_real, check_tokens
from mha_book._shapes import Bool, Int
from mha_book.data.special import BOS, EOS, PAD
from mha_book.decoding.state import LanguageState, State, TranslationState
from mha_book.language_model import LanguageModel
from mha_book.transformer import Transformer

__all__ = ["Draft", "Generated", "Request", "SpecialTokens"]


@dataclass(frozen=True, kw_only=True)
class SpecialTokens:
    """The tokens that have a part in decoding; the defaults are those of the book's tokenizers.

    Attributes:
        pad: fills up a batch; never emitted. None if there is none.
        bos: begins a translation; never emitted. None if there is none.
        eos: ends a sequence. It may be emitted even if it is ``bos`` or ``pad`` as well.
    """

    pad: int | None = PAD
    bos: int | None = BOS
    eos: int = EOS

    def forbidden(self) -> list[int]:
        """The tokens that are never emitted."""
        return sorted({t for t in (self.pad, self.bos) if t is not None} - {self.eos})


#: What every strategy assumes unless told.
SPECIAL = SpecialTokens()


@dataclass(frozen=True)
class Generated:
    """What was generated for one sentence.

    Attributes:
        tokens: the new tokens: no prompt, no ``bos``, no padding; ``eos`` if it was reached.
        log_probs: of each token, given those before, by the model itself: before temperature and
            filters, over its whole vocabulary.
        stopped: ``"end"`` if the last token is ``eos``, ``"length"`` if the limit came first.

    >>> Generated((5, 7, 2), (-0.5, -0.25, -1.0), "end").log_prob
    -1.75
    """

    tokens: tuple[int, ...]
    log_probs: tuple[float, ...]
    stopped: Literal["end", "length"]

    @property
    def log_prob(self) -> float:
        """Log-probability of the whole sequence."""
        return sum(self.log_probs)


class Draft:
    """A sequence under construction: it takes the rest of its prompt first, then what is chosen.

    Args:
        unread: the tokens of the prompt that no model has seen yet.
        limit: how many tokens may be chosen.
        eos: the token that ends it.

    >>> draft = Draft(unread=[5], limit=7, eos=2)
    >>> [draft.take(token, log_prob=-0.5) for token in (11, 13, 2)]
    [5, 13, 2]
    >>> draft.tokens, draft.done
    ([13, 2], True)
    """

    def __init__(self, unread: list[int], limit: int, eos: int) -> None:
        self.unread, self.limit, self.eos = unread, limit, eos
        self.tokens: list[int] = []
        self.log_probs: list[float] = []

    def take(self, token: int, log_prob: float) -> int:
        """Go on by one token, the prompt's own while it has one, and return it."""
        if self.unread:
            return self.unread.pop(0)
        self.tokens.append(token)
        self.log_probs.append(log_prob)
        return token

    @property
    def done(self) -> bool:
        """Whether it has ended or is as long as it may get."""
        return self.tokens[-1:] == [self.eos] or len(self.tokens) == self.limit


class Request:
    """Rows to be continued: a state that has seen nothing, and the tokens given for each row.

    All rows advance together, one position at a time. A prompt is padded on the right, so that
    token *t* of every row stands at position *t*: one counter serves all rows, with any kind of
    positions, and nothing has to be masked. Where one prompt has ended and another has not, the
    one is continued while the other is still being read, token by token. This is exact; it is
    fastest if the prompts of a batch are about equally long.

    Args:
        model: a ``Transformer``, which translates ``tokens``, or a ``LanguageModel``, which
            continues them.
        tokens: source sentences or prompts.
        keep: True where a token is real; all are if omitted.
        special: the special tokens.
        max_new_tokens: how many tokens a row may get, ``eos`` included; one number, or one for each
            row.

    Raises:
        TypeError: tokens are no integers, or ``keep`` is not boolean.
        ValueError: shapes do not agree, the model is in training mode, a prompt is empty or padded
            on the left, a special token is missing or not in the vocabulary, or the tokens do
            not fit the positions that the model has learned.
    """

    def __init__(
        self,
        model: Transformer | LanguageModel,
        tokens: Int[Tensor, "B T"],
        keep: Bool[Tensor, "B T"] | None,
        special: SpecialTokens,
        max_new_tokens: int | Int[Tensor, " B"],
    ) -> None:
        check_tokens("tokens", tokens)
        check_real("keep", keep, tokens.shape)
        _check_model(model, special)
        self.model, self.tokens, self.special = model, tokens, special
        self.keep = None if keep is None or keep.all() else keep
        self.limits = _limits(max_new_tokens, len(tokens))
        self.forbidden = self.index(special.forbidden())
        self.prefix, self.lengths = self._given()
        self.shortest = min(self.lengths, default=0)
        self._check_positions()

    def start(self) -> State:
        """The model's state before the first token."""
        size = self._positions()
        if isinstance(self.model, Transformer):
            return TranslationState(self.model, self.tokens, self.keep, size)
        return LanguageState(self.model, len(self.tokens), size)

    def drafts(self) -> list[Draft]:
        """The sequences to be generated, of which ``prefix[:, :shortest]`` is fed already."""
        given = zip(self.prefix.tolist(), self.lengths, self.limits, strict=True)
        return [Draft(row[self.shortest : n], m, self.special.eos) for row, n, m in given]

    def index(self, numbers: list[int]) -> Int[Tensor, " N"]:
        """Rows or tokens as a tensor, where the model is."""
        return torch.tensor(numbers, dtype=torch.long, device=self.tokens.device)

    def answer(self, tokens: list[int], log_probs: list[float]) -> Generated:
        """What was generated for a row, and why it stopped."""
        stopped: Literal["end", "length"] = "end" if tokens[-1] == self.special.eos else "length"
        return Generated(tuple(tokens), tuple(log_probs), stopped)

    def _given(self) -> tuple[Tensor, list[int]]:
        """The tokens that each row begins with, padded on the right, and their number."""
        B, T = self.tokens.shape
        if B and not T:
            raise ValueError(f"tokens have shape ({B}, 0): every row needs at least one token")
        if isinstance(self.model, Transformer):
            if self.special.bos is None:
                raise ValueError("bos=None, but a translation begins with this token")
            return torch.full_like(self.tokens[:, :1], self.special.bos), [1] * B
        if self.keep is None:
            return self.tokens, [T] * B
        lengths = self.keep.sum(dim=1)
        if not torch.equal(self.keep, torch.arange(T, device=lengths.device) < lengths[:, None]):
            raise ValueError("a prompt is not padded on the right: in keep, True follows False")
        if not lengths.all():
            raise ValueError(f"prompt {lengths.argmin()} is empty: give it at least one token")
        return self.tokens, lengths.tolist()

    def _positions(self) -> int:
        """How many tokens are fed to one row at most: its last token is fed to none."""
        return max((n + m - 1 for n, m in zip(self.lengths, self.limits, strict=True)), default=0)

    def _check_positions(self) -> None:
        learned, needed = self.model.config.max_length, self._positions()
        if learned is not None and needed > learned:
            raise ValueError(
                f"{max(self.lengths)} given and {max(self.limits)} new tokens need up to {needed} "
                f"positions, but the model learned max_length={learned}"
            )


def _check_model(model: Transformer | LanguageModel, special: SpecialTokens) -> None:
    if model.training:
        raise ValueError("the model is in training mode, with dropout: call model.eval() first")
    V = model.config.vocabulary
    for name, token in {"pad": special.pad, "bos": special.bos, "eos": special.eos}.items():
        if token is not None and not 0 <= token < V:
            raise ValueError(f"{name}={token} is not in the vocabulary, 0 to {V - 1}")


def _limits(max_new_tokens: int | Tensor, B: int) -> list[int]:
    """The limit of each row."""
    if isinstance(max_new_tokens, int):
        limits = [max_new_tokens] * B
    elif max_new_tokens.shape == (B,):
        limits = max_new_tokens.tolist()
    else:
        shape = tuple(max_new_tokens.shape)
        raise ValueError(f"max_new_tokens has shape {shape}, expected ({B},)")
    for limit in limits:
        if limit < 1:
            raise ValueError(f"max_new_tokens={limit} must be at least 1")
    return limits

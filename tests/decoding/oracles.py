"""Decoding by its definition: one row at a time, no cache, no padding, no tensor of hypotheses."""

from collections.abc import Callable, Iterator
from functools import cache

import torch
from torch import Tensor

from mha_book import LanguageModel, Transformer, TransformerConfig
from mha_book.decoding import SpecialTokens
from tests.builders import drawn
from tests.models import KINDS, SIZES

Row = list[int]
#: From the tokens so far, those given included, to the log-probabilities of the next.
Next = Callable[[Row], Tensor]

LANGUAGE_KINDS = {
    "paper": {},
    "learned": {"positions": "learned", "max_length": 13, "order": "pre"},
    "modern": KINDS["modern"],
}


def language_model(kind: str = "paper", V: int = 23, **changes: object) -> LanguageModel:
    return drawn(LanguageModel(TransformerConfig(V, **SIZES | LANGUAGE_KINDS[kind] | changes)))


def translator(kind: str = "paper", V: int = 23, **changes: object) -> Transformer:
    longer = {"max_length": 13} if kind == "learned" else {}
    return drawn(Transformer(TransformerConfig(V, **SIZES | KINDS[kind] | longer | changes)))


def next_of(model: Transformer | LanguageModel, row: Row) -> Next:
    """The model as a function of a target prefix, for this source sentence, or of a text."""

    @cache
    @torch.no_grad()
    def log_probs(*seen: int) -> Tensor:
        if isinstance(model, Transformer):
            logits = model(torch.tensor([row]), torch.tensor([seen]))
        else:
            logits = model(torch.tensor([seen]))
        return logits[0, -1].log_softmax(dim=0)

    return lambda seen: log_probs(*seen)


def given(model: Transformer | LanguageModel, row: Row, special: SpecialTokens) -> Row:
    return [special.bos] if isinstance(model, Transformer) else row


def allowed(V: int, special: SpecialTokens) -> Row:
    return [y for y in range(V) if y == special.eos or y not in (special.pad, special.bos)]


def greedy(step: Next, seen: Row, special: SpecialTokens, limit: int) -> tuple[Row, list[float]]:
    tokens, log_probs = [], []
    while len(tokens) < limit and special.eos not in tokens:
        p = step(seen + tokens)
        tokens.append(max(allowed(len(p), special), key=lambda y, p=p: p[y].item()))
        log_probs.append(p[tokens[-1]].item())
    return tokens, log_probs


def sequences(V: int, special: SpecialTokens, limit: int) -> Iterator[Row]:
    """All that may be generated: ended by ``eos``, or as long as the limit."""
    fringe: list[Row] = [[]]
    for _ in range(limit):
        fringe = [[*ys, y] for ys in fringe for y in allowed(V, special)]
        yield from (ys for ys in fringe if ys[-1] == special.eos)
        fringe = [ys for ys in fringe if ys[-1] != special.eos]
    yield from fringe


def log_prob(step: Next, seen: Row, tokens: Row) -> float:
    return sum(step(seen + tokens[:n])[y].item() for n, y in enumerate(tokens))


def beams(
    step: Next,
    seen: Row,
    special: SpecialTokens,
    limit: int,
    width: int,
    penalty: Callable[[Tensor], Tensor],
) -> list[tuple[float, Row]]:
    """The rules of ``mha_book.decoding.beams`` in lists: score and tokens, the best first."""
    divisor = penalty(torch.arange(1, limit + 1).double()).tolist()
    open_, ended = [(0.0, [])], []
    for n in range(1, limit + 1):
        candidates = []
        for total, ys in open_:
            p = step(seen + ys)
            candidates += [(total + p[y].item(), [*ys, y]) for y in allowed(len(p), special)]
        candidates.sort(reverse=True)
        ended += [
            (total / divisor[n - 1], ys)
            for total, ys in candidates[:width]
            if ys[-1] == special.eos
        ]
        open_ = [pair for pair in candidates if pair[1][-1] != special.eos][:width]
        if len(ended) >= width:
            break
        if n == limit:
            ended += [(total / divisor[n - 1], ys) for total, ys in open_]
        elif ended and max(ended)[0] >= open_[0][0] / max(divisor[n:]):
            break
    return sorted(ended, reverse=True)[:width]

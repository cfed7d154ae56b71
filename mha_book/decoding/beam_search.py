"""Several hypotheses for each row, kept by their total log-probability, ranked by their score."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from mha_book._checks import check_sizes
from mha_book._shapes import Bool, Float, Int
from mha_book.decoding.request import SPECIAL, Generated, Request, SpecialTokens
from mha_book.language_model import LanguageModel
from mha_book.transformer import Transformer

__all__ = ["beam", "beams", "gnmt_penalty", "length_penalty"]


def gnmt_penalty(length: Float[Tensor, " n"], alpha: float = 0.6) -> Float[Tensor, " n"]:
    r"""The length penalty of Google's translation system: :math:`((5 + n) / 6)^\alpha`.

    Source: Wu et al. (2016), section 7, equation 14; α = 0.6 with a beam of 4: Vaswani et al.
    (2017), section 6.1. For another α: ``functools.partial(gnmt_penalty, alpha=0.2)``.

    >>> gnmt_penalty(torch.tensor([1.0, 7.0]), alpha=1.0)
    tensor([1., 2.])
    """
    return ((5 + length) / 6) ** alpha


def length_penalty(length: Float[Tensor, " n"], alpha: float = 1.0) -> Float[Tensor, " n"]:
    r"""Plain normalisation, :math:`n^\alpha`: with α = 1 the score is the mean log-probability.

    Source: Wu et al. (2016), section 7, as what was tried before their own.

    >>> length_penalty(torch.tensor([1.0, 7.0]))
    tensor([1., 7.])
    """
    return length**alpha


def beam(
    model: Transformer | LanguageModel,
    tokens: Int[Tensor, "B T"],
    keep: Bool[Tensor, "B T"] | None = None,
    *,
    special: SpecialTokens = SPECIAL,
    max_new_tokens: int | Int[Tensor, " B"] = 256,
    width: int = 4,
    penalty: Callable[[Tensor], Tensor] = gnmt_penalty,
) -> list[Generated]:
    """The best sequence that ``beams`` finds for each row.

    With ``width=1`` this is ``greedy``; with a width of at least the number of sequences it is
    exhaustive search, which no other width can beat. In between, a wider beam may find a worse
    sequence: the one that wins early may push out the one that would have won late.

    Arguments, errors and source are those of ``beams``.

    >>> from mha_book import TransformerConfig
    >>> model = Transformer(TransformerConfig.tiny(vocabulary=97)).eval()
    >>> [answer] = beam(model, torch.tensor([[5, 7, 11]]), max_new_tokens=3)
    >>> 1 in answer.tokens
    False
    """
    found = beams(
        model,
        tokens,
        keep,
        special=special,
        max_new_tokens=max_new_tokens,
        width=width,
        penalty=penalty,
    )
    return [answers[0] for answers in found]


@torch.inference_mode()
def beams(
    model: Transformer | LanguageModel,
    tokens: Int[Tensor, "B T"],
    keep: Bool[Tensor, "B T"] | None = None,
    *,
    special: SpecialTokens = SPECIAL,
    max_new_tokens: int | Int[Tensor, " B"] = 256,
    width: int = 4,
    penalty: Callable[[Tensor], Tensor] = gnmt_penalty,
) -> list[list[Generated]]:
    r"""Extend the ``width`` likeliest hypotheses of each row by every token; keep the likeliest.

    The score of a hypothesis of *n* tokens, ``eos`` included, is
    :math:`\ln p(y \mid x) / \mathrm{penalty}(n)`. One that ends, among the ``width`` likeliest,
    is set aside and leaves its place to the next. A row is done when

    - ``width`` hypotheses have ended (first come, first served, as in fairseq), or
    - no open hypothesis can still beat the best that has ended: its log-probability can only fall,
      so its score never exceeds that over the largest penalty to come, or
    - the limit is reached, where the open hypotheses compete as they are.

    Args:
        model: a ``Transformer`` translates ``tokens``, a ``LanguageModel`` continues them.
        tokens: source sentences, or prompts padded on the right.
        keep: True where a token is real.
        special: which tokens begin, end and fill up; those that begin and fill up are not emitted.
        max_new_tokens: how many tokens a row may get, ``eos`` included: one number, or one for each
            row.
        width: how many open hypotheses a row has.
        penalty: from lengths to positive numbers: ``gnmt_penalty``, ``length_penalty``, or
            ``torch.ones_like`` for plain log-probability, which favours short sequences.

    Returns:
        For each row one to ``width`` answers, those with the best scores first.

    Raises:
        TypeError: tokens are no integers, or ``keep`` is not boolean.
        ValueError: ``width`` is less than 1, a penalty is not positive, or an argument is out of
            range or does not fit the model; see ``Request``.

    Source: Sutskever et al. (2014), section 3.2; when to stop: Huang et al. (2017), Kasai et al.
    (2024).

    >>> from mha_book import TransformerConfig
    >>> model = Transformer(TransformerConfig.tiny(vocabulary=97)).eval()
    >>> [answers] = beams(model, torch.tensor([[5, 7, 11]]), max_new_tokens=3, width=2)
    >>> 1 <= len(answers) <= 2
    True
    """
    check_sizes(width=width)
    request = Request(model, tokens, keep, special, max_new_tokens)
    search = _Search(request, width, penalty)
    if len(tokens):
        search.run()
    return [search.best(row) for row in range(len(tokens))]


class _Search:
    """The open hypotheses of the rows that still run, (S, K), and the ended ones of all rows.

    K grows from 1 to the width. A hypothesis of log-probability minus infinity fills a place for
    which there is no candidate; it neither ends nor comes back.
    """

    def __init__(self, request: Request, width: int, penalty: Callable[[Tensor], Tensor]) -> None:
        self.request, self.width, self.device = request, width, request.tokens.device
        penalties = penalty(torch.arange(1, max(request.limits, default=0) + 1).double())
        if not (penalties > 0).all():
            raise ValueError(f"penalty gives {penalties.min()}, expected positive numbers")
        self.penalties: list[float] = penalties.tolist()
        #: For each limit: the largest penalty among the lengths n, n + 1, ... up to it, by n - 1.
        self.largest: dict[int, list[float]] = {
            limit: penalties[:limit].flip(0).cummax(0).values.flip(0).tolist()
            for limit in set(request.limits)
        }
        self.running = list(range(len(request.tokens)))
        self.ended: list[list[tuple[float, Generated]]] = [[] for _ in self.running]
        self.totals = torch.zeros(len(self.running), 1, device=self.device)
        self.tokens = torch.empty(len(self.running), 1, 0, dtype=torch.long, device=self.device)
        self.log_probs = torch.empty(len(self.running), 1, 0, device=self.device)

    def run(self) -> None:
        """Search until every row is done."""
        state, t = self.request.start(), self.request.shortest
        logits = state.feed(self.request.prefix[:, :t])
        while True:
            parents = self.extend(logits, t)
            heads = enumerate(self.totals[:, 0].tolist())
            going = [place for place, total in heads if not self.is_done(place, total, t)]
            if not going:
                return
            if len(going) < len(self.running):
                self.running = [self.running[place] for place in going]
                self.totals, self.tokens = self.totals[going], self.tokens[going]
                self.log_probs, parents = self.log_probs[going], parents[going]
            state.select(parents.flatten())
            logits = state.feed(self.tokens[:, :, -1].reshape(-1, 1))
            t += 1

    def extend(self, logits: Tensor, t: int) -> Tensor:
        """Give each hypothesis its next token; the state's row from which each comes, (S, K)."""
        (S, K), V = self.totals.shape, logits.shape[1]
        wide = torch.promote_types(logits.dtype, torch.float32)
        news = logits.to(wide).log_softmax(dim=1).view(S, K, V)
        candidates = self.totals[:, :, None] + news.index_fill(2, self.request.forbidden, -math.inf)
        reading = self.read(candidates, t)
        best, place = candidates.flatten(1).topk(min(self.width + K, K * V))
        parent, token = place // V, place % V
        each = torch.arange(S, device=self.device)[:, None]
        tokens = torch.cat([self.tokens[each, parent], token[:, :, None]], dim=2)
        new = news.flatten(1).gather(1, place)
        log_probs = torch.cat([self.log_probs[each, parent], new[:, :, None]], dim=2)

        ends = (token == self.request.special.eos) & best.isfinite() & ~reading
        for s, rank in ends[:, : self.width].nonzero().tolist():
            self.set_aside(self.running[s], t, best[s, rank], tokens[s, rank], log_probs[s, rank])
        open_ = best.masked_fill(ends, -math.inf)
        self.totals, chosen = open_.topk(min(self.width, open_.shape[1]))
        self.tokens, self.log_probs = tokens[each, chosen], log_probs[each, chosen]
        return each * K + parent[each, chosen]

    def read(self, candidates: Tensor, t: int) -> Tensor:
        """Leave rows that are within their prompt its next token alone; say which these are."""
        lengths, prefix = self.request.lengths, self.request.prefix
        reads = [lengths[row] > t for row in self.running]
        for s, row in enumerate(self.running):
            if reads[s]:
                candidates[s] = -math.inf
                candidates[s, 0, prefix[row, t]] = 0.0
        return torch.tensor(reads, device=self.device)[:, None]

    def is_done(self, place: int, total: float, t: int) -> bool:
        """Whether no hypothesis can change the answer, the likeliest open one being of this total.

        At the limit, those that are open are set aside.
        """
        row = self.running[place]
        n, limit, ended = t + 1 - self.request.lengths[row], self.request.limits[row], self.ended
        if n < 1 or len(ended[row]) >= self.width:
            return n >= 1
        if n == limit:
            for k in self.totals[place].isfinite().nonzero().flatten().tolist():
                parts = self.totals[place, k], self.tokens[place, k], self.log_probs[place, k]
                self.set_aside(row, t, *parts)
            return True
        hope = total / self.largest[limit][n]
        return max((score for score, _ in ended[row]), default=-math.inf) >= hope

    def set_aside(self, row: int, t: int, total: Tensor, tokens: Tensor, log_probs: Tensor) -> None:
        """Put a hypothesis among the ended ones of its row, with its score."""
        n = t + 1 - self.request.lengths[row]
        answer = self.request.answer(tokens[-n:].tolist(), log_probs[-n:].tolist())
        self.ended[row].append((total.item() / self.penalties[n - 1], answer))

    def best(self, row: int) -> list[Generated]:
        """The answers for a row, the best first."""
        ranked = sorted(self.ended[row], key=lambda pair: -pair[0])
        return [answer for _, answer in ranked[: self.width]]

"""One sequence for each row: the most probable token each time, or a drawn one."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from mha_book._shapes import Bool, Float, Int
from mha_book.decoding.filters import Sampling
from mha_book.decoding.request import SPECIAL, Generated, Request, SpecialTokens
from mha_book.language_model import LanguageModel
from mha_book.transformer import Transformer

__all__ = ["draw", "greedy", "sample"]

UNCHANGED = Sampling()


@torch.inference_mode()
def greedy(
    model: Transformer | LanguageModel,
    tokens: Int[Tensor, "B T"],
    keep: Bool[Tensor, "B T"] | None = None,
    *,
    special: SpecialTokens = SPECIAL,
    max_new_tokens: int | Int[Tensor, " B"] = 256,
) -> list[Generated]:
    r"""Take the most probable token, feed it, and so on.

    :math:`y_t = \operatorname{arg\,max}_i\; p(i \mid y_{<t}, x)`

    Args:
        model: a ``Transformer`` translates ``tokens``, a ``LanguageModel`` continues them.
        tokens: source sentences, or prompts padded on the right.
        keep: True where a token is real.
        special: which tokens begin, end and fill up; those that begin and fill up are not emitted.
        max_new_tokens: how many tokens a row may get, ``eos`` included: one number, or one for each
            row, such as the source length plus 50 (Vaswani et al. 2017, section 6.1).

    Returns:
        One answer for each row, in the order of the rows, whatever its neighbours are.

    Raises:
        TypeError: tokens are no integers, or ``keep`` is not boolean.
        ValueError: an argument is out of range or does not fit the model; see ``Request``.

    Source: Sutskever et al. (2014), section 3.2, where it is beam search of width 1.

    >>> from mha_book import TransformerConfig
    >>> model = LanguageModel(TransformerConfig.tiny(vocabulary=97)).eval()
    >>> [answer] = greedy(model, torch.tensor([[5, 7]]), max_new_tokens=3)
    >>> len(answer.tokens) <= 3
    True
    """
    request = Request(model, tokens, keep, special, max_new_tokens)
    return _generate(request, lambda logits: logits.argmax(dim=-1))


@torch.inference_mode()
def sample(
    model: Transformer | LanguageModel,
    tokens: Int[Tensor, "B T"],
    keep: Bool[Tensor, "B T"] | None = None,
    *,
    special: SpecialTokens = SPECIAL,
    max_new_tokens: int | Int[Tensor, " B"] = 256,
    sampling: Callable[[Tensor], Tensor] = UNCHANGED,
    generator: torch.Generator | None = None,
) -> list[Generated]:
    r"""Draw each token from the model's distribution, as changed by filters.

    :math:`y_t \sim \mathrm{softmax}(f(z_t)), \qquad z_t = \ln p(\cdot \mid y_{<t}, x)`

    Args:
        model: a ``Transformer`` translates ``tokens``, a ``LanguageModel`` continues them.
        tokens: source sentences, or prompts padded on the right.
        keep: True where a token is real.
        special: which tokens begin, end and fill up; those that begin and fill up are not emitted.
        max_new_tokens: how many tokens a row may get, ``eos`` included: one number, or one for each
            row.
        sampling: *f*, from logits (N, V) to logits: ``Sampling(temperature=0.7, top_p=0.9)``, or
            any function made of filters.
        generator: where chance comes from, on any device; torch's own if omitted. One seed gives
            one answer for one batch; other neighbours take other numbers from the stream.

    Returns:
        One answer for each row, in the order of the rows.

    Raises:
        TypeError: tokens are no integers, or ``keep`` is not boolean.
        ValueError: an argument is out of range or does not fit the model; see ``Request``.

    Source: Holtzman et al. (2020), section 3.

    >>> from mha_book import TransformerConfig
    >>> model = LanguageModel(TransformerConfig.tiny(vocabulary=97)).eval()
    >>> prompt, generator = torch.tensor([[5, 7]]), torch.Generator().manual_seed(3)
    >>> [answer] = sample(model, prompt, sampling=Sampling(top_p=0.9), generator=generator)
    >>> 1 <= len(answer.tokens) <= 256
    True
    """
    request = Request(model, tokens, keep, special, max_new_tokens)
    return _generate(request, lambda logits: draw(sampling(logits), generator))


def draw(
    logits: Float[Tensor, "N V"], generator: torch.Generator | None = None
) -> Int[Tensor, " N"]:
    r"""Draw one token for each row: the largest logit after independent noise (Gumbel-max).

    :math:`\operatorname{arg\,max}_i\,(z_i + G_i) \sim \mathrm{softmax}(z)` for independent
    :math:`G_i = -\ln E_i`, :math:`E_i \sim \mathrm{Exp}(1)`.

    Nothing has to be normalised, and a token of probability zero is never drawn. The noise is made
    where the generator is and moved to the logits, so a generator on the CPU gives the same noise
    for every device.

    Source: Maddison, Tarlow and Minka (2014), section 2.

    >>> draw(torch.tensor([[0.0, -torch.inf], [-torch.inf, 0.0]]))
    tensor([0, 1])
    """
    device = logits.device if generator is None else generator.device
    noise = torch.empty(logits.shape, dtype=logits.dtype, device=device)
    noise.exponential_(generator=generator)
    return (logits - noise.log().to(logits.device)).argmax(dim=-1)


def _generate(request: Request, choose: Callable[[Tensor], Tensor]) -> list[Generated]:
    """Continue each row until it ends; a row that has ended is dropped and costs nothing."""
    drafts = running = request.drafts()
    if not running:
        return []
    state, tokens = request.start(), request.prefix[:, : request.shortest]
    while running:
        new, log_probs = _choose(request, state.feed(tokens), choose)
        pairs = zip(running, new.tolist(), log_probs.tolist(), strict=True)
        tokens = request.index([draft.take(token, p) for draft, token, p in pairs])[:, None]
        going = [row for row, draft in enumerate(running) if not draft.done]
        if len(going) < len(running):
            rows = request.index(going)
            state.select(rows)
            tokens, running = tokens[rows], [running[row] for row in going]
    return [request.answer(draft.tokens, draft.log_probs) for draft in drafts]


def _choose(
    request: Request, logits: Tensor, choose: Callable[[Tensor], Tensor]
) -> tuple[Tensor, Tensor]:
    """A token for each row that may be emitted, and its log-probability."""
    wide = torch.promote_types(logits.dtype, torch.float32)
    log_probs = logits.to(wide).log_softmax(dim=1)
    new = choose(log_probs.index_fill(1, request.forbidden, -math.inf))
    return new, log_probs.gather(1, new[:, None])[:, 0]

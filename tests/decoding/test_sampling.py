"""Greedy search against its definition, drawn tokens against their distribution."""

import math

import pytest
import torch

from mha_book.decoding import Sampling, SpecialTokens, draw, greedy, sample, temperature, top_p
from tests.builders import close
from tests.decoding import oracles
from tests.decoding.cases import KEEP, LENGTHS, LIMIT, SPECIAL, V, batch, both, cases, ends, rows


def plausible(counts: torch.Tensor, probabilities: torch.Tensor) -> None:
    """Pearson's chi-square test at a level of one in a million; no draw of what is impossible."""
    possible = probabilities > 0
    assert counts[~possible].sum() == 0
    expected = counts.sum() * probabilities[possible]
    assert expected.min() > 5, "too few draws for this test"
    statistic = ((counts[possible] - expected) ** 2 / expected).sum().item()
    half = torch.tensor([possible.sum() - 1, statistic]) / 2
    assert torch.special.gammaincc(*half) > 1e-6


# --- greedy --------------------------------------------------------------------------------------


@cases
def test_greedy_is_its_definition(make, kind):
    """Cached, batched and padded against a loop that is none of it."""
    model, tokens = make(kind), batch()
    for eos in ends(model, tokens):
        special = SpecialTokens(eos=eos)
        found = greedy(model, tokens, KEEP, special=special, max_new_tokens=LIMIT)
        for row, answer in zip(rows(tokens), found, strict=True):
            seen = oracles.given(model, row, special)
            ys, ps = oracles.greedy(oracles.next_of(model, row), seen, special, LIMIT)
            assert list(answer.tokens) == ys
            assert answer.log_probs == pytest.approx(ps, abs=1e-10)
            assert answer.log_prob == pytest.approx(sum(ps), abs=1e-10)
            assert answer.stopped == ("end" if ys[-1] == eos else "length")


@both
def test_a_row_does_not_see_its_neighbours(make):
    model, tokens, limits = make(), batch(), torch.tensor([3, 7, 5])
    special = SpecialTokens(eos=ends(model, tokens)[1])
    together = greedy(model, tokens, KEEP, special=special, max_new_tokens=limits)
    for b, n in enumerate(LENGTHS):
        one = tokens[b : b + 1, :n].int()
        [alone] = greedy(model, one, special=special, max_new_tokens=limits[b].item())
        assert together[b].tokens == alone.tokens
        assert together[b].log_probs == pytest.approx(alone.log_probs, abs=1e-10)


@both
@pytest.mark.parametrize("search", [greedy, sample])
def test_padding_and_the_beginning_are_never_emitted(make, search):
    model, tokens = make(), batch()
    pad, bos = ends(model, tokens)[:2]
    special = SpecialTokens(pad=pad, bos=bos)
    for answer in search(model, tokens, KEEP, special=special, max_new_tokens=LIMIT):
        assert not {pad, bos} & set(answer.tokens)


def test_one_token_may_be_all_three():
    """As in GPT-2, where <|endoftext|> begins, ends and fills up."""
    model, tokens = oracles.language_model(), batch()
    eos = ends(model, tokens)[0]
    special = SpecialTokens(pad=eos, bos=eos, eos=eos)
    assert special.forbidden() == []
    assert any(a.stopped == "end" for a in greedy(model, tokens, KEEP, special=special))
    assert SpecialTokens(pad=None, bos=None).forbidden() == []
    assert SPECIAL.forbidden() == [0, 1]


@both
def test_ended_rows_are_fed_no_more(make, monkeypatch):
    model, tokens = make(), batch()
    first, *others = (a.tokens for a in greedy(model, tokens, max_new_tokens=LIMIT))
    special = SpecialTokens(eos=next(y for y in first if any(y not in ys for ys in others)))
    fed = []
    module = model.decoder if hasattr(model, "decoder") else model
    embed = module.embedding.forward
    monkeypatch.setattr(
        module.embedding, "forward", lambda x, **kw: fed.append(len(x)) or embed(x, **kw)
    )
    found = greedy(model, tokens, special=special, max_new_tokens=LIMIT)
    counts = [len(answer.tokens) for answer in found]
    assert min(counts) < max(counts)
    assert fed == [sum(n > t for n in counts) for t in range(max(counts))]


@both
@pytest.mark.parametrize("search", [greedy, sample])
def test_an_empty_batch_has_no_answers(make, search):
    assert search(make(), torch.empty(0, 5, dtype=torch.long)) == []


@both
def test_all_rows_may_end_at_once(make):
    model, tokens = make(), batch()[:1].expand(3, 5)
    [first, *_] = greedy(model, tokens, max_new_tokens=1)[0].tokens
    found = greedy(model, tokens, special=SpecialTokens(eos=first), max_new_tokens=LIMIT)
    assert [(a.tokens, a.stopped) for a in found] == [((first,), "end")] * 3


@both
def test_half_precision_and_autocast_decode_too(make):
    model, tokens = make().float(), batch()
    with torch.autocast("cpu", torch.bfloat16):
        assert len(greedy(model, tokens, KEEP, max_new_tokens=3)) == 3
    model.bfloat16()
    found = greedy(model, tokens, KEEP, max_new_tokens=3)
    assert all(p <= 0 for answer in found for p in answer.log_probs)


# --- sampling ------------------------------------------------------------------------------------


@cases
@pytest.mark.parametrize("sampling", [Sampling(temperature=1e-6), Sampling(top_k=1)], ids=str)
def test_the_limit_of_sampling_is_greedy(make, kind, sampling):
    model, tokens = make(kind), batch()
    expected = greedy(model, tokens, KEEP, max_new_tokens=LIMIT)
    assert sample(model, tokens, KEEP, max_new_tokens=LIMIT, sampling=sampling) == expected


@pytest.mark.parametrize(
    "options", [{}, {"temperature": 2.0}, {"top_k": 3}, {"top_p": 0.7}, {"min_p": 0.2}]
)
def test_drawn_tokens_follow_their_distribution(options):
    logits = Sampling(**options)(torch.randn(7, dtype=torch.float64))
    drawn = draw(logits.expand(20011, 7), torch.Generator().manual_seed(5))
    plausible(drawn.bincount(minlength=7).double(), logits.softmax(0))


@both
def test_whole_answers_follow_their_distribution(make):
    """Two tokens each: both draws, and that the second sees the first."""
    model, N = make(V=7), 5003
    row, change = [4, 5, 3], Sampling(temperature=1.5, top_k=4)
    found = sample(
        model,
        torch.tensor([row]).expand(N, 3),
        max_new_tokens=2,
        sampling=change,
        generator=torch.Generator().manual_seed(11),
    )
    seen, step = oracles.given(model, row, SPECIAL), oracles.next_of(model, row)

    def distribution(ys: list[int]) -> torch.Tensor:
        cut = step(seen + ys).index_fill(0, torch.tensor([0, 1]), -math.inf)
        return change(cut).softmax(0)

    expected = {(SPECIAL.eos,): distribution([])[SPECIAL.eos].item()}
    for y in range(3, 7):
        pair = distribution([])[y] * distribution([y])
        expected |= {(y, z): p for z, p in enumerate(pair.tolist())}
    names = [ys for ys, p in expected.items() if p * N > 5]
    assert len(names) > 5
    counts = torch.tensor([sum(a.tokens == ys for a in found) for ys in names]).double()
    rest = torch.tensor([N - counts.sum().item()]).double()
    p = torch.tensor([expected[ys] for ys in names]).double()
    if N * (1 - p.sum()) > 5:
        counts, p = torch.cat([counts, rest]), torch.cat([p, 1 - p.sum()[None]])
    plausible(counts, p / p.sum())
    possible = {ys for ys, probability in expected.items() if probability > 0}
    assert {a.tokens for a in found} <= possible


@both
def test_log_probs_are_those_of_the_model_whatever_was_drawn_from(make):
    model, tokens = make(), batch()
    change = lambda z: top_p(temperature(z, 3.0), 0.9)  # noqa: E731
    found = sample(model, tokens, KEEP, max_new_tokens=LIMIT, sampling=change)
    for row, answer in zip(rows(tokens), found, strict=True):
        seen, step = oracles.given(model, row, SPECIAL), oracles.next_of(model, row)
        expected = oracles.log_prob(step, seen, list(answer.tokens))
        assert answer.log_prob == pytest.approx(expected, abs=1e-10)


@both
def test_one_seed_gives_one_answer_and_leaves_torch_alone(make):
    model, tokens = make(), batch()
    options = {"max_new_tokens": LIMIT, "sampling": Sampling(temperature=2.0)}

    def answers(seed: int) -> list:
        generator = torch.Generator().manual_seed(seed)
        return sample(model, tokens, KEEP, generator=generator, **options)

    state = torch.get_rng_state()
    assert answers(3) == answers(3) != answers(5)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(7)
    first = sample(model, tokens, KEEP, **options)
    torch.manual_seed(7)
    assert sample(model, tokens, KEEP, **options) == first


def test_impossible_tokens_are_never_drawn():
    logits = torch.full((997, V), -math.inf)
    logits[:, 5] = -80.0
    close(draw(logits), torch.full((997,), 5))

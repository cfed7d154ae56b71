"""Beam search against its definition in lists, against exhaustive search and against Marian."""

from functools import partial

import pytest
import torch

from mha_book.decoding import SpecialTokens, beam, beams, gnmt_penalty, greedy, length_penalty
from tests.builders import says
from tests.decoding import oracles
from tests.decoding.cases import KEEP, LENGTHS, LIMIT, SPECIAL, batch, both, cases, ends, rows

PENALTIES = {
    "none": torch.ones_like,
    "gnmt": gnmt_penalty,
    "mean": length_penalty,
    "long": partial(length_penalty, alpha=2.0),
    "short": partial(length_penalty, alpha=-0.5),
}
penalties = pytest.mark.parametrize("penalty", PENALTIES.values(), ids=PENALTIES)
seeds = pytest.mark.parametrize("seed", range(3))


def score(answer, penalty):
    length = torch.tensor([float(len(answer.tokens))]).double()
    return answer.log_prob / penalty(length).item()


@cases
@pytest.mark.parametrize("width", [2, 3])
def test_it_is_its_definition(make, kind, width):
    model, tokens = make(kind), batch()
    for eos in ends(model, tokens)[1:3]:
        special = SpecialTokens(eos=eos)
        options = {"special": special, "max_new_tokens": LIMIT, "width": width}
        found = beams(model, tokens, KEEP, **options)
        for row, answers in zip(rows(tokens), found, strict=True):
            seen = oracles.given(model, row, special)
            step = oracles.next_of(model, row)
            expected = oracles.beams(step, seen, special, LIMIT, width, gnmt_penalty)
            assert [list(a.tokens) for a in answers] == [ys for _, ys in expected]
            for answer, (value, ys) in zip(answers, expected, strict=True):
                assert score(answer, gnmt_penalty) == pytest.approx(value, abs=1e-10)
                each = [oracles.log_prob(step, seen + ys[:n], ys[n:][:1]) for n in range(len(ys))]
                assert answer.log_probs == pytest.approx(each, abs=1e-10)
                assert answer.stopped == ("end" if ys[-1] == eos else "length")


@both
@seeds
@penalties
@pytest.mark.parametrize(("size", "limit"), [(7, 3), (5, 4)])
def test_a_width_of_all_sequences_is_exhaustive_search(make, seed, penalty, size, limit):
    torch.manual_seed(seed)
    model, tokens = make(V=size), batch(size)[:2, :3]
    found = beam(model, tokens, max_new_tokens=limit, width=size**limit, penalty=penalty)
    narrow = [
        beam(model, tokens, max_new_tokens=limit, width=width, penalty=penalty)
        for width in (1, 2, 3)
    ]
    for b, (row, answer) in enumerate(zip(tokens.tolist(), found, strict=True)):
        seen, step = oracles.given(model, row, SPECIAL), oracles.next_of(model, row)
        divisor = penalty(torch.arange(1, limit + 1).double()).tolist()
        scores = {
            tuple(ys): oracles.log_prob(step, seen, ys) / divisor[len(ys) - 1]
            for ys in oracles.sequences(size, SPECIAL, limit)
        }
        assert answer.tokens == max(scores, key=scores.get)
        assert score(answer, penalty) == pytest.approx(max(scores.values()), abs=1e-10)
        assert all(score(few[b], penalty) <= score(answer, penalty) + 1e-10 for few in narrow)


def test_a_wider_beam_may_find_a_worse_sequence():
    """Which is why nothing more is claimed than that no width beats exhaustive search."""
    model, tokens = oracles.language_model(V=7), torch.randint(3, 7, (101, 2))
    options = {"max_new_tokens": 5, "penalty": torch.ones_like}
    narrow, wide = (beam(model, tokens, width=width, **options) for width in (1, 2))
    better = [b.log_prob - a.log_prob for a, b in zip(narrow, wide, strict=True)]
    assert min(better) < -1e-6
    assert max(better) > 1e-6


@cases
@penalties
def test_width_one_is_greedy(make, kind, penalty):
    model, tokens = make(kind), batch()
    for eos in ends(model, tokens)[1:3]:
        options = {"special": SpecialTokens(eos=eos), "max_new_tokens": LIMIT}
        ours = beam(model, tokens, KEEP, width=1, penalty=penalty, **options)
        expected = greedy(model, tokens, KEEP, **options)
        assert [a.tokens for a in ours] == [a.tokens for a in expected]
        assert [a.stopped for a in ours] == [a.stopped for a in expected]
        for a, b in zip(ours, expected, strict=True):
            assert a.log_probs == pytest.approx(b.log_probs, abs=1e-10)


@both
def test_a_row_does_not_see_its_neighbours(make):
    model, tokens, limits = make(), batch(), torch.tensor([3, 7, 5])
    special = SpecialTokens(eos=ends(model, tokens)[1])
    options = {"special": special, "width": 3}
    together = beams(model, tokens, KEEP, max_new_tokens=limits, **options)
    for b, n in enumerate(LENGTHS):
        alone = beams(model, tokens[b : b + 1, :n], max_new_tokens=limits[b].item(), **options)[0]
        assert [a.tokens for a in together[b]] == [a.tokens for a in alone]
        for a, b_ in zip(together[b], alone, strict=True):
            assert a.log_probs == pytest.approx(b_.log_probs, abs=1e-10)


@both
def test_answers_differ_and_come_in_the_order_of_their_scores(make):
    for answers in beams(make(), batch(), KEEP, max_new_tokens=LIMIT, width=4):
        scores = [score(a, gnmt_penalty) for a in answers]
        assert scores == sorted(scores, reverse=True)
        assert len({a.tokens for a in answers}) == len(answers) <= 4


@both
def test_it_never_emits_padding_or_begins_anew(make):
    model, tokens = make(), batch()
    pad, bos = ends(model, tokens)[:2]
    special = SpecialTokens(pad=pad, bos=bos)
    for answers in beams(model, tokens, KEEP, special=special, max_new_tokens=LIMIT):
        assert answers
        assert all(not {pad, bos} & set(a.tokens) for a in answers)


@both
def test_a_vocabulary_may_hold_nothing_but_the_end(make):
    special = SpecialTokens(pad=0, bos=1, eos=2)
    for answers in beams(make(V=3), torch.tensor([[2, 2], [2, 1]]), special=special, width=5):
        assert [a.tokens for a in answers] == [(2,)]


@both
def test_there_are_no_more_answers_than_sequences(make):
    for answers in beams(make(V=4), torch.tensor([[3, 2], [2, 1]]), max_new_tokens=1, width=5):
        assert {a.tokens for a in answers} == {(2,), (3,)}
        assert len(answers) == 2


@both
def test_an_empty_batch_has_no_answers(make):
    assert beams(make(), torch.empty(0, 5, dtype=torch.long)) == []
    assert beam(make(), torch.empty(0, 5, dtype=torch.long)) == []


def test_penalties_are_their_formulas():
    n = torch.tensor([1.0, 7.0, 13.0])
    assert gnmt_penalty(n).tolist() == pytest.approx([1.0, 2**0.6, 3**0.6])
    assert length_penalty(n, 0.5).tolist() == pytest.approx([1.0, 7**0.5, 13**0.5])


def test_wrong_values_are_told():
    model, tokens = oracles.language_model(), batch()
    says(lambda: beams(model, tokens, width=0), ValueError, "width=0 must be at least 1")
    says(
        lambda: beam(model, tokens, penalty=lambda n: 3 - n, max_new_tokens=5),
        ValueError,
        "penalty gives -2.0, expected positive numbers",
    )

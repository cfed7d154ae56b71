"""The decoding widget: its cuts are those of transformers, its beam is the best there is."""

import itertools
import random
from typing import Any

import pytest
import torch
from transformers.generation.logits_process import (
    MinPLogitsWarper,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from mha_book.widgets import DecodingPlayground
from tests.widgets.node import call, call_all

SCRIPT = "decoding_playground"
OFF = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0, "greedy": False}


def warped(logits: list[float], state: dict[str, Any]) -> torch.Tensor:
    """Probabilities after the processors of transformers, in the order in which it applies them."""
    scores = torch.tensor([logits], dtype=torch.float64)
    chain: list[Any] = [TemperatureLogitsWarper(state["temperature"])]
    chain += [TopKLogitsWarper(state["top_k"])] if state["top_k"] else []
    chain += [TopPLogitsWarper(state["top_p"])] if state["top_p"] < 1 else []
    chain += [MinPLogitsWarper(state["min_p"])] if state["min_p"] else []
    for processor in chain:
        scores = processor(torch.zeros(1, 1, dtype=torch.long), scores)
    return scores.softmax(-1)[0]


def states(count: int, number: int) -> list[dict[str, Any]]:
    """Random settings of the controls, each off in some."""
    dice = random.Random(3)
    return [
        {
            "temperature": dice.choice([0.1, 0.7, 1.0, 2.5, 8.0]),
            "top_k": dice.choice([0, 1, count // 2, count - 1, count]),
            "top_p": dice.choice([0.05, 0.5, 0.83, 0.97, 1.0]),
            "min_p": dice.choice([0.0, 0.02, 0.3, 1.0]),
            "greedy": False,
        }
        for _ in range(number)
    ]


@pytest.mark.parametrize("count", [2, 9, 40])
def test_cuts_equal_those_of_transformers(count: int) -> None:
    logits = (3 * torch.randn(count, dtype=torch.float64)).tolist()
    cases = states(count, 40)
    results = call_all(SCRIPT, [("survivors", [logits, state]) for state in cases])
    names = [str(j) for j in range(count)]
    for state, result in zip(cases, results, strict=True):
        expected = warped(logits, state)
        torch.testing.assert_close(torch.tensor(result, dtype=torch.float64), expected)
        python = DecodingPlayground(names, logits, **state).probabilities()
        torch.testing.assert_close(torch.tensor(python, dtype=torch.float64), expected)


def test_ties_with_the_last_of_top_k_survive_as_in_transformers() -> None:
    logits, state = [2.0, 1.0, 1.0, 0.0], {**OFF, "top_k": 2}
    result = call(SCRIPT, "survivors", logits, state)
    assert [p > 0 for p in result] == [True, True, True, False]
    assert result == pytest.approx(warped(logits, state).tolist())


def test_top_p_keeps_the_smallest_set_that_reaches_p() -> None:
    p = torch.tensor([0.05, 0.4, 0.1, 0.25, 0.2], dtype=torch.float64)
    cases = [(0.3, 1), (0.41, 2), (0.65, 2), (0.66, 3), (0.96, 5)]
    calls = [("survivors", [p.log().tolist(), {**OFF, "top_p": bound}]) for bound, _ in cases]
    for (bound, size), result in zip(cases, call_all(SCRIPT, calls), strict=True):
        kept = [j for j, share in enumerate(result) if share > 0]
        assert len(kept) == size, bound
        smaller = max(p[list(c)].sum() for c in itertools.combinations(range(5), size - 1))
        assert p[kept].sum() >= bound - 1e-12
        assert smaller < bound


def test_greedy_leaves_the_first_of_the_largest() -> None:
    assert call(SCRIPT, "survivors", [1.0, 3.0, 3.0], {**OFF, "greedy": True}) == [0, 1, 0]
    widget = DecodingPlayground(["a", "b", "c"], [1.0, 3.0, 3.0], greedy=True, min_p=0.5)
    assert widget.probabilities() == [0, 1, 0]


def test_draws_are_those_of_python_and_follow_the_probabilities() -> None:
    for seed in (0, 1, 9999):
        widget = DecodingPlayground(top_p=0.9, draws=10_000, seed=seed)
        p = widget.probabilities()
        counts = widget.counts()
        assert call(SCRIPT, "draw", p, 10_000, seed) == counts
        assert sum(counts) == 10_000
        for share, count in zip(p, counts, strict=True):
            assert abs(count - 10_000 * share) <= 5 * (10_000 * share) ** 0.5
    assert (
        DecodingPlayground(draws=10, seed=1).counts()
        != DecodingPlayground(draws=10, seed=2).counts()
    )


def every(first: Any, rows: Any, depth: int, end: int) -> list[tuple[tuple[int, ...], float]]:
    """All texts that are finished or have ``depth`` tokens, with their log-probability."""
    found, open_ = [], [((), 0.0)]
    while open_:
        tokens, total = open_.pop()
        if len(tokens) == depth or (tokens and tokens[-1] == end):
            found.append((tokens, total))
            continue
        row = rows[tokens[-1]] if tokens else first
        open_ += [((*tokens, j), total + float(x)) for j, x in enumerate(row)]
    return found


@pytest.mark.parametrize("penalty", [0.0, 0.7, 2.0])
@pytest.mark.parametrize("end", [-1, 3])
def test_a_beam_that_drops_nothing_finds_the_best_of_all(penalty: float, end: int) -> None:
    logits, table = torch.randn(4, dtype=torch.float64), torch.randn(4, 4, dtype=torch.float64)
    rows = every(logits.log_softmax(0), table.log_softmax(1), depth=4, end=end)
    tokens, total = max(rows, key=lambda row: row[1] / len(row[0]) ** penalty)
    options = {"width": len(rows), "depth": 4, "penalty": penalty, "end": end}
    best = call(SCRIPT, "beamSearch", logits.tolist(), table.tolist(), options)["beams"][0]
    assert best["tokens"] == list(tokens)
    assert best["total"] == pytest.approx(total)
    assert best["score"] == pytest.approx(total / len(tokens) ** penalty)


def test_a_beam_of_one_is_greedy() -> None:
    for _ in range(5):
        logits, table = torch.randn(6, dtype=torch.float64), torch.randn(6, 6, dtype=torch.float64)
        expected, row = [], logits
        while len(expected) < 4 and expected[-1:] != [5]:
            expected.append(int(row.argmax()))
            row = table[expected[-1]]
        options = {"width": 1, "depth": 4, "penalty": 0.0, "end": 5}
        result = call(SCRIPT, "beamSearch", logits.tolist(), table.tolist(), options)
        assert result["beams"][0]["tokens"] == expected


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("penalty", [0.0, 0.5, 2.0])
def test_python_and_script_search_alike(width: int, penalty: float) -> None:
    widget = DecodingPlayground(width=width, penalty=penalty)
    options = {"width": width, "depth": 4, "penalty": penalty, "end": widget.end}
    result = call(SCRIPT, "beamSearch", widget.logits, widget.transitions, options)["beams"]
    for (tokens, total, score), beam in zip(widget.beam(), result, strict=True):
        assert beam["tokens"] == list(tokens)
        assert beam["total"] == pytest.approx(total)
        assert beam["score"] == pytest.approx(score)


def test_the_toy_model_tells_its_story() -> None:
    """A beam beats greedy; a wider one finds a shorter text; the penalty undoes that."""

    def text(**settings: float) -> str:
        widget = DecodingPlayground(**settings)
        return " ".join(widget.tokens[j] for j in widget.beam()[0][0])

    assert text(width=1) == "house is empty ."
    assert text(width=2) == "dog barks loudly ."
    assert text(width=3) == "house ."
    assert text(width=3, penalty=1.0) == "dog barks loudly ."


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tokens": ["a", "b"]}, "tokens and logits belong together"),
        ({"tokens": ["a"], "logits": [1.0]}, "tokens has 1 names, expected 2 to 40"),
        ({"tokens": ["a"] * 41, "logits": [0.0] * 41}, "tokens has 41 names, expected 2 to 40"),
        ({"tokens": ["a", "b"], "logits": [1.0]}, "logits has 1 scores, but tokens has 2 names"),
        ({"tokens": ["a", "b"], "logits": [1.0, float("nan")]}, r"logits holds nan at \(1,\)"),
        ({"transitions": [[0.0]]}, r"transitions has shape \(1, 1\), expected \(10, 10\)"),
        ({"transitions": [[0.0], [0.0, 1.0]]}, "transitions is ragged"),
        ({"temperature": 0.0}, "temperature=0.0 must be a number from 0.05 to 10"),
        ({"top_k": 11}, "top_k=11 must be a whole number from 0 to 10"),
        ({"top_p": 0.0}, "top_p=0.0 must be a number from 0.01 to 1"),
        ({"min_p": 1.5}, "min_p=1.5 must be a number from 0 to 1"),
        ({"width": 2.5}, "width=2.5 must be a whole number from 1 to 4"),
        ({"draws": 7}, "draws=7 must be one of 0, 10, 100, 1000, 10000"),
        ({"topk": 3}, "topk is not a setting of DecodingPlayground"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DecodingPlayground(**arguments)


def test_the_first_state_is_drawn() -> None:
    assert DecodingPlayground().picture().count("<svg") == 1

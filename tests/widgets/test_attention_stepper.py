"""The stepper's matrices equal the package's and its script's; its arguments are checked."""

from typing import Any

import numpy as np
import pytest
import torch

from mha_book.attention import (
    MultiHeadAttention,
    attention_weights,
    scaled_dot_product_attention,
)
from mha_book.masks import causal as causal_mask
from mha_book.positions import RotaryEmbedding
from mha_book.widgets import AttentionStepper
from tests.widgets.node import call

NAMES = ("x", "w_q", "w_k", "w_v", "b_q", "b_k", "b_v", "causal")
WORDS = ["we", "meet", "again", "here"]


def assert_equal(found: Any, expected: Any, **tolerance: float) -> None:
    found = torch.as_tensor(np.asarray(found), dtype=torch.float64)
    expected = torch.as_tensor(np.asarray(expected), dtype=torch.float64)
    torch.testing.assert_close(found, expected, **tolerance)


def state(widget: AttentionStepper) -> dict[str, Any]:
    return {name: getattr(widget, name) for name in NAMES}


def trained(*, bias: bool = True) -> MultiHeadAttention:
    model = MultiHeadAttention(24, 4, num_kv_heads=2, bias=bias)
    if bias:
        for projection in (model.q_proj, model.k_proj, model.v_proj):
            torch.nn.init.normal_(projection.bias)
    return model.eval()


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("sentence", ["the cat sat", "we meet again here", "one"])
def test_steps_equal_the_package(sentence: str, causal: bool) -> None:
    steps = AttentionStepper(sentence, causal=causal).steps()
    q, k, v = (torch.as_tensor(steps[name])[None] for name in "qkv")
    keep = causal_mask(q.shape[1]) if causal else None
    assert_equal(steps["weights"], attention_weights(q, k, keep=keep)[0])
    assert_equal(steps["output"], scaled_dot_product_attention(q, k, v, keep=keep)[0])
    assert_equal(steps["scores"], steps["q"] @ steps["k"].T)
    assert_equal(steps["scaled"], steps["scores"] / q.shape[-1] ** 0.5)
    hidden = np.zeros_like(steps["masked"], dtype=bool) if keep is None else ~keep.numpy()
    assert (np.isneginf(steps["masked"]) == hidden).all()
    assert_equal(steps["weights"].sum(axis=1), np.ones(q.shape[1]))


@pytest.mark.parametrize("head", range(4))
@pytest.mark.parametrize("bias", [False, True])
def test_a_head_of_a_model_gives_its_weights(head: int, bias: bool) -> None:
    model, x = trained(bias=bias), torch.randn(1, 4, 24)
    widget = AttentionStepper(WORDS, model, embeddings=x[0], head=head, causal=True)
    expected = model.weights(x, keep=causal_mask(4))[0, head].detach()
    assert_equal(widget.steps()["weights"], expected, atol=1e-6, rtol=1e-5)
    group = slice(head // 2 * 6, head // 2 * 6 + 6)
    assert_equal(widget.steps()["v"], model.v_proj(x)[0, :, group].detach(), atol=1e-6, rtol=1e-5)
    assert any(widget.b_q) == bias


@pytest.mark.parametrize("causal", [False, True])
def test_python_and_script_agree(causal: bool) -> None:
    widgets = [
        AttentionStepper("the cat sat", causal=causal),
        AttentionStepper(["solo"], causal=causal),
        AttentionStepper(WORDS, trained(), embeddings=torch.randn(4, 24), head=3, causal=causal),
    ]
    for widget in widgets:
        steps, result = widget.steps(), call("attention_stepper", "attend", state(widget))
        assert set(result) == set(steps)
        for name, matrix in steps.items():
            assert_equal(result[name], matrix)


def test_an_edited_number_changes_what_follows() -> None:
    widget = AttentionStepper("the cat sat")
    before = widget.steps()
    edited = [list(row) for row in widget.w_k]
    edited[1][1] = -3.5
    widget.w_k = edited
    after = widget.steps()
    same = {name for name in before if np.array_equal(before[name], after[name])}
    assert same == {"x", "q", "v"}
    assert_equal(call("attention_stepper", "attend", state(widget))["output"], after["output"])


def test_known_words_ask_for_what_they_need() -> None:
    weights = AttentionStepper("the cat sat").steps()["weights"]
    assert weights[1].argmax() == 0  # a noun asks for its determiner
    assert weights[2].argmax() == 1  # a verb for its noun
    assert AttentionStepper("the cat sat").features == ["determiner", "noun", "verb", "position"]


def test_other_words_are_drawn_from_their_spelling() -> None:
    widget, again = AttentionStepper("Ping pong ping"), AttentionStepper("pong ping")
    assert widget.x[0] == widget.x[2] == again.x[1]
    assert widget.x[1] == again.x[0] != widget.x[0]
    assert widget.features == []


def test_embeddings_without_a_model_get_weights_of_width_three() -> None:
    widget = AttentionStepper(WORDS, embeddings=np.ones((4, 7)))
    assert np.shape(widget.w_q) == (7, 3)
    assert_equal(widget.steps()["weights"], np.full((4, 4), 0.25))


def test_the_picture_shows_numbers_only_if_they_fit() -> None:
    assert AttentionStepper("the cat sat").picture().count("<text") > 36
    long = AttentionStepper(["the"] * 12, embeddings=np.eye(12, 40))
    assert long.picture().count("<text") < 36


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sentence": ""}, "sentence has 0 tokens, expected 1 to 12"),
        ({"sentence": "a " * 13}, "sentence has 13 tokens, expected 1 to 12"),
        ({"sentence": ["a", 1]}, r"sentence is \['a', 1\], expected a string or a list"),
        ({"step": 7}, "step=7 must be a whole number from 0 to 6"),
        ({"query": 4}, "query=4 must be a whole number from 0 to 3"),
        ({"model": trained()}, r"embeddings is missing, expected shape \(4, 24\)"),
        ({"model": trained(), "embeddings": np.ones((4, 9))}, "width 9, expected d_model=24"),
        ({"model": trained(), "embeddings": np.ones((4, 24)), "head": 4}, "head=4 must be"),
        ({"embeddings": np.ones((3, 24))}, "embeddings has 3 rows, expected one for each of"),
        ({"embeddings": np.full((4, 24), np.nan)}, r"embeddings holds nan at \(0, 0\)"),
        ({"embeddings": [[1.0], [2.0, 3.0]]}, "embeddings is ragged or not made of numbers"),
        ({"embeddings": np.ones((4, 513))}, "width 513, expected at most 512"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AttentionStepper(**{"sentence": WORDS, **arguments})


def test_models_that_no_step_can_show_are_refused() -> None:
    x = np.ones((4, 24))
    with pytest.raises(TypeError, match="model is a Linear, expected a MultiHeadAttention"):
        AttentionStepper(WORDS, torch.nn.Linear(24, 24), embeddings=x)  # type: ignore[arg-type]
    turned = MultiHeadAttention(24, 4, rotary=RotaryEmbedding(6))
    with pytest.raises(ValueError, match="rotary positions"):
        AttentionStepper(WORDS, turned, embeddings=x)
    wide = MultiHeadAttention(24, 1, d_head=65)
    with pytest.raises(ValueError, match="d_head=65 must be a whole number from 1 to 64"):
        AttentionStepper(WORDS, wide, embeddings=x)
    broken = trained()
    torch.nn.init.constant_(broken.k_proj.weight, torch.inf)
    with pytest.raises(ValueError, match=r"k_proj.weight holds inf at \(0, 0\)"):
        AttentionStepper(WORDS, broken, embeddings=x)


def test_bad_edits_from_python_are_refused() -> None:
    widget = AttentionStepper("the cat sat")
    with pytest.raises(ValueError, match=r"w_q has shape \(1, 1\), expected \(4, 3\)"):
        widget.w_q = [[1.0]]
    with pytest.raises(ValueError, match="x holds inf"):
        widget.x = np.full((3, 4), np.inf).tolist()
    with pytest.raises(ValueError, match="query=3 must be"):
        widget.query = 3
    assert np.shape(widget.w_q) == (4, 3)
    assert widget.query == 1

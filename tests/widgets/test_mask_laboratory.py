"""The mask laboratory: masks, weights, gradients and NaN equal torch's, its code makes the mask."""

from typing import Any

import pytest
import torch
import traitlets

from mha_book import attention_weights
from mha_book.widgets import MaskLaboratory
from mha_book.widgets.mask_laboratory import HIDINGS, LIBRARIES, PATTERNS
from tests.widgets.node import call, call_all

NAME = "mask_laboratory"
NAMED = [name for name in PATTERNS if name != "painted"]
HAND = [[1, 0, 1, 0], [0, 0, 0, 0], [0, 1, 0, 0], [1, 1, 1, 0]]


def close(found: Any, expected: torch.Tensor) -> None:
    found = torch.tensor(found, dtype=torch.float64)
    torch.testing.assert_close(found, expected, equal_nan=True)


def some_masks() -> list[torch.Tensor]:
    """Random masks of several densities; the sparse ones have empty rows and columns."""
    masks = [torch.rand(T, T) < p for T in (3, 7, 16) for p in (0.1, 0.4, 0.9)]
    return [*masks, torch.ones(4, 4) > 0, torch.zeros(4, 4) > 0, torch.eye(5) > 0]


def test_masks_equal_those_of_python() -> None:
    cases = [(p, T, n) for p in NAMED for T in (3, 6, 16) for n in range(1, T + 1)]
    cases += [(p, 6, 0) for p in ("padding", "left_padding", "prefix")]
    found = call_all(NAME, [("mask", [p, T, n, []]) for p, T, n in cases])
    for (pattern, T, n), mask in zip(cases, found, strict=True):
        assert mask == MaskLaboratory(pattern, tokens=T, size=n).keep().tolist(), (pattern, T, n)


def test_blocks_see_themselves_and_the_first() -> None:
    rows = ["111111", "111111", "111100", "111100", "110011", "110011"]
    expected = [[cell == "1" for cell in row] for row in rows]
    assert MaskLaboratory("block", tokens=6, size=2).keep().tolist() == expected


def test_a_painted_mask_keeps_its_cells_when_tokens_come_and_go() -> None:
    widget = MaskLaboratory(keep=HAND)
    assert (widget.pattern, widget.tokens) == ("painted", 4)
    for T in (3, 4, 6):
        widget.tokens = T
        expected = torch.ones(T, T, dtype=torch.bool)
        expected[:4, :4] = torch.tensor(HAND, dtype=torch.bool)[:T, :T]
        assert widget.keep().equal(expected)
        assert call(NAME, "mask", "painted", T, 4, widget.painted) == expected.tolist()


def test_weights_equal_torch_with_rows_that_see_nothing() -> None:
    for keep in some_masks():
        scores = torch.randn(keep.shape, dtype=torch.float64)
        safe = attention_weights(
            scores[None], torch.eye(len(keep)).double()[None], keep=keep, scale=1.0
        )
        plain = {
            "add": (scores + torch.where(keep, 0.0, -torch.inf)).softmax(-1),
            "fill": scores.masked_fill(~keep, -torch.inf).softmax(-1),
            "large": scores.masked_fill(~keep, -1e9).softmax(-1),
            "safe": safe[0],
        }
        calls = [("weights", [scores.tolist(), keep.tolist(), hiding]) for hiding in plain]
        for found, expected in zip(call_all(NAME, calls), plain.values(), strict=True):
            close(found, expected)


def test_gradients_equal_autograd_dead_and_nan_ones_included() -> None:
    for keep in some_masks():
        widget = MaskLaboratory(keep=keep)
        vectors = [widget.vectors[name][: widget.tokens] for name in "qkv"]
        kinds = ["safe", *HIDINGS]
        calls = [("gradients", [*vectors, keep.tolist(), kind]) for kind in kinds]
        for kind, found in zip(kinds, call_all(NAME, calls), strict=True):
            widget.hiding = "add" if kind == "safe" else kind
            for name, expected in widget.gradients(plain=kind != "safe").items():
                close(found[name], expected)
                assert [x == 0 for x in found[name]] == (expected == 0).tolist(), (kind, name)


def test_what_dies_and_what_turns_to_nan() -> None:
    widget = MaskLaboratory(keep=HAND)  # query 2 sees nothing, nobody sees key 4
    safe, plain = widget.gradients(), widget.gradients(plain=True)
    assert (safe["q"] == 0).tolist() == [
        False,
        True,
        True,
        False,
    ]  # one key alone: nothing to weigh
    assert (safe["k"] == 0).tolist() == [False, False, False, True]
    assert (safe["v"] == 0).tolist() == [False, False, False, True]
    assert plain["q"].isnan().tolist() == [False, True, False, False]
    assert plain["k"].isnan().all()
    assert plain["v"].isnan().all()
    widget.hiding = "large"
    assert widget.plain_weights()[1].tolist() == [0.25] * 4
    assert not widget.gradients(plain=True)["v"].isnan().any()


def test_scores_and_weights_of_python_and_script_agree() -> None:
    widget = MaskLaboratory("window", tokens=9, size=3, seed=5)
    q, k, v = (widget.vectors[name][:9] for name in "qkv")
    assert len(v[0]) == 4
    scores = call(NAME, "scores", q, k)
    close(scores, widget.scores())
    close(call(NAME, "weights", scores, widget.keep().tolist(), "safe"), widget.weights())
    close(call(NAME, "weights", scores, widget.keep().tolist(), "add"), widget.plain_weights())


def looking_back(x: torch.Tensor) -> torch.nn.MultiheadAttention:
    """torch's module as one head without projections, so its weights are those of x itself."""
    width = x.shape[-1]
    module = torch.nn.MultiheadAttention(width, 1, bias=False, batch_first=True, dtype=x.dtype)
    with torch.no_grad():
        module.in_proj_weight.copy_(torch.eye(width).repeat(3, 1))
        module.out_proj.weight.copy_(torch.eye(width))
    return module


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_code_makes_the_mask_and_has_its_effect(pattern: str, library: str) -> None:
    own = {"keep": torch.rand(7, 7) < 0.6} if pattern == "painted" else {"tokens": 7, "size": 3}
    widget = MaskLaboratory(pattern, **own)
    keep = widget.keep()
    code = call(NAME, "code", library, pattern, 7, 3, widget.painted)
    x = torch.randn(1, 7, 4, dtype=torch.float64)
    names: dict[str, Any] = {"q": x[None], "k": x[None], "v": x[None], "x": x}
    names["mha"] = looking_back(x)
    exec(code, names)
    if library == "nn.MultiheadAttention":
        hidden = torch.zeros(7, 7, dtype=torch.bool)
        for name in ("attn_mask", "key_padding_mask"):
            hidden = hidden | names.get(name, hidden)
        assert (~hidden).equal(keep)
        expected = (x @ x.mT / 2 + torch.where(keep, 0.0, -torch.inf)).softmax(-1)
        torch.testing.assert_close(names["weights"], expected, equal_nan=True)
        assert "# True: hidden" in code
    else:
        assert names["keep"].dtype == torch.bool
        assert names["keep"].broadcast_to(1, 1, 7, 7)[0, 0].equal(keep)
        expected = attention_weights(x, x, keep=keep) @ x
        torch.testing.assert_close(names["out"][0], expected)
        assert "# True: may attend" in code


@pytest.mark.parametrize("library", LIBRARIES)
def test_code_at_the_ends_of_the_parameter(library: str) -> None:
    cases = [(p, 5, n) for p in NAMED for n in (0, 1, 5, 16)]
    codes = call_all(NAME, [("code", [library, p, T, n, []]) for p, T, n in cases])
    widget = MaskLaboratory(tokens=5)
    x = torch.randn(1, 5, 4, dtype=torch.float64)
    for (pattern, _, n), code in zip(cases, codes, strict=True):
        widget.pattern, widget.size = pattern, n
        names: dict[str, Any] = {"q": x[None], "k": x[None], "v": x[None], "x": x}
        names["mha"] = looking_back(x)
        exec(code, names)
        if library == "nn.MultiheadAttention":
            found = ~(
                names.get("attn_mask", torch.tensor(False))
                | names.get("key_padding_mask", torch.tensor(False))
            )
        else:
            found = names["keep"]
        assert found.broadcast_to(1, 1, 5, 5)[0, 0].equal(widget.keep()), code


def test_representation_and_picture() -> None:
    assert (
        repr(MaskLaboratory(keep=HAND))
        == "MaskLaboratory(pattern='painted', tokens=4, visible=6 of 16)"
    )
    picture = MaskLaboratory().picture()
    assert picture == MaskLaboratory().picture()
    assert "NaN" in picture
    assert "NaN" not in MaskLaboratory("causal").picture()
    assert "NaN" in MaskLaboratory(tokens=16, size=9).picture()


def test_states_that_cannot_be_are_refused_later_too() -> None:
    widget = MaskLaboratory()
    for name, value in (("pattern", "diagonal"), ("tokens", 17), ("size", -1), ("hiding", "none")):
        with pytest.raises(traitlets.TraitError):
            setattr(widget, name, value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pattern": "diagonal"}, "pattern='diagonal' must be one of causal, padding, "),
        ({"pattern": "painted"}, "pattern='painted' needs keep, a square mask"),
        ({"hiding": "none"}, "hiding='none' must be one of add, fill, large"),
        ({"library": "jax"}, "library='jax' must be one of mha_book, "),
        ({"tokens": 2}, "tokens=2 must be a whole number from 3 to 16"),
        ({"tokens": 17}, "tokens=17 must be a whole number from 3 to 16"),
        ({"size": 7}, "size=7 must be a whole number from 0 to 6"),
        ({"pattern": "window", "size": 0}, "size=0 must be a whole number from 1 to 6"),
        ({"pattern": "block", "size": 0}, "size=0 must be a whole number from 1 to 6"),
        ({"keep": HAND, "tokens": 5}, "tokens=5, but keep has 4 rows"),
        ({"keep": [[1, 0], [1]]}, "keep is ragged or not made of numbers"),
        ({"keep": [[1, 0, 1]]}, r"keep has shape \(1, 3\), expected a square of 3 to 16 tokens"),
        ({"keep": [[1, 0], [0, 1]]}, r"keep has shape \(2, 2\), expected a square of 3 to 16"),
        ({"keep": torch.ones(17, 17)}, r"keep has shape \(17, 17\), expected a square"),
        ({"keep": [1, 0, 1]}, r"keep has shape \(3,\), expected 2 axes"),
        ({"keep": torch.full((3, 3), 0.5)}, r"keep holds 0.5 at \(0, 0\), expected True or False"),
        ({"keep": torch.full((3, 3), torch.nan)}, r"keep holds nan at \(0, 0\)"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MaskLaboratory(**arguments)

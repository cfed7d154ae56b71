"""The residual widget: forward and backward by hand equal the book's layers and autograd."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F

from mha_book.widgets import ResidualStream
from mha_book.widgets.residual_stream import KINDS, WIDTH, setting
from tests.widgets.node import call, call_all

SCRIPT = "residual_stream"
CASES = [(k, c, d, s) for k in KINDS for c, d, s in [(0.05, 64, 1), (0.6, 24, 7), (2.0, 64, 99)]]


def test_input_gradient_and_matrices_are_those_of_the_script() -> None:
    x, top, matrices = setting(5, seed=42)
    result = call(SCRIPT, "setting", 5, 42)
    expected = {"x": x, "g": top, "layers": torch.stack(matrices).flatten(1)}
    for name, values in expected.items():
        torch.testing.assert_close(torch.tensor(result[name], dtype=torch.float64), values)
    assert torch.stack(matrices).var() * WIDTH == pytest.approx(1, abs=0.1)


def test_both_norms_equal_autograd_through_the_books_layers() -> None:
    results = call_all(SCRIPT, [("run", list(case)) for case in CASES])
    for (kind, gain, depth, seed), result in zip(CASES, results, strict=True):
        expected = ResidualStream(gain=gain, depth=depth, kind=kind, seed=seed).norms()
        for name in ("forward", "gradient"):
            assert len(result[name]) == depth + 1
            assert result[name] == pytest.approx(expected[name], rel=1e-9), (kind, name)


def test_layer_norm_forward_and_backward_equal_torch() -> None:
    x = (3 * torch.randn(WIDTH, dtype=torch.float64) + 1).requires_grad_()
    g = torch.randn(WIDTH, dtype=torch.float64)
    y = F.layer_norm(x, (WIDTH,))
    (expected,) = torch.autograd.grad(y, x, g)
    forward = call(SCRIPT, "layerNorm", x.tolist())
    back = call(SCRIPT, "layerNormBack", forward, g.tolist())
    torch.testing.assert_close(torch.tensor(forward["y"], dtype=torch.float64), y.detach())
    torch.testing.assert_close(torch.tensor(back, dtype=torch.float64), expected)


def test_a_deeper_stack_begins_like_a_shallow_one() -> None:
    short, deep = (ResidualStream(depth=n).norms()["forward"] for n in (8, 16))
    assert deep[:9] == pytest.approx(short)


def test_what_the_three_kinds_teach() -> None:
    plain, pre, post = (ResidualStream(depth=64, gain=0.6, kind=kind).norms() for kind in KINDS)
    assert plain["gradient"][0] < 1e-12
    assert 1 < pre["gradient"][0] < 10
    assert 2 < pre["forward"][-1] < 10
    assert post["forward"][-1] == pytest.approx(1, abs=1e-4)
    assert 1e-3 < post["gradient"][0] < 1


def test_numbers_are_short() -> None:
    values = [0.0, 1.0, 0.99999, 0.0123, 123.4, 5e-7, 2.5e12]
    texts = call_all(SCRIPT, [("short", [x]) for x in values])
    assert texts == ["0", "1.00", "1.00", "0.0123", "123", "5.0 × 10⁻⁷", "2.5 × 10¹²"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"depth": 0}, "depth=0 must be a whole number from 1 to 64"),
        ({"depth": 2.5}, "depth=2.5 must be a whole number from 1 to 64"),
        ({"gain": float("nan")}, "gain=nan must be a number from 0.05 to 2"),
        ({"seed": 100}, "seed=100 must be a whole number from 0 to 99"),
        ({"kind": "mid"}, "kind='mid' must be one of plain, pre, post"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ResidualStream(**arguments)


def test_the_first_state_is_drawn() -> None:
    assert ResidualStream().picture().count("<svg") == 1

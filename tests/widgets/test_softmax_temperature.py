"""The softmax widget: its arithmetic equals torch's, its arguments are checked."""

import pytest
import torch

from mha_book.widgets import SoftmaxTemperature
from tests.widgets.node import call, call_all


def test_shares_equal_torch_at_every_setting() -> None:
    logits = torch.randn(7, dtype=torch.float64).tolist()
    settings = [(t, d, s) for t in (0.05, 1.0, 20.0) for d in (1, 64) for s in (True, False)]
    results = call_all("softmax_temperature", [("shares", [logits, *s]) for s in settings])
    for (temperature, d_k, scaled), result in zip(settings, results, strict=True):
        factor = (1 if scaled else d_k**0.5) / temperature
        expected = (torch.tensor(logits, dtype=torch.float64) * factor).softmax(0)
        torch.testing.assert_close(torch.tensor(result, dtype=torch.float64), expected)


def test_softmax_with_hidden_keys_and_with_none_left() -> None:
    scores = torch.randn(5, dtype=torch.float64)
    keep = torch.tensor([True, False, True, True, False])
    masked = scores.masked_fill(~keep, -torch.inf).softmax(0)
    result = call("softmax_temperature", "softmax", scores.tolist(), keep.tolist())
    torch.testing.assert_close(torch.tensor(result, dtype=torch.float64), masked)
    assert call("softmax_temperature", "softmax", [1.0, 2.0], [False, False]) == [0, 0]
    assert call("softmax_temperature", "softmax", [1000.0, -1000.0]) == [1, 0]


def test_jacobian_equals_autograd() -> None:
    logits = torch.randn(5, dtype=torch.float64)
    expected = torch.autograd.functional.jacobian(lambda x: x.softmax(0), logits)
    result = call("softmax_temperature", "jacobian", logits.softmax(0).tolist())
    torch.testing.assert_close(torch.tensor(result, dtype=torch.float64), expected)


def test_python_and_script_agree() -> None:
    widget = SoftmaxTemperature([2.0, 0.5, -1.0], temperature=0.7, d_k=16, scaled=False)
    result = call("softmax_temperature", "shares", widget.logits, 0.7, 16, False)
    assert widget.shares() == pytest.approx(result)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"logits": [1.0]}, "logits has 1 scores, expected 2 to 12"),
        ({"logits": [1.0, float("nan")]}, r"logits holds nan at \(1,\), expected finite numbers"),
        ({"logits": [[1.0], [2.0, 3.0]]}, "logits is ragged or not made of numbers"),
        ({"logits": [1.0, 9.0]}, "logits holds 9.0, expected -4 to 4"),
        ({"temperature": 0.0}, "temperature=0.0 must lie between 0.05 and 20"),
        ({"d_k": 3}, "d_k=3 must be a power of two from 1 to 1024"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SoftmaxTemperature(**arguments)  # type: ignore[arg-type]

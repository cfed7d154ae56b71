"""The numbers of the shape tracer equal those of real modules, and its script's equal Python's."""

import itertools
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from mha_book.attention import MultiHeadAttention
from mha_book.cache import KVCache
from mha_book.layers import FeedForward
from mha_book.widgets import ShapeTracer
from tests.widgets.node import call, call_all

NAMES = ("B", "T", "d_model", "num_heads", "num_kv_heads", "d_ff")
SIZES = [  # B, T, d_model, H, H_kv
    (1, 1, 4, 1, None),
    (2, 5, 12, 3, None),
    (3, 7, 24, 6, 2),
    (2, 16, 32, 8, 1),
]


def tracer(sizes: tuple[Any, ...], **options: Any) -> ShapeTracer:
    B, T, d_model, H, H_kv = sizes
    return ShapeTracer(B=B, T=T, d_model=d_model, num_heads=H, num_kv_heads=H_kv, **options)


def module(sizes: tuple[Any, ...], *, bias: bool = True) -> MultiHeadAttention:
    return MultiHeadAttention(sizes[2], sizes[3], num_kv_heads=sizes[4], bias=bias).eval()


def state(widget: ShapeTracer) -> dict[str, int]:
    return {name: getattr(widget, name) for name in NAMES}


@pytest.mark.parametrize("sizes", SIZES)
def test_shapes_equal_those_that_hooks_see(sizes: tuple[Any, ...]) -> None:
    attention, shapes = module(sizes), tracer(sizes).trace()["shapes"]
    seen: dict[str, Tensor] = {}
    for name, part in attention.named_children():
        part.register_forward_hook(lambda _, x, y, name=name: seen.update({name: y, "in": x[0]}))
    x = torch.randn(sizes[0], sizes[1], sizes[2])
    y = attention(x)
    assert shapes["x"] == list(x.shape)
    for name in ("q_proj", "k_proj", "v_proj"):
        assert shapes[name] == list(seen[name].shape)
        assert shapes[name[0]] == list(attention._split(seen[name]).shape)
    assert shapes["merged"] == list(seen["in"].shape)
    assert shapes["weights"] == shapes["scores"] == list(attention.weights(x).shape)
    assert shapes["y"] == list(y.shape)
    B, T, width = shapes["merged"]
    assert shapes["heads"] == [B, sizes[3], T, width // sizes[3]] == shapes["q"]


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("d_ff", [None, 48])
def test_parameters_equal_those_of_modules(sizes: tuple[Any, ...], d_ff: int | None) -> None:
    counts = tracer(sizes, d_ff=d_ff).trace()["parameters"]
    for bias in (False, True):
        parts: list[nn.Module] = [module(sizes, bias=bias)]
        parts += [FeedForward(sizes[2], d_ff, bias=bias)] if d_ff else []
        found = {
            name: sum(p.numel() for p in projection.parameters())
            for part in parts
            for name, projection in part.named_children()
            if isinstance(projection, nn.Linear)
        }
        assert found == {name: w + b * bias for name, (w, b) in counts.items()}


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("d_ff", [None, 48])
def test_operations_equal_those_of_the_counter(sizes: tuple[Any, ...], d_ff: int | None) -> None:
    flops = tracer(sizes, d_ff=d_ff).trace()["flops"]
    attention, x = module(sizes), torch.randn(sizes[0], sizes[1], sizes[2])
    network = FeedForward(sizes[2], d_ff) if d_ff else nn.Identity()
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        network(attention(x))
    assert sum(flops.values()) == counter.get_total_flops()
    with FlopCounterMode(display=False) as counter:
        attention.weights(x)
    assert flops["q_proj"] + flops["k_proj"] + flops["scores"] == counter.get_total_flops()


@pytest.mark.parametrize("sizes", SIZES)
def test_numbers_equal_those_that_tensors_hold(sizes: tuple[Any, ...]) -> None:
    B, T, d_model, H, H_kv = sizes
    attention, numbers = module(sizes), tracer(sizes).trace()["numbers"]
    storages: dict[int, Tensor] = {}

    def keep(*tensors: Tensor) -> None:
        storages.update({t.untyped_storage().data_ptr(): t for t in tensors})

    for part in attention.children():
        part.register_forward_hook(lambda _, x, y: keep(x[0], y))
    x, cache = torch.randn(B, T, d_model), KVCache(B, H_kv or H, T, d_model // H)
    attention(x)  # hooks see x, q, k, v, the merged heads and y; split and merge are views
    assert len(storages) == 6
    assert numbers["activations"] == sum(t.numel() for t in storages.values())
    assert numbers["scores"] == attention.weights(x).numel()
    attention(x, cache=cache)
    assert numbers["cache"] == cache.keys.numel() + cache.values.numel()


def test_a_network_adds_its_two_tensors() -> None:
    plain, more = (tracer(SIZES[1], d_ff=d).trace()["numbers"] for d in (None, 48))
    assert more["activations"] - plain["activations"] == 2 * 5 * (48 + 12)


def test_python_and_script_agree_on_all_choices() -> None:
    choices = list(
        itertools.product((1, 3), (4, 65536), (12, 512), (1, 3, 8), (0, 1, 3), (0, 2048))
    )
    widget, expected = ShapeTracer(), []
    for sizes in choices:
        for name, size in zip(NAMES, sizes, strict=True):
            setattr(widget, name, size)
        expected.append(widget.trace())
    calls = [("trace", [dict(zip(NAMES, sizes, strict=True))]) for sizes in choices]
    assert call_all("shape_tracer", calls) == expected
    errors = {answer.get("error") for answer in expected}
    assert errors == {None, "heads", "groups"}


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1.00 k"),
        (9995, "10.0 k"),
        (134217728, "134 M"),
        (999_600_000, "1.00 G"),
        (4.3e18, "4.30 E"),
        (5e21, "5000 E"),
    ],
)
def test_short_numbers(number: float, text: str) -> None:
    assert call("shape_tracer", "short", number) == text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"B": 0}, "B=0 must be a whole number from 1 to 1024"),
        ({"T": 2.5}, "T=2.5 must be a whole number from 1 to 131072"),
        ({"d_ff": 70000}, "d_ff=70000 must be a whole number from 1 to 65536"),
        ({"d_model": 10, "num_heads": 3}, "d_model=10 is not divisible by num_heads=3"),
        ({"num_kv_heads": 3}, "num_heads=8 is not divisible by num_kv_heads=3"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ShapeTracer(**arguments)

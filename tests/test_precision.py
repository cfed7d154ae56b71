"""Every floating-point type computes the same numbers, within a few of its roundings.

The inputs are rounded first and the reference starts from the rounded ones, in float64: what is
measured is the computation alone.
"""

import pytest
import torch

from mha_book import KVCache, MultiHeadAttention, attention_weights, scaled_dot_product_attention
from mha_book.masks import causal, padding
from mha_book.positions import RotaryEmbedding, alibi, sinusoidal
from tests.builders import HEADS, T_K, B, T, make_mask, randn

DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
MASKED = ["none", "random", "empty"]


def within(actual: torch.Tensor, expected: torch.Tensor, roundings: float) -> None:
    """Equal but for a number of roundings, relative to the largest number."""
    assert actual.isfinite().all()
    tolerance = roundings * torch.finfo(actual.dtype).eps * expected.abs().max().item()
    torch.testing.assert_close(actual.double(), expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("T_q", [1, T])
@pytest.mark.parametrize("with_bias", [False, True])
@pytest.mark.parametrize("mask", MASKED)
@pytest.mark.parametrize("dtype", DTYPES)
def test_attention_is_right_within_four_roundings(dtype, mask, with_bias, T_q):
    q, k, v = randn(B, 6, T_q, 11), randn(B, 2, T_K, 11), randn(B, 2, T_K, 13)
    q, k, v = q.to(dtype), k.to(dtype), v.to(dtype)
    keep = make_mask(mask, 6, T, T_K)
    options = {
        "keep": None if keep is None else keep[..., -T_q:, :],
        "bias": alibi(6, T_q, T_K) if with_bias else None,
    }
    wide = scaled_dot_product_attention(q.double(), k.double(), v.double(), **options)
    within(scaled_dot_product_attention(q, k, v, **options), wide, roundings=4)
    weights = attention_weights(q.double(), k.double(), **options)
    within(attention_weights(q, k, **options), weights, roundings=8)


@pytest.mark.parametrize("mask", MASKED)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_layer_is_right_within_sixteen_roundings(dtype, mask):
    shape = HEADS["gqa"]
    layer = MultiHeadAttention(
        shape.d_model, 6, num_kv_heads=2, rotary=RotaryEmbedding(10), d_head=10
    )
    layer.to(dtype)
    x, keep = randn(B, T, shape.d_model).to(dtype), make_mask(mask, 6, T, T)
    out = layer(x, keep=keep)
    assert out.dtype == dtype
    within(out, layer.double()(x.double(), keep=keep), roundings=16)


@pytest.mark.parametrize("dtype", DTYPES)
def test_gradients_are_finite_where_a_query_sees_nothing(dtype):
    q, k, v = (randn(B, 2, n, 11).to(dtype).requires_grad_() for n in (T, T_K, T_K))
    keep = padding([T_K, 3, 0], T_K)
    scaled_dot_product_attention(
        q, k, v, keep=keep, bias=alibi(2, T, T_K)
    ).square().sum().backward()
    attention_weights(q, k, keep=keep).square().sum().backward()
    for x in (q, k, v):
        assert x.grad.isfinite().all()
        assert not x.grad[2].any(), "the sequence without keys"
        assert x.grad[0].any()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_bias_too_large_for_the_type_hides(dtype):
    """-1e30 becomes minus infinity in float16; in either type such a key has no weight."""
    q, k, v = (randn(1, 2, n, 11).to(dtype) for n in (T, T_K, T_K))
    bias = torch.zeros(T, T_K).masked_fill(~causal(T, T_K), -1e30)
    hidden = scaled_dot_product_attention(q, k, v, keep=causal(T, T_K))
    within(scaled_dot_product_attention(q, k, v, bias=bias), hidden.double(), roundings=4)


def test_dot_products_beyond_float16_are_scaled_before_they_overflow():
    """Width 64 and coordinates of 40: the product 102,400 exceeds float16, the score does not."""
    q, k = torch.full((1, 1, 64), 40.0), torch.full((1, T_K, 64), 40.0)
    k[:, 2] = -40.0
    expected = torch.ones(1, 1, T_K, dtype=torch.float64) / (T_K - 1)
    expected[..., 2] = 0.0
    within(attention_weights(q.half(), k.half()), expected, roundings=1)
    v = torch.eye(T_K)[None]
    within(scaled_dot_product_attention(q.half(), k.half(), v.half()), expected, roundings=2)


@pytest.mark.parametrize("layout", ["halves", "interleaved"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_rotary_is_accurate_far_from_the_start(dtype, layout):
    """Angles in float32 err by 0.004 at position 100,000; in bfloat16 they would be noise."""
    rotary, x = RotaryEmbedding(64, layout=layout), randn(T, 64).to(dtype)
    exact = rotary(x.double(), 100_000)
    turned = rotary(x, 100_000)
    assert turned.dtype == dtype
    error = torch.finfo(dtype).eps * 4 + (0.0 if dtype == torch.float64 else 0.015)
    torch.testing.assert_close(turned.double(), exact, rtol=0, atol=error)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_sinusoidal_rounds_only_the_finished_waves(dtype):
    exact = sinusoidal(3000, 16, dtype=torch.float32)
    assert torch.equal(sinusoidal(3000, 16, dtype=dtype), exact.to(dtype))


def test_a_wide_bias_does_not_widen_the_result():
    q = torch.zeros(1, 2, T, 4)
    bias = torch.zeros(T, T, dtype=torch.float64)
    assert attention_weights(q, q, bias=bias).dtype == torch.float32
    assert scaled_dot_product_attention(q, q, q, bias=bias).dtype == torch.float32


@pytest.mark.parametrize("heads", ["mha", "gqa"])
@pytest.mark.parametrize("mask", MASKED)
def test_autocast_computes_in_half_precision_what_float32_computes(mask, heads):
    shape = HEADS[heads]
    layer = MultiHeadAttention(
        shape.d_model, shape.H, num_kv_heads=shape.H_kv, d_head=10, rotary=RotaryEmbedding(10)
    )
    x, keep = randn(B, T, shape.d_model).float(), make_mask(mask, shape.H, T, T)
    bias = alibi(shape.H, T)
    with torch.autocast("cpu", torch.bfloat16):
        out = layer(x, keep=keep, bias=bias)
        weights = layer.weights(x, keep=keep, bias=bias)
    assert out.dtype == torch.bfloat16
    within(out, layer(x, keep=keep, bias=bias).double(), roundings=16)
    within(weights.bfloat16(), layer.weights(x, keep=keep, bias=bias).double(), roundings=16)
    out.sum().backward()
    assert layer.q_proj.weight.grad.dtype == torch.float32
    assert layer.q_proj.weight.grad.isfinite().all()


def test_autocast_fills_a_cache_of_its_own_type():
    layer, x = MultiHeadAttention(26, 2), randn(B, T, 26).float()
    cache = KVCache(B, 2, T, 13, dtype=torch.bfloat16)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        parts = [layer(x[:, t : t + 1], keep=causal(1, t + 1), cache=cache) for t in range(T)]
        within(torch.cat(parts, dim=1), layer(x, keep=causal(T)).double(), roundings=8)


def test_functions_work_under_autocast():
    q, k, v = (randn(B, 2, n, 11).float() for n in (T, T_K, T_K))
    bias, keep = alibi(2, T, T_K), causal(T, T_K)
    exact = scaled_dot_product_attention(q, k, v, keep=keep, bias=bias)
    with torch.autocast("cpu", torch.bfloat16):
        out = scaled_dot_product_attention(q, k, v, keep=keep, bias=bias)
    within(out.bfloat16(), exact.double(), roundings=16)


def test_default_type_is_respected():
    torch.set_default_dtype(torch.float64)
    try:
        layer = MultiHeadAttention(26, 2)
        assert layer(randn(B, T, 26)).dtype == torch.float64
        assert sinusoidal(2, 4).dtype == torch.float64
        assert KVCache(1, 1, 1, 1).keys.dtype == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)

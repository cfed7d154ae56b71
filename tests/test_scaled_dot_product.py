"""Attention by its definition, by hand, and by the answers one knows beforehand."""

import math

import pytest
import torch

from mha_book import attention_weights, scaled_dot_product_attention
from tests import oracles
from tests.builders import T_K, B, T, close, randn, same_values_and_gradients

D, D_V = 11, 13
OPTIONS = {
    "plain": {},
    "keep": {"keep": torch.rand(B, 6, T, T_K, generator=torch.Generator().manual_seed(2)) < 0.4},
    "keep of keys": {"keep": oracles.padding([7, 4, 0], T_K)},
    "bias": {"bias": oracles.alibi(6, T, T_K)},
    "bias of one row": {"bias": torch.linspace(-2, 2, T_K)},
    "infinite bias": {
        "bias": torch.zeros(()).masked_fill(~oracles.causal(T_K, T_K)[:T], -math.inf)
    },
    "keep and bias": {"keep": oracles.causal(T, T_K), "bias": oracles.alibi(6, T, T_K)},
    "scale": {"scale": 0.3},
    "no scale": {"scale": 0.0},
    "everything": {
        "keep": oracles.padding([7, 4, 0], T_K),
        "bias": oracles.alibi(6, T, T_K),
        "scale": -1.7,
    },
}


def qkv(H: int, H_kv: int, T_q: int = T) -> list[torch.Tensor]:
    return [randn(B, H, T_q, D), randn(B, H_kv, T_K, D), randn(B, H_kv, T_K, D_V)]


# --- the definition ------------------------------------------------------------------------------


@pytest.mark.formula("eq-attention-weights", "eq-scores")
@pytest.mark.parametrize("H_kv", [6, 2, 1])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_weights_are_the_definition(options, H_kv):
    q, k, _ = qkv(6, H_kv)
    close(attention_weights(q, k, **options), oracles.attention_weights(q, k, **options))


@pytest.mark.formula("eq-heads-batched")
@pytest.mark.formula("eq-scaled-dot-product")
@pytest.mark.parametrize("H_kv", [6, 2, 1])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_attention_is_the_definition(options, H_kv):
    q, k, v = (x.requires_grad_() for x in qkv(6, H_kv))
    actual = scaled_dot_product_attention(q, k, v, **options)
    expected = oracles.attention(q, k, v, **options)
    same_values_and_gradients(actual, expected, (q, k, v))


@pytest.mark.parametrize(("T_q", "d"), [(1, 1), (1, 3), (2, 1), (2, 3), (3, 1)])
@pytest.mark.parametrize("leading", [(), (2,), (1,)])
def test_groups_of_two_heads_at_the_smallest_sizes(leading, T_q, d):
    """Sizes of one and two, where one axis is easily taken for another."""
    q, k, v = randn(*leading, 2, T_q, d), randn(*leading, 1, 5, d), randn(*leading, 1, 5, 1)
    keep = torch.tensor([[[True, True, False, True, False]], [[False, True, True, True, True]]])
    actual = scaled_dot_product_attention(q, k, v, keep=keep)
    close(actual, attention_weights(q, k, keep=keep) @ v)


@pytest.mark.parametrize("H_kv", [6, 2, 1])
@pytest.mark.parametrize(
    "shape", [(1, T_K), (6, 1, T_K), (1, 1, 1), (B, 1, 1, T_K), (B, 6, 1, T_K)]
)
def test_one_query_meets_masks_of_every_shape(shape, H_kv):
    q, k, v = qkv(6, H_kv, T_q=1)
    options = {"keep": torch.rand(shape) < 0.5, "bias": randn(shape), "scale": 0.3}
    actual = scaled_dot_product_attention(q, k, v, **options)
    close(actual, oracles.attention(q, k, v, **options))


@pytest.mark.parametrize("T_q", [1, T])
@pytest.mark.parametrize("H_kv", [6, 2])
@pytest.mark.parametrize(
    ("leading_q", "leading_kv"),
    [((), ()), ((B,), ()), ((), (B,)), ((2, B), (B,)), ((2, 1), (1, B))],
)
def test_leading_axes_broadcast(leading_q, leading_kv, H_kv, T_q):
    q = randn(*leading_q, 6, T_q, D)
    k, v = randn(*leading_kv, H_kv, T_K, D), randn(*leading_kv, H_kv, T_K, D_V)
    leading = torch.broadcast_shapes(leading_q, leading_kv)
    flat = [x.expand(*leading, *x.shape[-3:]).reshape(-1, *x.shape[-3:]) for x in (q, k, v)]
    keep = oracles.causal(T_q, T_K)
    expected = oracles.attention(*flat, keep).reshape(*leading, 6, T_q, D_V)
    close(scaled_dot_product_attention(q, k, v, keep=keep), expected)
    close(attention_weights(q, k, keep=keep) @ v.repeat_interleave(6 // H_kv, -3), expected)


def test_gradient_reaches_a_bias():
    q, k, v = qkv(6, 2)
    bias = randn(6, T, T_K).requires_grad_()
    keep = oracles.causal(T, T_K)
    actual = scaled_dot_product_attention(q, k, v, keep=keep, bias=bias)
    same_values_and_gradients(actual, oracles.attention(q, k, v, keep, bias), [bias])


def test_gradients_pass_the_finite_difference_check():
    q, k, v = (randn(*s).requires_grad_() for s in [(2, 3, 2), (1, 5, 2), (1, 5, 3)])
    keep = torch.tensor([[1, 0, 1, 0, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]]).bool()
    assert torch.autograd.gradcheck(
        lambda *qkv: scaled_dot_product_attention(*qkv, keep=keep), (q, k, v)
    )


@pytest.mark.parametrize("T_q", [0, 1, T])
def test_no_key_at_all_gives_zeros(T_q):
    q, k, v = randn(B, 6, T_q, D), randn(B, 2, 0, D), randn(B, 2, 0, D_V)
    assert attention_weights(q, k).shape == (B, 6, T_q, 0)
    close(scaled_dot_product_attention(q, k, v), torch.zeros(B, 6, T_q, D_V).double())


# --- answers known beforehand --------------------------------------------------------------------


def test_weights_of_the_pencil_example():
    q, k = torch.tensor([[[1.0, 0.0]]]), torch.tensor([[[2.0, 0.0], [0.0, 2.0], [1.0, 1.0]]])
    e = torch.tensor([2.0, 0.0, 1.0]).div(math.sqrt(2)).exp()
    torch.testing.assert_close(attention_weights(q, k)[0, 0], e / e.sum())


def test_equal_keys_give_the_mean_of_the_values():
    q, k, v = randn(B, 6, T, D), randn(B, 2, 1, D).expand(B, 2, T_K, D), randn(B, 2, T_K, D_V)
    mean = v.mean(-2, keepdim=True).repeat_interleave(3, dim=1).expand(B, 6, T, D_V)
    close(scaled_dot_product_attention(q, k, v), mean)


def test_a_sharp_scale_looks_up_the_value_of_the_matching_key():
    k, v = torch.eye(T_K).double()[None], randn(1, T_K, D_V)
    wanted = torch.tensor([4, 0, 6])
    close(scaled_dot_product_attention(k[:, wanted], k, v, scale=1e3), v[:, wanted])


def test_two_keys_give_the_logistic_function_of_the_difference_of_their_scores():
    q, k = randn(1, T, D), randn(1, 2, D)
    close(attention_weights(q, k)[..., 0], torch.sigmoid(q @ (k[0, 0] - k[0, 1]) / math.sqrt(D)))


def test_a_query_with_one_key_takes_its_value_whatever_the_scores():
    q, k, v = qkv(2, 2)
    only_third = torch.arange(T_K) == 2
    close(
        scaled_dot_product_attention(q, k, v, keep=only_third[None]),
        v[:, :, 2:3].expand(B, 2, T, D_V),
    )


@pytest.mark.formula("eq-heads-group")
def test_query_heads_share_key_heads_in_blocks():
    """Query head h reads key-value head h // 3: each value says which head it came from."""
    q, k = torch.zeros(1, 6, T, D), torch.zeros(1, 2, T_K, D)
    v = torch.arange(2.0)[None, :, None, None].expand(1, 2, T_K, 1)
    heads = scaled_dot_product_attention(q, k, v)[0, :, 0, 0]
    assert heads.tolist() == [0, 0, 0, 1, 1, 1]


@pytest.mark.formula("eq-steps-safe-softmax")
def test_large_scores_do_not_overflow():
    q, k, v = (1e4 * x.float() for x in qkv(2, 2))
    assert scaled_dot_product_attention(q, k, v).isfinite().all()
    assert attention_weights(q, k).isfinite().all()

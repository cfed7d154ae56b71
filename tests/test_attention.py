"""The multi-head module: weights for looking at, parameters, copies."""

import copy
import math

import pytest
import torch
from einops import rearrange

from mha_book import MultiHeadAttention, scaled_dot_product_attention
from tests import oracles
from tests.builders import HEADS, T_K, B, T, close, make_attention, make_mask, randn


@pytest.mark.parametrize("heads", HEADS)
@pytest.mark.parametrize("mask", ["none", "random", "empty"])
def test_weights_of_the_module_are_those_behind_forward(heads, mask):
    attention = make_attention(HEADS[heads])
    x, context = randn(B, T, attention.d_model), randn(B, T_K, attention.d_model)
    keep, bias = make_mask(mask, attention.num_heads, T, T_K), randn(T, T_K)
    weights = attention.weights(x, context, keep=keep, bias=bias)
    v = attention.v_proj(context).unflatten(-1, (attention.num_kv_heads, -1)).transpose(1, 2)
    v = v.repeat_interleave(attention.num_heads // attention.num_kv_heads, dim=1)
    mixed = (weights @ v).transpose(1, 2).flatten(-2)
    close(attention.out_proj(mixed), attention(x, context, keep=keep, bias=bias))


def test_weights_of_the_module_know_rotary_positions():
    attention = make_attention(HEADS["gqa"], rotary=True)
    x = randn(B, T, attention.d_model)
    q, k = (
        oracles.rotary(p(x).unflatten(-1, (-1, 10)).transpose(1, 2))
        for p in (attention.q_proj, attention.k_proj)
    )
    close(attention.weights(x), oracles.attention_weights(q, k))


@pytest.mark.parametrize("heads", HEADS)
def test_heads_are_split_and_merged_in_the_order_of_their_names(heads):
    attention = make_attention(HEADS[heads])
    x = randn(B, T, attention.d_model)
    names = "B T (heads d) -> B heads T d"
    q, k, v = (
        rearrange(p(x), names, d=attention.d_head)
        for p in (attention.q_proj, attention.k_proj, attention.v_proj)
    )
    merged = rearrange(scaled_dot_product_attention(q, k, v), "B H T d -> B T (H d)")
    close(attention(x), attention.out_proj(merged))


def test_a_query_that_sees_nothing_is_left_with_the_output_bias():
    attention = make_attention(HEADS["gqa"])
    keep = make_mask("empty", 6, T, T)
    out = attention(randn(B, T, attention.d_model), keep=keep)
    blind = ~keep.any(-1)[:, 0]
    assert blind.sum() == B
    assert torch.equal(out[blind], attention.out_proj.bias.expand(B, -1))


def test_parameters_are_the_four_projections():
    shapes = {name: tuple(p.shape) for name, p in make_attention(HEADS["gqa"]).state_dict().items()}
    assert shapes == {
        "q_proj.weight": (66, 78),
        "q_proj.bias": (66,),
        "k_proj.weight": (22, 78),
        "k_proj.bias": (22,),
        "v_proj.weight": (22, 78),
        "v_proj.bias": (22,),
        "out_proj.weight": (78, 66),
        "out_proj.bias": (78,),
    }


def test_without_bias_only_weights_are_left():
    attention = MultiHeadAttention(6, 2, bias=False)
    assert [name for name, _ in attention.named_parameters()] == [
        f"{part}_proj.weight" for part in ("q", "k", "v", "out")
    ]


def test_fresh_weights_are_glorot_uniform_and_biases_zero():
    attention = MultiHeadAttention(128, 8, num_kv_heads=2)
    for projection in (attention.q_proj, attention.k_proj, attention.v_proj, attention.out_proj):
        bound = math.sqrt(6 / sum(projection.weight.shape))
        assert projection.weight.abs().max() <= bound
        assert projection.weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.03)
        assert projection.bias.count_nonzero() == 0


def test_forward_leaves_nothing_on_the_module():
    attention = make_attention(HEADS["gqa"], rotary=True)
    before = set(vars(attention)), set(attention.state_dict())
    attention(randn(B, T, attention.d_model))
    assert (set(vars(attention)), set(attention.state_dict())) == before


@pytest.mark.parametrize("rotary", [False, True])
def test_a_copy_computes_the_same_and_shares_no_memory(rotary):
    attention = make_attention(HEADS["gqa"], rotary=rotary)
    x = randn(B, T, attention.d_model)
    twin = copy.deepcopy(attention)
    before = twin(x)
    close(before, attention(x))
    torch.nn.init.zeros_(attention.q_proj.weight)
    close(twin(x), before)


def test_a_state_dict_carries_the_layer_over():
    source, target = make_attention(HEADS["gqa"]), make_attention(HEADS["gqa"])
    x = randn(B, T, source.d_model)
    assert not torch.allclose(source(x), target(x))
    target.load_state_dict(source.state_dict())
    close(source(x), target(x))


def test_print_names_the_sizes():
    text = repr(MultiHeadAttention(12, 6, num_kv_heads=2, dropout=0.1))
    assert text.splitlines()[1].strip() == "num_heads=6, num_kv_heads=2, d_head=2, dropout=0.1"

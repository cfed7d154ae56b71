"""Dropout is absent in evaluation, and unbiased with the right variance in training."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from mha_book import (
    DecoderLayer,
    EncoderLayer,
    FeedForward,
    MultiHeadAttention,
    Residual,
    scaled_dot_product_attention,
)
from tests.builders import B, T, close, randn

N, T_KEYS = 40_000, 8
Call = Callable[[Tensor], Tensor]


def dropped(p: float, *, H: int = 1, H_kv: int = 1, T_q: int = N) -> Tensor:
    """Outputs for weights of 1/T_KEYS each and values of one: (kept weights) / (1 - p)."""
    rows = N // (H * T_q)
    q, k = torch.zeros(rows, H, T_q, 2), torch.zeros(rows, H_kv, T_KEYS, 2)
    v = torch.ones(rows, H_kv, T_KEYS, 1)
    return scaled_dot_product_attention(q, k, v, dropout_p=p).flatten().double()


@pytest.mark.formula("eq-dropout")
@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
@pytest.mark.parametrize(
    "shape",
    [{}, {"H": 4, "H_kv": 2, "T_q": 10}, {"H": 4, "H_kv": 2, "T_q": 1}],
    ids=["heads", "groups", "groups with one query"],
)
def test_dropped_weights_have_the_mean_of_the_weights_and_a_binomial_variance(p, shape):
    out = dropped(p, **shape)
    assert len(out) == N
    variance = p / (1 - p) / T_KEYS
    five_errors = 5 * math.sqrt(variance / N)
    assert out.mean().item() == pytest.approx(1.0, abs=five_errors)
    assert out.var().item() == pytest.approx(variance, rel=0.1)


@pytest.mark.formula("eq-dropout")
@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_each_weight_is_dropped_or_grows_by_the_same_factor(p):
    kept = dropped(p) * T_KEYS * (1 - p)
    torch.testing.assert_close(kept, kept.round(), atol=1e-4, rtol=0)
    assert kept.unique().numel() > 2


@pytest.mark.parametrize(("H", "H_kv", "T_q"), [(1, 1, 8), (4, 2, 10), (4, 2, 1)])
def test_dropping_every_weight_leaves_zeros(H, H_kv, T_q):
    assert not dropped(1.0, H=H, H_kv=H_kv, T_q=T_q).any()


def test_dropping_nothing_is_exact():
    assert torch.equal(dropped(0.0), torch.ones(N).double())


def test_a_blind_query_stays_zero_under_dropout():
    q, v = torch.zeros(1, 1, T, 2), torch.ones(1, 1, T, 1)
    keep = torch.arange(T)[:, None] != 2
    out = scaled_dot_product_attention(q, q, v, keep=keep, dropout_p=0.5)
    assert out.isfinite().all()
    assert out[0, 0, 2] == 0


# --- modules: where their dropout acts, and that it obeys train() and eval() ---------------------


def attention(p: float) -> tuple[nn.Module, Call]:
    module = MultiHeadAttention(6, 2, dropout=p).double()
    return module, module


def feed_forward(p: float) -> tuple[nn.Module, Call]:
    module = FeedForward(6, dropout=p).double()
    return module, module


def residual(p: float) -> tuple[nn.Module, Call]:
    module = Residual(6, dropout=p).double()
    return module, lambda x: module(x, lambda h: 2 * h)


def encoder_layer(p: float) -> tuple[nn.Module, Call]:
    module = EncoderLayer(MultiHeadAttention(6, 2), FeedForward(6), dropout=p).double()
    return module, module


def decoder_layer(p: float) -> tuple[nn.Module, Call]:
    parts = MultiHeadAttention(6, 2), MultiHeadAttention(6, 2), FeedForward(6)
    module = DecoderLayer(*parts, dropout=p).double()
    return module, lambda x: module(x, x)


MODULES = [attention, feed_forward, residual, encoder_layer, decoder_layer]


@pytest.mark.parametrize("make", MODULES)
def test_evaluation_is_deterministic_and_training_is_not(make):
    (module, call), x = make(0.5), randn(B, T, 6)
    assert not torch.equal(call(x), call(x))
    module.eval()
    assert torch.equal(call(x), call(x))


@pytest.mark.parametrize("make", MODULES)
def test_training_without_dropout_is_evaluation(make):
    (module, call), x = make(0.0), randn(B, T, 6)
    in_training = call(x)
    module.eval()
    close(call(x), in_training)


@pytest.mark.parametrize("make", MODULES)
def test_evaluation_does_not_depend_on_dropout(make):
    (module, call), (other, other_call), x = make(0.0), make(0.9), randn(B, T, 6)
    other.load_state_dict(module.state_dict())
    module.eval()
    other.eval()
    close(other_call(x), call(x))


def test_attention_that_drops_everything_is_left_with_the_output_bias():
    layer, _ = attention(1.0)
    nn.init.normal_(layer.out_proj.bias)
    close(layer(randn(B, T, 6)), layer.out_proj.bias.expand(B, T, 6))


def test_a_feed_forward_network_drops_hidden_units_and_not_outputs():
    layer, _ = feed_forward(1.0)
    nn.init.normal_(layer.down_proj.bias)
    close(layer(randn(B, T, 6)), layer.down_proj.bias.expand(B, T, 6))


@pytest.mark.parametrize("make", [residual, encoder_layer, decoder_layer])
def test_before_a_norm_what_drops_everything_is_the_identity(make):
    """Each sublayer's contribution is dropped, and the residual stream is not."""
    x = randn(B, T, 6)
    assert torch.equal(make(1.0)[1](x), x)


def test_weights_for_looking_at_ignore_dropout():
    (layer, _), x = attention(0.9), randn(B, T, 6)
    assert torch.equal(layer.weights(x), layer.eval().weights(x))


@pytest.mark.parametrize("make", [feed_forward, residual])
def test_a_dropout_that_trains_drops_in_a_module_that_does_not(make):
    """As whoever averages over dropped networks asks for it (Gal and Ghahramani, 2016)."""
    (module, call), x = make(0.5), randn(B, T, 6)
    module.eval()
    for part in module.modules():
        if isinstance(part, nn.Dropout):
            part.train()
    assert not torch.equal(call(x), call(x))
    module.train()
    module.dropout.eval()
    assert torch.equal(call(x), call(x))

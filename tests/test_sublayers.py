"""The parts of a layer against their formulas: feed-forward network, residual, norm."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaMLP

from mha_book import FeedForward, Residual
from tests import oracles
from tests.builders import B, T, close, randn, randomised, same_values_and_gradients

D_MODEL, H, D_FF = 26, 2, 11
ORDERS = ["pre", "post"]


# --- feed-forward --------------------------------------------------------------------------------


@pytest.mark.formula("eq-feed-forward")
@pytest.mark.parametrize("activation", [F.relu, F.gelu, F.silu])
@pytest.mark.parametrize("gated", [False, True])
def test_feed_forward_is_its_formula(gated, activation):
    layer = randomised(FeedForward(5, 7, gated=gated, activation=activation))
    x = randn(B, 2, 5).requires_grad_()
    parameters = dict(layer.named_parameters())
    expected = oracles.feed_forward(x, parameters, activation)
    same_values_and_gradients(layer(x), expected, [x, *parameters.values()])


@pytest.mark.parametrize("bias", [False, True])
def test_gated_feed_forward_is_the_mlp_of_llama(bias):
    ours = randomised(FeedForward(D_MODEL, D_FF, gated=True, activation=F.silu, bias=bias))
    config = LlamaConfig(
        hidden_size=D_MODEL,
        intermediate_size=D_FF,
        num_attention_heads=H,
        head_dim=2,
        mlp_bias=bias,
    )
    x, parameters = randn(B, T, D_MODEL).requires_grad_(), dict(ours.named_parameters())
    theirs = functional_call(LlamaMLP(config), parameters, (x,))
    same_values_and_gradients(ours(x), theirs, [x, *parameters.values()])


def test_feed_forward_is_four_times_as_wide_unless_told():
    assert FeedForward(5).up_proj.weight.shape == (20, 5)
    assert FeedForward(5, 7).up_proj.weight.shape == (7, 5)


def test_feed_forward_treats_each_token_alone():
    layer, x = randomised(FeedForward(5, 7)), randn(B, T, 5)
    close(layer(x)[1, 2], layer(x[1:2, 2:3])[0, 0])


# --- residual ------------------------------------------------------------------------------------


@pytest.mark.formula("eq-residual")
def test_post_norm_normalises_the_sum():
    residual, x = randomised(Residual(5, order="post")), randn(B, T, 5)
    expected = oracles.layer_norm(x + x.sin(), residual.norm.weight, residual.norm.bias)
    close(residual(x, torch.sin), expected)


@pytest.mark.formula("eq-residual")
def test_pre_norm_normalises_the_input_of_the_sublayer():
    residual, x = randomised(Residual(5, order="pre")), randn(B, T, 5)
    expected = x + oracles.layer_norm(x, residual.norm.weight, residual.norm.bias).sin()
    close(residual(x, torch.sin), expected)


@pytest.mark.formula("eq-residual")
def test_the_norm_of_one_and_three_is_minus_one_and_one():
    residual = Residual(2, order="post").double()
    out = residual(torch.tensor([[1.0, 3.0]]).double(), torch.zeros_like)
    torch.testing.assert_close(out, torch.tensor([[-1.0, 1.0]]).double(), rtol=0, atol=1e-5)


@pytest.mark.formula("eq-heads-rms-norm")
@pytest.mark.parametrize("order", ORDERS)
def test_another_norm_may_be_put_in(order):
    residual, x = randomised(Residual(5, order=order, norm=nn.RMSNorm)), randn(B, T, 5)

    def norm(z):
        return oracles.rms_norm(z, residual.norm.weight, torch.finfo(z.dtype).eps)

    close(residual(x, torch.sin), x + norm(x).sin() if order == "pre" else norm(x + x.sin()))


def test_the_order_is_pre_unless_told():
    assert Residual(2).order == "pre"
    assert repr(Residual(2)).splitlines()[1].strip() == "order='pre'"

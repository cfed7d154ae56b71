"""How gradients grow and shrink in deep random stacks, measured against the formulas.

Means over many draws of the weights, so the tolerances are wide; the formulas differ by factors.
"""

import pytest
import torch
from torch import Tensor, nn

from mha_book import FeedForward, Residual, scaled_dot_product_attention
from mha_book.symbolic import gradient_norms as laws
from tests.builders import close, randn

N, T, DEPTH, G, RUNS = 151, 7, 8, 1.3, 80


def rms_norm(width: int) -> nn.Module:
    """The norm without parameters."""
    return nn.RMSNorm(width, elementwise_affine=False, dtype=torch.float64)


def law(proof: object, **numbers: float) -> float:
    """The closed form with which a proof ends."""
    formula = proof.result
    return float(formula.subs({x: numbers[x.name] for x in formula.free_symbols}))


def passed_back(stream: list[Tensor]) -> Tensor:
    """The squared size of a random gradient at each layer, relative to the last one."""
    found = torch.autograd.grad(stream[-1], stream, randn(stream[-1].shape))
    squares = torch.stack([gradient.square().sum() for gradient in found])
    return squares / squares[-1]


@pytest.mark.formula("eq-plain-gradient-norm")
def test_a_plain_stack_multiplies_by_g_squared() -> None:
    def run() -> Tensor:
        stream = [randn(1, N).requires_grad_()]
        for _ in range(DEPTH // 2):
            layer = FeedForward(N, N, activation=lambda x: x, bias=False).double()
            for linear in (layer.up_proj, layer.down_proj):
                nn.init.normal_(linear.weight, std=G / N**0.5)
            stream.append(layer(stream[-1]))
        return passed_back(stream)

    mean = torch.stack([run() for _ in range(RUNS)]).mean(0)
    for index, measured in enumerate(mean):
        expected = law(laws.plain_gradient_norm, g=G, L=DEPTH, l=2 * index)
        assert measured / expected == pytest.approx(1, abs=0.15)


def residual_run(order: str) -> Tensor:
    """A stack of random linear branches in this order."""
    stream = [rms_norm(N)(randn(1, N)).requires_grad_()]
    for _ in range(DEPTH):
        w = G / N**0.5 * randn(N, N)
        stream.append(Residual(N, order=order, norm=rms_norm)(stream[-1], lambda x, w=w: x @ w))
    return passed_back(stream)


@pytest.mark.formula("eq-pre-norm-gradient-norm")
def test_a_pre_norm_stack_follows_its_law() -> None:
    mean = torch.stack([residual_run("pre") for _ in range(RUNS)]).mean(0)
    for layer, measured in enumerate(mean):
        expected = law(laws.pre_norm_gradient_norm, g=G, L=DEPTH, l=layer)
        assert measured / expected == pytest.approx(1, abs=0.15)


def test_a_product_telescopes_from_one_and_by_its_last_factor() -> None:
    product, right = (getattr(laws.pre_norm_gradient_norm.steps[-1], x) for x in ("left", "right"))
    assert laws._telescopes(product, right)
    assert not laws._telescopes(product, 2 * right)
    assert not laws._telescopes(product, 1 / right)


@pytest.mark.formula("eq-post-norm-gradient-norm")
def test_a_post_norm_stack_of_matrices_keeps_the_gradient() -> None:
    mean = torch.stack([residual_run("post") for _ in range(RUNS)]).mean(0)
    expected = law(laws.post_norm_gradient_norm, g=G, b=G, L=DEPTH, l=0)
    assert expected == pytest.approx(1)
    assert mean.tolist() == pytest.approx([expected] * (DEPTH + 1), abs=0.15)


@pytest.mark.formula("eq-uniform-attention-gradient", "eq-post-norm-gradient-norm")
def test_uniform_attention_passes_back_the_mean_and_post_norm_halves_the_rest() -> None:
    x = rms_norm(N)(randn(1, N)).expand(T, N).contiguous().requires_grad_()  # equal tokens
    blind = torch.zeros(1, T, N, dtype=torch.float64)
    w = randn(N, N) / N**0.5

    def attend(x: Tensor) -> Tensor:
        return scaled_dot_product_attention(blind, blind, (x @ w)[None])[0]

    cotangent = randn(T, N)
    (found,) = torch.autograd.grad(attend(x), x, cotangent)
    close(found, (cotangent.mean(0) @ w.T).expand(T, N))
    common, rest = laws.uniform_attention_gradient.steps
    assert (common.left.doit(), rest.right) == (common.right, 0)

    differing = cotangent - cotangent.mean(0)
    (found,) = torch.autograd.grad(
        Residual(N, order="post", norm=rms_norm)(x, attend), x, differing
    )
    expected = law(laws.post_norm_gradient_norm, g=1, b=0, L=1, l=0)
    assert found.square().sum() / differing.square().sum() == pytest.approx(expected, abs=0.1)

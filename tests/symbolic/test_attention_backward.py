"""The gradients of attention, as the proofs end, against torch's autograd."""

from typing import Any, NamedTuple

import pytest
import sympy as sp
import torch
from torch import Tensor

from mha_book import MultiHeadAttention, attention_weights, scaled_dot_product_attention
from mha_book.symbolic import Proof
from mha_book.symbolic import attention_backward as backward
from tests.builders import close, randn

pytestmark = pytest.mark.parametrize("masked", [False, True])
T_Q, T_K, D, D_V, SCALE = 5, 7, 3, 2, 0.6
POSITIVE = {"integer": True, "positive": True}


class Case(NamedTuple):
    """Every number of a forward pass, and what autograd says of it."""

    numbers: dict[str, Tensor]
    gradients: dict[str, Tensor]


def case(masked: bool) -> Case:
    """Attention with weights in between; query 3 may see no key, if masked."""
    torch.manual_seed(0)
    leaves = {"Q": randn(1, T_Q, D), "K": randn(1, T_K, D), "V": randn(1, T_K, D_V)}
    leaves["S"] = torch.zeros(1, T_Q, T_K, dtype=torch.float64)  # added to the scores
    q, k, v, bias = (x.requires_grad_() for x in leaves.values())
    keep = torch.ones(T_Q, T_K, dtype=torch.bool)
    if masked:
        keep = torch.rand(T_Q, T_K) < 0.6
        keep[3] = False
    out = scaled_dot_product_attention(q, k, v, keep=keep, bias=bias, scale=SCALE)
    d_out = randn(out.shape)
    found = dict(zip(leaves, torch.autograd.grad(out, leaves.values(), d_out), strict=True))
    weights = attention_weights(q, k, keep=keep, bias=bias, scale=SCALE).detach().requires_grad_()
    (found["A"],) = torch.autograd.grad(weights @ v, weights, d_out)
    numbers = leaves | {"A": weights, "O": out, "dO": d_out, "dS": found["S"], "dA": found["A"]}
    return Case(
        {name: x.detach()[0] for name, x in numbers.items()},
        {name: x[0] for name, x in found.items()},
    )


def value(expression: Any, numbers: dict[str, Tensor]) -> Tensor:
    """A matrix expression in numbers."""
    symbols = sorted(expression.atoms(sp.MatrixSymbol), key=str)
    plain = {x: sp.MatrixSymbol(f"x{n}", *x.shape) for n, x in enumerate(symbols)}
    arguments = [*plain.values(), sp.Symbol("s", positive=True)]
    call = sp.lambdify(arguments, expression.xreplace(plain), "numpy")
    return torch.from_numpy(call(*(numbers[str(x)].numpy() for x in symbols), SCALE))


@pytest.mark.formula("eq-backward-values", "eq-backward-weights")
@pytest.mark.formula("eq-backward-queries", "eq-backward-keys")
@pytest.mark.parametrize(
    ("proof", "name"),
    [
        (backward.backward_values, "V"),
        (backward.backward_weights, "A"),
        (backward.backward_queries, "Q"),
        (backward.backward_keys, "K"),
    ],
)
def test_a_gradient_is_what_autograd_finds(proof: Proof, name: str, masked: bool) -> None:
    numbers, gradients = case(masked)
    close(value(proof.result, numbers), gradients[name])


@pytest.mark.formula("eq-backward-scores", "eq-backward-delta")
def test_the_gradient_of_the_scores_is_what_autograd_finds(masked: bool) -> None:
    numbers, gradients = case(masked)
    delta = backward_delta(numbers)
    close(delta, (numbers["A"] * numbers["dA"]).sum(-1, keepdim=True))
    known = numbers | {r"\delta": delta, r"\mathbf{1}": torch.ones(T_K, 1).double()}
    found = value(backward.backward_scores.result.parent, known)
    close(found, gradients["S"])
    assert masked == bool((found[3] == 0).all())
    assert found.sum(-1).abs().max() < 1e-12  # moving all scores of a row changes nothing


class Passed(NamedTuple):
    """A module behind a backward pass: the gradients of x and of what each projection made."""

    module: MultiHeadAttention
    x: Tensor
    made: dict[str, Tensor]


def passed(masked: bool) -> Passed:
    """Two heads of width 3 in a stream of width 11; token 3 may see nothing, if masked."""
    torch.manual_seed(0)
    module = MultiHeadAttention(11, 2, d_head=D).double()
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter)
    made: dict[str, Tensor] = {}

    def note(name: str) -> Any:
        def hook(_module: Any, _inputs: Any, output: Tensor) -> None:
            output.retain_grad()
            made[name] = output

        return hook

    for name, part in module.named_children():
        part.register_forward_hook(note(name))
    keep = torch.ones(T_K, T_K, dtype=torch.bool)
    keep[3] = not masked
    x = randn(1, T_K, 11).requires_grad_()
    out = module(x, keep=keep)
    out.backward(randn(out.shape))
    return Passed(module, x, made)


@pytest.mark.formula("eq-backward-projection")
def test_the_gradients_of_the_projections_are_what_autograd_finds(masked: bool) -> None:
    module, x, made = passed(masked)
    weights, bias, tokens = (step.right for step in backward.backward_projection.steps)
    for_x = torch.zeros_like(x[0])
    for name in ("q_proj", "k_proj", "v_proj"):
        projection, gradient = getattr(module, name), made[name].grad
        assert gradient is not None
        numbers = {
            "X": x[0].detach(),
            "W": projection.weight.detach().T,
            "dY": gradient[0],
            r"\mathbf{1}": torch.ones(T_K, 1).double(),
        }
        close(value(weights, numbers), projection.weight.grad.T)
        close(value(bias, numbers), projection.bias.grad[None])
        for_x += value(tokens, numbers)
    assert x.grad is not None
    close(for_x, x.grad[0])


@pytest.mark.formula("eq-key-bias-gradient")
def test_the_key_bias_gets_no_gradient(masked: bool) -> None:
    module, _, made = passed(masked)
    width = sp.Symbol("d", **POSITIVE)
    assert backward.key_bias_gradient.result == sp.ZeroMatrix(1, width)
    first, *_, last = backward.key_bias_gradient.steps
    assert first.right == last.left
    assert first.right.shape == (1, width)
    gradients = {name: getattr(module, name).bias.grad for name in ("q_proj", "k_proj", "v_proj")}
    assert gradients["k_proj"].abs().max() < 1e-12
    assert gradients["q_proj"].abs().min() > 1e-3
    assert made["k_proj"].grad is not None
    assert made["k_proj"].grad.abs().max() > 0.1  # keys get gradients, their sum is zero
    numbers, found = case(masked)
    known = {"r": found["S"].sum(-1, keepdim=True), "Q": numbers["Q"]}
    close(value(backward.key_bias_gradient.steps[0].right, known), found["K"].sum(0, keepdim=True))


def backward_delta(numbers: dict[str, Tensor]) -> Tensor:
    """The column of averages, by the last line of its proof."""
    i, entry = sp.Symbol("i", integer=True, nonnegative=True), backward.backward_delta.result
    out, d_out = sorted(entry.atoms(sp.MatrixSymbol), key=str)
    call = sp.lambdify([i, sp.Symbol("d_v", integer=True, positive=True), out, d_out], entry)
    rows = [call(row, D_V, numbers["O"], numbers["dO"]) for row in range(T_Q)]
    return torch.stack(rows)[:, None]

"""Linear attention in sums, against the function of the package."""

import pytest
import sympy as sp
import torch
from torch.utils.flop_counter import FlopCounterMode

from mha_book import attention_weights
from mha_book.symbolic import linear_attention as module
from mha_book.symbolic.symbols import T, T_k, d, d_v
from mha_book.variants import elu_plus_one, linear_attention
from tests.builders import close, randn

T_Q, SIZE, D, D_V = 3, 5, 2, 7
X = module.x


def sums(proof, steps, tensors, query, last):
    """The sums of some steps, both sides, at one query and the first column of the values."""
    q, k, v = tensors
    numbers = {}
    for c in range(D):
        numbers[module.phi_q[query + 1, c + 1]] = elu_plus_one(q)[0, query, c].item()
        for j in range(len(k[0])):
            numbers[module.phi_k[j + 1, c + 1]] = elu_plus_one(k)[0, j, c].item()
    numbers |= {module.v[j + 1]: v[0, j, 0].item() for j in range(len(k[0]))}
    sides = [side for s in steps for side in (proof.steps[s].left, proof.steps[s].right)]
    explicit = [x.subs({d: D, T_k: last}).subs(module.i, query + 1).doit() for x in sides]
    return [float(x.subs(numbers)) for x in explicit]


@pytest.mark.formula("eq-linear-attention")
def test_both_orders_of_the_sums_give_the_function_of_the_package():
    tensors = randn(1, T_Q, D), randn(1, SIZE, D), randn(1, SIZE, D_V)
    out = linear_attention(*tensors)[0]
    for query in range(T_Q):
        up, up_again, down, down_again = sums(
            module.linear_attention, (0, 1), tensors, query, last=SIZE
        )
        close(up / down, out[query, 0].item())
        close(up_again / down_again, out[query, 0].item())


@pytest.mark.formula("eq-linear-attention-causal")
def test_the_sums_up_to_a_query_give_the_causal_form():
    tensors = randn(1, SIZE, D), randn(1, SIZE, D), randn(1, SIZE, D_V)
    out = linear_attention(*tensors, causal=True)[0]
    norm = elu_plus_one(tensors[1])[0].cumsum(0)
    for query in range(SIZE):
        up, up_again = sums(module.linear_attention_causal, (0,), tensors, query, last=SIZE)
        down = elu_plus_one(tensors[0])[0, query] @ norm[query]
        close([up / down.item(), up_again / down.item()], [out[query, 0].item()] * 2)


@pytest.mark.formula("eq-linear-attention-cost")
def test_the_operations_are_those_that_torch_counts():
    sizes = {T: 11, d: D, d_v: D_V}
    softmax, linear = (int(module.linear_attention_cost.steps[s].right.subs(sizes)) for s in (0, 1))
    q, k, v = randn(1, 11, D), randn(1, 11, D), randn(1, 11, D_V)
    with FlopCounterMode(display=False) as counter:
        linear_attention(q, k, v)
    assert counter.get_total_flops() == linear
    with FlopCounterMode(display=False) as counter:
        attention_weights(q, k) @ v
    assert counter.get_total_flops() == softmax


@pytest.mark.formula("eq-linear-attention-cost")
def test_the_forms_cost_the_same_at_the_length_of_the_proof():
    softmax, linear = (module.linear_attention_cost.steps[s].right for s in (0, 1))
    meets = module.linear_attention_cost.steps[3].left
    assert sp.solve(sp.Eq(softmax, linear), T) == [meets]
    assert module.linear_attention_cost.result == d + sp.Rational(1, 2)
    assert torch.tensor(float(meets.subs({d: 64, d_v: 64}))) == 64.5


@pytest.mark.parametrize(
    ("features", "least", "positive"),
    [
        (module.elu_plus_one, 0, True),
        (module.elu_plus_one, -2, True),
        (module.elu_plus_one, 1, False),
        (sp.Piecewise((X - 1, X > 0), (sp.exp(X), True)), 0, False),
        (sp.Piecewise((X + 1, X > 0), (-sp.exp(X), True)), 0, False),
        (sp.Piecewise((X + 1, X > -2), (sp.exp(X), True)), 0, False),
    ],
)
def test_a_feature_map_is_positive_if_both_branches_are(features, least, positive):
    assert module._positive_on_both_branches(features, sp.sympify(least)) == positive


@pytest.mark.formula("eq-linear-attention")
def test_the_feature_map_of_the_proof_is_that_of_the_package():
    inputs = torch.linspace(-5, 5, 31, dtype=torch.float64)
    formula = sp.lambdify(module.x, module.elu_plus_one)
    close(torch.from_numpy(formula(inputs.numpy())), elu_plus_one(inputs))

"""The norm of the Jacobian of attention weights, never above one half."""

import pytest
import sympy as sp
import torch
from hypothesis import given
from hypothesis import strategies as st

from mha_book import attention_weights
from mha_book.symbolic.softmax_saturation import softmax_saturation
from tests.builders import close, randn

P = sp.Symbol("p_i", positive=True)
ROW_SUM = sp.lambdify(P, softmax_saturation.steps[0].right)


def norm_and_shares(logits):
    """The largest singular value of the Jacobian, and the shares."""

    def shares(z):
        return attention_weights(z[None, None], torch.eye(len(z)).double()[None], scale=1.0)[0, 0]

    jacobian = torch.autograd.functional.jacobian(shares, logits)
    p = shares(logits)
    close(jacobian.abs().sum(-1), ROW_SUM(p))
    return torch.linalg.matrix_norm(jacobian, 2).item(), p


@pytest.mark.formula("eq-softmax-saturation")
@given(st.integers(2, 9), st.floats(0.01, 30), st.integers(0, 1000))
def test_the_norm_is_bounded_by_the_shares_and_by_one_half(size, spread, seed):
    torch.manual_seed(seed)
    norm, p = norm_and_shares(spread * randn(size))
    assert norm <= ROW_SUM(p).max() + 1e-12
    assert ROW_SUM(p).max() <= 0.5 + 1e-12


@pytest.mark.formula("eq-softmax-saturation")
def test_two_equal_shares_attain_the_bound():
    half = float(softmax_saturation.steps[2].right[0])
    close(norm_and_shares(torch.zeros(2).double())[0], half)
    close(norm_and_shares(torch.tensor([5.0, 5.0, -60.0]).double())[0], half)


@pytest.mark.formula("eq-softmax-saturation")
@pytest.mark.parametrize("top", [2.0, 30.0])
def test_a_one_hot_softmax_does_not_move(top):
    norm, p = norm_and_shares(torch.tensor([top, 0.0, -1.0]).double())
    bound = sp.lambdify(sp.symbols("epsilon x", positive=True), softmax_saturation.steps[3].left)
    row_sums = bound((p[1] + p[2]).item(), p[1].item())
    close(torch.from_numpy(row_sums)[:, 0], ROW_SUM(p)[:2])
    assert norm <= row_sums.max() + 1e-15 <= 4 * (p[1] + p[2]) + 1e-15


def test_a_bound_that_does_not_vanish_is_refused():
    e, step = sp.Symbol("epsilon", positive=True), softmax_saturation.steps[3]
    assert step.decide(sp.Matrix([e, e]), step.right)
    assert not step.decide(sp.Matrix([e, 1 - e]), step.right)

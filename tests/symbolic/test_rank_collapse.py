"""How much closer averages lie than what is averaged, for random weights and values."""

from itertools import pairwise

import pytest
import sympy as sp
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from mha_book import attention_weights
from mha_book.symbolic.rank_collapse import _overtaken, rank_collapse, rank_collapse_rate
from tests.builders import close, randn

T, D = 7, 3


def spread(x: Tensor) -> Tensor:
    """Largest minus smallest, column by column."""
    return x.amax(0) - x.amin(0)


def coefficient(weights: Tensor) -> Tensor:
    """One minus what the two least similar rows share."""
    return 1 - torch.minimum(weights[:, None], weights[None]).sum(-1).min()


@pytest.mark.formula("eq-rank-collapse")
@given(st.integers(0, 2**31), st.floats(0, 5))
def test_the_spread_shrinks_at_least_by_the_coefficient(seed: int, scale: float) -> None:
    torch.manual_seed(seed)
    weights = attention_weights(randn(1, T, D), randn(1, T, D), scale=scale)[0]
    x = randn(T, 11)
    assert (spread(weights @ x) <= coefficient(weights) * spread(x) + 1e-12).all()


@pytest.mark.formula("eq-rank-collapse")
def test_some_values_reach_the_coefficient() -> None:
    weights = attention_weights(randn(1, T, D), randn(1, T, D))[0]
    shared = torch.minimum(weights[:, None], weights[None]).sum(-1)
    a, b = divmod(int(shared.argmin()), T)
    x = (weights[a] > weights[b]).double()[:, None]  # 1 where the one row looks more, else 0
    formula = rank_collapse.result
    known = {"mu": float(shared[a, b]), "x_{\\max}": 1.0, "x_{\\min}": 0.0}
    names = {symbol.name.lstrip("\\"): symbol for symbol in formula.free_symbols}
    bound = formula.subs({names[name]: value for name, value in known.items()})
    close(spread(weights @ x), torch.tensor([float(bound)], dtype=torch.float64))


@pytest.mark.formula("eq-rank-collapse-rate")
@given(st.integers(0, 2**31), st.floats(0.01, 4))
def test_scores_that_differ_little_give_rows_that_share_much(seed: int, scale: float) -> None:
    torch.manual_seed(seed)
    weights = attention_weights(randn(1, T, D), randn(1, T, D), scale=scale)[0]
    difference = float(spread(weights.log().T).max())
    chain = [coefficient(weights), 1 - T * weights.min()]
    last = rank_collapse_rate.steps[-1]
    (spread_of_scores,) = last.right.free_symbols
    chain += [float(side.subs(spread_of_scores, difference)) for side in (last.left, last.right)]
    assert all(a <= b + 1e-12 for a, b in pairwise(chain))


def test_no_more_than_what_holds_is_accepted() -> None:
    w, u = sp.symbols("w u", nonnegative=True)
    terms, zero = rank_collapse_rate.steps[1].left, sp.S.Zero
    decide = rank_collapse_rate.steps[1].decide
    assert decide(terms, zero)
    assert not decide(terms, sp.S.One)
    assert not decide(terms.func(sp.exp(u) - sp.exp(u + w), *terms.limits), zero)
    assert _overtaken(w)(1 - sp.exp(-w), w)
    assert not _overtaken(w)(2 - sp.exp(-w), w), "not equal at 0"
    assert not _overtaken(w)(w, 1 - sp.exp(-w)), "slower"

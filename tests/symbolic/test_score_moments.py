"""Means and variances of scores, against all outcomes of small distributions, without sampling.

The scores are read off the weights: next to a key of zeros, whose score is 0, the logarithm of
the ratio of two weights is the score of the other key.
"""

import itertools

import pytest
import sympy as sp
import torch
from torch import Tensor

from mha_book import attention_weights
from mha_book.symbolic.score_moments import (
    mu_k,
    mu_q,
    n,
    score_moments,
    score_variance,
    score_variance_dependent,
    sigma_k,
    sigma_q,
)
from tests.builders import close

D = 3


def outcomes(*values: float) -> Tensor:
    """All vectors with these entries, each as likely as any other: (len(values)^D, D)."""
    return torch.tensor(list(itertools.product(values, repeat=D))).double()


def scores(q: Tensor, k: Tensor, scale: float | None = None) -> Tensor:
    """The scaled scores behind the weights."""
    keys = torch.cat((torch.zeros(1, k.shape[1]).double(), k))
    weights = attention_weights(q[None], keys[None], scale=scale)[0]
    return (weights[:, 1:] / weights[:, :1]).log()


@pytest.mark.formula("eq-score-variance")
def test_standardised_entries_give_scores_of_variance_one():
    signs = outcomes(-1.0, 1.0)
    scaled, plain = scores(signs, signs), scores(signs, signs, scale=1.0)
    close(scaled.var(correction=0).item(), float(score_variance.result))
    close(plain.var(correction=0).item(), float(score_variance.steps[3].right.subs(n, D - 1)))
    close(plain.mean().item(), 0.0)


@pytest.mark.formula("eq-score-moments")
def test_means_and_variances_of_any_entries():
    q, k = outcomes(-1.0, 0.5, 2.0), outcomes(0.25, 1.0)
    actual = scores(q, k)
    values = {
        mu_q: q.mean().item(),
        mu_k: k.mean().item(),
        sigma_q: q.std(correction=0).item(),
        sigma_k: k.std(correction=0).item(),
        sp.Symbol("d", integer=True, positive=True): D,
    }
    mean, variance = (float(step.right.subs(values)) for step in score_moments.steps[-2:])
    close(actual.mean().item(), mean)
    close(actual.var(correction=0).item(), variance)


@pytest.mark.formula("eq-score-variance-dependent")
@pytest.mark.parametrize("rho", [0.0, 0.3, 1.0])
def test_entries_that_agree_with_probability_rho_more_often(rho):
    """With probability rho all entries of the query have the same sign; the keys are ones."""
    q, key = outcomes(-1.0, 1.0), torch.ones(1, D).double()
    alike = (q == q[:, :1]).all(-1)
    probability = rho * alike.double() / alike.sum() + (1 - rho) / len(q)
    raw = scores(q, key, scale=1.0)[:, 0]
    mean = probability @ raw
    formula = score_variance_dependent.steps[1].right
    values = dict(zip(map(str, formula.free_symbols), formula.free_symbols, strict=True))
    expected = formula.subs({values["d"]: D, values["v"]: 1, values["rho"]: rho})
    close((probability @ (raw - mean) ** 2).item(), float(expected))


@pytest.mark.formula("eq-score-variance-dependent")
def test_the_variance_is_the_mean_over_all_outcomes():
    step = score_variance_dependent.steps[0]
    p, x = torch.rand(5).double(), torch.randn(D, 5).double()
    entries = {sp.IndexedBase("p")[o + 1]: p[o].item() for o in range(5)}
    entries |= {
        sp.IndexedBase("x")[c + 1, o + 1]: x[c, o].item() for c in range(D) for o in range(5)
    }
    sizes = {s: {"N": 5, "d": D}[s.name] for s in step.right.free_symbols if s.name in "Nd"}
    for side in (step.left, step.right):
        close(float(side.subs(sizes).doit().subs(entries)), (p @ x.sum(0) ** 2).item())


@pytest.mark.formula("eq-score-variance-dependent")
def test_the_two_ends_of_the_formula():
    d, v = (sp.Symbol(s, positive=True, integer=s == "d" or None) for s in "dv")
    assert score_variance_dependent.steps[2].right == d * v
    assert score_variance_dependent.result == d**2 * v

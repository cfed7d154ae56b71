"""The filters against an independent implementation, and the laws they obey."""

import math

import pytest
import torch
from torch import Tensor
from transformers import MinPLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from mha_book.decoding import Sampling, min_p, temperature, top_k, top_p
from tests.builders import close, error_table, randn, says

B, V = 5, 23
SHARES = [0.01, 0.3, 0.5, 0.9, 0.99]


def logits() -> Tensor:
    return 3 * randn(B, V)


def kept(z: Tensor) -> Tensor:
    return z.isfinite()


@pytest.mark.parametrize("k", [1, 2, 11, V - 1, V, V + 6])
def test_top_k_is_that_of_the_library(k):
    z = logits()
    assert torch.equal(top_k(z, k), TopKLogitsWarper(k)(None, z))


@pytest.mark.parametrize("p", SHARES)
def test_top_p_is_that_of_the_library(p):
    z = logits()
    assert torch.equal(top_p(z, p), TopPLogitsWarper(p)(None, z))


@pytest.mark.parametrize("p", [*SHARES, 1.0])
def test_min_p_is_that_of_the_library(p):
    z = logits()
    assert torch.equal(min_p(z, p), MinPLogitsWarper(p)(None, z))


@pytest.mark.parametrize("p", SHARES)
def test_the_nucleus_is_the_smallest_set_with_its_mass(p):
    for row in logits():
        inside = row.softmax(0)[kept(top_p(row, p))]
        assert inside.sum() >= p
        assert inside.sum() - inside.min() < p
        assert inside.min() >= row.softmax(0)[~kept(top_p(row, p))].max()


@pytest.mark.parametrize("p", SHARES)
def test_min_p_is_its_definition_and_does_not_see_a_shift(p):
    z = logits()
    probabilities = z.softmax(-1)
    expected = probabilities >= p * probabilities.amax(-1, keepdim=True)
    assert torch.equal(kept(min_p(z, p)), expected)
    assert torch.equal(kept(min_p(z + 7.0, p)), expected)


def test_what_cuts_nothing_changes_nothing():
    z = logits()
    for same in (top_k(z, V), top_k(z, V + 1), top_p(z, 1.0), temperature(z, 1.0), Sampling()(z)):
        assert torch.equal(same, z)


def test_equal_logits_stay_together_in_top_k():
    assert kept(top_k(torch.tensor([2.0, 1.0, 2.0, 3.0, 2.0]), 2)).tolist() == [1, 0, 1, 1, 1]


@pytest.mark.parametrize(
    "narrow", [lambda z: top_k(z, 1), lambda z: top_p(z, 1e-9), lambda z: min_p(z, 1.0)]
)
def test_the_most_probable_token_always_stays(narrow):
    z = logits()
    assert torch.equal(kept(narrow(z)), z == z.amax(-1, keepdim=True))


@pytest.mark.parametrize("change", [Sampling(temperature=0.7, top_k=5, top_p=0.8, min_p=0.2)])
def test_the_argument_stays_as_it_was(change):
    z = logits()
    before = z.clone()
    change(z)
    assert torch.equal(z, before)


def test_all_together_is_one_after_the_other():
    z = 3 * randn(101, V)
    options = {"temperature": 1.7, "top_k": 5, "top_p": 0.9, "min_p": 0.1}
    expected = min_p(top_p(top_k(temperature(z, 1.7), 5), 0.9), 0.1)
    assert torch.equal(Sampling(**options)(z), expected)
    for name in options:
        fewer = {key: value for key, value in options.items() if key != name}
        assert not torch.equal(Sampling(**fewer)(z), expected), name


def test_cut_tokens_stay_cut():
    z = logits().index_fill(1, torch.tensor([0, 7]), -math.inf)
    for change in (
        lambda z: top_p(z, 0.999),
        lambda z: top_k(z, 20),
        lambda z: temperature(z, 3.0),
    ):
        assert not kept(change(z))[:, [0, 7]].any()


def test_temperature_sharpens_and_flattens():
    z = logits()
    close(temperature(z, 0.5), 2 * z)
    entropies = [
        -(temperature(z, t).softmax(-1) * temperature(z, t).log_softmax(-1)).sum(-1)
        for t in (0.5, 1.0, 2.0)
    ]
    assert (entropies[0] < entropies[1]).all()
    assert (entropies[1] < entropies[2]).all()


@error_table(
    {
        f"temperature={t} must be positive and finite; greedy is its limit 0": lambda t=t: (
            temperature(logits(), t)
        )
        for t in (0.0, -1.0, math.inf, math.nan)
    }
    | {f"top_k={k} must be at least 1": lambda k=k: Sampling(top_k=k) for k in (0, -1)}
    | {
        f"{name}={p} must be greater than 0 and at most 1": lambda name=name, p=p: Sampling(
            **{name: p}
        )
        for name in ("top_p", "min_p")
        for p in (0.0, -0.1, 1.01, math.nan)
    }
)
def test_wrong_values_are_told(call, message):
    says(call, ValueError, message)

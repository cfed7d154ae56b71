"""No weight exceeds exp(2c)/T, and one head comes as near to it as one likes."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mha_book import attention_weights
from mha_book.symbolic.self_attention_dilution import self_attention_dilution
from tests.builders import close, randn
from tests.symbolic.evaluate import tabulate

bounds, extreme = (self_attention_dilution.steps[n] for n in (3, 4))


def bound(step_side, size, tokens):
    """One side of a step as a number."""
    letters = {s.name: s for s in step_side.free_symbols}
    values = {letters["c"]: size} | ({letters["T"]: tokens} if "T" in letters else {})
    return tabulate(step_side, {}, values)


@pytest.mark.formula("eq-self-attention-dilution")
@given(st.integers(0, 1000), st.integers(1, 9), st.integers(1, 5))
def test_no_weight_exceeds_the_bound(seed, T, d):
    torch.manual_seed(seed)
    q, k = randn(1, 3, d), randn(1, T, d)
    c = (q @ k.mT / math.sqrt(d)).abs().max()
    assert attention_weights(q, k).max() <= bound(bounds.right, c.item(), T) * (1 + 1e-12)


@pytest.mark.formula("eq-self-attention-dilution")
def test_one_high_score_among_low_ones_tends_to_the_bound():
    c = 0.7
    for T in (2, 7, 1009):
        k = torch.full((1, T, 1), -c, dtype=torch.float64)
        k[0, 0] = c
        weight = attention_weights(torch.ones_like(k[:, :1]), k)[0, 0, 0]
        close(T * weight, bound(extreme.left, c, T))
    close(T * weight, bound(extreme.right, c, T), rtol=1e-2)

"""A module without positions, under permutations: any size, any mask."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mha_book import MultiHeadAttention
from mha_book.masks import causal
from mha_book.symbolic.permutation_equivariance import (
    CHECKED,
    permutation_equivariance,
    self_attention_masked_equivariance,
)
from mha_book.symbolic.symbols import T as TOKENS
from mha_book.symbolic.symbols import i
from tests.builders import close, randn, randomised
from tests.symbolic.evaluate import tabulate


@pytest.mark.formula("eq-self-attention-masked-equivariance")
@given(st.integers(1, 7), st.integers(0, 1000), st.data())
def test_a_permuted_text_under_a_permuted_mask_gives_permuted_outputs(T, seed, data):
    torch.manual_seed(seed)
    layer, x = randomised(MultiHeadAttention(6, 3, num_kv_heads=1)), randn(2, T, 6)
    keep = torch.rand(T, T) < 0.6
    order = torch.tensor(data.draw(st.permutations(range(T))))
    moved = layer(x[:, order], keep=keep[order][:, order])
    close(moved, layer(x, keep=keep)[:, order])


@pytest.mark.formula("eq-self-attention-masked-equivariance")
@given(st.integers(2, 7), st.integers(0, 1000), st.data())
def test_under_a_causal_mask_no_change_of_order_goes_unnoticed(T, seed, data):
    torch.manual_seed(seed)
    layer, x = randomised(MultiHeadAttention(6, 2)), randn(1, T, 6)
    order = torch.tensor(data.draw(st.permutations(range(T))))
    noticed = not torch.allclose(
        layer(x[:, order], keep=causal(T)), layer(x, keep=causal(T))[:, order]
    )
    assert noticed == (order.tolist() != list(range(T)))


@pytest.mark.formula("eq-permutation-equivariance")
def test_scores_move_with_rows_and_columns():
    layer, x = randomised(MultiHeadAttention(6, 2)), randn(2, 5, 6)
    order = torch.tensor([3, 0, 4, 2, 1])
    weights = layer.weights(x)
    close(layer.weights(x[:, order]), weights[:, :, order][..., order])
    assert not torch.allclose(weights, weights.mT)


@pytest.mark.formula("eq-self-attention-masked-equivariance")
def test_what_is_counted_of_a_mask_is_all_of_a_row():
    count, mask = self_attention_masked_equivariance.steps[-1], randn(5, 5)
    close(tabulate(count.left, {i: 5}, {TOKENS: 5}, entries={"M": mask}), mask.sum(-1))
    kept = tabulate(count.left, {i: 5}, {TOKENS: 5}, entries={"M": causal(5)})
    close(kept, tabulate(count.right, {i: 5}, entries={"M": mask}))


def test_the_reasons_name_the_numbers_of_tokens_that_are_checked():
    said = " and ".join(f"of {['no', 'one', 'two', 'three', 'four'][n]}" for n in CHECKED)
    checked = permutation_equivariance.steps[1], self_attention_masked_equivariance.steps[0]
    for step in checked:
        assert f"(Checked for every permutation {said} tokens.)" in step.reason

"""Heads by their own matrices, concatenated by index, against the module."""

import pytest
import torch

from mha_book import MultiHeadAttention
from mha_book.symbolic._entries import c
from mha_book.symbolic.multi_head import CHECKED, head, m, multi_head
from mha_book.symbolic.symbols import H, T, d, d_model, i
from tests.builders import close, randn, randomised, same_values_and_gradients
from tests.symbolic.evaluate import tabulate

SIZES = {T: 3, d_model: 2, d: 5, H: 2}


def heads(module: MultiHeadAttention, x: torch.Tensor) -> torch.Tensor:
    """(H, T, d), each from its own five columns of the three matrices."""
    projections = {"Q": module.q_proj, "K": module.k_proj, "V": module.v_proj}
    own = [
        {f"W^{name}_h": p.weight.T[:, 5 * h : 5 * h + 5] for name, p in projections.items()}
        for h in range(2)
    ]
    return torch.stack(
        [tabulate(head.result, {i: 3, c: 5}, SIZES, {"X": x} | matrices) for matrices in own]
    )


@pytest.mark.formula("eq-head", "eq-multi-head")
def test_the_two_formulas_give_the_output_of_the_module():
    module, x = randomised(MultiHeadAttention(2, 2, d_head=5, bias=False)), randn(3, 2)
    x.requires_grad_()
    entries = {"head": heads(module, x), "WO": module.out_proj.weight.T}
    ours = module(x[None])[0]
    formula = tabulate(multi_head.result, {i: 3, m: 2}, SIZES, entries=entries)
    same_values_and_gradients(ours, formula, (x, *module.parameters()))


@pytest.mark.formula("eq-multi-head")
def test_a_column_of_the_concatenation_belongs_to_the_head_that_its_index_says():
    numbers = {"head": randn(2, 3, 5), "WO": randn(10, 7)}
    step = multi_head.steps[-1]
    left, right = (
        tabulate(s, {i: 3, m: 7}, SIZES, entries=numbers) for s in (step.left, step.right)
    )
    close(left, right)


def test_the_reason_names_the_sizes_that_are_checked():
    words = dict(enumerate(("one", "two", "three", "four"), start=1))
    reason = multi_head.steps[-1].reason.replace(" heads", "")
    assert len(CHECKED) == reason.count(" of width ")
    assert all(f"{words[s[H]]} of width {words[s[d]]}" in reason for s in CHECKED)


@pytest.mark.formula("eq-multi-head")
def test_heads_with_equal_weights_are_one_wide_head():
    """Without keys all weights are even, whatever the number of heads."""
    x, wide = randn(2, 3, 6), randomised(MultiHeadAttention(6, 1))
    torch.nn.init.zeros_(wide.k_proj.weight)
    torch.nn.init.zeros_(wide.k_proj.bias)
    many = MultiHeadAttention(6, 3).double()
    many.load_state_dict(wide.state_dict())
    close(many(x), wide(x))

"""Where a number of a head ends up, and which maps the merge may be exchanged with."""

import pytest
import sympy as sp
import torch
from einops import rearrange
from torch import Tensor, nn

from mha_book import MultiHeadAttention, scaled_dot_product_attention
from mha_book.symbolic import merge_heads as index
from mha_book.symbolic.merge_heads import c, d, h, m, merge_commutes, merge_index
from tests.builders import close, randn
from tests.symbolic.evaluate import tabulate

B, T, H, D = 2, 5, 3, 7


def layer() -> MultiHeadAttention:
    """A module whose output is the merged heads themselves."""
    module = MultiHeadAttention(H * D, H, bias=False).double()
    nn.init.eye_(module.out_proj.weight)
    return module


def by_hand(module: MultiHeadAttention, x: Tensor, head: int) -> Tensor:
    """One head, from its own rows of the projections."""
    own = slice(head * D, (head + 1) * D)
    parts = (p.weight[own] for p in (module.q_proj, module.k_proj, module.v_proj))
    q, k, v = ((x @ w.T)[:, None] for w in parts)
    return scaled_dot_product_attention(q, k, v)[:, 0]


@pytest.mark.formula("eq-merge-index")
def test_a_column_is_named_by_quotient_and_remainder() -> None:
    quotient, remainder = (step.left for step in merge_index.steps[:2])
    module, x = layer(), randn(B, T, H * D)
    merged = module(x)
    for column in range(H * D):
        head, coordinate = divmod(column, D)
        names = {h: head, c: coordinate, d: D}
        assert (quotient.subs(names), remainder.subs(names)) == (head, coordinate)
        assert merge_index.steps[2].left.subs({m: column, d: D}) == column
        close(merged[..., column], by_hand(module, x, head)[..., coordinate])


@pytest.mark.formula("eq-merge-commutes")
def test_tokens_may_be_mixed_before_the_merge_or_after_it() -> None:
    module, x, mixing = layer(), randn(B, T, H * D), randn(T, T)
    heads = torch.stack([by_hand(module, x, head) for head in range(H)], dim=1)
    close(mixing @ module(x), rearrange(mixing @ heads, "B H T d -> B T (H d)"))
    order = torch.randperm(T)
    close(module(x[:, order]), module(x)[:, order])


@pytest.mark.formula("eq-merge-commutes")
def test_one_map_for_every_head_is_a_block_diagonal_after_the_merge() -> None:
    module, x, inside = layer(), randn(B, T, H * D), randn(D, D)
    merged = module(x)
    blocks = torch.kron(torch.eye(H, dtype=torch.float64), inside)
    with torch.no_grad():  # the map inside each head, put into its values
        module.v_proj.weight.copy_(blocks.T @ module.v_proj.weight)
    close(module(x), merged @ blocks)
    wrong = torch.kron(inside, torch.eye(H, dtype=torch.float64))
    assert not torch.allclose(module(x), merged @ wrong)


@pytest.mark.formula("eq-merge-commutes")
def test_both_sides_are_the_same_numbers() -> None:
    heads, mixing, inside = randn(H, T, D), randn(T, T), randn(D, D)
    blocks = torch.kron(torch.eye(H, dtype=torch.float64), inside)
    merged = rearrange(heads, "H T d -> T (H d)")
    matrices = {"P": mixing, "M": inside, "X": merged, r"\tilde{M}": blocks}
    values = {sp.IndexedBase("O"): heads, index.H: H, index.T: T, d: D}
    for step in merge_commutes.steps:
        left, right = (
            tabulate(side, {h: H, index.t: T, c: D}, values, _those_in(side, matrices))
            for side in (step.left, step.right)
        )
        close(left, right)


def _those_in(side: sp.Expr, matrices: dict[str, Tensor]) -> dict[str, Tensor]:
    return {x.name: matrices[x.name] for x in side.atoms(sp.MatrixSymbol)}

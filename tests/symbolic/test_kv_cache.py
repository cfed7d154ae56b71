"""Appending to a cache and attending with it, against the products of the proof."""

import pytest
import torch

from mha_book import KVCache, MultiHeadAttention, attention_weights, masks
from mha_book.symbolic.kv_cache import kv_cache
from mha_book.symbolic.symbols import T
from tests.builders import B, close, randn


@pytest.mark.formula("eq-kv-cache")
def test_a_cache_holds_the_projections_of_all_tokens() -> None:
    layer, x = MultiHeadAttention(6, 2).double(), randn(B, 5, 6)
    cache = KVCache(B, 2, 5, 3, dtype=torch.float64)
    for t in range(5):
        layer(x[:, [t]], cache=cache)
    close(cache.keys, layer._split(layer.k_proj(x)))
    close(cache.values, layer._split(layer.v_proj(x)))
    old, new = kv_cache.steps[1].right.blocks
    assert (str(old.shape[0]), new.shape[0]) == ("t", 1)
    for step in kv_cache.steps[2:]:
        assert step.right.shape[0] == 1, "there is one new query"


@pytest.mark.formula("eq-kv-cache")
def test_the_newest_output_is_made_of_old_values_and_its_own() -> None:
    layer, x = MultiHeadAttention(3, 1, bias=False).double(), randn(1, 5, 3)
    torch.nn.init.eye_(layer.out_proj.weight)
    cache = KVCache(1, 1, 5, 3, dtype=torch.float64)
    layer(x[:, :4], keep=masks.causal(4), cache=cache)
    old_values = cache.values[0, 0]
    new = layer(x[:, 4:], keep=masks.causal(1, 5), cache=cache)[0]
    a = attention_weights(layer.q_proj(x[:, 4:]), layer.k_proj(x))[0]
    close(new, a[:, :4] @ old_values + a[:, 4:] @ layer.v_proj(x[0, 4:]))
    close(new, layer(x, keep=masks.causal(5))[0, 4:])


@pytest.mark.formula("eq-kv-cache")
def test_without_a_cache_the_projections_grow_with_the_square() -> None:
    layer, rows = MultiHeadAttention(6, 2), []
    layer.k_proj.register_forward_hook(lambda module, args, out: rows.append(out.shape[1]))
    x = torch.randn(1, 7, 6)
    for t in range(1, 8):
        layer(x[:, :t], keep=masks.causal(t))
    assert sum(rows) == kv_cache.steps[0].right.subs(T, 7)
    rows.clear()
    cache = KVCache(1, 2, 7, 3)
    for t in range(7):
        layer(x[:, [t]], keep=masks.causal(1, t + 1), cache=cache)
    assert sum(rows) == 7

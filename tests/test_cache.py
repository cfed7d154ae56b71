"""The cache remembers exactly what was appended, and gradients flow through it."""

import pytest
import torch

from mha_book import KVCache
from mha_book.masks import causal
from tests.builders import HEADS, T_K, B, T, close, make_attention, make_cache, randn

H_KV, D, D_V, T_MAX = 2, 11, 13, 17


@pytest.fixture
def cache() -> KVCache:
    return KVCache(B, H_KV, T_MAX, D, d_value=D_V, dtype=torch.float64)


def kv(tokens: int) -> tuple[torch.Tensor, torch.Tensor]:
    return randn(B, H_KV, tokens, D), randn(B, H_KV, tokens, D_V)


@pytest.mark.formula("eq-kv-cache")
def test_appending_concatenates(cache):
    parts = [kv(n) for n in (3, 1, 0, 5)]
    for part in parts:
        returned = cache.append(*part)
    assert cache.length == 9
    for index, held in enumerate((cache.keys, cache.values)):
        assert torch.equal(held, torch.cat([part[index] for part in parts], dim=-2))
        assert torch.equal(held, returned[index])


def test_a_new_cache_is_empty_and_holds_as_many_as_it_says(cache):
    assert (cache.length, cache.max_length) == (0, T_MAX)
    assert cache.keys.shape == (B, H_KV, 0, D)
    assert cache.values.shape == (B, H_KV, 0, D_V)
    cache.append(*kv(T_MAX))
    assert cache.length == T_MAX


def test_keys_and_values_are_views_of_storage_allocated_once(cache):
    with torch.no_grad():
        first, _ = cache.append(*kv(3))
        later, _ = cache.append(*kv(2))
    assert first.data_ptr() == later.data_ptr()


def test_values_are_as_wide_as_keys_unless_told():
    assert KVCache(B, H_KV, T_MAX, D).values.shape == (B, H_KV, 0, D)


def test_recall_returns_what_was_appended(cache):
    k, v = kv(5)
    cache.append(k, v)
    assert all(map(torch.equal, cache.recall(B, H_KV, 5, D), (k, v)))


def test_truncating_forgets_the_latest_and_appending_goes_on_from_there(cache):
    (k, v), (k_new, v_new) = kv(5), kv(2)
    cache.append(k, v)
    cache.truncate(3)
    assert torch.equal(cache.keys, k[:, :, :3])
    cache.append(k_new, v_new)
    assert torch.equal(cache.values, torch.cat((v[:, :, :3], v_new), dim=-2))
    cache.truncate(0)
    assert cache.length == 0


def test_reordering_moves_whole_sequences(cache):
    k, v = kv(5)
    cache.append(k, v)
    index = torch.tensor([2, 0, 2])
    cache.reorder(index)
    assert torch.equal(cache.keys, k[index])
    assert torch.equal(cache.values, v[index])
    k_new, _ = kv(1)
    cache.append(k_new, kv(1)[1])
    assert torch.equal(cache.keys[:, :, 5:], k_new), "rows that came from one row are separate"


@pytest.mark.parametrize("rows", [[1], [2, 0], [0, 1, 1, 2, 2]], ids=str)
def test_rows_may_be_dropped_and_repeated(cache, rows):
    parts = [x.requires_grad_() for x in kv(5)]
    cache.append(*parts)
    index = torch.tensor(rows)
    cache.select(index)
    assert torch.equal(cache.keys, parts[0][index])
    assert torch.equal(cache.values, parts[1][index])
    assert cache.length == 5
    assert cache.max_length >= 6
    weights = randn(len(rows), H_KV, 5, D)
    (cache.keys * weights).sum().backward()
    close(parts[0].grad, torch.zeros_like(parts[0]).index_add(0, index, weights))


def test_gradients_flow_through_several_appends(cache):
    parts = [[x.requires_grad_() for x in kv(n)] for n in (2, 1, 3)]
    for part in parts:
        cache.append(*part)
    weights = randn(B, H_KV, 6, D), randn(B, H_KV, 6, D_V)
    ((cache.keys * weights[0]).sum() + (cache.values * weights[1]).sum()).backward()
    for index in (0, 1):
        close(torch.cat([part[index].grad for part in parts], dim=-2), weights[index])


def test_appending_while_gradients_are_recorded_spares_earlier_results(cache):
    """An in-place write would change what backward still needs."""
    first = kv(2)[0].requires_grad_()
    keys, _ = cache.append(first, kv(2)[1])
    loss = keys.square().sum()
    cache.append(*kv(3))
    loss.backward()
    close(first.grad, 2 * first.detach())


def test_no_graph_is_kept_where_none_is_wanted(cache):
    with torch.no_grad():
        cache.append(*(x.requires_grad_() for x in kv(2)))
    assert not cache.keys.requires_grad


def test_positions_come_from_the_length_of_the_cache():
    """Decode, roll back a draft of two tokens, decode again: as if the draft had never been."""
    attention = make_attention(HEADS["gqa"], rotary=True)
    x = randn(B, T, attention.d_model)
    cache = make_cache(attention, T_K)
    with torch.no_grad():
        attention(x[:, :3], keep=causal(3), cache=cache)
        attention(randn(B, 2, attention.d_model), keep=causal(2, 5), cache=cache)
        cache.truncate(3)
        rest = attention(x[:, 3:], keep=causal(T - 3, T), cache=cache)
        close(rest, attention(x, keep=causal(T))[:, 3:])


def test_a_cache_of_a_context_is_filled_once_and_read_from_then_on():
    attention = make_attention(HEADS["gqa"])
    x, context = randn(B, T, attention.d_model), randn(B, T_K, attention.d_model)
    cache = make_cache(attention, T_K)
    first = attention(x, context, cache=cache)
    assert cache.length == T_K
    again = attention(x, torch.zeros_like(context), cache=cache)  # its content is not looked at
    close(again, first)
    assert cache.length == T_K


def test_nothing_is_hidden_by_a_cache_unless_asked():
    attention = make_attention(HEADS["mha"])
    x = randn(B, T, attention.d_model)
    close(attention(x, cache=make_cache(attention, T)), attention(x))


def test_storage_is_made_as_asked():
    cache = KVCache(B, H_KV, T_MAX, D, dtype=torch.bfloat16, device="meta")
    assert cache.keys.dtype == cache.values.dtype == torch.bfloat16
    assert cache.keys.device.type == cache.values.device.type == "meta"
    assert KVCache(B, H_KV, T_MAX, D).keys.dtype == torch.get_default_dtype()


def test_print_names_the_sizes(cache):
    cache.append(*kv(4))
    assert repr(cache) == (
        "KVCache(batch_size=3, num_kv_heads=2, d_head=11, length=4, max_length=17, "
        "dtype=torch.float64)"
    )

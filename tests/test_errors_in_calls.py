"""A call that fails, fails before anything is written: the cache stays as it was."""

import pytest
import torch

from mha_book import MultiHeadAttention
from mha_book.positions import RotaryEmbedding
from tests.builders import FLOAT_KEEP, error_table, make_cache, says

pytestmark = pytest.mark.usefixtures("unchecked")

zeros = torch.zeros
D_MODEL = 12
LAYER = {"num_heads": 6, "num_kv_heads": 2}


def layer_and_cache(**options):
    """A layer, and a cache with room for five tokens that holds three."""
    layer = MultiHeadAttention(D_MODEL, **LAYER)
    cache = make_cache(layer, 5, dtype=torch.float32, **options)
    cache.append(torch.randn(3, 2, 3, 2), torch.randn(3, 2, 3, 2))
    return layer, cache


def leaves_untouched(call, cache, error, message):
    before = cache.length, cache.keys.clone(), cache.values.clone()
    says(call, error, message)
    assert cache.length == before[0]
    assert torch.equal(cache.keys, before[1])
    assert torch.equal(cache.values, before[2])


CALLS = {
    "x has shape (5, 12), expected (B, T, d_model=12)": {"x": (5, 12)},
    "x has shape (12,), expected (B, T, d_model=12)": {"x": (12,)},
    "x has shape (3, 1, 11), expected (B, T, d_model=12)": {"x": (3, 1, 11)},
    "context has shape (3, 3, 11), expected (B, T, d_model=12)": {"context": (3, 3, 11)},
    "context has shape (12,), expected (B, T, d_model=12)": {"context": (12,)},
    "context has 2 sequences, but x has 3": {"context": (2, 3, 12)},
    "keep has shape (1, 5), which does not broadcast to the scores "
    "(..., H, T_q, T_k)=(3, 6, 1, 4)": {"keep": zeros(1, 5).bool()},
    "bias has shape (4, 1, 4), which does not broadcast to the scores "
    "(..., H, T_q, T_k)=(3, 6, 1, 4)": {"bias": zeros(4, 1, 4)},
    "keep has shape (4,), which does not broadcast to the scores (..., H, T_q, T_k)=(3, 6, 1, 3)": {
        "context": (3, 3, 12),
        "keep": zeros(4).bool(),
    },
    "the cache holds 3 of max_length=5 tokens: 3 more do not fit": {"x": (3, 3, 12)},
    "context needs keys of shape (B, H_kv, T, d)=(3, 2, 4, 2), but the cache holds (3, 2, 3, 2)": {
        "context": (3, 4, 12)
    },
    "k has shape (2, 2, 1, 2), but the cache takes (3, 2, T, 2)": {"x": (2, 1, 12)},
}


@pytest.mark.parametrize(("message", "change"), list(CALLS.items()), ids=CALLS)
def test_a_failed_call_leaves_the_cache_as_it_was(message, change):
    layer, cache = layer_and_cache()
    change = {"x": (3, 1, 12)} | change
    inputs = {name: torch.randn(s) if isinstance(s, tuple) else s for name, s in change.items()}
    leaves_untouched(lambda: layer(**inputs, cache=cache), cache, ValueError, message)


def test_a_float_mask_leaves_the_cache_as_it_was():
    layer, cache = layer_and_cache()
    x, keep = zeros(3, 1, D_MODEL), zeros(1, 4)
    leaves_untouched(lambda: layer(x, keep=keep, cache=cache), cache, TypeError, FLOAT_KEEP)


@pytest.mark.parametrize("B", [1, 2])
def test_a_cache_filled_from_another_batch_is_refused(B):
    """Also a batch of one, which would broadcast and come back as a batch of three."""
    layer, cache = layer_and_cache()
    x, context = zeros(B, 1, D_MODEL), zeros(B, 3, D_MODEL)
    with pytest.raises(ValueError, match=rf"\b{B}\b"):
        layer(x, context, cache=cache)


def test_a_cache_of_other_heads_is_refused():
    """Two key-value heads for a layer that has one: it would read what another layer wrote."""
    _, cache = layer_and_cache()
    layer = MultiHeadAttention(D_MODEL, num_heads=6, num_kv_heads=1)
    with pytest.raises(ValueError, match=r"heads|shape"):
        layer(zeros(3, 1, D_MODEL), zeros(3, 3, D_MODEL), cache=cache)


@pytest.mark.parametrize(
    ("k", "v", "message"),
    [
        ((3, 2, 3, 2), (3, 2, 3, 2), "the cache holds 3 of max_length=5 tokens: 3 more do not fit"),
        ((3, 2, 1, 2), (3, 2, 2, 2), "k has 1 tokens but v has 2"),
        ((3, 1, 1, 2), (3, 2, 1, 2), "k has shape (3, 1, 1, 2), but the cache takes (3, 2, T, 2)"),
        ((3, 2, 1, 2), (3, 2, 1, 9), "v has shape (3, 2, 1, 9), but the cache takes (3, 2, T, 2)"),
        ((2, 1, 2), (3, 2, 1, 2), "k has shape (2, 1, 2), but the cache takes (3, 2, T, 2)"),
    ],
)
def test_a_failed_append_leaves_the_cache_as_it_was(k, v, message):
    _, cache = layer_and_cache()
    leaves_untouched(lambda: cache.append(zeros(k), zeros(v)), cache, ValueError, message)


def test_a_cache_takes_one_type_of_numbers():
    _, cache = layer_and_cache()
    k, v = zeros(3, 2, 1, 2), zeros(3, 2, 1, 2).double()
    message = "v is torch.float64, but the cache stores torch.float32"
    leaves_untouched(lambda: cache.append(k, v), cache, ValueError, message)


@error_table(
    {
        "length=4 must lie between 0 and 3": lambda: layer_and_cache()[1].truncate(4),
        "length=-1 must lie between 0 and 3": lambda: layer_and_cache()[1].truncate(-1),
        "context needs keys of shape (B, H_kv, T, d)=(3, 2, 2, 2), "
        "but the cache holds (3, 2, 3, 2)": lambda: layer_and_cache()[1].recall(3, 2, 2, 2),
        "index has shape (2,), expected (3,)": lambda: layer_and_cache()[1].reorder(
            torch.tensor([0, 1])
        ),
    }
)
def test_a_cache_states_the_numbers_that_do_not_fit(call, message):
    says(call, ValueError, message)


def test_rotary_layers_have_no_cross_attention():
    layer = MultiHeadAttention(12, 3, rotary=RotaryEmbedding(4))
    message = "context was given, but rotary positions are for self-attention only"
    x = zeros(1, 2, 12)
    says(lambda: layer(x, x), ValueError, message)
    says(lambda: layer.weights(x, x), ValueError, message)


def test_weights_of_a_layer_check_their_input():
    message = "x has shape (1, 2, 11), expected (B, T, d_model=12)"
    says(lambda: MultiHeadAttention(12, 3).weights(zeros(1, 2, 11)), ValueError, message)

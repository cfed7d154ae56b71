"""``causal=True``: the future is hidden whichever of the kernels, masks and caches is in use."""

import pytest
import torch

from mha_book import DecoderLayer, EncoderLayer, FeedForward
from mha_book import attention_weights as weights
from mha_book import scaled_dot_product_attention as attention
from tests import oracles
from tests.builders import (
    HEADS,
    T_K,
    B,
    T,
    close,
    in_steps,
    make_attention,
    make_cache,
    randn,
    randomised,
    same_values_and_gradients,
    says,
)

H, D, D_V = 6, 11, 13
QUERIES = [1, 2, T, T_K]
MASKS = {
    "alone": {},
    "keep": {"keep": torch.rand(B, H, 1, T_K, generator=torch.Generator().manual_seed(5)) < 0.6},
    "bias": {"bias": torch.linspace(-2, 2, T_K)},
    "both": {"keep": oracles.padding([7, 4, 2], T_K), "bias": torch.linspace(-2, 2, T_K)},
}


def qkv(H_kv: int, T_q: int) -> list[torch.Tensor]:
    shapes = (B, H, T_q, D), (B, H_kv, T_K, D), (B, H_kv, T_K, D_V)
    return [randn(shape).requires_grad_() for shape in shapes]


@pytest.mark.formula("eq-causal-mask")
@pytest.mark.parametrize("T_q", QUERIES)
@pytest.mark.parametrize("H_kv", [6, 2, 1])
@pytest.mark.parametrize("options", MASKS.values(), ids=MASKS)
def test_it_is_the_causal_mask_beside_the_others(options, H_kv, T_q):
    q, k, v = qkv(H_kv, T_q)
    past = oracles.causal(T_q, T_K)
    explicit = options | {"keep": past & options["keep"] if "keep" in options else past}
    close(weights(q, k, causal=True, **options), oracles.attention_weights(q, k, **explicit))
    actual = attention(q, k, v, causal=True, **options)
    same_values_and_gradients(actual, oracles.attention(q, k, v, **explicit), (q, k, v))


@pytest.mark.parametrize("width", [D, T])  # T: as wide as there are queries
def test_without_a_batch_axis(width):
    q, k, v = randn(H, T, width), randn(H, T_K, width), randn(H, T_K, D_V)
    batch = oracles.attention(q[None], k[None], v[None], oracles.causal(T, T_K))
    close(attention(q, k, v, causal=True), batch[0])


@pytest.mark.parametrize("T_q", QUERIES)
def test_later_keys_and_values_change_nothing(T_q):
    q, k, v = (x.detach() for x in qkv(2, T_q))
    before = attention(q, k, v, causal=True)
    for i in range(T_q):
        seen = T_K - T_q + i + 1
        k_other, v_other = k.clone(), v.clone()
        k_other[..., seen:, :], v_other[..., seen:, :] = 17.0, 1e6
        after = attention(q, k_other, v_other, causal=True)
        close(after[..., : i + 1, :], before[..., : i + 1, :])
        assert seen == T_K or not torch.allclose(after[..., -1, :], before[..., -1, :])


def test_without_another_mask_the_kernel_is_told_and_no_mask_is_made(monkeypatch):
    def refuse(*sizes, **options):
        raise AssertionError("a mask was made")

    monkeypatch.setattr("mha_book.masks.causal", refuse)
    q, k, v = qkv(2, T_K)
    attention(q, k, v, causal=True)
    attention(q[..., -1:, :], k, v, causal=True)
    with pytest.raises(AssertionError, match="a mask was made"):
        attention(q[..., -2:, :], k, v, causal=True)


@pytest.mark.parametrize("compute", [weights, lambda q, k, **o: attention(q, k, k, **o)])
def test_more_queries_than_keys_are_refused(compute):
    q, k, _ = qkv(2, T_K)
    with pytest.raises(ValueError, match="T_k=5 is smaller than T_q=7"):
        compute(q, k[..., :T, :], causal=True)


@pytest.mark.parametrize("heads", HEADS)
@pytest.mark.parametrize("rotary", [False, True])
def test_a_module_in_steps_is_the_module_at_once(heads, rotary):
    layer = make_attention(HEADS[heads], rotary=rotary)
    x = randn(B, T, layer.d_model)
    cache, outputs = make_cache(layer, T), []
    for chunk in x.split([2, 1, 2], dim=1):
        outputs.append(layer(chunk, causal=True, cache=cache))
    close(torch.cat(outputs, dim=1), layer(x, causal=True))
    close(layer(x, causal=True), in_steps(layer, x, None, oracles.causal(T, T), [T]))
    close(layer.weights(x, causal=True), layer.weights(x, keep=oracles.causal(T, T)))


@pytest.mark.usefixtures("unchecked")
def test_a_context_has_no_order_to_keep():
    layer = make_attention(HEADS["gqa"])
    x = randn(B, T, layer.d_model)
    message = "context was given, but causal=True orders the tokens of x alone"
    says(lambda: layer(x, x, causal=True), ValueError, message)
    says(lambda: layer.weights(x, x, causal=True), ValueError, message)


@pytest.mark.parametrize("order", ["pre", "post"])
def test_layers_hand_it_to_their_self_attention(order):
    d_model = HEADS["gqa"].d_model
    first, second = make_attention(HEADS["gqa"]), make_attention(HEADS["gqa"])
    parts = FeedForward(d_model, 7)
    x, memory, keep = randn(B, T, d_model), randn(B, T_K, d_model), oracles.causal(T, T)
    encoder = randomised(EncoderLayer(first, parts, order=order))
    close(encoder(x, causal=True), encoder(x, keep=keep))
    assert not torch.allclose(encoder(x, causal=True), encoder(x))
    decoder = randomised(DecoderLayer(first, second, parts, order=order))
    close(decoder(x, memory, causal=True), decoder(x, memory, keep=keep))
    assert not torch.allclose(decoder(x, memory, causal=True), decoder(x, memory))

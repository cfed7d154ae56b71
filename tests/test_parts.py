"""Parts that a config asks for: embedding, first weights, caches."""

import math

import pytest
import torch
from torch import nn

from mha_book import LanguageModel, Transformer, TransformerConfig, parts
from mha_book.parts import TokenEmbedding, encoder_layer, initialise, waves
from mha_book.positions import sinusoidal
from tests import oracles
from tests.builders import B, T, close

V, D = 23, 26
SIZES = {"d_model": D, "num_heads": 2}


def embedding(**changes: object) -> TokenEmbedding:
    config = TransformerConfig(V, **{**SIZES, "dropout": 0.0, **changes})
    return TokenEmbedding(config, nn.Embedding(V, D)).double()


# --- embedding -----------------------------------------------------------------------------------


@pytest.mark.parametrize("offset", [0, 3])
@pytest.mark.parametrize("scaled", [True, False])
def test_an_embedding_is_a_scaled_row_and_a_wave(scaled, offset):
    module, tokens = embedding(scale_embeddings=scaled), torch.randint(V, (B, T))
    rows = oracles.sinusoidal(offset + T, D)[offset:]
    factor = math.sqrt(D) if scaled else 1.0
    close(module(tokens, offset=offset), factor * module.table.weight[tokens] + rows)


def test_learned_positions_are_added():
    module, tokens = embedding(positions="learned", max_length=11), torch.randint(V, (B, T))
    rows = module.learned.weight[4 : 4 + T]
    close(module(tokens, offset=4), math.sqrt(D) * module.table.weight[tokens] + rows)


def test_rotary_positions_add_nothing():
    changes = {"d_model": 28, "num_heads": 2, "positions": "rotary", "scale_embeddings": False}
    config = TransformerConfig(V, **changes)
    module, tokens = TokenEmbedding(config, nn.Embedding(V, 28)).eval(), torch.randint(V, (B, T))
    assert torch.equal(module(tokens), module.table.weight[tokens])


def test_the_sum_is_dropped_out_in_training():
    module, tokens = embedding(dropout=0.5), torch.randint(V, (B, T))
    kept = module.eval()(tokens)
    dropped = module.train()(tokens)
    zero = dropped == 0
    assert 0.3 < zero.double().mean() < 0.7
    close(dropped[~zero], 2 * kept[~zero])


@pytest.mark.parametrize("offset", [1, 6])
def test_waves_may_begin_later(offset):
    close(
        sinusoidal(T, 6, offset=offset, dtype=torch.float64),
        oracles.sinusoidal(offset + T, 6)[offset:],
    )


@pytest.mark.parametrize("T", [0, 1, 2, 3, 4, 5, 8, 9, 31, 33])
def test_a_table_of_waves_reaches_as_far_as_is_asked(T):
    table = waves(T, 6, torch.float64, torch.device("cpu"))
    assert T <= len(table) <= max(1, 2 * T - 1)
    close(table, oracles.sinusoidal(len(table), 6))


def test_a_compiled_graph_makes_its_waves_itself(monkeypatch):
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    kept = parts._table_of_waves.cache_info()
    close(waves(5, 6, torch.float64, torch.device("cpu")), oracles.sinusoidal(8, 6))
    assert parts._table_of_waves.cache_info() == kept


def test_steps_of_decoding_share_their_waves():
    tables = [waves(T, D, torch.float64, torch.device("cpu")) for T in range(17, 33)]
    assert all(table is tables[0] for table in tables)


def test_waves_of_decoding_serve_training_too():
    parts._table_of_waves.cache_clear()
    module, tokens = embedding(), torch.randint(V, (B, T))
    with torch.inference_mode():
        expected = module(tokens)
    found = module(tokens)
    assert torch.equal(found, expected)
    found.square().sum().backward()
    rows = module.table.weight.grad.abs().sum(dim=1).nonzero()[:, 0]
    assert torch.equal(rows, tokens.unique())


def test_whole_numbers_of_either_width_are_tokens():
    model = LanguageModel(TransformerConfig(V, **SIZES)).eval()
    tokens = torch.randint(V, (B, T))
    assert torch.equal(model(tokens.int()), model(tokens))


# --- first weights -------------------------------------------------------------------------------


def test_first_weights_are_drawn_as_stated():
    config = TransformerConfig.tiny(500, tie_embeddings=False, activation="swiglu")
    model = Transformer(config)
    for module in model.modules():
        if isinstance(module, nn.Linear):
            bound = math.sqrt(6 / (module.in_features + module.out_features))
            assert module.weight.abs().max() <= bound
            assert module.weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.05)
            assert not module.bias.any()
        elif isinstance(module, nn.Embedding):
            assert module.weight.std().item() == pytest.approx(128**-0.5, rel=0.05)
        elif isinstance(module, nn.LayerNorm):
            assert (module.weight == 1).all()
            assert not module.bias.any()


def test_embeddings_and_logits_start_with_numbers_of_size_one():
    model = Transformer(TransformerConfig.tiny(500)).eval()
    src, tgt = torch.randint(500, (2, 31)), torch.randint(500, (2, 29))
    scaled = model.encoder.embedding.scale * model.output.weight
    assert scaled.std().item() == pytest.approx(1, rel=0.05)
    assert 0.5 < model(src, tgt).std() < 2


def test_a_model_is_drawn_anew_in_all_its_parameters():
    config = TransformerConfig(V, **SIZES, positions="learned", max_length=7, norm="rms")
    model = LanguageModel(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(math.nan)
    initialise(model)
    assert all(p.isfinite().all() for p in model.parameters())


# --- layers --------------------------------------------------------------------------------------


def test_a_layer_has_the_parts_that_its_config_names():
    changes = {"norm": "rms", "norm_eps": 0.3, "activation": "swiglu", "order": "pre"}
    layer = encoder_layer(TransformerConfig(V, **SIZES, **changes, d_ff=11, bias=False))
    norm = layer.feed_forward_residual.norm
    assert isinstance(norm, nn.RMSNorm)
    assert norm.eps == 0.3
    assert layer.attention_residual.order == "pre"
    assert layer.feed_forward.gate_proj.weight.shape == (11, D)
    assert not [name for name, _ in layer.named_parameters() if name.endswith("bias")]


def test_rotary_positions_turn_self_attention_alone():
    config = TransformerConfig(V, d_model=28, num_heads=2, positions="rotary", rotary_base=7.0)
    layer = Transformer(config).decoder.layers[0]
    assert layer.self_attention.rotary.base == 7.0
    assert layer.cross_attention.rotary is None

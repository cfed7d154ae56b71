"""Greedy and beam search against Marian's ``generate``, with one set of weights."""

from functools import partial

import pytest
import torch
from transformers import MarianConfig, MarianMTModel

from mha_book.decoding import SpecialTokens, beam, greedy, length_penalty
from mha_book.positions import sinusoidal
from tests import weights
from tests.decoding import oracles
from tests.decoding.cases import KEEP, LIMIT, V, batch, ends

POSITIONS, D_MODEL, H = 13, 84, 6


def marian(ours, eos: int) -> MarianMTModel:
    theirs = MarianMTModel(
        MarianConfig(
            vocab_size=V,
            d_model=D_MODEL,
            encoder_layers=3,
            decoder_layers=2,
            encoder_attention_heads=H,
            decoder_attention_heads=H,
            encoder_ffn_dim=17,
            decoder_ffn_dim=17,
            max_position_embeddings=POSITIONS,
            activation_function="relu",
            scale_embedding=True,
            pad_token_id=0,
            eos_token_id=eos,
            forced_eos_token_id=None,
            decoder_start_token_id=1,
            bad_words_ids=[[0], [1]],
        )
    )
    theirs.double().eval()
    table = sinusoidal(POSITIONS, D_MODEL, dtype=torch.float64)
    theirs.load_state_dict(weights.marian(ours, table))
    return theirs


def answers(theirs: MarianMTModel, tokens: torch.Tensor, eos: int, **options) -> list[tuple]:
    found = theirs.generate(
        input_ids=tokens,
        attention_mask=KEEP.long(),
        max_new_tokens=LIMIT,
        do_sample=False,
        bad_words_ids=[[0], [1]],
        decoder_start_token_id=1,
        pad_token_id=0,
        eos_token_id=eos,
        **options,
    )
    rows = [row[1:] for row in found.tolist()]
    return [tuple(row[: row.index(eos) + 1] if eos in row else row) for row in rows]


@pytest.mark.parametrize("nth", range(4))
def test_greedy_search_is_that_of_marian(nth):
    model, tokens = oracles.translator(), batch()
    eos = ends(model, tokens)[nth]
    found = greedy(model, tokens, KEEP, special=SpecialTokens(eos=eos), max_new_tokens=LIMIT)
    assert [a.tokens for a in found] == answers(marian(model, eos), tokens, eos, num_beams=1)


@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.0])
@pytest.mark.parametrize("width", [2, 5])
def test_beam_search_is_that_of_marian(width, alpha):
    model, tokens = oracles.translator(), batch()
    eos = ends(model, tokens)[1]
    found = beam(
        model,
        tokens,
        KEEP,
        special=SpecialTokens(eos=eos),
        max_new_tokens=LIMIT,
        width=width,
        penalty=partial(length_penalty, alpha=alpha),
    )
    options = {"num_beams": width, "length_penalty": alpha, "early_stopping": True}
    assert [a.tokens for a in found] == answers(marian(model, eos), tokens, eos, **options)

"""A state is the model without a cache, whatever becomes of its rows; it copies what it must."""

import pytest
import torch

from mha_book.decoding import LanguageState, State, TranslationState
from tests.builders import close
from tests.decoding import oracles
from tests.decoding.cases import KEEP, batch

CHOICES = [[0, 1, 2], [2, 0, 1], [1], [0, 0, 1, 1, 2], [2, 2, 2]]
choices = pytest.mark.parametrize("rows", CHOICES, ids=str)


def contents(state: State) -> list[int]:
    """Where the state keeps what it knows of the target."""
    return [cache.keys.data_ptr() for cache in state.cache.own]


@choices
@torch.no_grad()
def test_a_translation_goes_on_with_the_rows_chosen(rows):
    model, src, index = oracles.translator(), batch(), torch.tensor(rows)
    tgt = torch.randint(3, 23, (3, 2))
    state = TranslationState(model, src, KEEP, max_length=5)
    assert isinstance(state, State)
    close(state.feed(tgt), model(src, tgt, src_keep=KEEP)[:, -1])
    state.select(index)
    more = torch.randint(3, 23, (len(rows), 1))
    whole = torch.cat([tgt[index], more], dim=1)
    close(state.feed(more), model(src[index], whole, src_keep=KEEP[index])[:, -1])
    state.select(torch.tensor([0]))
    more = torch.cat([whole[:1], more[:1]], dim=1)
    close(state.feed(more[:, -1:]), model(src[index][:1], more, src_keep=KEEP[index][:1])[:, -1])


@choices
@torch.no_grad()
def test_a_text_goes_on_with_the_rows_chosen(rows):
    model, tokens, index = oracles.language_model("modern"), batch(), torch.tensor(rows)
    state = LanguageState(model, batch_size=3, max_length=6)
    assert isinstance(state, State)
    close(state.feed(tokens), model(tokens)[:, -1])
    state.select(index)
    more = torch.randint(3, 23, (len(rows), 1))
    close(state.feed(more), model(torch.cat([tokens[index], more], dim=1))[:, -1])


@torch.no_grad()
def test_nothing_is_copied_without_need():
    state = TranslationState(oracles.translator(), batch(), None, max_length=5)
    state.feed(torch.ones(3, 1, dtype=torch.long))
    own, memory = contents(state), state.memory
    state.feed(torch.ones(3, 1, dtype=torch.long))
    state.select(torch.arange(3))
    assert contents(state) == own
    state.select(torch.tensor([0, 0, 1, 1]))
    other = [cache.keys.data_ptr() for cache in state.cache.memory]
    assert state.memory is not memory
    memory, own = state.memory, contents(state)
    state.select(torch.tensor([1, 0, 3, 3]))
    assert state.memory is memory, "hypotheses changed places within their sentence"
    assert [cache.keys.data_ptr() for cache in state.cache.memory] == other
    assert contents(state) == own, "as many rows fit the storage that is there"


@torch.no_grad()
def test_a_mask_that_hides_nothing_is_none():
    model, src, tgt = oracles.translator(), batch(), torch.ones(3, 1, dtype=torch.long)
    states = [TranslationState(model, src, keep, 1) for keep in (None, KEEP | True, KEEP)]
    assert [state.keep is None for state in states] == [True, True, False]
    plain, whole, padded = (state.feed(tgt) for state in states)
    assert torch.equal(plain, whole)
    assert not torch.equal(plain, padded)


def test_autocast_decides_the_type_of_the_cache():
    model, src = oracles.translator().float(), batch()
    with torch.autocast("cpu", torch.bfloat16), torch.no_grad():
        assert TranslationState(model, src, None, 3).cache.own[0].keys.dtype == torch.bfloat16
    with torch.no_grad():
        assert TranslationState(model, src, None, 3).cache.own[0].keys.dtype == torch.float32

"""Wrong requests are told before a model runs."""

import pytest
import torch

from mha_book.decoding import Generated, SpecialTokens, beams, greedy, sample
from tests.builders import error_table, says
from tests.decoding import oracles
from tests.decoding.cases import KEEP, batch

pytestmark = pytest.mark.usefixtures("unchecked")


def translate(tokens=None, keep=None, search=greedy, kind="paper", **options):
    tokens = batch() if tokens is None else tokens
    return search(oracles.translator(kind), tokens, keep, **options)


def go_on(tokens=None, keep=None, search=greedy, kind="paper", **options):
    tokens = batch() if tokens is None else tokens
    return search(oracles.language_model(kind), tokens, keep, **options)


def training():
    return greedy(oracles.language_model().train(), batch())


@error_table(
    {
        "tokens has shape (5,), expected (B, T)": lambda: translate(batch()[0]),
        "keep has shape (3, 4), expected (B, T)=(3, 5)": lambda: translate(keep=KEEP[:, :4]),
        "tokens have shape (3, 0): every row needs at least one token": lambda: translate(
            batch()[:, :0]
        ),
        "the model is in training mode, with dropout: call model.eval() first": training,
        "eos=23 is not in the vocabulary, 0 to 22": lambda: go_on(special=SpecialTokens(eos=23)),
        "pad=-1 is not in the vocabulary, 0 to 22": lambda: go_on(special=SpecialTokens(pad=-1)),
        "bos=29 is not in the vocabulary, 0 to 22": lambda: translate(
            special=SpecialTokens(bos=29)
        ),
        "bos=None, but a translation begins with this token": lambda: translate(
            special=SpecialTokens(bos=None)
        ),
        "max_new_tokens=0 must be at least 1": lambda: translate(max_new_tokens=0),
        "max_new_tokens=-2 must be at least 1": lambda: go_on(
            max_new_tokens=torch.tensor([3, -2, 1])
        ),
        "max_new_tokens has shape (2,), expected (3,)": lambda: go_on(
            max_new_tokens=torch.tensor([3, 2])
        ),
        "a prompt is not padded on the right: in keep, True follows False": lambda: go_on(
            keep=KEEP.flip(1)
        ),
        "prompt 1 is empty: give it at least one token": lambda: go_on(
            keep=torch.arange(5) < torch.tensor([[3], [0], [5]])
        ),
        "5 given and 10 new tokens need up to 14 positions, but the model learned max_length=13": (
            lambda: go_on(kind="learned", max_new_tokens=10)
        ),
        "1 given and 14 new tokens need up to 14 positions, but the model learned max_length=13": (
            lambda: translate(kind="learned", max_new_tokens=14)
        ),
    }
)
def test_wrong_values_are_told(call, message):
    says(call, ValueError, message)


@pytest.mark.parametrize("search", [greedy, sample, beams])
def test_wrong_types_are_told(search):
    message = "tokens is torch.float32, expected torch.int64 or torch.int32"
    says(lambda: go_on(batch().float(), search=search), TypeError, message)
    message = "keep is torch.int64, expected torch.bool, True where a token is real"
    says(lambda: translate(keep=KEEP.long(), search=search), TypeError, message)


def test_all_learned_positions_may_be_used():
    """The last token is fed to nobody, so 13 positions are enough for 5 and 9 tokens."""
    special = SpecialTokens(pad=None, bos=None, eos=22)
    found = go_on(kind="learned", max_new_tokens=9, special=special)
    assert all(len(answer.tokens) == 9 or answer.stopped == "end" for answer in found)


def test_an_answer_adds_up():
    assert Generated((5, 2), (-0.5, -0.25), "end").log_prob == -0.75

"""Corpora and models so small that an experiment takes a second."""

from functools import cache
from typing import Any

from mha_book.data import corpora
from mha_book.data.corpus import Corpus
from mha_book.training.task import Task

MODEL = {"d_model": 8, "num_heads": 2, "d_ff": 11, "encoder_layers": 1, "decoder_layers": 1}
CHANGES = {**MODEL, "vocabulary": 500, "max_tokens": 200, "device": "cpu"}


@cache
def _toy() -> Corpus:
    return corpora.load("toy", train=200)


def load(name: str, *, source: str = "en", train: int | None = None) -> Corpus:
    """A corpus of that name and those languages whose sentences are the toy's, and few."""
    one, other, licence = corpora.CORPORA[name]
    size = {"train": 200}
    splits = {k: pairs[: size.get(k, 5)] for k, pairs in _toy().splits.items()}
    if name != "toy":
        splits = {k: splits[k] for k in ("train", "valid", "test")}
    corpus = Corpus(name, one, other, licence, splits)
    return corpus if source == one else corpus.reversed()


def tiny_task(**changes: Any) -> Task:
    """English to German in a few steps."""
    few = {"steps": 3, "cooldown": 0.0, "evaluate_every": None}
    return Task.new("multi30k", **{**CHANGES, **few, **changes})

"""From the name of a corpus to a run: recipes, changes to them, and what a checkpoint remembers."""

import json
from pathlib import Path

import pytest

from mha_book.checkpoint import CheckpointError, write
from mha_book.data.corpora import CORPORA
from mha_book.data.tokenizer import Tokenizer
from mha_book.data.tokenizer_pair import Tokenizers
from mha_book.training import Output
from mha_book.training.recipes import RECIPES
from mha_book.training.task import Data, Task
from tests.builders import says

SMALL = {"pairs": 300, "d_model": 16, "steps": 2, "device": "cpu", "evaluate_every": 99}


def test_every_corpus_has_a_recipe():
    assert RECIPES.keys() == CORPORA.keys()
    words = Tokenizer.words(["a b"])
    for recipe in RECIPES.values():
        one = recipe.config(Tokenizers(words, words))
        assert (one.vocabulary, one.source_vocabulary, one.order) == (6, None, "pre")
        two = recipe.config(Tokenizers(Tokenizer.words(["a"]), words))
        assert (two.vocabulary, two.source_vocabulary) == (6, 5)


def test_changes_find_their_place():
    task = Task.new("toy", "zh", **SMALL, dropout=0.25, vocabulary=77)
    assert task.data == Data("toy", "zh", 300, 77)
    assert (task.settings.steps, task.settings.peak_lr) == (2, RECIPES["toy"].settings.peak_lr)
    assert (task.config.d_model, task.config.dropout) == (16, 0.25)
    assert len(task.corpus.splits["train"]) == 300
    assert len(task.tokenizers.target) == task.config.vocabulary


def test_changes_without_a_place_are_refused():
    message = "^source_vocabulary, lr: there is no such setting; there are activation, "
    with pytest.raises(ValueError, match=message):
        Task.new("toy", source_vocabulary=5, lr=1e-3)
    message = "data='novel' is no corpus, expected one of toy, tatoeba, multi30k"
    says(lambda: Task.new("novel"), ValueError, message)


def test_a_checkpoint_remembers_the_task(tmp_path: Path):
    task = Task.new("toy", **SMALL, num_heads=2)
    history = task.run(Output(tmp_path, extra=task.extra), quiet=True)
    assert history.of("evaluate")[0].keys() >= {"valid_loss", "bleu", "chrf", "exact", "signature"}
    path = Output(tmp_path, resume=True).start
    again = Task.of(path, steps=9)
    assert (again.data, again.config) == (task.data, task.config)
    assert again.settings.to_dict() == {**task.settings.to_dict(), "steps": 9}
    assert again.tokenizers.source.json == task.tokenizers.source.json
    assert again.corpus == task.corpus
    message = "a run that is resumed has its model and data: d_model, pairs cannot change"
    says(lambda: Task.of(path, d_model=8, pairs=3), ValueError, message)


def test_the_seed_decides_the_first_weights():
    losses = [
        Task.new("toy", **SMALL, seed=seed).run(quiet=True).of("train")[0]["loss"]
        for seed in (3, 3, 4)
    ]
    assert losses[0] == losses[1] != losses[2]


def test_a_checkpoint_that_says_nothing_of_its_data_is_named(tmp_path: Path):
    write(tmp_path / "one", {"about.json": json.dumps({"step": 1}).encode()})
    message = f"{tmp_path}/one has no data.json, so nothing says what it learnt from"
    says(lambda: Task.of(tmp_path / "one"), CheckpointError, message)

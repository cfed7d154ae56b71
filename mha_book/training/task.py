"""From the name of a corpus to a training run, and back from its checkpoint."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import torch

from mha_book.checkpoint import CheckpointError, read
from mha_book.config import TransformerConfig
from mha_book.data.corpora import CORPORA, load
from mha_book.data.corpus import Corpus
from mha_book.data.tokenizer_pair import Tokenizers, train_tokenizers
from mha_book.training.evaluation import Evaluation
from mha_book.training.journal import Journal
from mha_book.training.loop import train
from mha_book.training.output import Output
from mha_book.training.recipes import RECIPES
from mha_book.training.settings import Settings
from mha_book.transformer import Transformer
from mha_book.translator import Translator, tokenizers_of

__all__ = ["Data", "Task"]


@dataclass(frozen=True)
class Data:
    """Which text a model learns, as it is noted in each checkpoint.

    Attributes:
        name: "toy", "tatoeba" or "multi30k".
        source: language to translate from.
        pairs: number of training pairs; None for all.
        vocabulary: number of tokens aimed at.
    """

    name: str
    source: str = "en"
    pairs: int | None = None
    vocabulary: int = 8_000

    def load(self) -> Corpus:
        """The corpus.

        Raises:
            ValueError: there is no such corpus or language.
            DataError: a file is damaged, or can be had nowhere.
        """
        return load(self.name, source=self.source, train=self.pairs)

    @classmethod
    def of(cls, checkpoint: Path) -> "Data":
        """What a checkpoint says of its data.

        Raises:
            CheckpointError: it is damaged, or says nothing.
        """
        files = read(checkpoint)
        if "data.json" not in files:
            raise CheckpointError(
                f"{checkpoint} has no data.json, so nothing says what it learnt from"
            )
        return cls(**json.loads(files["data.json"]))


@dataclass(frozen=True)
class Task:
    """Everything that a training run needs.

    Attributes:
        data: which text, by name.
        corpus: the text itself.
        tokenizers: how it is cut into tokens.
        config: which model.
        settings: how it is trained.

    >>> task = Task.new("toy", pairs=500, d_model=16, steps=2, device="cpu")
    >>> task.config.d_model, task.settings.steps
    (16, 2)
    """

    data: Data
    corpus: Corpus
    tokenizers: Tokenizers
    config: TransformerConfig
    settings: Settings

    @classmethod
    def new(cls, name: str, source: str = "en", **changes: Any) -> "Task":
        """The recipe of a corpus, with changes to its ``Settings``, its model or its ``Data``.

        Raises:
            ValueError: there is no such corpus, a name is unknown, or a value is out of range.
            DataError: a file of the corpus is damaged, or can be had nowhere.
        """
        if name not in RECIPES:
            raise ValueError(f"data={name!r} is no corpus, expected one of {', '.join(CORPORA)}")
        recipe = RECIPES[name]
        mine, model, rest = _sorted(changes)
        data = replace(Data(name, source, recipe.pairs, recipe.vocabulary), **rest)
        settings = Settings.from_dict({**recipe.settings.to_dict(), **mine})
        corpus = data.load()
        tokenizers = train_tokenizers(corpus, data.vocabulary)
        config = replace(recipe, model={**recipe.model, **model}).config(tokenizers)
        return cls(data, corpus, tokenizers, config, settings)

    @classmethod
    def of(cls, checkpoint: Path, **changes: Any) -> "Task":
        """The task that a checkpoint comes from, with changes to settings that may change.

        Raises:
            CheckpointError: it is damaged, or something is missing.
            ValueError: a name is unknown, or is not one of settings.
        """
        data, files = Data.of(checkpoint), read(checkpoint)
        settings, model, rest = _sorted(changes)
        if model or rest:
            names = ", ".join([*model, *rest])
            raise ValueError(f"a run that is resumed has its model and data: {names} cannot change")
        return cls(
            data,
            data.load(),
            tokenizers_of(files),
            TransformerConfig.from_dict(json.loads(files["config.json"])),
            Settings.from_dict({**json.loads(files["settings.json"]), **settings}),
        )

    @property
    def extra(self) -> dict[str, bytes]:
        """What a checkpoint has beside weights and settings: tokenizers and the data's name."""
        return {
            "source.json": self.tokenizers.source.json.encode(),
            "target.json": self.tokenizers.target.json.encode(),
            "data.json": json.dumps(asdict(self.data), indent=2).encode(),
        }

    def run(self, output: Output | None = None, *, quiet: bool = False) -> Journal:
        """Train a new model, or go on with the one that is in ``output``.

        Raises:
            TrainingError: the loss is no number, or infinite.
            CheckpointError: a checkpoint cannot be written, or does not fit.
            ValueError: there is no such device.
        """
        corpus = self.corpus
        torch.manual_seed(self.settings.seed)
        model = Transformer(self.config)
        translator = Translator(model, self.tokenizers)
        evaluate = Evaluation(translator, corpus.splits["valid"], corpus.target_language)
        pairs = self.tokenizers.encode(corpus.splits["train"])
        return train(model, pairs, self.settings, evaluate=evaluate, output=output, quiet=quiet)


def _sorted(changes: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Which changes are of ``Settings``, which of the model, which of ``Data``."""
    kinds: list[type] = [Settings, TransformerConfig, Data]
    known = [{f.name for f in fields(kind)} for kind in kinds]
    known[1] -= {"vocabulary", "source_vocabulary"}  # the tokenizers decide those
    known[2] -= {"name", "source"}
    unknown = [name for name in changes if not any(name in names for names in known)]
    if unknown:
        raise ValueError(
            f"{', '.join(unknown)}: there is no such setting; there are "
            f"{', '.join(sorted(set().union(*known)))}"
        )
    settings, model, data = ({k: v for k, v in changes.items() if k in n} for n in known)
    return settings, model, data

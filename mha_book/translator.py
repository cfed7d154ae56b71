"""A trained model with its tokenizers: text in, text out."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import torch

from mha_book.checkpoint import CheckpointError, Checkpoints, read
from mha_book.data.batches import Batch
from mha_book.data.tokenizer import Tokenizer
from mha_book.data.tokenizer_pair import Tokenizers
from mha_book.decoding import beam, gnmt_penalty, greedy
from mha_book.training.snapshot import load_model
from mha_book.transformer import Transformer

__all__ = ["Translator", "find_checkpoint"]

_MORE = 50  # tokens that a translation may have beyond its source


class Translator:
    """Translates sentences, in batches of about equal lengths.

    A translation may be 50 tokens longer than its source, as in the 2017 paper, section 6.1.

    Args:
        model: the model.
        tokenizers: those it was trained with.
        max_length: how many tokens a sentence may have.
        max_tokens: source tokens, padding counted, that are translated at once.

    >>> from mha_book import TransformerConfig
    >>> lines = ["a red house", "a house"]
    >>> words = Tokenizer.words(lines)
    >>> model = Transformer(TransformerConfig.tiny(len(words)))
    >>> translator = Translator(model, Tokenizers(words, words))
    >>> len(translator.translate([*lines, ""]))
    3
    """

    def __init__(
        self,
        model: Transformer,
        tokenizers: Tokenizers,
        *,
        max_length: int = 1024,
        max_tokens: int = 4096,
    ) -> None:
        self.model, self.tokenizers = model, tokenizers
        self.max_length, self.max_tokens = max_length, max_tokens

    @classmethod
    def load(cls, folder: Path | str, device: torch.device | str = "cpu") -> "Translator":
        """The translator that a training run left: that of its best checkpoint.

        Args:
            folder: of the run, or one of its checkpoints.
            device: where to translate.

        Raises:
            CheckpointError: there is no checkpoint, or it is damaged.
        """
        folder = find_checkpoint(Path(folder))
        files = read(folder)
        try:
            return cls(load_model(files).to(device), tokenizers_of(files))
        except CheckpointError as error:
            raise CheckpointError(f"{folder}: {error}") from error

    def check(self, sentences: Sequence[str]) -> list[list[int]]:
        """The source ids of sentences.

        Raises:
            ValueError: one is too long.
        """
        rows = self.tokenizers.source.encode_all(sentences)
        for number, row in enumerate(rows, start=1):
            if len(row) > self.max_length:
                raise ValueError(
                    f"sentence {number} has {len(row):,} tokens, at most {self.max_length:,} are "
                    "translated at once: split it into sentences, one a line"
                )
        return rows

    def translate(self, sentences: Sequence[str], *, width: int = 1) -> list[str]:
        """Their translations, in their order; an empty sentence stays empty.

        Args:
            sentences: one sentence each.
            width: hypotheses of beam search; 1 for greedy decoding.

        Raises:
            ValueError: a sentence is too long.
        """
        rows = self.check(sentences)
        search = greedy if width == 1 else partial(beam, width=width, penalty=gnmt_penalty)
        device = self.model.output.weight.device
        training = self.model.training
        self.model.eval()
        found = [""] * len(rows)
        for indices in self._groups(rows):
            batch = Batch.of([(rows[i], []) for i in indices]).to(device)
            limits = batch.src_keep.sum(dim=1) + _MORE
            answers = search(self.model, batch.src, batch.src_keep, max_new_tokens=limits)
            for i, answer in zip(indices, answers, strict=True):
                found[i] = self.tokenizers.target.decode(answer.tokens)
        self.model.train(training)
        return found

    def _groups(self, rows: Sequence[Sequence[int]]) -> Iterator[list[int]]:
        """The indices of each batch: sorted by length, so that there is little padding."""
        group: list[int] = []
        for i in sorted((i for i, row in enumerate(rows) if row), key=lambda i: len(rows[i])):
            if group and (len(rows[i]) + 1) * (len(group) + 1) > self.max_tokens:
                yield group
                group = []
            group.append(i)
        if group:
            yield group


def find_checkpoint(folder: Path) -> Path:
    """The best checkpoint of a run's folder; a checkpoint's folder is its own.

    Raises:
        CheckpointError: there is none.
    """
    run = folder / "checkpoints"
    return Checkpoints(run).best() if run.is_dir() or not folder.is_dir() else folder


def tokenizers_of(files: Mapping[str, bytes]) -> Tokenizers:
    """The tokenizers in a checkpoint.

    Raises:
        CheckpointError: it has none.
    """
    try:
        texts = [files[f"{side}.json"].decode() for side in ("source", "target")]
    except KeyError as error:
        raise CheckpointError(f"there is no tokenizer in it, expected {error}") from error
    source, target = map(Tokenizer, texts)
    return Tokenizers(source, source if texts[0] == texts[1] else target)

"""Training runs whose scores are recorded: a task, trained and scored on splits it never saw."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch.optim.swa_utils import AveragedModel

from mha_book import Transformer
from mha_book.checkpoint import read
from mha_book.training import Journal, Output, train
from mha_book.training.evaluation import Evaluation
from mha_book.training.snapshot import load_model
from mha_book.training.task import Task
from mha_book.translator import Translator

#: Scores of translations beside references, in a language.
Scale = Callable[[Sequence[str], Sequence[str], str], dict[str, Any]]


def trained(task: Task, splits: Iterable[str], *, width: int = 1) -> dict[str, Any]:
    """Train a new model; its size, the seconds of its steps, how it learnt, and its scores."""
    translator = fresh(task)
    language = task.corpus.target_language
    on = {
        name: Evaluation(translator, task.corpus.splits[name], language, width=width)
        for name in splits
    }
    pairs = task.tokenizers.encode(task.corpus.splits["train"])
    # Scores on the way, if settings ask for them, are those of the first split, decoded greedily.
    first = Evaluation(translator, task.corpus.splits[next(iter(on))], language)
    history = train(translator.model, pairs, task.settings, evaluate=first, quiet=True)
    stop_if_interrupted(history)
    return {
        **cost(translator, history),
        "on_the_way": list(history.of("evaluate")),
        "scores": {name: evaluation() for name, evaluation in on.items()},
    }


def scored(
    task: Task, folder: Path, *scales: Scale, width: int, average: int = 1, split: str = "test"
) -> dict[str, Any]:
    """Train a new model, or go on with the one in a folder; its cost and its scores on each scale.

    Nothing but steps is on the clock. A run that ended, or was ended by Ctrl-C, goes on if it is
    called for again: with all that it has learnt, to the same weights as if it had never stopped.

    Args:
        task: what is learnt; its settings say when it is saved.
        folder: where its checkpoints are.
        scales: how translations are scored.
        width: hypotheses of beam search.
        average: number of the last checkpoints, of whose weights the mean is scored.
        split: what is translated.
    """
    translator, output = fresh(task), Output(folder, extra=task.extra, resume=True)
    output.checkpoints.keep = average
    pairs = task.tokenizers.encode(task.corpus.splits["train"])
    history = train(translator.model, pairs, task.settings, output=output, quiet=True)
    stop_if_interrupted(history)
    last = output.checkpoints.all()[-average:]
    translator.model = averaged(last).to(translator.model.output.weight.device)
    examples, language = task.corpus.splits[split], task.corpus.target_language
    references = [example.target for example in examples]
    translations = translator.translate([example.source for example in examples], width=width)
    return {
        "seed": task.settings.seed,
        **cost(translator, history),
        "averaged": [path.name for path in last],
        "scores": {scale.__name__: scale(translations, references, language) for scale in scales},
    }


def fresh(task: Task) -> Translator:
    """A model that has learnt nothing, its first weights decided by the seed, with tokenizers."""
    torch.manual_seed(task.settings.seed)
    return Translator(Transformer(task.config), task.tokenizers)


def stop_if_interrupted(history: Journal) -> None:
    """End the program, before anything is scored or recorded, if training was ended by Ctrl-C."""
    if history.of("end")[-1]["reason"] == "interrupt":
        raise SystemExit("interrupted: nothing is recorded")


def cost(translator: Translator, history: Journal) -> dict[str, Any]:
    """How large a model is, how many steps it learnt, and how many seconds these took."""
    [*_, end] = history.of("end")
    return {
        "parameters": sum(p.numel() for p in translator.model.parameters()),
        "steps": end["step"],
        "seconds": round(end["seconds"], 1),
    }


def averaged(checkpoints: Iterable[Path]) -> Transformer:
    """The model whose every weight is the mean of that weight in these checkpoints.

    Source: Vaswani et al. (2017), section 6.1.
    """
    models = [load_model(read(path)) for path in checkpoints]
    average = AveragedModel(models[0])
    for model in models:
        average.update_parameters(model)
    return average.module.eval()


def settled(task: Task, *splits: str) -> dict[str, Any]:
    """What decided a run, and which pairs it is scored on, for its record."""
    return {
        "data": asdict(task.data),
        "settings": task.settings.to_dict(),
        "config": task.config.to_dict(),
        "pairs": {name: len(pairs) for name, pairs in task.corpus.splits.items()},
        "digests": {name: task.corpus.digest(name) for name in splits},
    }

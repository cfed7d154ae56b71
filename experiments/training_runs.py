"""Training runs whose scores are recorded: a task, trained and scored on splits it never saw."""

from collections.abc import Iterable
from typing import Any

import torch

from mha_book import Transformer
from mha_book.training import train
from mha_book.training.evaluation import Evaluation
from mha_book.training.task import Task
from mha_book.translator import Translator


def trained(task: Task, splits: Iterable[str], *, width: int = 1) -> dict[str, Any]:
    """Train a new model; its size, the seconds of its steps, how it learnt, and its scores."""
    torch.manual_seed(task.settings.seed)
    model = Transformer(task.config)
    translator = Translator(model, task.tokenizers)
    language = task.corpus.target_language
    on = {
        name: Evaluation(translator, task.corpus.splits[name], language, width=width)
        for name in splits
    }
    pairs = task.tokenizers.encode(task.corpus.splits["train"])
    # Scores on the way, if settings ask for them, are those of the first split, decoded greedily.
    first = Evaluation(translator, task.corpus.splits[next(iter(on))], language)
    history = train(model, pairs, task.settings, evaluate=first, quiet=True)
    [end] = history.of("end")
    return {
        "parameters": sum(p.numel() for p in model.parameters()),
        "steps": end["step"],
        "seconds": round(end["seconds"], 1),
        "on_the_way": list(history.of("evaluate")),
        "scores": {name: evaluation() for name, evaluation in on.items()},
    }

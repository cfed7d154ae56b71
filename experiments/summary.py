"""The table of training records in README.md, made from ``results/``; a test compares the two.

Print it with ``python -m experiments.summary``.
"""

import json
from collections.abc import Sequence
from statistics import mean
from typing import Any

from experiments import record

_HEAD = ["| Corpus | Model | Training | On the test split |", "|---|---|---|---|"]


def table() -> str:
    """The rows of each training run that is recorded."""
    rows = {
        "train-toy": _toy,
        "curve-multi30k": _curve,
        "train-multi30k": _multi30k,
        "train-tatoeba": _tatoeba,
    }
    paths = {name: record.RESULTS / f"{name}.json" for name in rows}
    found = {name: json.loads(path.read_text()) for name, path in paths.items() if path.exists()}
    return "\n".join([*_HEAD, *(row for name, data in found.items() for row in rows[name](data))])


def _toy(found: dict[str, Any]) -> list[str]:
    runs = found["runs"]
    exact = {
        split: mean(run["scores"][split]["exact"] for run in runs) for split in found["digests"]
    }
    scores = (
        f"{exact['test']:.1%} of the sentences exactly right; {exact['unseen']:.1%} with words in "
        f"unseen company, {exact['longer']:.1%} longer than all of training"
    )
    return [_row("toy, en → zh", runs, scores)]


def _curve(found: dict[str, Any]) -> list[str]:
    points = found["on_the_way"]
    bleu = " / ".join(f"{point['bleu']:.1f}" for point in points)
    seconds = " / ".join(f"{point['seconds']:.0f}" for point in points)
    return [f"| Multi30k, en → de | {_size(found)} | {seconds} s | BLEU {bleu}, greedy |"]


def _multi30k(found: dict[str, Any]) -> list[str]:
    text, tokens = (
        mean(run["scores"][scale]["bleu"]["score"] for run in found["runs"])
        for scale in ("plain", "published")
    )
    scores = f"BLEU {text:.1f}, as lower-cased tokens {tokens:.1f}; beam of {found['beam']}"
    return [_row("Multi30k, en → de", found["runs"], scores)]


def _tatoeba(found: dict[str, Any]) -> list[str]:
    rows = []
    for name, run in found["directions"].items():
        score = {k: v["score"] for k, v in run["scores"]["plain"].items()}
        scores = f"BLEU {score['bleu']:.1f}, chrF {score['chrf']:.1f}; beam of {found['beam']}"
        rows.append(_row(f"Tatoeba, {name.replace('-', ' → ')}", [run], scores))
    return rows


def _row(corpus: str, runs: Sequence[dict[str, Any]], scores: str) -> str:
    training = f"{runs[0]['steps']:,} steps"
    training += f", mean of {len(runs)} seeds" if len(runs) > 1 else ""
    return f"| {corpus} | {_size(runs[0])} | {training} | {scores} |"


def _size(run: dict[str, Any]) -> str:
    return f"{run['parameters'] / 1e6:.1f} M"


if __name__ == "__main__":
    print(table())

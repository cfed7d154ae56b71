"""The tables of records in README.md, made from ``results/``; a test compares them.

Print them with ``python -m experiments.summary``.
"""

import json
from collections.abc import Iterator, Sequence
from statistics import mean
from typing import Any

from experiments import record

_HEAD = ["| Corpus | Parameters | Training | On the test split |", "|---|---|---|---|"]
#: The other contenders of a race, by the heads of their columns.
_OTHERS = {
    "nn.Transformer": "torch.nn.Transformer",
    "Marian": "transformers MarianMTModel",
    "textbook": "textbook",
    "without a cache": "mha_book, no cache",
}


def table() -> str:
    """The rows of each training run that is recorded."""
    rows = {
        "train-toy": _toy,
        "curve-multi30k": _curve,
        "train-multi30k": _multi30k,
        "train-tatoeba": _tatoeba,
    }
    found = {name: data for name in rows if (data := _read(name))}
    return "\n".join([*_HEAD, *(row for name, data in found.items() for row in rows[name](data))])


def speed() -> str:
    """How long other implementations take for what ours does, as multiples of our time."""
    lines = [f"| What | Model | {' | '.join(_OTHERS)} |", "|---|---|" + "---|" * len(_OTHERS)]
    lines += [f"| {what} | {model} | {' | '.join(_ratios(r))} |" for what, model, r in _races()]
    return "\n".join(lines)


def _races() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """What was raced, with which model, and the figures of each contender."""
    for what, models in _read("bench-training").get("steps", {}).items():
        for model, race in models.items():
            yield f"training step, {what}", model, race
    for model, searches in _read("bench-decoding").get("decoding", {}).items():
        for search, batches in searches.items():
            for size, race in batches.items():
                yield f"{search}, {size}", model, race


def _read(name: str) -> dict[str, Any]:
    """A record; empty if there is none."""
    path = record.RESULTS / f"{name}.json"
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def _ratios(race: dict[str, Any]) -> list[str]:
    """The ratio of each other contender, then that with dropout as ours, where they raced."""
    both = [(race.get(name), race.get(f"{name}, dropout as ours")) for name in _OTHERS.values()]
    return [_ratio(one) + (f" ({_ratio(same)})" if same else "") for one, same in both]


def _ratio(figures: dict[str, Any] | None) -> str:
    return f"{figures['ratio_to_ours']:.2f}" if figures else ""


def _toy(found: dict[str, Any]) -> list[str]:
    runs = found["runs"]
    exact = {
        split: mean(run["scores"][split]["exact"] for run in runs) for split in found["digests"]
    }
    scores = (
        f"{exact['test']:.1%} exactly right; unseen combinations {exact['unseen']:.1%}, "
        f"longer sentences {exact['longer']:.1%}"
    )
    return [_row("toy, en → zh", runs, scores)]


def _curve(found: dict[str, Any]) -> list[str]:
    points = found["on_the_way"]
    bleu = " / ".join(f"{point['bleu']:.1f}" for point in points)
    seconds = " / ".join(f"{point['seconds']:.0f}" for point in points)
    clock = f"{seconds} s on {found['hardware']['threads']} CPU cores"
    return [f"| Multi30k, en → de | {_size(found)} | {clock} | BLEU {bleu}, greedy |"]


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
    return f"{run['parameters'] / 1e6:.1f}\u00a0M"  # on one line, however narrow the column


if __name__ == "__main__":
    print(table(), speed(), sep="\n\n")

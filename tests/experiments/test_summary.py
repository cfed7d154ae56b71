"""The table of records in README.md says what the records say."""

import json
import re
from pathlib import Path

from experiments import summary

ROOT = Path(__file__).resolve().parents[2]


def put(results: Path, name: str, found: dict) -> None:
    results.mkdir(exist_ok=True)
    (results / f"{name}.json").write_text(json.dumps(found))


def exact(*shares: float) -> dict:
    splits = ("test", "unseen", "longer")
    return {split: {"exact": share} for split, share in zip(splits, shares, strict=True)}


CORES = {"hardware": {"threads": 2}}


def test_a_row_of_each_record(results: Path):
    cost = {"parameters": 1_234_567, "steps": 2000, "seconds": 90.0}
    toy = [{**cost, "scores": exact(0.98, 0.5, 0.25)}, {**cost, "scores": exact(0.96, 0.7, 0.35)}]
    put(results, "train-toy", {"digests": exact(0, 0, 0), "runs": toy})
    points = [{"bleu": 17.25, "seconds": 60.2}, {"bleu": 27.0, "seconds": 180.1}]
    put(results, "curve-multi30k", {"parameters": 999_999, **CORES, "on_the_way": points})
    scores = {"plain": {"bleu": {"score": 38.04}}, "published": {"bleu": {"score": 41.13}}}
    put(results, "train-multi30k", {"beam": 5, "runs": [{**cost, "scores": scores}]})
    plain = {"plain": {"bleu": {"score": 25.96}, "chrf": {"score": 24.11}}}
    put(results, "train-tatoeba", {"beam": 4, "directions": {"en-zh": {**cost, "scores": plain}}})
    assert summary.table().splitlines()[2:] == [
        "| toy, en → zh | 1.2\u00a0M | 2,000 steps, mean of 2 seeds | 97.0% exactly right; unseen "
        "combinations 60.0%, longer sentences 30.0% |",
        "| Multi30k, en → de | 1.0\u00a0M | 60 / 180 s on 2 CPU cores | BLEU 17.2 / 27.0, greedy |",
        "| Multi30k, en → de | 1.2\u00a0M | 2,000 steps | BLEU 38.0, as lower-cased tokens "
        "41.1; beam of 5 |",
        "| Tatoeba, en → zh | 1.2\u00a0M | 2,000 steps | BLEU 26.0, chrF 24.1; beam of 4 |",
    ]


def test_what_is_not_recorded_has_no_row(results: Path):
    assert len(summary.table().splitlines()) == len(summary.speed().splitlines()) == 2
    points = [{"bleu": 17.25, "seconds": 60.2}]
    put(results, "curve-multi30k", {"parameters": 999_999, **CORES, "on_the_way": points})
    assert [line[:20] for line in summary.table().splitlines()[2:]] == ["| Multi30k, en → de "]


def test_a_row_of_each_race(results: Path):
    ours, twice = {"ratio_to_ours": 1.0}, {"ratio_to_ours": 1.996}
    steps = {"mha_book": ours, "torch.nn.Transformer, dropout as ours": ours}
    steps |= {"torch.nn.Transformer": twice, "textbook": {"ratio_to_ours": 1.5}}
    searches = {"mha_book": ours, "transformers MarianMTModel": twice}
    searches |= {"mha_book, no cache but the memory": ours, "mha_book, no cache": twice}
    put(results, "bench-training", {"steps": {"5 pairs": {"d_model=8": steps}}})
    put(results, "bench-decoding", {"decoding": {"d_model=8": {"greedy": {"B=1": searches}}}})
    assert summary.speed().splitlines() == [
        "| What | Model | nn.Transformer | Marian | textbook | without a cache |",
        "|---|---|---|---|---|---|",
        "| training step, 5 pairs | d_model=8 | 2.00 (1.00) |  | 1.50 |  |",
        "| greedy, B=1 | d_model=8 |  | 2.00 |  | 2.00 |",
    ]


def test_the_readme_has_the_tables_of_the_records(monkeypatch):
    monkeypatch.setattr("experiments.record.RESULTS", ROOT / "results")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert summary.table() in readme
    assert summary.speed() in readme


def test_no_record_has_a_path_of_the_machine_that_made_it():
    for path in (ROOT / "results").glob("*.json"):
        assert not {"/home/", "/tmp/", "/root/", "/work/"} & set(_folders(path.read_text())), path


def _folders(text: str) -> list[str]:
    """All that looks like the beginning of an absolute path."""
    return re.findall(r"(?<![\w.])/\w+/", text)

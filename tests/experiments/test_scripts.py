"""The experiments in training run from the command line to the record, in tiny."""

import json
from pathlib import Path

import pytest

from experiments import curve_multi30k, train_multi30k, train_tatoeba, train_toy
from tests.experiments.tiny import CHANGES


def sets(**changes: object) -> list[str]:
    """The arguments that make a run tiny."""
    values = {**CHANGES, "cooldown": 0.0, **changes}
    return [part for name, value in values.items() for part in ("--set", f"{name}={value}")]


def record_of(results: Path, name: str) -> dict:
    """The one record, which names command, versions, hardware and settings, but no folder."""
    [path] = results.iterdir()
    assert path.name == f"{name}.json"
    text = path.read_text()
    assert str(Path.home()) not in text.partition('"date"')[2]
    record = json.loads(text)
    assert record.keys() >= {"command", "date", "versions", "hardware"}
    return record


def test_toy(results: Path):
    train_toy.main(["--seeds", "5", "7", "--note", "a busy machine", *sets(steps=2)])
    record = record_of(results, "train-toy")
    assert record["note"] == "a busy machine"
    assert [run["seed"] for run in record["runs"]] == [5, 7]
    assert record["config"]["d_model"] == CHANGES["d_model"]
    assert record["digests"].keys() == {"test", "unseen", "longer"}
    for run in record["runs"]:
        assert run["steps"] == 2
        assert run["seconds"] >= 0
        assert run["scores"].keys() == record["digests"].keys()
        assert all(0 <= scores["exact"] <= 1 for scores in run["scores"].values())
    assert record["runs"][0]["scores"] != record["runs"][1]["scores"]


def test_curve(results: Path):
    curve_multi30k.main(["--seconds", "0.4", "0.1", "--seed", "3", *sets()])
    record = record_of(results, "curve-multi30k")
    early, late = record["on_the_way"]
    assert 0.1 <= early["seconds"] < 0.4 <= late["seconds"]
    assert early["valid_loss"] > late["valid_loss"]
    assert (record["settings"]["seed"], record["settings"]["cooldown"]) == (3, 0.0)
    assert "tok:13a" in late["signature"]
    assert late["bleu"] == record["scores"]["test"]["bleu"]


def test_tatoeba(results: Path, tmp_path: Path):
    train_tatoeba.main(["--folder", str(tmp_path / "runs"), *sets(steps=2)])
    record = record_of(results, "train-tatoeba")
    assert record["directions"].keys() == {"en-zh", "zh-en"}
    for name, tokenizer in {"en-zh": "tok:zh", "zh-en": "tok:13a"}.items():
        found = record["directions"][name]
        assert found["data"]["source"] == name[:2]
        assert found["steps"] == 2
        assert tokenizer in found["scores"]["plain"]["bleu"]["signature"]
        assert 0 <= found["scores"]["plain"]["chrf"]["score"] <= 100
    assert record["directions"]["en-zh"]["digests"] == record["directions"]["zh-en"]["digests"]


def test_multi30k(results: Path, tmp_path: Path):
    folder = tmp_path / "runs"
    train_multi30k.main(
        ["--seeds", "2", "3", "--folder", str(folder), *sets(steps=3, save_every=1)]
    )
    record = record_of(results, "train-multi30k")
    assert [run["seed"] for run in record["runs"]] == [2, 3]
    assert [path.name for path in sorted(folder.iterdir())] == ["seed-2", "seed-3"]
    for run in record["runs"]:
        assert run["averaged"] == ["step-00000001", "step-00000002", "step-00000003"]
        assert run["scores"].keys() == {"plain", "published"}
        assert "tok:none" in run["scores"]["published"]["bleu"]["signature"]


def test_a_wrong_argument_is_named(capsys):
    with pytest.raises(SystemExit):
        train_toy.main(["--set", "steps"])
    assert "'steps': expected NAME=VALUE" in capsys.readouterr().err

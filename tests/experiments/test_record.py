"""Records of measurements: what was called, and files that are whole or not there."""

import json
import os
import sys
from pathlib import Path

import pytest

from experiments import record


def test_the_command_is_what_was_typed_without_the_path_of_the_interpreter(monkeypatch):
    called = ["/home/me/.venv/bin/python", "-m", "experiments.train_toy", "--note", "all new"]
    monkeypatch.setattr(sys, "orig_argv", called)
    monkeypatch.setattr(sys, "argv", ["/home/me/experiments/train_toy.py", *called[3:]])
    assert record.environment()["command"] == "python -m experiments.train_toy --note 'all new'"


def test_the_environment_names_versions_and_hardware():
    found = record.environment("sacrebleu")
    assert found["versions"].keys() == {"torch", "sacrebleu"}
    assert f"{os.cpu_count()} logical cores" in found["hardware"]["processor"]


def test_a_record_is_written_whole_or_not_at_all(monkeypatch, tmp_path: Path):
    monkeypatch.setattr(record, "RESULTS", tmp_path)
    path = record.write("speed", {"seconds": 7})
    with pytest.raises(TypeError, match="not JSON serializable"):
        record.write("speed", {"seconds": 11, "what": object()})
    with pytest.raises(ValueError, match="not JSON compliant"):
        record.write("speed", {"seconds": float("nan")})
    assert json.loads(path.read_text()) == {"seconds": 7}
    assert list(tmp_path.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o644

"""The command line: what it says, what it writes, and what it answers to nonsense."""

import json
import os
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mha_book import __main__ as command
from mha_book.checkpoint import read
from mha_book.training import Journal
from mha_book.training.window import TrainingError
from tests.command.cases import TRAIN, call


@pytest.mark.parametrize("arguments", [[], ["train"], ["evaluate"], ["translate"]])
def test_help_says_what_there_is(arguments):
    result = call(*arguments, "--help")
    assert result.exit_code == 0
    wanted = {
        (): ["train", "evaluate", "translate", "Train a Transformer to translate, measure it"],
        ("train",): [
            *("--data", "--from", "--out", "--steps", "--max-seconds", "--evaluate-at"),
            *("--seed", "--device", "--resume", "--set", "tatoeba", "Ctrl-C saves"),
        ],
        ("evaluate",): ["--split", "--beam", "--device", "--json"],
        ("translate",): ["--file", "--beam", "--device", "standard input"],
    }[tuple(arguments)]
    assert [word for word in wanted if word not in result.output] == []
    assert max(map(len, result.output.splitlines())) <= 100


def test_a_run_leaves_metrics_and_checkpoints(run):
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [r["event"] for r in records] == ["train", "evaluate", "save", "end"]
    files = read(run / "checkpoints" / "step-00000003")
    assert json.loads(files["data.json"]) == {
        **{"name": "toy", "source": "en", "pairs": 300, "vocabulary": 8000}
    }
    assert json.loads(files["config.json"])["d_model"] == 16
    assert json.loads(files["settings.json"])["steps"] == 3


def test_it_goes_on(tmp_path):
    whole, halved = tmp_path / "whole", tmp_path / "halved"
    assert call(*TRAIN, "--out", whole, "--steps", 5, "--seed", 7).exit_code == 0
    assert call(*TRAIN, "--out", halved, "--steps", 2, "--seed", 7).exit_code == 0
    result = call("train", "--resume", "--out", halved, "--steps", 5, "--device", "cpu")
    assert result.exit_code == 0, result.output
    assert f"going on from {halved}/checkpoints/step-00000002\n" in result.stderr
    one, other = (read(f / "checkpoints" / "step-00000005") for f in (whole, halved))
    assert one["model.safetensors"] == other["model.safetensors"]
    assert json.loads(one["settings.json"])["seed"] == 7


def test_resuming_nothing_begins(tmp_path):
    result = call(*TRAIN, "--resume", "--out", tmp_path, "--steps", 1)
    assert result.exit_code == 0
    assert "going on" not in result.stderr
    assert (tmp_path / "checkpoints" / "step-00000001").is_dir()


def test_time_and_evaluations_are_passed_on(monkeypatch, tmp_path):
    seen = []
    monkeypatch.setattr("mha_book.training.task.Task.run", lambda self, *a, **k: seen.append(self))
    monkeypatch.setattr(command, "_summary", lambda *a: None)
    monkeypatch.chdir(tmp_path)
    arguments = ["--max-seconds", 180, "--evaluate-at", "60,180", "--set", "precision=bf16"]
    assert call(*TRAIN, *arguments, "--from", "zh").exit_code == 0
    [task] = seen
    assert task.settings.max_seconds == 180.0
    assert task.settings.evaluate_at == (60, 180)
    assert task.settings.precision == "bf16"
    assert (task.corpus.source_language, task.corpus.target_language) == ("zh", "en")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "novel"], "data='novel' is no corpus, expected one of toy, tatoeba, multi30k"),
        (["--from", "fr"], "source='fr' is not in toy, expected en or zh"),
        (["--steps", "0"], "steps=0 must be at least 1"),
        (["--set", "d_model"], "--set d_model: expected NAME=VALUE"),
        (["--set", "colour=red"], "colour: there is no such setting; there are activation, "),
        (["--set", "d_model=7"], "d_model=7 is not divisible by num_heads=2"),
        (["--device", "toaster"], "device='toaster' is no device"),
        (["--evaluate-at", "soon"], "evaluate_at='[soon]' must be a list of positive numbers"),
    ],
)
def test_nonsense_is_answered(tmp_path, arguments, message):
    result = call(*TRAIN, "--out", tmp_path / "new", *arguments)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert f"error: {message}" in result.stderr
    assert not (tmp_path / "new" / "checkpoints").exists()


def test_a_run_is_neither_overwritten_nor_changed(run):
    before = sorted(run.rglob("*"))
    result = call(*TRAIN, "--out", run)
    assert result.exit_code == 1
    assert "holds a run already, up to step-00000003: resume it, or choose" in result.stderr
    result = call("train", "--resume", "--out", run, "--set", "d_model=32")
    assert "a run that is resumed has its model and data: d_model cannot change" in result.stderr
    result = call("train", "--resume", "--out", run, "--steps", 5, "--set", "peak_lr=1.0")
    assert "the run was started with other settings: peak_lr was 0.003, is 1.0" in result.stderr
    assert sorted(run.rglob("*")) == before


def test_an_impossible_loss_is_told(monkeypatch, tmp_path):
    def fail(*_, **__):
        raise TrainingError("the loss is nan at step 8")

    monkeypatch.setattr("mha_book.training.task.Task.run", fail)
    result = call(*TRAIN, "--out", tmp_path)
    assert result.exit_code == 1
    assert result.stderr.endswith("\nerror: the loss is nan at step 8\n")


def test_a_run_that_was_stopped_says_how_to_go_on(monkeypatch, tmp_path):
    history = Journal()
    history.write("end", step=8, reason="interrupt", seconds=1.5)
    monkeypatch.setattr("mha_book.training.task.Task.run", lambda *a, **k: history)
    result = call(*TRAIN, "--out", tmp_path)
    assert result.exit_code == 130
    note = f"stopped as asked and saved in {tmp_path}; go on with --resume\n"
    assert result.stderr.endswith(f"8 steps in 2 s of training\n{note}")


def test_it_is_a_module_that_runs(monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "mha_book.__main__")
    monkeypatch.setattr(sys, "argv", ["mha_book", "--help"])
    with pytest.raises(SystemExit) as caught:
        runpy.run_module("mha_book", run_name="__main__")
    assert caught.value.code == 0
    assert "Usage: python -m mha_book" in capsys.readouterr().out


def test_only_the_first_of_several_processes_speaks(monkeypatch, capsys):
    for rank in ("0", "1"):
        monkeypatch.setenv("RANK", rank)
        command._note(f"process {rank}")
    assert capsys.readouterr().err == "process 0\n"


def start(*arguments: object) -> subprocess.Popen[str]:
    line = [sys.executable, "-m", "mha_book", *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(line, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, **pipes)


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    while not path.exists() and process.poll() is None:
        time.sleep(0.05)


def test_a_process_saves_at_ctrl_c_and_goes_on_after_a_kill(tmp_path):
    arguments = [*TRAIN, "--out", tmp_path, "--steps", 100_000, "--set", "log_every=1"]
    metrics = tmp_path / "metrics.jsonl"
    process = start(*arguments)
    wait_for(metrics, process)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert output == ""
    assert f"stopped as asked and saved in {tmp_path}; go on with --resume\n" in errors
    assert "this run ends after the step at hand" in errors
    assert "Traceback" not in errors
    [saved] = (tmp_path / "checkpoints").iterdir()
    process = start(*arguments, "--resume", "--set", "save_every=1")
    newer = tmp_path / "checkpoints" / f"step-{int(saved.name[5:]) + 1:08d}"
    wait_for(newer, process)
    process.kill()
    process.communicate()
    translated = start("translate", tmp_path, "she sings .")
    output, errors = translated.communicate(timeout=120)
    assert translated.returncode == 0, errors
    assert output.count("\n") == 1

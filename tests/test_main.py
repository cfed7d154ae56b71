"""The command line: what it says, what it writes, and what it answers to nonsense."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mha_book import __main__ as command
from mha_book.checkpoint import read
from mha_book.training.window import TrainingError

SMALL = ["pairs=300", "d_model=16", "num_heads=2", "encoder_layers=1", "decoder_layers=1"]
LAST = "checkpoints/step-00000003"
CHANGES = [part for change in [*SMALL, "evaluate_every=100"] for part in ("--set", change)]
TRAIN = ["train", "--device", "cpu", *CHANGES]


def call(*arguments: object, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(command.app, list(map(str, arguments)), input=stdin)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a few steps."""
    folder = tmp_path_factory.mktemp("runs") / "toy"
    result = call(*TRAIN, "--out", folder, "--steps", 3)
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert "toy: part of this book's code: MIT\n3 steps in " in result.stderr
    assert f"saved in {folder}; try: python -m mha_book translate {folder}\n" in result.stderr
    return folder


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


def test_only_the_first_of_several_processes_speaks(monkeypatch, capsys):
    for rank in ("0", "1"):
        monkeypatch.setenv("RANK", rank)
        command._note(f"process {rank}")
    assert capsys.readouterr().err == "process 0\n"


def test_a_run_is_evaluated(run):
    result = call("evaluate", run, "--split", "unseen", "--device", "cpu")
    assert result.exit_code == 0, result.output
    lines = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert lines["checkpoint"] == str(run / LAST)
    assert lines["corpus"] == "toy en-zh"
    assert lines["split"].startswith("unseen, 1000 pairs, digest ")
    assert lines["exact"] == "0"
    assert "tok:zh" in lines["signature"]
    as_json = call("evaluate", run / LAST, "--split", "unseen", "--device", "cpu", "--json")
    found = json.loads(as_json.stdout)
    assert f"{found['valid_loss']:.4g}" == lines["valid_loss"]


def test_what_cannot_be_evaluated_is_told(run, tmp_path):
    result = call("evaluate", run, "--split", "novel")
    assert "error: split='novel': toy has train, valid, test, longer, unseen" in result.stderr
    result = call("evaluate", tmp_path / "nowhere")
    assert f"error: there is no checkpoint in {tmp_path}/nowhere/checkpoints\n" in result.stderr
    assert result.exit_code == 1


def test_a_sentence_a_file_and_standard_input_give_the_same(run, tmp_path):
    lines = ["this farmer helps the tall worker every day .", "", "she sings ."]
    one = [call("translate", run, line, "--device", "cpu") for line in lines]
    assert [result.exit_code for result in one] == [0, 0, 0]
    expected = "".join(result.stdout for result in one)
    assert len(expected.splitlines()) == 3
    assert one[1].stdout == "\n"
    assert "line 1 is empty" in one[1].stderr
    file = tmp_path / "lines.txt"
    for text in ("\n".join(lines), "\r\n".join(lines) + "\r\n", "\ufeff" + "\n".join(lines)):
        file.write_bytes(text.encode())
        assert call("translate", run, "--file", file, "--device", "cpu").stdout == expected
        assert call("translate", run, "--device", "cpu", stdin=text.encode()).stdout == expected
    file.write_bytes(b"")
    result = call("translate", run, "--file", file)
    assert (result.exit_code, result.stdout) == (0, "")


def test_lines_that_are_typed_are_answered_one_by_one(run, monkeypatch):
    class Typed(list):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Typed(["she sings .\n", "she reads .\n"]))
    assert list(command._inputs(None, None)) == [["she sings ."], ["she reads ."]]


def test_what_was_never_seen_is_named_and_translated(run):
    result = call("translate", run, "she sings 龙 and \U0001f409 .", "--device", "cpu")
    assert result.exit_code == 0
    assert "line 1: never seen: 龙 \U0001f409\n" in result.stderr
    assert len(result.stdout.splitlines()) == 1
    result = call("translate", run, "--device", "cpu", stdin=b"she \xff\xfe sings .\n")
    assert result.exit_code == 0
    assert "never seen: \ufffd\ufffd" in result.stderr


def test_a_text_that_is_too_long_is_refused(run, tmp_path):
    file = tmp_path / "long.txt"
    file.write_text("she sings .\n" + "dog " * 10_000)
    result = call("translate", run, "--file", file)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "error: sentence 2 has 10,000 tokens, at most 1,024" in result.stderr
    result = call("translate", run, "dog", "--file", file)
    assert "error: give a sentence or --file, not both" in result.stderr


def test_a_damaged_checkpoint_is_told(run, tmp_path):
    folder = tmp_path / "damaged"
    folder.mkdir()
    for path in (run / LAST).iterdir():
        data = path.read_bytes()
        (folder / path.name).write_bytes(data[:-9] if path.name == "model.safetensors" else data)
    result = call("translate", folder, "dog")
    assert result.exit_code == 1
    assert f"error: {folder}/model.safetensors is truncated or damaged: " in result.stderr


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

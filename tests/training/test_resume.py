"""A run that is ended at any moment and resumed comes to the same weights, bit by bit."""

import errno
import multiprocessing
import shutil
import signal
import time
from pathlib import Path
from random import Random

import pytest
import torch

from mha_book import checkpoint
from mha_book.checkpoint import CheckpointError
from mha_book.training import Journal, Output, train
from tests.builders import says
from tests.training.cases import model, pairs, settings

STEPS = 60
KILLS = 20


def run(folder: Path, **changes: object) -> Journal:
    """Go on with a run, or begin it."""
    chosen = settings(**{"steps": STEPS, **changes})
    output = Output(folder, resume=True)
    return train(model(dropout=0.1), pairs(), chosen, output=output, quiet=True)


def work(folder: Path) -> None:
    torch.set_num_threads(1)
    run(folder, save_every=2)


def last(folder: Path) -> dict[str, bytes]:
    checkpoints = Output(folder, resume=True).checkpoints
    return checkpoints.read(checkpoints.latest())


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The last checkpoint of a run that nobody interrupted."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("whole")
    assert run(folder).of("end")[0]["reason"] == "steps"
    return last(folder)


def same(one: dict[str, bytes], other: dict[str, bytes]) -> None:
    for name in ("model.safetensors", "optimizer.safetensors", "config.json"):
        assert one[name] == other[name], name


@pytest.mark.parametrize("stop", [1, 2, 17, STEPS - 1])
def test_it_goes_on_where_it_ended(tmp_path, whole, stop):
    run(tmp_path, steps=stop)
    history = run(tmp_path)
    same(last(tmp_path), whole)
    assert [record["step"] for record in history.of("end")] == [stop, STEPS]
    seconds = [record["seconds"] for record in history.of("train")]
    assert seconds == sorted(seconds)


def test_a_run_that_is_done_takes_no_step_more(tmp_path):
    run(tmp_path, steps=2)
    before = last(tmp_path)
    history = run(tmp_path, steps=2)
    assert last(tmp_path) == before
    assert all(record["step"] <= 2 for record in history.records)


def test_without_its_random_numbers_it_would_not(tmp_path, whole):
    run(tmp_path, seed=1)
    assert last(tmp_path)["model.safetensors"] != whole["model.safetensors"]


def test_killed_at_random_moments_it_comes_to_the_same_weights(tmp_path, whole):
    context, rng = multiprocessing.get_context("forkserver"), Random(0)
    # The second is what optimisers import when they are first made; once will do for all.
    context.set_forkserver_preload(["tests.training.test_resume", "torch._dynamo"])
    folder, kills = tmp_path / "0", 0
    while kills < KILLS or not finished(folder):
        process, before = context.Process(target=work, args=(folder,)), latest(folder)
        process.start()
        while process.is_alive() and latest(folder) == before:
            time.sleep(0.001)  # it has to get somewhere, however slow this machine is
        if kills < KILLS:
            time.sleep(rng.random() * 0.05)
            process.kill()
        process.join()
        if process.exitcode == -signal.SIGKILL:
            kills += 1
            assert set(last(folder)) >= {"model.safetensors", "optimizer.safetensors"}
        else:
            assert process.exitcode == 0
        if finished(folder):
            same(last(folder), whole)
            assert not list((folder / "checkpoints").glob(".*"))
            if kills < KILLS:
                folder = tmp_path / str(kills)  # a fast machine begins once more


def finished(folder: Path) -> bool:
    metrics = folder / "metrics.jsonl"
    return metrics.exists() and '"event": "end"' in metrics.read_text()


def latest(folder: Path) -> str:
    return max((path.name for path in (folder / "checkpoints").glob("step-*")), default="")


def test_a_folder_that_holds_a_run_is_not_overwritten(tmp_path):
    run(tmp_path, steps=3)
    message = (
        f"{tmp_path} holds a run already, up to step-00000003: resume it, or choose another folder"
    )
    says(lambda: Output(tmp_path), CheckpointError, message)


def test_a_damaged_checkpoint_is_named_and_left_alone(tmp_path):
    run(tmp_path, steps=6, save_every=3)
    path = tmp_path / "checkpoints" / "step-00000006" / "optimizer.safetensors"
    data = path.read_bytes()[:-5]
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match=r"truncated.*; .*step-00000003 is the last that is"):
        run(tmp_path)
    assert path.read_bytes() == data
    shutil.rmtree(path.parent)  # as the message suggests
    assert run(tmp_path).of("end")[-1]["step"] == STEPS


def test_a_full_disk_ends_a_run_that_can_go_on(tmp_path, monkeypatch, whole):
    plain, room = checkpoint._write, iter(range(9))

    def limited(path: Path, data: bytes) -> None:
        if next(room, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        plain(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "_write", limited)
        with pytest.raises(CheckpointError, match=r"No space left.*step-00000003 is the last that"):
            run(tmp_path, save_every=3)
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["step-00000003"]
    run(tmp_path, save_every=3)
    same(last(tmp_path), whole)


def test_the_best_checkpoint_is_that_of_the_best_score(tmp_path):
    found = iter([{"bleu": 1.0}, {"bleu": 3.0}, {"bleu": 2.0}, {"bleu": 1.0}])
    losses = iter([{"valid_loss": 3.0}, {"valid_loss": 1.0}, {"valid_loss": 2.0}, {"other": 0.5}])
    for folder, scores in ((tmp_path / "a", found), (tmp_path / "b", losses)):
        output = Output(folder)
        chosen = settings(steps=20, evaluate_every=5)
        train(model(), pairs(), chosen, evaluate=scores.__next__, output=output, quiet=True)
        assert output.checkpoints.best().name == "step-00000010"
        assert output.checkpoints.latest().name == "step-00000020"


def test_the_journal_goes_to_tensorboard_too(tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr("mha_book.training.output.Journal", lambda *a, **k: made.append((a, k)))
    Output(tmp_path).journal(settings(tensorboard=True), 0)
    expected = {"tensorboard": tmp_path / "tensorboard", "resume": None}
    assert made == [((tmp_path / "metrics.jsonl",), expected)]

"""Records are kept in order, survive a torn line, and are cut where a run goes on."""

import json
import sys
from types import ModuleType

import pytest

from mha_book.training import Journal
from tests.builders import says


def lines(path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_records_are_lines_of_json(tmp_path):
    path = tmp_path / "new" / "metrics.jsonl"
    journal = Journal(path)
    journal.write("train", step=5, loss=2.5)
    journal.write("evaluate", step=5, bleu=1.0, signature="你好")
    assert lines(path) == journal.records
    assert journal.of("evaluate") == [
        {"event": "evaluate", "step": 5, "bleu": 1.0, "signature": "你好"}
    ]
    assert "你好" in path.read_text(encoding="utf-8")


def test_a_run_goes_on_behind_its_checkpoint(tmp_path):
    path = tmp_path / "metrics.jsonl"
    journal = Journal(path)
    for step in (5, 10, 15, 20):
        journal.write("train", step=step)
    with path.open("a") as file:
        file.write('{"event": "train", "st')
    resumed = Journal(path, resume=10)
    assert [record["step"] for record in resumed.records] == [5, 10]
    assert lines(path) == resumed.records
    resumed.write("train", step=15)
    assert [record["step"] for record in lines(path)] == [5, 10, 15]
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.jsonl"]


def test_a_last_line_without_its_end_is_whole(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"event": "train", "step": 5}\n{"event": "train", "step": 10}')
    assert [record["step"] for record in Journal(path, resume=10).records] == [5, 10]


def test_a_new_run_begins_a_new_file(tmp_path):
    Journal(tmp_path / "metrics.jsonl").write("train", step=5)
    assert Journal(tmp_path / "metrics.jsonl").records == []
    assert lines(tmp_path / "metrics.jsonl") == []
    assert Journal(tmp_path / "other.jsonl", resume=7).records == []


class Board:
    """In place of TensorBoard's writer."""

    def __init__(self, folder: str, purge_step: int | None) -> None:
        self.folder, self.purge_step = folder, purge_step
        self.scalars: list[tuple[str, float, int]] = []
        self.closed = False

    def add_scalar(self, name: str, value: float, step: int) -> None:
        self.scalars.append((name, value, step))

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(("resume", "purge"), [(None, None), (10, 11)])
def test_numbers_go_to_tensorboard(monkeypatch, tmp_path, resume, purge):
    module = ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = Board
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    with Journal(tensorboard=tmp_path, resume=resume) as journal:
        journal.write("evaluate", step=15, bleu=3.5, signature="nrefs:1")
        board = journal._board
        assert not board.closed
    assert (board.folder, board.purge_step) == (str(tmp_path), purge)
    assert board.scalars == [("evaluate/bleu", 3.5, 15)]
    assert board.closed


def test_a_missing_tensorboard_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    message = "TensorBoard is not installed; `pip install tensorboard` brings it"
    says(lambda: Journal(tensorboard=tmp_path), ModuleNotFoundError, message)

"""No real corpus is read, and no record of a real measurement is overwritten."""

from pathlib import Path

import pytest

from experiments import record
from mha_book.training import task
from tests.experiments import tiny


@pytest.fixture(autouse=True)
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that gets the records."""
    monkeypatch.setattr(task, "load", tiny.load)
    monkeypatch.setattr(record, "RESULTS", tmp_path / "results")
    return tmp_path / "results"

"""The run that all tests of the command line share."""

from pathlib import Path

import pytest

from tests.command.cases import TRAIN, call


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a few steps."""
    folder = tmp_path_factory.mktemp("runs") / "toy"
    result = call(*TRAIN, "--out", folder, "--steps", 3)
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert "toy: part of this book's code: MIT\n3 steps in " in result.stderr
    assert f"saved in {folder}; try: python -m mha_book translate {folder}\n" in result.stderr
    return folder

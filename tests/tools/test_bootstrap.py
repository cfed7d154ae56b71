"""What goes wrong while preparing the environment is said in one line, with a non-zero exit."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The files that the environment depends on, without an environment."""
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "bootstrap.py", tmp_path / "tools")
    for name in ("pyproject.toml", "constraints.txt", "requirements-dev.txt", "Makefile"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "requirements.txt").write_text("no-such-package-for-the-book==0\n")
    return tmp_path


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, env=os.environ | environment
    )


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_an_old_python_is_refused(checkout: Path) -> None:
    script = "import sys, runpy; sys.version_info = (3, 9, 1); sys.version = '3.9.1 (x)'; "
    script += "runpy.run_path('tools/bootstrap.py', run_name='__main__')"
    done = run(sys.executable, "-c", script, cwd=checkout)
    assert one_line(done).startswith("error: the book needs Python 3.11 or newer, this is 3.9.1")


def test_no_network_is_named(checkout: Path) -> None:
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "PIP_EXTRA_INDEX_URL": ""}
    done = run(sys.executable, "tools/bootstrap.py", "requirements.txt", cwd=checkout, **offline)
    assert "cannot install requirements.txt; is there a network?" in one_line(done)
    assert not list((checkout / ".venv").glob(".*-ready"))


def test_no_python_at_all_is_named_by_make(checkout: Path) -> None:
    done = run("make", "book", "PYTHON=no-such-python", cwd=checkout)
    assert "no-such-python was not found" in one_line(done)


def test_wrong_usage_is_named(checkout: Path) -> None:
    done = run(sys.executable, "tools/bootstrap.py", "absent.txt", cwd=checkout)
    assert one_line(done).startswith("error: usage:")

"""The wheel that readers download: complete, the same every time, and made without a trace."""

import email
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import mha_book
from tools.notebooks import wheel as module
from tools.notebooks.wheel import build_wheel

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel") / "new" / "folder")


def test_its_name_is_that_which_the_page_and_the_first_cell_expect(wheel: Path) -> None:
    assert wheel.name == f"mha_book-{mha_book.__version__}-py3-none-any.whl"
    assert list(wheel.parent.iterdir()) == [wheel]


def test_it_holds_every_file_of_the_package_and_nothing_else(wheel: Path) -> None:
    kept = {".py", ".js", ".css", ".typed"}
    package = [path for path in (ROOT / "mha_book").rglob("*") if path.suffix in kept]
    expected = {path.relative_to(ROOT).as_posix() for path in package}
    assert {"mha_book/py.typed", "mha_book/widgets/shared.css"} < expected
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name for name in names if ".dist-info/" not in name} == expected


def test_it_states_what_notebooks_need(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
    metadata = email.message_from_bytes(archive.read(name))
    assert "notebooks" in metadata.get_all("Provides-Extra", [])
    assert "torch>=2.5" in metadata.get_all("Requires-Dist", [])


def test_the_same_sources_give_the_same_bytes(
    wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "elsewhere"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "mha_book", copy / "mha_book", ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    for path in copy.rglob("*"):
        os.utime(path, (86400 * 4000, 86400 * 5000))
        path.chmod(0o700 if path.is_dir() else 0o600)
    monkeypatch.setattr(module, "ROOT", copy)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    again = build_wheel(tmp_path)
    assert _digest(again) == _digest(wheel)
    (copy / "mha_book" / "masks.py").write_text("changed = True\n")
    assert _digest(build_wheel(tmp_path)) != _digest(wheel)
    assert sorted(path.name for path in copy.iterdir()) == [
        "LICENSE", "README.md", "mha_book", "pyproject.toml",
    ]  # fmt: skip


def test_a_build_that_fails_says_why_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    with pytest.raises(RuntimeError, match=r"(?s)the wheel was not built: .*version"):
        build_wheel(tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_it_is_made_by_command(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tools.notebooks.wheel"]
    done = subprocess.run(
        [*command, tmp_path], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert Path(done.stdout.strip()).is_file()
    wrong = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert wrong.returncode == 1
    assert wrong.stderr == "usage: python -m tools.notebooks.wheel FOLDER\n"


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()

"""The first cell of a notebook, run with a pip that only writes down what it is asked for."""

import ast
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import mha_book

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "tools" / "notebooks" / "setup_cell.py"
URL = "https://git.example/book"
WHEEL = "mha_book-0.1.0-py3-none-any.whl"
TITLE = "# @title Set up: install mha_book where it is missing"  # all that a folded cell shows
VERSIONS = {"torch": "2.13.0+cpu", "numpy": "2.4.6"}
PIP = [sys.executable, "-m", "pip", "install"]


def text(repository: str = "") -> str:
    """The cell as the builder of the notebooks cuts it out and fills it in."""
    source = FILE.read_text(encoding="utf8")
    cell = "\n".join(source.splitlines()[ast.parse(source).body[0].end_lineno :]).strip()
    assert cell.splitlines()[:2] == [TITLE, 'REPOSITORY = ""']
    return cell.replace('REPOSITORY = ""', f'REPOSITORY = "{repository}"', 1)


class Machine:
    """What a kernel has: modules, a pip with an answer, and the calls that this pip got."""

    def __init__(self) -> None:
        self.modules = {"torch", "numpy", "pip"}
        self.installs = {"mha_book"}
        self.answer = SimpleNamespace(returncode=0, stderr="")
        self.uv: str | None = None
        self.calls: list[list[str]] = []

    def run(self, call: list[str], **_: Any) -> SimpleNamespace:
        self.calls.append(call)
        if not self.answer.returncode:
            self.modules |= self.installs
        return self.answer

    def refuses(self, stderr: str) -> None:
        self.answer = SimpleNamespace(returncode=1, stderr=stderr)

    def execute(self, repository: str = "") -> None:
        exec(compile(text(repository), "cell", "exec"), {"__name__": "__main__"})

    def message(self, repository: str = "") -> str:
        """What Jupyter shows in place of the traceback of the cell's own error."""
        with pytest.raises(Exception, match=r".") as caught:
            self.execute(repository)
        assert caught.typename == "SetUpError", caught.value
        (shown,) = caught.value._render_traceback_()  # type: ignore[attr-defined]
        assert "\n" not in shown
        assert shown.endswith(" Then run this cell again.")
        return shown


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    machine = Machine()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name in machine.modules or None)
    monkeypatch.setattr(importlib.metadata, "version", VERSIONS.__getitem__)
    monkeypatch.setattr(subprocess, "run", machine.run)
    monkeypatch.setattr(shutil, "which", lambda _: machine.uv)
    monkeypatch.chdir(tmp_path)
    return machine


def test_nothing_is_installed_where_the_package_is(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.modules = {"mha_book"}
    Path(WHEEL).touch()
    machine.execute(URL)
    assert machine.calls == []
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"Python {sys.version.split()[0]}, torch ")
    assert line.endswith(f", mha_book {mha_book.__version__}")


def test_the_repository_is_installed_and_torch_and_numpy_are_kept(machine: Machine) -> None:
    machine.execute(URL)
    what = f"mha-book[notebooks] @ git+{URL}"
    assert machine.calls == [[*PIP, "--quiet", what, "torch==2.13.0+cpu", "numpy==2.4.6"]]


def test_it_may_be_run_again(machine: Machine) -> None:
    machine.execute(URL)
    machine.execute(URL)
    assert len(machine.calls) == 1


def test_numpy_that_is_missing_is_not_asked_for(machine: Machine) -> None:
    machine.modules.remove("numpy")
    machine.execute(URL)
    assert machine.calls[0][len(PIP) + 2 :] == ["torch==2.13.0+cpu"]


def test_a_wheel_beside_the_notebook_is_installed(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / WHEEL).touch()
    machine.execute()
    assert f"mha-book[notebooks] @ {(tmp_path / WHEEL).as_uri()}" in machine.calls[0]


def test_a_wheel_comes_before_the_repository(machine: Machine) -> None:
    Path(WHEEL).touch()
    machine.execute(URL)
    assert WHEEL in " ".join(machine.calls[0])
    assert URL not in " ".join(machine.calls[0])


def test_of_several_wheels_the_newest_is_installed(machine: Machine) -> None:
    names = [f"mha_book-0.{minor}.0-py3-none-any.whl" for minor in (9, 10, 2)]
    for name, seconds in zip(names, (1000, 3000, 2000), strict=True):
        Path(name).touch()
        os.utime(name, (seconds, seconds))
    machine.execute()
    assert names[1] in " ".join(machine.calls[0])


@pytest.mark.parametrize("name", ["mha_book-0.1.0-py3-none-any (1).whl", "other-1-none-any.whl"])
def test_what_pip_would_not_take_for_the_wheel_is_passed_over(machine: Machine, name: str) -> None:
    Path(name).touch()
    assert "put mha_book-….whl next to this notebook" in machine.message()
    assert machine.calls == []


def test_without_wheel_and_repository_the_page_is_pointed_at(machine: Machine) -> None:
    message = machine.message()
    assert message.startswith("The package mha_book is missing; put mha_book-….whl next to this")
    assert "the page offers it for download" in message


def test_pytorch_is_asked_for_not_installed(machine: Machine) -> None:
    machine.modules.remove("torch")
    message = machine.message(URL)
    assert message.startswith("Install PyTorch for your machine as https://pytorch.org describes.")
    assert machine.calls == []


def test_uv_takes_the_place_of_a_pip_that_is_missing(machine: Machine) -> None:
    machine.modules.remove("pip")
    machine.uv = "/somewhere/uv"
    machine.execute(URL)
    assert machine.calls[0][:5] == [machine.uv, "pip", "install", "--python", sys.executable]
    assert "torch==2.13.0+cpu" in machine.calls[0]


def test_neither_pip_nor_uv(machine: Machine) -> None:
    machine.modules.remove("pip")
    message = machine.message(URL)
    assert message.startswith("This Python has no pip: run ")
    assert f"{sys.executable} -m ensurepip" in message
    assert machine.calls == []


OFFLINE = {
    "pip": (
        "WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by 'NewConn…'\n"
        "ERROR: Could not find a version that satisfies the requirement anywidget>=0.9\n"
        "ERROR: No matching distribution found for anywidget>=0.9"
    ),
    "an empty index": "ERROR: Could not find a version … anywidget>=0.9 (from versions: none)",
    "git": (
        "  fatal: unable to access 'https://git.example/book/': …\n"
        "error: subprocess-exited-with-error"
    ),
    "uv": "error: Failed to fetch: `…/anywidget/`\n  Caused by: error sending request for url",
}


@pytest.mark.parametrize("stderr", OFFLINE.values(), ids=OFFLINE)
def test_a_missing_network_is_named(machine: Machine, stderr: str) -> None:
    machine.refuses(stderr)
    message = machine.message(URL)
    assert "there is no network, or the package index does not answer" in message
    assert re.search("error: [CFs]", message, re.IGNORECASE)


@pytest.mark.parametrize(
    ("stderr", "reason"),
    [
        ("note: x\nerror: externally-managed-environment\n\n× …\nhint: See", "externally-managed"),
        ("ERROR: Cannot find command 'git'\nmore", "Cannot find command 'git'"),
        ("something\nlast words\n", "last words."),
        ("", "no reason given."),
    ],
)
def test_what_else_pip_says_is_shown(machine: Machine, stderr: str, reason: str) -> None:
    machine.refuses(stderr)
    message = machine.message(URL)
    assert message.startswith("mha_book could not be installed: ")
    assert reason in message
    assert "network" not in message


def test_a_kernel_that_does_not_see_the_package_is_to_be_restarted(machine: Machine) -> None:
    machine.installs = set()
    assert "this kernel does not see it: restart it." in machine.message(URL)


def test_the_cell_is_short_and_needs_the_standard_library_alone() -> None:
    tree = ast.parse(text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)} | {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    others = {name for name in imported if name.split(".")[0] not in sys.stdlib_module_names}
    assert others == {"torch", "mha_book"}
    assert len([line for line in text().splitlines() if line.strip()]) <= 50

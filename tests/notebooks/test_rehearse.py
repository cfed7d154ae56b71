"""The rehearsal tells notebooks that would run in Colab from those that would not."""

import ast
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

import experiments.record
from tools.notebooks import colab, execute, rehearse
from tools.notebooks.colab import Environment
from tools.notebooks.execute import Outcome
from tools.notebooks.wheel import build_wheel

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = {"torch": "2.13.0+cpu", "numpy": "2.4.6", "ipywidgets": "7.7.1"}
FIGURE = "import matplotlib.pyplot as plt\nfrom mha_book import figures\nfigures.use_style()\n"
FIGURE += "plt.plot([1, 2])\nplt.show()"
WIDGET = "from mha_book.widgets import SoftmaxTemperature\nSoftmaxTemperature()"


def code(source: str, *texts: str) -> Any:
    data = [{"text/plain": text} for text in texts]
    outputs = [nbformat.v4.new_output("display_data", data=entry) for entry in data]
    return nbformat.v4.new_code_cell(source, outputs=outputs)


def write(path: Path, *cells: Any) -> Path:
    """A notebook that begins with the first cell of every notebook."""
    source = (ROOT / "tools" / "notebooks" / "setup_cell.py").read_text(encoding="utf8")
    setup = "\n".join(source.splitlines()[ast.parse(source).body[0].end_lineno :]).strip()
    sheet = nbformat.v4.new_notebook(cells=[code(setup), *cells])
    path.write_text(nbformat.writes(sheet), encoding="utf8")
    return path


def test_the_environment_has_torch_as_the_book_and_widgets_as_colab() -> None:
    wanted = colab.requirements()
    assert {"ipywidgets==7.7.1", "numpy"} < set(wanted)
    (torch,) = (line for line in wanted if line.startswith("torch"))
    assert torch in (ROOT / "requirements.txt").read_text().splitlines()
    assert not any("jupyter-book" in line or "mha" in line for line in wanted)


def test_a_python_is_found_among_those_of_pyenv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = "{}.{}".format(*sys.version_info)
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    places = [tmp_path / "path" / f"python{version}"]
    places += [tmp_path / "versions" / f"{version}.{n}" / "bin" / "python" for n in (1, 2)]
    for place in places:  # none of them runs, like a shim without its Python
        place.parent.mkdir(parents=True)
        place.write_text("#!/bin/sh\nexit 127\n")
        place.chmod(0o755)
    assert colab.interpreter(version) is None
    places[1].unlink()
    places[1].symlink_to(sys.executable)
    assert colab.interpreter(version) == places[1]
    assert colab.interpreter("1.5") is None


def test_a_copy_is_used_once_and_changes_nothing(tmp_path: Path) -> None:
    base = tmp_path / "base"
    (base / "lib").mkdir(parents=True)
    (base / "lib" / "module.py").write_text("kept = True\n")
    (base / "link").symlink_to("lib")
    with colab.fresh(Environment(base, VERSIONS)) as copy:
        assert copy.versions == VERSIONS
        assert copy.folder != base
        assert (copy.folder / "link").is_symlink()
        assert os.path.samefile(copy.folder / "lib" / "module.py", base / "lib" / "module.py")  # noqa: PTH121
        (copy.folder / "lib" / "module.py").unlink()
        (copy.folder / "lib" / "new.py").touch()
    assert [path.name for path in tmp_path.iterdir()] == ["base"]
    assert [path.name for path in (base / "lib").iterdir()] == ["module.py"]


def test_a_kernel_finds_nothing_of_the_environment_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PYTHONPATH", "VIRTUAL_ENV", "KEPT"):
        monkeypatch.setenv(name, "x")
    variables = Environment(tmp_path / "env", {}).variables(tmp_path)
    assert not {"PYTHONPATH", "VIRTUAL_ENV"} & variables.keys()
    assert variables["KEPT"] == "x"
    assert variables["PATH"].startswith(str(tmp_path / "env" / "bin"))


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [
        (code("x = 1"), set()),
        (code("plt.show()"), {"a figure"}),
        (code("draw()", "<Figure size 640x480 with 1 Axes>"), {"a figure"}),
        (code("show()", "SoftmaxTemperature(temperature=1.0)"), {"a widget"}),
        (code("plt.show()\nw", "MaskLaboratory(size=3)"), {"a figure", "a widget"}),
        (code("x", "tensor(1)"), set()),
        (nbformat.v4.new_markdown_cell("`plt.show()`"), set()),
    ],
)
def test_what_a_cell_promises(cell: Any, wanted: set[str]) -> None:
    assert execute.promised(cell) == wanted


def sheet_with(*bundles: dict[str, Any]) -> Any:
    cells = [
        nbformat.v4.new_code_cell(outputs=[nbformat.v4.new_output("display_data", data=bundle)])
        for bundle in bundles
    ]
    model = {"state": {"_esm": "export default {}"}}
    state = {"alive": model, "other": {"state": {"_model_name": "LayoutModel"}}}
    metadata = {"widgets": {execute.STATE: {"state": state}}}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def test_figures_and_widgets_are_seen_and_missed() -> None:
    sheet = sheet_with(
        {"image/svg+xml": "<svg/>"},
        {execute.VIEW: {"model_id": "alive"}},
        {execute.VIEW: {"model_id": "other"}},
        {"text/plain": "<Figure>"},
    )
    expected = [{"a figure"}, {"a widget"}, {"a widget"}, {"a figure"}]
    assert execute.absent(sheet, expected) == ["cell 2 shows no widget", "cell 3 shows no figure"]
    sheet.cells.append(nbformat.v4.new_code_cell(execute.PROBE))
    execute.count(sheet, outcome := Outcome("en/page.ipynb"))
    assert (outcome.cells, outcome.figures, outcome.widgets) == (4, 1, 1)
    assert str(outcome) == "en/page.ipynb: 4 cells, 1 figures, 1 widgets, 0 s"


def test_what_the_first_cell_may_not_do_is_named() -> None:
    environment = Environment(Path("/e"), VERSIONS)
    site = "/e/lib/python3.12/site-packages"
    right = VERSIONS | {"file": f"{site}/mha_book/__init__.py", "site": site}
    assert execute.misplaced(right, environment) == []
    assert execute.misplaced(right | {"torch": "2.14.0"}, environment) == [
        "torch was moved from 2.13.0+cpu to 2.14.0"
    ]
    for wrong in ({"file": "/book/mha_book/__init__.py"}, {"file": "/o/m.py", "site": "/o"}):
        (line,) = execute.misplaced(right | wrong, environment)
        assert line.endswith("not from the environment's site-packages")


def test_notebooks_are_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(rehearse, "NOTEBOOKS", tmp_path)
    (tmp_path / "en" / "chapter").mkdir(parents=True)
    with_code = write(tmp_path / "en" / "chapter" / "page.ipynb")
    text = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell('"cell_type": "code"')])
    (tmp_path / "en" / "index.ipynb").write_text(nbformat.writes(text))
    assert rehearse.chosen(everything=True) == [with_code]
    languages = [path.relative_to(tmp_path).parts[0] for path in rehearse.chosen(everything=False)]
    assert sorted(languages) == ["en", "en", "en", "zh_CN"]


def test_what_is_chosen_is_a_page_with_code() -> None:
    for name in rehearse.CHOSEN:
        page = ROOT / "book" / Path(name).relative_to(Path(name).parts[0]).with_suffix(".md")
        assert "```{code-cell}" in page.read_text(encoding="utf8")


def test_a_missing_notebook_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["rehearse", "absent.ipynb"])
    with pytest.raises(SystemExit):
        rehearse.arguments()
    assert "no such notebook: absent.ipynb; `make notebooks` writes them" in capsys.readouterr().err


def test_the_record_tells_versions_inside_and_no_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(experiments.record, "RESULTS", tmp_path)
    monkeypatch.setattr(sys, "argv", [str(ROOT / "tools" / "notebooks" / "rehearse.py"), "--all"])
    facts = {"python": "3.12.1", "anywidget": "0.11.0", "mha_book": "0.1.0"}
    inside = VERSIONS | {"ipykernel": "6.17.1", "ipython": "7.34.0"}
    outcome = Outcome("en/page.ipynb", 2.5, 4, 1, 1, facts)
    path = rehearse.record([outcome], Environment(tmp_path, inside), 9.87)
    found = json.loads(path.read_text(encoding="utf8"))
    assert found["command"] == "python -m tools.notebooks.rehearse --all"
    assert found["python"] == "3.12.1"
    assert found["versions"].items() >= inside.items()
    assert found["notebooks"] == [
        {"notebook": "en/page.ipynb", "seconds": 2.5, "cells": 4, "figures": 1, "widgets": 1}
    ]
    assert str(ROOT) not in path.read_text(encoding="utf8")


@pytest.fixture(scope="module")
def environment() -> Iterator[Environment]:
    with colab.fresh(colab.prepare()) as environment:
        yield environment


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.mark.rehearsal
def test_in_a_new_environment_a_notebook_brings_the_package(
    environment: Environment, wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "mha-book" not in environment.versions
    notebook = write(tmp_path / "page.ipynb", code(FIGURE), code(WIDGET, "SoftmaxTemperature()"))

    with monkeypatch.context() as offline:
        offline.setenv("PIP_NO_INDEX", "1")
        offline.setenv("PIP_FIND_LINKS", "")
        offline.setenv("PIP_CONFIG_FILE", os.devnull)
        (problem,) = execute.execute(notebook, wheel, environment, tmp_path / "offline").problems
    assert problem.startswith(
        "cell 0: SetUpError: mha_book could not be installed: there is no net"
    )

    outcome = execute.execute(notebook, wheel, environment, tmp_path / "online")
    assert outcome.problems == []
    assert (outcome.cells, outcome.figures, outcome.widgets) == (3, 1, 1)
    assert outcome.facts["torch"] == environment.versions["torch"]
    assert {"mha-book", "sacrebleu"} <= colab.installed(environment.python).keys()

    hidden = FIGURE.replace("plt.show()", "plt.close()\nplt.show()")
    notebook = write(tmp_path / "bad.ipynb", code(hidden), code("print()", "SoftmaxTemperature("))
    outcome = execute.execute(notebook, wheel, environment, tmp_path / "bad")
    assert outcome.problems == ["cell 1 shows no figure", "cell 2 shows no widget"]

    notebook = write(tmp_path / "raises.ipynb", code("x = 1"), code("1 / 0"), code("x"))
    outcome = execute.execute(notebook, wheel, environment, tmp_path / "raises")
    assert outcome.problems == ["cell 2: ZeroDivisionError: division by zero"]

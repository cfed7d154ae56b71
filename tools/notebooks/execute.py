"""Execute one notebook in another environment and look at what came out."""

import json
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from traitlets import default

from tools.notebooks.colab import Environment

VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
TIMEOUT = 900  # seconds for one cell
# Appended to the notebook: what its kernel ended up with.
PROBE = """
import json, platform, sysconfig
from importlib.metadata import version
import mha_book
print(json.dumps({
    "python": platform.python_version(), "file": mha_book.__file__,
    "site": sysconfig.get_path("purelib"), "mha_book": mha_book.__version__,
} | {name: version(name) for name in ("torch", "numpy", "ipywidgets", "anywidget")}))
"""


@dataclass
class Outcome:
    """What became of one notebook."""

    notebook: str
    seconds: float = 0.0
    cells: int = 0
    figures: int = 0
    widgets: int = 0
    facts: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        counts = f"{self.cells} cells, {self.figures} figures, {self.widgets} widgets"
        first = f"{self.notebook}: {counts}, {self.seconds:.0f} s"
        return "\n".join([first, *(f"  error: {problem}" for problem in self.problems)])

    def summary(self) -> dict[str, Any]:
        """What a record keeps."""
        kept = ("notebook", "seconds", "cells", "figures", "widgets")
        return {name: getattr(self, name) for name in kept}


def execute(notebook: Path, wheel: Path, environment: Environment, folder: Path) -> Outcome:
    """Run a copy of a notebook in a new folder, with the wheel beside it and nothing else."""
    place = folder / "notebook"
    place.mkdir(parents=True)
    shutil.copy(wheel, place)
    sheet = nbformat.read(shutil.copy(notebook, place), as_version=4)
    expected = [promised(cell) for cell in sheet.cells]
    sheet.cells.append(nbformat.v4.new_code_cell(PROBE))
    outcome = Outcome("/".join(notebook.resolve().parts[-3:]))
    client = NotebookClient(
        sheet,
        timeout=TIMEOUT,
        kernel_name="colab",
        kernel_manager_class=kernels(environment, folder),
        resources={"metadata": {"path": str(place)}},
    )
    started = time.perf_counter()
    try:
        client.execute(env=environment.variables(folder))
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        outcome.problems = [f"cell {reached(sheet)}: {reason(error)}"]
    else:
        outcome.facts = json.loads(sheet.cells[-1].outputs[-1].text)
        outcome.problems = [*misplaced(outcome.facts, environment), *absent(sheet, expected)]
    outcome.seconds = round(time.perf_counter() - started, 1)
    count(sheet, outcome)
    return outcome


def kernels(environment: Environment, folder: Path) -> type[AsyncKernelManager]:
    """A manager that knows one kernel, which runs in the environment."""
    argv = [str(environment.python), "-Xfrozen_modules=off"]  # else a debugger complains
    argv += ["-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Colab", "language": "python"}
    specs = folder / "kernels"
    (specs / "colab").mkdir(parents=True)
    (specs / "colab" / "kernel.json").write_text(json.dumps(spec), encoding="utf8")

    class Manager(AsyncKernelManager):
        @default("kernel_spec_manager")
        def _only(self) -> KernelSpecManager:
            return KernelSpecManager(kernel_dirs=[str(specs)], ensure_native_kernel=False)

    return Manager


def reached(sheet: Any) -> int:
    """The number of the last cell that ran, as they are counted from 0 in the notebook."""
    return max((n for n, cell in enumerate(sheet.cells) if cell.get("execution_count")), default=0)


def reason(error: Exception) -> str:
    """One line on what stopped a notebook."""
    if isinstance(error, CellExecutionError):
        return f"{error.ename}: {error.evalue}"
    return str(error).strip().splitlines()[0]


def promised(cell: Any) -> set[str]:
    """What a cell has to show: a figure, a widget, both or neither."""
    if cell.cell_type != "code":
        return set()
    texts = [str(output.get("data", {}).get("text/plain", "")) for output in cell.outputs]
    shown = {"a figure"} if "plt.show()" in cell.source else set()
    return shown | {
        kind
        for text in texts
        for kind, start in {"a figure": "<Figure", "a widget": tuple(widget_names())}.items()
        if text.startswith(start)
    }


def widget_names() -> list[str]:
    """How the text of each widget of the package begins."""
    from mha_book import widgets

    return [f"{name}(" for name in widgets.__all__]


def kinds(output: Any, models: dict[str, Any]) -> set[str]:
    """What an output shows."""
    data = output.get("data", {})
    found = {"a figure"} if any(name.startswith("image/") for name in data) else set()
    if VIEW in data and "_esm" in models.get(data[VIEW]["model_id"], {}).get("state", {}):
        found.add("a widget")
    return found


def shown(sheet: Any) -> list[list[set[str]]]:
    """What each output of each cell shows."""
    models = sheet.metadata.get("widgets", {}).get(STATE, {}).get("state", {})
    return [[kinds(output, models) for output in cell.get("outputs", [])] for cell in sheet.cells]


def absent(sheet: Any, expected: list[set[str]]) -> list[str]:
    """A line for each cell that was to show something and did not."""
    return [
        f"cell {number} shows no {kind.split()[1]}"
        for number, (wanted, outputs) in enumerate(zip(expected, shown(sheet), strict=False))
        for kind in sorted(wanted - set().union(*outputs))
    ]


def misplaced(facts: dict[str, str], environment: Environment) -> list[str]:
    """A line for each thing that the first cell did wrongly."""
    moved = [
        f"{name} was moved from {environment.versions[name]} to {facts[name]}"
        for name in ("torch", "numpy", "ipywidgets")
        if facts[name] != environment.versions[name]
    ]
    file, site = Path(facts["file"]), environment.folder / "lib"
    if not file.is_relative_to(Path(facts["site"])) or not file.is_relative_to(site):
        moved.append(f"mha_book came from {file}, not from the environment's site-packages")
    return moved


def count(sheet: Any, outcome: Outcome) -> None:
    """Count cells, figures and widgets of the notebook, without the cell of ours at its end."""
    outcome.cells = sum(cell.cell_type == "code" for cell in sheet.cells) - 1
    outputs = [output for cell in shown(sheet) for output in cell]
    outcome.figures = sum("a figure" in output for output in outputs)
    outcome.widgets = sum("a widget" in output for output in outputs)

"""Run notebooks where Google Colab would: in an environment that has never seen the book.

    python -m tools.notebooks.rehearse [--all] [--record] [--python PYTHON] [NOTEBOOK …]

Copies each notebook and the wheel of the package into a folder of their own and executes the
notebook there; its first cell does the installing. Fails if a cell raises, if the package comes
from elsewhere, if torch or NumPy are moved, or if a figure or a widget does not appear. Then tests
the widgets with the ipywidgets of Colab. What this cannot rehearse is Colab's own page: its
sandboxed frames, its copy of anywidget's front end, its themes. See those by opening a notebook.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tools.notebooks.colab import Environment, fresh, interpreter, prepare
from tools.notebooks.execute import Outcome, execute
from tools.notebooks.wheel import build_wheel

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"
# Short ones that together show figures, widgets and proofs.
CHOSEN = (
    "en/02-core-concepts/01-attention.ipynb",
    "en/04-mathematics/02-multi-head.ipynb",
    "en/appendix/widgets.ipynb",
    "zh_CN/03-algorithm/02-multi-head-steps.ipynb",
)


def chosen(*, everything: bool) -> list[Path]:
    """The notebooks to run if none is named: a few, or every English one that has code."""
    if not everything:
        return [NOTEBOOKS / name for name in CHOSEN]
    return [
        path
        for path in sorted((NOTEBOOKS / "en").rglob("*.ipynb"))
        if '"cell_type": "code"' in path.read_text(encoding="utf8")
    ]


def rehearse(notebooks: list[Path], environment: Environment) -> list[Outcome]:
    """Execute the notebooks, the first of which finds the environment without the package."""
    outcomes = []
    with tempfile.TemporaryDirectory() as name:
        wheel = build_wheel(Path(name, "wheel"))
        for number, notebook in enumerate(notebooks):
            outcomes.append(execute(notebook, wheel, environment, Path(name, str(number))))
            print(outcomes[-1], flush=True)
    return outcomes


def widgets_pass(environment: Environment) -> bool:
    """Whether the tests of the widgets that concern Colab pass with its ipywidgets."""
    call = [environment.python, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    call += ["--confcutdir=tests/widgets", "tests/widgets/test_colab.py"]
    variables = environment.variables(environment.folder)
    return not subprocess.run(call, cwd=ROOT, env=variables, check=False).returncode


def record(outcomes: list[Outcome], environment: Environment, seconds: float) -> Path:
    """Write down what was run, with which versions, and how long it took."""
    from experiments.record import environment as outside
    from experiments.record import write

    names = ("torch", "numpy", "ipykernel", "ipython", "ipywidgets")
    inside = {name: environment.versions[name] for name in names}
    found: dict[str, Any] = {
        **outside(),
        "command": " ".join(["python -m tools.notebooks.rehearse", *sys.argv[1:]]),
        "python": outcomes[0].facts["python"],
        "versions": inside | {name: outcomes[0].facts[name] for name in ("anywidget", "mha_book")},
        "seconds": round(seconds, 1),
        "notebooks": [outcome.summary() for outcome in outcomes],
    }
    return write("colab-rehearsal", found)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, metavar="NOTEBOOK")
    parser.add_argument("--all", action="store_true", help="every English notebook that has code")
    parser.add_argument("--record", action="store_true", help="write results/colab-rehearsal.json")
    parser.add_argument(
        "--python", type=Path, help="the Python to use; with --all Colab's, if it is found"
    )
    options = parser.parse_args()
    options.notebooks = options.notebooks or chosen(everything=options.all)
    if missing := [str(path) for path in options.notebooks if not path.is_file()]:
        parser.error(f"no such notebook: {', '.join(missing)}; `make notebooks` writes them")
    options.python = options.python or (options.all and interpreter()) or Path(sys.executable)
    return options


def main() -> None:
    """Command line."""
    options = arguments()
    started = time.perf_counter()
    with fresh(prepare(options.python)) as environment:
        outcomes = rehearse(options.notebooks, environment)
        passed = widgets_pass(environment)
    if not passed or any(outcome.problems for outcome in outcomes):
        sys.exit("error: not everything would run in Colab; the messages above say what")
    if options.record:
        print(record(outcomes, environment, time.perf_counter() - started))


if __name__ == "__main__":
    main()

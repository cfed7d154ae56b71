"""Bring the committed notebooks up to date with those that the build made.

    python -m tools.notebooks          write notebooks/ anew from _build/notebooks
    python -m tools.notebooks --check  say which of them are out of date, and fail if any is

Build the book first (``make book``). Nothing in notebooks/ is edited by hand.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from tools.notebooks.trees import copy, differences

ROOT = Path(__file__).resolve().parents[2]
BUILT, COMMITTED = ROOT / "_build" / "notebooks", ROOT / "notebooks"


def write() -> None:
    """Replace what is committed, languages and pages that are no more included."""
    with tempfile.TemporaryDirectory(dir=ROOT, prefix=".notebooks-") as fresh:
        copy(BUILT, Path(fresh, "tree"))
        shutil.rmtree(COMMITTED, ignore_errors=True)
        Path(fresh, "tree").rename(COMMITTED)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing, compare")
    check = parser.parse_args().check
    if not BUILT.is_dir():
        sys.exit("error: there are no notebooks in _build; run `make book` first")
    if not check:
        write()
        print(f"{len(list(COMMITTED.rglob('*.ipynb')))} notebooks are in notebooks/")
    elif found := differences(BUILT, COMMITTED):
        sys.exit("\n".join([*found, "error: run `make notebooks` and commit what it changes"]))


if __name__ == "__main__":
    main()

"""Trees of notebooks: copy one, and say whether two say the same, apart from what machines decide.

Outputs are left to nbval, which compares them by its rules, and the address of the repository to
the machine that wrote the notebooks.
"""

import re
import shutil
from pathlib import Path
from typing import Any

import nbformat

REPOSITORY = re.compile(r'^REPOSITORY = ".*"$', re.M)


def essence(path: Path) -> dict[str, Any]:
    """What of a notebook must be the same everywhere."""
    sheet = nbformat.read(path, as_version=4)
    for cell in sheet.cells:
        if REPOSITORY.search(cell.source):
            cell.source, cell.id = REPOSITORY.sub('REPOSITORY = ""', cell.source), "set-up"
        if cell.cell_type == "code":
            cell.outputs = [output.output_type for output in cell.outputs]
    return sheet


def notebooks(folder: Path) -> dict[str, Path]:
    """All notebooks below a folder, by their place in it."""
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*.ipynb"))}


def copy(tree: Path, target: Path) -> None:
    """Copy the notebooks of a tree, and nothing else that lies among them."""
    for name, path in notebooks(tree).items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target / name)


def differences(new: Path, old: Path) -> list[str]:
    """A line for each notebook that is missing, left over or out of date in the second tree."""
    built, kept = notebooks(new), notebooks(old)
    lines = [f"missing: {name}" for name in sorted(built.keys() - kept.keys())]
    lines += [f"left over: {name}" for name in sorted(kept.keys() - built.keys())]
    return lines + [
        f"out of date: {name}"
        for name in sorted(built.keys() & kept.keys())
        if essence(built[name]) != essence(kept[name])
    ]

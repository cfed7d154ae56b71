"""What the first cell installs, the extra `notebooks`, is enough for pages and package."""

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
import tomllib
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]
DISTRIBUTIONS = packages_distributions()
KERNEL = {"ipython", "traitlets", "matplotlib-inline"}  # every notebook's kernel has these
# Imported where they are found, and done without where they are not.
OPTIONAL = {"jaxtyping", "tensorboard"}
CELL = re.compile(
    r"^```\{code-cell\}[^\n]*\n(?:---\n.*?\n---\n|(?::.*?\n)+)?(.*?)^```$", re.M | re.S
)


def own(extra: str) -> Iterator[Requirement]:
    """What an extra of this package names, other extras of it followed."""
    for requirement in map(Requirement, PROJECT["optional-dependencies"][extra]):
        if requirement.name == "mha-book":
            for other in requirement.extras:
                yield from own(other)
        else:
            yield requirement


def installed() -> set[str]:
    """Everything that the extra brings, in turn."""
    found: set[str] = set()
    waiting = [*own("notebooks"), *map(Requirement, PROJECT["dependencies"])]
    while waiting:
        name = canonicalize_name(waiting.pop().name)
        if name in found:
            continue
        found.add(name)
        try:
            needs = [Requirement(text) for text in requires(name) or []]
        except PackageNotFoundError:  # for another system
            continue
        waiting += [
            need for need in needs if not need.marker or need.marker.evaluate({"extra": ""})
        ]
    return found


def imported(source: str) -> set[str]:
    """The distributions that a piece of Python imports, wherever it does."""
    tops: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            tops |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            tops.add(node.module.split(".")[0])
    others = tops - {*sys.stdlib_module_names, "mha_book"}
    return {canonicalize_name(DISTRIBUTIONS.get(top, [top])[0]) for top in others}


@pytest.fixture(scope="module")
def brought() -> set[str]:
    return installed()


def test_pages_find_what_they_import(brought: set[str]) -> None:
    pages = sorted((ROOT / "book").rglob("*.md"))
    cells = [(page.stem, cell) for page in pages for cell in CELL.findall(page.read_text("utf8"))]
    assert len(cells) > 400
    needs = {name: page for page, cell in cells for name in imported(cell)}
    assert {"torch", "matplotlib", "sympy"} <= needs.keys()
    missing = {name: page for name, page in needs.items() if name not in brought | KERNEL}
    assert missing == {}


def test_the_package_finds_what_it_imports(brought: set[str]) -> None:
    modules = sorted((ROOT / "mha_book").rglob("*.py"))
    needs = {name: path.name for path in modules for name in imported(path.read_text("utf8"))}
    assert {"anywidget", "sacrebleu", "tokenizers"} <= needs.keys()
    missing = {
        name: path for name, path in needs.items() if name not in brought | KERNEL | OPTIONAL
    }
    assert missing == {}

"""Trees of notebooks are compared by what they say, not by what machines decide."""

from pathlib import Path

import nbformat
import pytest

from tools.notebooks.trees import copy, differences

v4 = nbformat.v4


def sheet(url: str = "", source: str = "1 + 1", printed: str = "2\n") -> str:
    setup = v4.new_code_cell(f'REPOSITORY = "{url}"\nprint()', id=f"set-up-{len(url)}")
    output = v4.new_output("stream", name="stdout", text=printed)
    code = v4.new_code_cell(source, outputs=[output], id="code")
    return str(nbformat.writes(v4.new_notebook(cells=[setup, code])))


@pytest.fixture
def trees(tmp_path: Path) -> tuple[Path, Path]:
    """Two equal trees of one notebook."""
    folders = tmp_path / "new", tmp_path / "old"
    for folder in folders:
        (folder / "en").mkdir(parents=True)
        (folder / "en" / "a.ipynb").write_text(sheet())
    return folders


def test_equal_trees_do_not_differ(trees: tuple[Path, Path]) -> None:
    assert differences(*trees) == []


@pytest.mark.parametrize("other", [sheet(url="https://github.com/a/b"), sheet(printed="3\n")])
def test_addresses_and_printed_text_are_not_compared(trees: tuple[Path, Path], other: str) -> None:
    (trees[1] / "en" / "a.ipynb").write_text(other)
    assert differences(*trees) == []


@pytest.mark.parametrize("other", [sheet(source="1 + 2"), sheet().replace('"code"', '"text"', 1)])
def test_code_and_cells_are_compared(trees: tuple[Path, Path], other: str) -> None:
    (trees[1] / "en" / "a.ipynb").write_text(other)
    assert differences(*trees) == ["out of date: en/a.ipynb"]


def test_missing_and_left_over_notebooks_are_named(trees: tuple[Path, Path]) -> None:
    (trees[0] / "en" / "b.ipynb").write_text(sheet())
    (trees[1] / "en" / "c.ipynb").write_text(sheet())
    assert differences(*trees) == ["missing: en/b.ipynb", "left over: en/c.ipynb"]


def test_a_copy_is_equal_and_holds_notebooks_alone(trees: tuple[Path, Path]) -> None:
    (trees[0] / "_static").mkdir()
    (trees[0] / "_static" / "a.css").write_text("")
    copy(trees[0], trees[1].with_name("third"))
    assert differences(trees[0], trees[1].with_name("third")) == []
    assert not trees[1].with_name("third").joinpath("_static").exists()

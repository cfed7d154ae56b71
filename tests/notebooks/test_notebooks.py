"""The committed notebooks: complete, up to date, plain, and the same code in both languages."""

import re
from pathlib import Path

import nbformat
import pytest
import yaml

from tests.book.built import LANGUAGES, PAGES, ROOT
from tools.notebooks.trees import differences, notebooks

FOLDER = ROOT / "notebooks"
NAMES = [f"{page.removeprefix('book/')}.ipynb" for page in PAGES]
DIRECTIVE = re.compile(r"^(?:`{3,}|:{3,})\{[a-z:-]+\}", re.M)
ROLE = re.compile(r"\{[a-z:-]+\}`")
TARGET = re.compile(r"^\([\w-]+\)=", re.M)
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```$|`+[^`\n]+`+", re.S | re.M)
HEADING = re.compile(r"^(#+) (.*)", re.M)
COMPLETE = LANGUAGES == ["en", "zh_CN"]


def opened(language: str, name: str) -> nbformat.NotebookNode:
    return nbformat.read(FOLDER / language / name, as_version=4)


@pytest.fixture(params=[(language, name) for language in LANGUAGES for name in NAMES], ids="/".join)
def sheet(request: pytest.FixtureRequest) -> nbformat.NotebookNode:
    """Each notebook of each language."""
    return opened(*request.param)


def prose(sheet: nbformat.NotebookNode) -> list[str]:
    """The text cells, without what stands in them as code."""
    return [CODE.sub("`code`", cell.source) for cell in sheet.cells if cell.cell_type == "markdown"]


@pytest.mark.book
@pytest.mark.skipif(not COMPLETE, reason="not all editions are asked for")
def test_the_notebooks_are_those_of_the_pages_as_built() -> None:
    assert differences(ROOT / "_build" / "notebooks", FOLDER) == []


def test_there_is_one_for_each_page() -> None:
    assert set(notebooks(FOLDER)) == {
        f"{lang}/{name}" for lang in ("en", "zh_CN") for name in NAMES
    }


def test_each_is_a_valid_notebook_with_names_of_its_own(sheet: nbformat.NotebookNode) -> None:
    nbformat.validate(sheet)
    names = [cell.id for cell in sheet.cells]
    assert len(set(names)) == len(names)


def test_nothing_of_sphinx_is_left(sheet: nbformat.NotebookNode) -> None:
    for text in prose(sheet):
        assert not DIRECTIVE.search(text)
        assert not ROLE.search(text)
        assert not TARGET.search(text)
        assert "\0" not in text


def test_links_lead_somewhere(sheet: nbformat.NotebookNode) -> None:
    text = "\n\n".join(prose(sheet))
    for target in LINK.findall(text):
        if target.startswith("#"):
            assert f'<a id="{target[1:]}"></a>' in text, target
        else:
            assert re.match(r"https?://", target), target


def test_formulas_are_closed(sheet: nbformat.NotebookNode) -> None:
    for text in prose(sheet):
        assert text.count("$$") % 2 == 0
        inline = re.sub(r"\$\$.*?\$\$", "", text, flags=re.S)
        assert len(re.findall(r"(?<!\\)\$", inline)) % 2 == 0, inline


def test_tables_have_as_many_cells_in_each_row(sheet: nbformat.NotebookNode) -> None:
    for text in prose(sheet):
        for table in re.findall(r"(?:^\|.*\|$\n?)+", text, re.M):
            rows = [len(re.findall(r"(?<!\\)\|", row)) for row in table.strip().splitlines()]
            assert len(set(rows)) == 1, table


def test_a_folded_solution_ends_at_a_heading(sheet: nbformat.NotebookNode) -> None:
    levels = [(len(m[1]), cell) for cell in sheet.cells if cell.cell_type == "markdown"
              for m in HEADING.finditer(CODE.sub("", cell.source))]  # fmt: skip
    for (_, before), (level, cell), (after, _) in zip(levels, levels[1:], levels[2:], strict=False):
        if cell.metadata.get("heading_collapsed"):
            assert level == 4
            assert after <= 3
            assert HEADING.search(before.source)
    folded = [cell.id for _, cell in levels if cell.metadata.get("heading_collapsed")]
    assert sheet.metadata.get("colab", {}).get("collapsed_sections", []) == folded


def test_only_text_outputs_are_stored_and_all_are_compared(sheet: nbformat.NotebookNode) -> None:
    for cell in sheet.cells:
        if cell.cell_type == "code":
            assert not {"nbval-ignore-output", "nbval-skip"} & set(cell.metadata.get("tags", []))
            for output in cell.outputs:
                assert set(output.get("data", {})) <= {"text/plain", "text/latex", "text/html"}


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_have_the_same_cells_of_code(name: str) -> None:
    def code(language: str) -> list[tuple[str, list[object]]]:
        cells = opened(language, name).cells
        return [(cell.source, cell.outputs) for cell in cells if cell.cell_type == "code"]

    assert code("en") == code("zh_CN")


@pytest.mark.parametrize("name", NAMES)
def test_executed_pages_begin_with_the_set_up(name: str) -> None:
    executed = "```{code-cell}" in (ROOT / "book" / name).with_suffix(".md").read_text("utf8")
    first = opened("en", name).cells[0]
    assert executed == (first.cell_type == "code" and "REPOSITORY = " in first.source)


def test_headings_are_those_of_the_outline() -> None:
    outline = yaml.safe_load((ROOT / "tests/book/outline.yml").read_text("utf8"))["headings"]
    for language in ("en", "zh_CN"):
        wanted = {f"{heading['number']} {heading[language]}" for heading in outline}
        found = {
            f"{match[2]}".replace("\\", "")
            for name in NAMES
            for cell in opened(language, name).cells
            if cell.cell_type == "markdown"
            for match in HEADING.finditer(CODE.sub("", cell.source))
            if re.match(r"\d", match[2])
        }
        assert found <= wanted, found - wanted
        assert len(found) >= 57


def test_notebooks_stay_small() -> None:
    assert max(path.stat().st_size for path in Path(FOLDER).rglob("*.ipynb")) < 400_000

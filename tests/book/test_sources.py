"""The sources of the pages keep the rules of the book: labels, exercises, cells, works cited."""

import re
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.book.built import PAGES, ROOT

CELL = re.compile(r"^```\{code-cell\} ipython3\n(.*?)^```", re.S | re.M)
LABELS = re.compile(
    r"^\((?P<target>[\w-]+)\)=$|^\$\$ \((?P<formula>[\w-]+)\)$|^:label: (?P<block>[\w-]+)$"
    r"|^ {4}name: (?P<figure>[\w-]+)$",
    re.M,
)
MAX_LINES, MAX_COLUMNS = 18, 79
SECTIONS = [page for page in PAGES if re.fullmatch(r"book/\d\d-[^/]+/\d\d-[^/]+", page)]


def labels(text: str) -> Iterator[tuple[str, str]]:
    """Kind and name of every label that a page defines."""
    for match in LABELS.finditer(text):
        yield from ((kind, name) for kind, name in match.groupdict().items() if name)


def cells(text: str) -> list[str]:
    """The code of every cell, without its metadata."""
    return [re.sub(r"\A---\n.*?^---\n", "", c, flags=re.S | re.M) for c in CELL.findall(text)]


@pytest.fixture(params=PAGES)
def text(request: pytest.FixtureRequest, sources: dict[str, str]) -> str:
    """The source of one page."""
    return sources[request.param]


def test_labels_are_slugs_with_a_prefix_that_says_what_they_name(text: str) -> None:
    prefixes = {"target": "sec-", "formula": "eq-", "figure": "fig-", "block": ("thm-", "ex-")}
    for kind, name in labels(text):
        assert name.startswith(prefixes[kind]), name
        assert not re.search(r"-\d+$", name), f"{name}: labels are words, not numbers"


def test_labels_are_unique_in_the_book(sources: dict[str, str]) -> None:
    counts = Counter(name for text in sources.values() for _, name in labels(text))
    assert not [name for name, count in counts.items() if count > 1]


def test_every_exercise_has_a_solution_with_code_that_runs(text: str) -> None:
    exercises = set(re.findall(r"^:label: (ex-[\w-]+)$", text, re.M))
    for exercise in exercises:
        pattern = rf"\{{solution-start\}} {exercise}\n(.*?)\{{solution-end\}}"
        solution = re.search(pattern, text, re.S)
        assert solution, f"{exercise} has no solution"
        assert "{code-cell}" in solution[1], f"the solution of {exercise} runs nothing"


@pytest.mark.parametrize("page", SECTIONS)
def test_sections_have_checks_and_exercises(sources: dict[str, str], page: str) -> None:
    code = cells(sources[page])
    assert len(re.findall(r"^:label: ex-", sources[page], re.M)) >= 2
    assert sum("assert" in cell for cell in code) >= 5


def test_cells_are_short_and_fit_the_screen(text: str) -> None:
    for cell in cells(text):
        lines = [line for line in cell.splitlines() if line.strip() and line[0] != ":"]
        assert len(lines) <= MAX_LINES, cell
        assert max(map(len, lines), default=0) <= MAX_COLUMNS, cell


def test_figures_state_alternative_text_and_caption(text: str) -> None:
    for block in re.findall(r"^---\nmystnb:\n(.*?)^---$", text, re.S | re.M):
        assert "alt:" in block, block
        assert "figure:" not in block or "caption:" in block, block


def test_works_are_cited_and_citations_are_known(sources: dict[str, str]) -> None:
    bibliography = (ROOT / "book" / "references.bib").read_text(encoding="utf8")
    known = re.findall(r"^@\w+\{([^,\s]+),", bibliography, re.M)
    assert len(known) == len(set(known)), "an entry stands twice"
    roles = re.findall(r"\{cite:\w+\}`([^`]+)`", "\n".join(sources.values()))
    cited = {key.strip() for role in roles for key in role.split(",")}
    assert cited == set(known)


def test_pages_that_cite_list_the_works(text: str) -> None:
    if "{cite:" in text:
        assert "```{bibliography}\n:filter: docname in docnames\n```" in text

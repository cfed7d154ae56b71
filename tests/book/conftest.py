"""The pages of the book, as source and as built, and its outline, for the tests of both."""

from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup

from tests.book.built import HTML, PAGES, ROOT


@pytest.fixture(scope="session")
def sources() -> dict[str, str]:
    """The text of each page's source, by page name."""
    return {page: (ROOT / f"{page}.md").read_text(encoding="utf8") for page in PAGES}


@pytest.fixture(scope="session")
def pages() -> dict[str, BeautifulSoup]:
    """Each built page, parsed, by page name."""
    if not HTML.is_dir():
        pytest.fail("the book is not built: run `make book` first")
    return {
        page: BeautifulSoup((HTML / f"{page}.html").read_text(encoding="utf8"), "html.parser")
        for page in PAGES
    }


@pytest.fixture(scope="session")
def outline() -> list[dict[str, str]]:
    """The headings that the book must have: number, English, Chinese."""
    text = (Path(__file__).parent / "outline.yml").read_text(encoding="utf8")
    headings: list[dict[str, str]] = yaml.safe_load(text)["headings"]
    return headings

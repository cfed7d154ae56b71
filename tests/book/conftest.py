"""The pages of the book, as source and as built, and its outline, for the tests of both."""

import functools
from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup

from tests.book.built import BUILT, LANGUAGES, PAGES, ROOT


@pytest.fixture(scope="session")
def sources() -> dict[str, str]:
    """The text of each page's source, by page name."""
    return {page: (ROOT / f"{page}.md").read_text(encoding="utf8") for page in PAGES}


@pytest.fixture(scope="session", params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    """The language of one edition."""
    name: str = request.param
    return name


@functools.cache
def parsed(language: str) -> dict[str, BeautifulSoup]:
    """Each built page of an edition, parsed, by page name."""
    folder = BUILT / language
    if not folder.is_dir():
        pytest.fail(f"the {language} edition is not built: run `make book` first")
    return {
        page: BeautifulSoup((folder / f"{page}.html").read_text(encoding="utf8"), "html.parser")
        for page in PAGES
    }


@pytest.fixture(scope="session")
def pages(language: str) -> dict[str, BeautifulSoup]:
    """Each built page of one edition, by page name."""
    return parsed(language)


@pytest.fixture(scope="session")
def editions() -> dict[str, dict[str, BeautifulSoup]]:
    """All built pages, by language."""
    return {language: parsed(language) for language in LANGUAGES}


@pytest.fixture(scope="session")
def outline() -> list[dict[str, str]]:
    """The headings that the book must have: number, English, Chinese."""
    text = (Path(__file__).parent / "outline.yml").read_text(encoding="utf8")
    headings: list[dict[str, str]] = yaml.safe_load(text)["headings"]
    return headings

"""The two editions are one book: same places, same cells and outputs, each in its language."""

import json
import re
from urllib.parse import urlparse

import pytest
from bs4 import BeautifulSoup, Comment

from tests.book.built import BUILT, LANGUAGES, PAGES, ROOT

pytestmark = [
    pytest.mark.book,
    pytest.mark.skipif("zh_CN" not in LANGUAGES, reason="the Chinese edition is not asked for"),
]
Editions = dict[str, dict[str, BeautifulSoup]]
CHINESE = re.compile("[\u3400-\u9fff]")
ENGLISH = re.compile("[A-Za-z]{3}")
LABELS = ("title", "aria-label", "placeholder", "alt", "data-bs-title")


@pytest.fixture(params=PAGES)
def name(request: pytest.FixtureRequest) -> str:
    """The name of one page."""
    page: str = request.param
    return page


def test_the_second_edition_ran_no_cell() -> None:
    for language in LANGUAGES[1:]:
        record = json.loads((ROOT / "_build/records" / f"{language}.json").read_text("utf8"))
        assert record["executed"] == []
        assert record["from the cache"]


def test_both_have_the_same_places(editions: Editions, name: str) -> None:
    english, chinese = editions["en"][name], editions["zh_CN"][name]
    places = [[tag["id"] for tag in page.select("article [id]")] for page in (english, chinese)]
    assert sorted(places[0]) == sorted(places[1])
    named = [[place for place in page if not re.fullmatch(r"id\d+", place)] for page in places]
    assert named[0] == named[1]  # two citations of one sentence may change places


def test_both_have_the_same_cells_and_outputs(editions: Editions, name: str) -> None:
    def cells(page: BeautifulSoup) -> list[str]:
        return [cell.get_text() for cell in page.select(".cell_input pre, .cell_output pre")]

    assert cells(editions["en"][name]) == cells(editions["zh_CN"][name])


def test_pages_say_their_language_and_know_each_other(
    editions: Editions, language: str, name: str
) -> None:
    page = editions[language][name]
    assert page.html is not None
    assert page.html["lang"] == language.replace("_", "-")
    assert all("://" in str(link["href"]) for link in page.select("link[rel=canonical]"))
    here = BUILT / language / f"{name}.html"
    for other in LANGUAGES:
        tag = other.replace("_", "-")
        there = BUILT / other / f"{name}.html"
        link = page.select_one(f"link[rel=alternate][hreflang={tag}]")
        assert link is not None
        assert (here.parent / str(link["href"])).resolve() == there
        switch = page.select(f"a.language-switch[hreflang={tag}]")
        assert len(switch) == (other != language)
        for way in switch:
            assert (here.parent / str(way["href"])).resolve() == there
    entrance = page.select_one("link[rel=alternate][hreflang=x-default]")
    assert entrance is not None
    assert (here.parent / str(entrance["href"])).resolve() == BUILT / "index.html"


def test_the_interface_speaks_chinese(editions: Editions, name: str) -> None:
    page = editions["zh_CN"][name]
    found = [
        f"{label}={tag[label]}"
        for tag in page.select("body [title], body [aria-label], body [alt], body [placeholder]")
        for label in LABELS
        if ENGLISH.search(str(tag.get(label, ""))) and not CHINESE.search(str(tag[label]))
        if not (label == "title" and urlparse(str(tag.get("href", ""))).fragment.startswith("id"))
        if tag.get("lang") != "en" and not tag.find_parent(["code", "pre"])
    ]
    assert not found


def test_the_frame_of_a_page_holds_no_english_word(editions: Editions, name: str) -> None:
    page = editions["zh_CN"][name]
    found = [
        f"{label}={tag[label]}"
        for tag in page.select("body [title], body [aria-label], body [alt], body [placeholder]")
        for label in LABELS
        if ENGLISH.search(str(tag.get(label, "")))
        if tag.get("lang") != "en" and not tag.find_parent("article")
    ]
    assert not found
    author = page.select_one(".component-author")
    assert author is None or re.fullmatch("作者：《.+》编写组", author.get_text().strip())


def test_no_english_sentence_is_left(editions: Editions, name: str) -> None:
    left = []
    for text in editions["zh_CN"][name].find_all(string=True):
        if isinstance(text, Comment) or text.parent is None or text.find_parent("head"):
            continue
        if any(_common(tag) for tag in text.parents):
            continue
        if len(re.findall(r"\b[a-z]{2,}\b", text)) >= 4 and not CHINESE.search(text):
            left.append(text.strip())
    assert not left


def _common(tag: object) -> bool:
    """Whether an element holds what is the same in both editions."""
    names = {"pre", "code", "script", "style", "svg", "cite", "kbd", "em"}  # em: quoted examples
    classes = {"math", "citation", "source-page", "citation-list"}
    own = getattr(tag, "attrs", {})
    return (
        getattr(tag, "name", "") in names
        or bool(classes & set(own.get("class", [])))
        or own.get("lang") == "en"
        or ("external" in own.get("class", []) and " " not in tag.get_text())  # a repository
    )

"""Every built page: outputs, figures, scripts, weight and links are as readers need them."""

import copy
import gzip
import re
from urllib.parse import unquote, urlparse

import pytest
from bs4 import BeautifulSoup

from mha_book.formulas import LEDGER
from tests.book.built import BUILT, PAGES

pytestmark = pytest.mark.book

MAX_BYTES = 1_200_000  # over the wire, without the page's own image files


@pytest.fixture(params=PAGES)
def name(request: pytest.FixtureRequest) -> str:
    """The name of one page."""
    page: str = request.param
    return page


def test_executed_cells_show_outputs_and_no_errors(
    pages: dict[str, BeautifulSoup], sources: dict[str, str], name: str
) -> None:
    cells = sources[name].count("```{code-cell}")
    shown = pages[name].select("div.cell div.cell_input")
    assert len(shown) == cells
    if cells:
        assert pages[name].select("div.cell div.cell_output")
    text = pages[name].get_text()
    assert "Traceback (most recent call last)" not in text
    assert "Warning:" not in " ".join(o.get_text() for o in pages[name].select(".cell_output"))


def test_every_figure_has_alternative_text(
    pages: dict[str, BeautifulSoup], name: str, language: str
) -> None:
    article = pages[name].select_one("article")
    assert article is not None
    labels = [svg.get("aria-label", "") for svg in article.select(".mha-figure svg")]
    labels += [image.get("alt", "") for image in article.select("img")]
    shortest = 20 if language == "en" else 8
    assert all(len(str(label)) >= shortest for label in labels), labels


def test_the_book_has_many_figures_and_each_is_described_once(
    pages: dict[str, BeautifulSoup], language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = [
        svg["aria-label"] for page in pages.values() for svg in page.select(".mha-figure svg")
    ]
    with capsys.disabled():
        print(f"\n{language} figures: {len(labels)} inline, all with alternative text")
    assert len(labels) == len(set(labels))
    assert len(labels) >= 30


def test_no_script_style_font_or_image_from_another_host(
    pages: dict[str, BeautifulSoup], name: str
) -> None:
    page = pages[name]
    addresses = [t["src"] for t in page.select("script[src], img[src], iframe[src], source[src]")]
    addresses += [t["href"] for t in page.select("link[href]") if "canonical" not in t["rel"]]
    assert not [a for a in addresses if urlparse(str(a)).netloc]
    inline = " ".join(script.get_text() for script in page.select("script:not([src])"))
    assert "https://" not in inline, inline


def test_local_links_lead_somewhere(
    pages: dict[str, BeautifulSoup], name: str, language: str
) -> None:
    base = (BUILT / language / f"{name}.html").parent
    for link in pages[name].select("a[href], script[src], link[href]"):
        address = urlparse(str(link.get("href") or link.get("src")))
        if address.scheme or address.netloc:
            continue
        target = (base / unquote(address.path)).resolve() if address.path else None
        assert target is None or target.exists(), link
        if address.fragment and target is None:
            assert pages[name].find(id=unquote(address.fragment)), link


def test_ids_are_unique(pages: dict[str, BeautifulSoup], name: str) -> None:
    ids = [tag["id"] for tag in pages[name].select("[id]")]
    assert len(ids) == len(set(ids)), sorted({i for i in ids if ids.count(i) > 1})


def test_weight_over_the_wire(pages: dict[str, BeautifulSoup], name: str, language: str) -> None:
    page = BUILT / language / f"{name}.html"
    base, files = page.parent, {page}
    for tag in pages[name].select("script[src], link[rel=stylesheet][href]"):
        address = urlparse(str(tag.get("src") or tag.get("href")))
        files.add((base / unquote(address.path)).resolve())
    weight = sum(len(gzip.compress(file.read_bytes())) for file in files)
    assert weight <= MAX_BYTES, f"{weight:,} bytes"


def test_no_raw_markup_is_left(pages: dict[str, BeautifulSoup], name: str) -> None:
    page = copy.copy(pages[name])
    for code in page.select("pre, code, .math, script, style, svg"):
        code.extract()
    text = page.get_text()
    for mark in ("```", ":::", "{ref}", "{eq}", "{cite", "$$", "??"):
        assert mark not in text, mark


def test_the_formula_index_goes_from_number_to_number(pages: dict[str, BeautifulSoup]) -> None:
    rows = pages["book/appendix/formula-index"].select("table.formula-index tbody tr")
    labels = [row.select_one("td a").get_text() for row in rows]  # type: ignore[union-attr]
    numbers = [tuple(map(int, re.findall(r"\d+", label))) for label in labels]
    assert len(numbers) == len(LEDGER)
    assert numbers == sorted(set(numbers))

"""A built page opened from disk with the network off is whole, in both themes and on a phone."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.book.built import HTML, PAGES
from tests.browser.visit import Visit

pytestmark = pytest.mark.browser

PHONE, DESKTOP = 360, 1280


@pytest.fixture
def visit(chromium: Any, theme: str) -> Iterator[Visit]:
    """A reader of the light theme at a desk, or of the dark theme on a phone."""
    reader = Visit(chromium, theme, PHONE if theme == "dark" else DESKTOP)
    yield reader
    reader.context.close()


def test_pages_are_whole_without_a_network(visit: Visit, theme: str) -> None:
    for name in PAGES:
        page = visit.open(HTML / f"{name}.html")
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        wanted = page.locator(".math").count()
        assert page.locator("mjx-container").count() >= wanted, name
        assert page.locator("mjx-merror").count() == 0, name
        width = page.evaluate("document.documentElement.clientWidth")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    assert visit.requests == []
    assert visit.complaints == []


CONTRAST = """() => {
  const channel = c => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4 }
  const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).map(Number).map(channel)
                       return 0.2126 * r + 0.7152 * g + 0.0722 * b }
  const ground = light(getComputedStyle(document.body).backgroundColor)
  const ratio = c => { const l = light(c)
                       return (Math.max(l, ground) + 0.05) / (Math.min(l, ground) + 0.05) }
  const root = getComputedStyle(document.documentElement)
  const probe = document.body.appendChild(document.createElement('i'))
  return ['ink', 'blue', 'red', 'green', 'purple', 'gold'].map(name => {
    probe.style.color = root.getPropertyValue('--fig-' + name)
    return [name, ratio(getComputedStyle(probe).color)] })
}"""


def test_colours_of_figures_are_legible_on_the_page(visit: Visit) -> None:
    page = visit.open(HTML / f"{PAGES[0]}.html")
    ratios = dict(page.evaluate(CONTRAST))
    assert ratios["ink"] >= 7
    assert min(ratios.values()) >= 4.5, ratios  # WCAG 2.2, success criterion 1.4.3


def test_theme_button_changes_the_figures(chromium: Any) -> None:
    reader = Visit(chromium, "light", DESKTOP)
    name = next(name for name in PAGES if "03-multi-head" in name)
    page = reader.open(HTML / f"{name}.html")
    ink = "getComputedStyle(document.documentElement).getPropertyValue('--fig-ink')"
    before = page.evaluate(ink)
    for _ in range(3):
        page.locator(".theme-switch-button:visible").first.click()
        if page.evaluate("document.documentElement.dataset.theme") == "dark":
            break
    assert page.evaluate(ink) != before
    reader.context.close()


def test_solutions_are_folded_and_open_on_click(chromium: Any) -> None:
    reader = Visit(chromium, "light", DESKTOP)
    name = next(name for name in PAGES if "03-multi-head" in name)
    page = reader.open(HTML / f"{name}.html")
    solution = page.locator("div.solution.dropdown").first
    content = solution.locator("div.cell_input").first
    assert not content.is_visible()
    solution.locator(".admonition-title").click()
    content.wait_for(state="visible")
    reader.context.close()


def test_search_finds_a_page(chromium: Any) -> None:
    reader = Visit(chromium, "light", DESKTOP)
    page = reader.open(HTML / "search.html")
    page.goto((HTML / "search.html").as_uri() + "?q=permutation")
    page.locator("#search-results li a").first.wait_for()
    found = page.locator("#search-results li a").all_inner_texts()
    assert any(re.search("self-attention", text, re.I) for text in found), found
    assert reader.requests == []
    reader.context.close()

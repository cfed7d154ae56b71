"""Every widget of the book is alive in the static page, from disk and over http, network off."""

import functools
import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from mha_book import widgets
from tests.book.built import BUILT, HTML, LANGUAGES, PAGES, ROOT
from tests.browser.visit import Visit

pytestmark = pytest.mark.browser

PAGE = "book/appendix/widgets.html"
COUNT = len(widgets.__all__)
VIEW = "script[type='application/vnd.jupyter.widget-view+json']"
SHOWING = [p for p in PAGES if "mha_book.widgets" in (ROOT / f"{p}.md").read_text("utf8")]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The built book on localhost."""
    handler = functools.partial(_Quiet, directory=str(HTML))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Say nothing."""


def ready(page: Any, count: int = COUNT) -> Any:
    """Wait until all widgets of the page have drawn themselves."""
    page.wait_for_function(f"document.querySelectorAll('.mhaw[data-ready]').length === {count}")
    return page.locator(".mhaw")


@pytest.mark.parametrize("name", SHOWING)
def test_every_page_with_widgets_makes_them_ready(chromium: Any, name: str) -> None:
    reader = Visit(chromium, "dark", 360)
    page = reader.open(HTML / f"{name}.html")
    count = page.locator(VIEW).count()
    assert count > 0
    found = ready(page, count)
    assert all(found.nth(n).bounding_box()["height"] > 120 for n in range(count))
    assert page.locator(".mhaw-fallback").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert reader.requests == []
    assert reader.complaints == []
    reader.context.close()


@pytest.mark.parametrize("width", [360, 1280], ids=["phone", "desktop"])
def test_all_widgets_are_ready_and_fit(chromium: Any, theme: str, width: int) -> None:
    reader = Visit(chromium, theme, width)
    page = reader.open(HTML / PAGE)
    found = ready(page)
    assert found.count() == COUNT
    for index in range(COUNT):
        box = found.nth(index).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["height"] > 120
    assert page.locator(".mhaw-fallback").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert reader.requests == []
    assert reader.complaints == []
    reader.context.close()


def test_widgets_are_named_groups_and_add_no_heading(chromium: Any) -> None:
    reader = Visit(chromium, "light", 1280)
    page = reader.open(HTML / PAGE)
    found = ready(page)
    for index in range(COUNT):
        title = found.nth(index).locator(".mhaw-title").inner_text()
        assert page.get_by_role("group", name=title, exact=True).count() == 1
    assert page.locator(".mhaw").locator("h1, h2, h3, h4, h5, h6").count() == 0
    reader.context.close()


def test_widgets_are_alive_over_http(chromium: Any, address: str) -> None:
    reader = Visit(chromium, "light", 1280, allow=address)
    reader.page.goto(f"{address}/{PAGE}")
    assert ready(reader.page).count() == COUNT
    assert reader.requests == []
    assert reader.complaints == []
    reader.context.close()


def test_without_scripts_a_picture_stands_in_its_place(chromium: Any) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((HTML / PAGE).as_uri())
    pictures = page.locator(".mhaw-fallback svg")
    assert pictures.count() == COUNT
    assert all(pictures.nth(n).bounding_box()["height"] > 80 for n in range(COUNT))
    context.close()


TARGETS = """() => [...document.querySelectorAll('.mhaw')].flatMap(w =>
  [...w.querySelectorAll('input, select, button, [role=slider], [role=gridcell], canvas[tabindex]')]
    .filter(e => e.offsetParent !== null || e instanceof SVGElement)
    .map(e => [w.className, e.tagName, e.getBoundingClientRect()])
    .filter(([, , b]) => b.width < 24 || b.height < 24)
    .map(([name, tag, b]) => `${name} ${tag} ${b.width.toFixed(0)}x${b.height.toFixed(0)}`))"""


def test_touch_targets_are_large_enough(chromium: Any) -> None:
    reader = Visit(chromium, "light", 360)
    page = reader.open(HTML / PAGE)
    ready(page)
    assert page.evaluate(TARGETS) == []  # WCAG 2.2, success criterion 2.5.8
    reader.context.close()


def test_every_control_has_a_name_and_changes_the_reading(chromium: Any) -> None:
    reader = Visit(chromium, "light", 1280)
    page = reader.open(HTML / PAGE)
    found = ready(page)
    for index in range(COUNT):
        widget = found.nth(index)
        before = widget.inner_text()
        control = widget.locator("input[type=range], [role=slider], select, button").first
        control.focus()
        for key in ("ArrowRight", "ArrowRight", "ArrowDown", "Enter"):
            control.press(key)
        assert widget.inner_text() != before, widget.get_attribute("class")
    assert reader.complaints == []
    reader.context.close()


@pytest.mark.skipif("zh_CN" not in LANGUAGES, reason="the Chinese edition is not asked for")
def test_strings_follow_the_language_of_the_page(chromium: Any) -> None:
    reader = Visit(chromium, "light", 1280)
    page = reader.open(BUILT / "zh_CN" / PAGE)
    found = ready(page)
    titles = found.locator(".mhaw-title").all_inner_texts()
    assert len(titles) == COUNT
    assert all(any("\u4e00" <= char <= "\u9fff" for char in title) for title in titles), titles
    reader.context.close()

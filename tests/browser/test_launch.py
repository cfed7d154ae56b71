"""A reader finds the notebook of a page by the keyboard, on a phone as well."""

from typing import Any

import pytest

from tests.book.built import BUILT, LANGUAGES
from tests.browser.visit import Visit

pytestmark = pytest.mark.browser
NAME = "02-core-concepts/02-self-attention"


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_menu_opens_by_key_and_leads_to_the_notebook(
    chromium: Any, language: str, width: int
) -> None:
    reader = Visit(chromium, "dark", width)
    page = reader.open(BUILT / language / "book" / f"{NAME}.html")
    button, links = page.locator(".launch button"), page.locator(".launch a")
    head = page.locator(".header-article-items__end").bounding_box()
    assert head["height"] < 60  # all in one line
    assert head["x"] + head["width"] <= width
    assert not links.first.is_visible()
    button.focus()
    page.keyboard.press("Enter")
    links.last.wait_for()
    for box in (link.bounding_box() for link in links.all()):
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    notebook = page.locator(".launch-notebook")
    assert notebook.get_attribute("download") is not None  # saved, where pages come from a server
    wanted = BUILT / language / "notebooks" / f"{NAME}.ipynb"
    assert notebook.evaluate("link => link.href") == wanted.as_uri()
    assert reader.requests == []
    reader.context.close()

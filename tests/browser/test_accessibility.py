"""No page has a serious or critical violation of WCAG 2.2 A or AA that axe-core can find."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.book.built import HTML, PAGES
from tests.browser.visit import Visit

pytestmark = pytest.mark.browser

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@pytest.mark.parametrize(("theme", "width"), [("light", 360), ("dark", 1280)])
def test_pages_are_accessible(chromium: Any, theme: str, width: int) -> None:
    reader = Visit(chromium, theme, width)
    found = []
    for name in PAGES:
        results = Axe().run(reader.open(HTML / f"{name}.html"), options=RULES)
        found += [
            f"{name}: {violation['id']}: {violation['nodes'][0]['html'][:200]}"
            for violation in results.response["violations"]
            if violation["impact"] in ("serious", "critical")
        ]
    reader.context.close()
    assert not found, "\n".join(found)

"""No page has a serious or critical violation of WCAG 2.2 A or AA that axe-core can find."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.book.built import HTML, PAGES
from tests.browser.visit import Visit

pytestmark = pytest.mark.browser

# Judging each coloured word of code and each label of a figure takes minutes. Code has the same
# colours on all pages, so the first stands for all; those of figures have a test of their own.
SKIPPED = {"exclude": [[".mha-figure svg"], [".highlight pre"]]}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@pytest.mark.parametrize(("theme", "width"), [("light", 360), ("dark", 1280)])
def test_pages_are_accessible(chromium: Any, theme: str, width: int) -> None:
    reader = Visit(chromium, theme, width)
    found = []
    for name in PAGES:
        page = reader.open(HTML / f"{name}.html")
        results = Axe().run(page, context=None if name == PAGES[0] else SKIPPED, options=RULES)
        found += [
            f"{name}: {violation['id']}: {violation['nodes'][0]['html'][:200]}"
            for violation in results.response["violations"]
            if violation["impact"] in ("serious", "critical")
        ]
    reader.context.close()
    assert not found, "\n".join(found)

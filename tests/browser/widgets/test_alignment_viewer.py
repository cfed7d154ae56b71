"""A reader picks heads, words and a threshold; the page shows the numbers that Python computes."""

from collections.abc import Iterator
from typing import Any

import pytest

from mha_book.widgets import AlignmentViewer
from tests.book.built import HTML
from tests.browser.visit import Visit

pytestmark = pytest.mark.browser


@pytest.fixture
def widget(chromium: Any) -> Iterator[Any]:
    """The viewer of the page of widgets, in its first state."""
    reader = Visit(chromium, "light", 1100)
    page = reader.open(HTML / "book/appendix/widgets.html")
    found = page.locator(".mhaw-alignment-viewer[data-ready]")
    found.wait_for()
    yield found
    assert reader.complaints == []
    reader.context.close()


def pairs(widget: Any, name: str) -> list[tuple[int, ...]]:
    """Target and source of each mark with that attribute."""
    values = widget.locator(f"[data-{name}]").evaluate_all(f"ls => ls.map(l => l.dataset.{name})")
    return [tuple(map(int, value.split())) for value in values]


def check_scores(widget: Any, model: AlignmentViewer) -> None:
    """The table shows the numbers of Python, rounded."""
    rows = widget.locator("tbody tr")
    for n, score in enumerate(model.scores()):
        shown = [float(text) for text in rows.nth(n).locator("td").all_inner_texts()]
        names = ("aer", "precision", "recall", "correct", "found")
        assert shown == pytest.approx([score[name] for name in names], abs=0.0051)
    assert rows.count() == len(model.scores())


def test_first_state_shows_links_gold_and_scores(widget: Any) -> None:
    model = AlignmentViewer()
    assert pairs(widget, "link") == pairs(widget, "line") == model.links()
    assert pairs(widget, "gold") == pairs(widget, "dashed") == [tuple(p) for p in model.gold]
    check_scores(widget, model)
    reading = widget.locator(".mhaw-live").inner_text()
    assert reading.endswith("6 of 7 links are gold, 1 of 7 gold pairs missed, AER 0.14.")


def test_rule_threshold_and_head_change_the_scores(widget: Any) -> None:
    head, rule = widget.locator("select").nth(0), widget.locator("select").nth(1)
    rule.focus()
    rule.press("ArrowDown")
    slider = widget.locator("input[type=range]")
    slider.focus()
    for _ in range(30):
        slider.press("ArrowRight")
    model = AlignmentViewer(rule="threshold", threshold=0.3)
    check_scores(widget, model)
    assert pairs(widget, "link") == model.links()
    head.focus()
    head.press("ArrowDown")
    assert pairs(widget, "link") == model.links(1)
    assert widget.locator("tbody tr[aria-current=true] th").inner_text() == "Head 2 (position)"


def test_arrows_walk_through_target_words_and_escape_leaves(widget: Any) -> None:
    words = widget.locator("button.mhaw-word")
    words.first.focus()
    for _ in range(5):
        widget.page.keyboard.press("ArrowDown")
    assert words.nth(5).evaluate("e => e === document.activeElement")
    shares = widget.locator(".mhaw-share").all_inner_texts()
    assert shares == [f"{x:.2f}" for x in AlignmentViewer().weights()[0, 5]]
    reading = widget.locator(".mhaw-live").inner_text()
    assert reading == "“本” looks most at “book” (0.55). Gold: this."
    assert pairs(widget, "dashed") == [(5, 2)]
    widget.page.keyboard.press("Escape")
    assert pairs(widget, "line") == AlignmentViewer().links()


def test_mouse_shows_the_sources_of_a_word(widget: Any) -> None:
    widget.locator("button.mhaw-word").nth(3).hover()
    assert {i for i, _ in pairs(widget, "line")} == {3}
    widget.page.mouse.move(0, 0)
    assert pairs(widget, "line") == AlignmentViewer().links()


def test_tile_picks_its_word_and_marks_lie_on_their_tiles(widget: Any) -> None:
    canvas = widget.locator("canvas")
    canvas.click(position={"x": 10, "y": 36 * 3 + 10})
    assert widget.locator(".mhaw-live").inner_text().startswith("“了” looks most at “read” (0.54)")
    box, gold = canvas.bounding_box(), widget.locator("[data-gold='1 4']").bounding_box()
    assert gold["x"] - box["x"] == pytest.approx(4 * 36 + 2, abs=2)
    assert gold["y"] - box["y"] == pytest.approx(36 + 2, abs=2)
    name = widget.locator(".mhaw-names div").nth(3).bounding_box()
    assert name["y"] - box["y"] == pytest.approx(3 * 36, abs=1.5)
    head = widget.locator(".mhaw-heads div").nth(4).bounding_box()
    assert head["x"] - box["x"] == pytest.approx(4 * 36, abs=1.5)

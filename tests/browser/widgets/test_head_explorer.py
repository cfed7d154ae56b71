"""A reader picks heads and tokens; the page shows the numbers that Python computes."""

from collections.abc import Iterator
from typing import Any

import pytest

from mha_book.widgets import HeadExplorer
from tests.book.built import HTML
from tests.browser.visit import Visit

pytestmark = pytest.mark.browser

# Width, height and opacities of a canvas, read from a copy that is made for reading.
ALPHA = """c => {
  const copy = document.createElement('canvas');
  Object.assign(copy, { width: c.width, height: c.height });
  const pen = copy.getContext('2d', { willReadFrequently: true });
  pen.drawImage(c, 0, 0);
  const { data } = pen.getImageData(0, 0, c.width, c.height);
  return [c.width, c.height, ...data.filter((_, k) => k % 4 === 3)];
}"""

# Where a line begins and ends on the screen.
ENDS = """line => [0, line.getTotalLength()].map(at => {
  const { x, y } = line.getPointAtLength(at).matrixTransform(line.getScreenCTM());
  return [x, y];
})"""


@pytest.fixture
def widget(chromium: Any) -> Iterator[Any]:
    """The explorer of the page of widgets, in its first state."""
    reader = Visit(chromium, "light", 1100)
    page = reader.open(HTML / "book/appendix/widgets.html")
    found = page.locator(".mhaw-head-explorer[data-ready]")
    found.wait_for()
    yield found
    assert reader.complaints == []
    reader.context.close()


def drawn(widget: Any) -> list[tuple[int, int]]:
    """Query and key of each line on the screen."""
    lines = widget.locator("[data-line]").evaluate_all("ls => ls.map(l => l.dataset.line)")
    return [tuple(map(int, line.split())) for line in lines]  # type: ignore[misc]


def test_keyboard_picks_head_and_token(widget: Any) -> None:
    widget.locator("input[type=radio]").first.focus()
    widget.page.keyboard.press("ArrowRight")
    assert widget.locator("input[type=radio]").nth(1).is_checked()
    widget.locator("input[type=range]").focus()
    for _ in range(3):
        widget.page.keyboard.press("ArrowLeft")
    model = HeadExplorer(head=1, token=7)
    assert drawn(widget) == [(i, j) for i, j, _ in model.lines()]
    shares = widget.locator(".mhaw-share").all_inner_texts()
    row = model.weights()[0, 1, 7]
    assert shares == [f"{x:.2f}" if x >= 0.005 else "" for x in row]
    assert "“cat” looks most at “cat” (0.49)" in widget.locator(".mhaw-live").inner_text()


def test_statistics_under_each_head_are_pythons(widget: Any) -> None:
    numbers = HeadExplorer().statistics()
    cards = widget.locator(".mhaw-card").all_inner_texts()
    assert len(cards) == 4
    for head, card in enumerate(cards):
        assert f"{numbers['entropy'][0, head]:.2f} bits" in card
        assert f"distance {numbers['distance'][0, head]:.2f}" in card


def test_pointer_picks_a_card_a_token_and_all_tokens(widget: Any) -> None:
    widget.locator(".mhaw-card").nth(2).click()
    word = widget.locator("button.mhaw-word").nth(4)
    word.click()
    assert word.get_attribute("aria-pressed") == "true"
    assert drawn(widget) == [(i, j) for i, j, _ in HeadExplorer(head=2, token=4).lines()]
    word.click()
    widget.page.mouse.move(0, 0)
    model = HeadExplorer(head=2)
    model.token = None
    assert drawn(widget) == [(i, j) for i, j, _ in model.lines()]
    assert widget.locator("output").last.inner_text() == "all"


def test_mouse_looks_without_choosing(widget: Any) -> None:
    widget.locator("button.mhaw-word").nth(0).hover()
    assert {i for i, _ in drawn(widget)} == {0}
    widget.page.evaluate("document.body.classList.toggle('scrolled')")  # as the theme does
    widget.page.wait_for_timeout(50)
    assert {i for i, _ in drawn(widget)} == {0}
    widget.page.mouse.move(0, 0)
    assert {i for i, _ in drawn(widget)} == {10}


def test_heat_maps_hold_the_weights_and_the_mark_its_row(widget: Any) -> None:
    pixels = widget.locator("canvas").nth(1).evaluate(ALPHA)
    assert pixels[:2] == [11, 11]
    expected = HeadExplorer().weights()[0, 1].ravel() * 255
    assert all(abs(a - b) <= 1 for a, b in zip(pixels[2:], expected, strict=True))
    heat = widget.locator(".mhaw-thumb").nth(1).bounding_box()
    mark = widget.locator(".mhaw-mark").nth(1).bounding_box()
    assert abs(heat["width"] - heat["height"]) < 2
    assert mark["y"] + mark["height"] / 2 == pytest.approx(
        heat["y"] + heat["height"] * 10.5 / 11, abs=3
    )


def test_lines_end_at_their_words(widget: Any) -> None:
    for line, (i, j) in enumerate(drawn(widget)[:3]):  # the token looks up, at 7, 8 and 9
        start, end = widget.locator("[data-line]").nth(line).evaluate(ENDS)
        query = widget.locator("button.mhaw-word").nth(i).bounding_box()
        key = widget.locator("div.mhaw-word").nth(j).bounding_box()
        middle = [query["x"] + query["width"], query["y"] + query["height"] / 2]
        assert start == pytest.approx(middle, abs=2)
        assert end == pytest.approx([key["x"], key["y"] + key["height"] / 2], abs=2)


def test_own_scale_darkens_the_uniform_head(widget: Any) -> None:
    uniform = widget.locator("canvas").nth(3)
    assert uniform.evaluate(ALPHA)[2:] == pytest.approx([255 / 11] * 121, abs=1)
    widget.locator("input[type=checkbox]").check()
    assert uniform.evaluate(ALPHA)[2:] == [255] * 121

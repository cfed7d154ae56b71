"""A reader changes depth, gain, kind and seed; the page shows the numbers of autograd, in time."""

from collections.abc import Iterator
from typing import Any

import pytest

from mha_book.widgets import ResidualStream
from mha_book.widgets.residual_stream import KINDS
from tests.book.built import HTML
from tests.browser.visit import Visit

pytestmark = pytest.mark.browser

POWERS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


@pytest.fixture
def widget(chromium: Any) -> Iterator[Any]:
    """The stack of 24 layers with gain 0.6."""
    reader = Visit(chromium, "light", 1280)
    page = reader.open(HTML / "book/appendix/widgets.html")
    found = page.locator(".mhaw-residual-stream[data-ready]")
    found.wait_for()
    yield found
    assert reader.complaints == []
    reader.context.close()


def press(widget: Any, label: str, key: str, times: int = 1) -> None:
    """Move a control by keyboard."""
    control = widget.get_by_label(label, exact=True)
    control.focus()
    for _ in range(times):
        control.press(key)


def number(text: str) -> float:
    """The number of a cell, with or without a power of ten."""
    digits, _, power = text.partition(" × 10")
    return float(digits) * 10 ** int(power.translate(POWERS) or 0)


def check(widget: Any, **settings: Any) -> None:
    """Both ratios of all three kinds equal those of Python."""
    for row, kind in zip(widget.locator("tbody tr").all(), KINDS, strict=True):
        norms = ResidualStream(kind=kind, **settings).norms()
        shown = [number(text) for text in row.locator("td").all_inner_texts()]
        expected = [norms["forward"][-1] / norms["forward"][0], norms["gradient"][0]]
        assert shown == pytest.approx(expected, rel=0.051), kind


def test_depth_gain_and_seed_change_the_right_numbers(widget: Any) -> None:
    check(widget, depth=24, gain=0.6, seed=1)
    press(widget, "Depth", "End")
    check(widget, depth=64, gain=0.6, seed=1)
    press(widget, "Gain c", "ArrowRight", 9)
    check(widget, depth=64, gain=1.05, seed=1)
    press(widget, "Seed", "ArrowRight", 4)
    check(widget, depth=64, gain=1.05, seed=5)


def test_the_kind_that_is_read_out_is_bold_and_spoken(widget: Any) -> None:
    press(widget, "Read out", "ArrowDown")
    norms = ResidualStream(kind="pre").norms()
    assert f"gets {norms['gradient'][0]:.2f} of" in widget.locator(".mhaw-live").inner_text()
    widths = {
        kind: widget.locator(f"polyline[data-kind={kind}]").first.get_attribute("stroke-width")
        for kind in KINDS
    }
    assert float(widths["pre"] or 0) > float(widths["plain"] or 0) == float(widths["post"] or 0)


def test_lines_stay_in_the_picture(widget: Any) -> None:
    press(widget, "Depth", "End")
    press(widget, "Gain c", "Home")
    assert "Lines end at the edge" in widget.inner_text()
    for svg in widget.locator("svg[role=img]").all():
        frame = svg.bounding_box()
        assert frame["width"] > 250
        for line in svg.locator("polyline").all():
            box = line.bounding_box()
            assert frame["x"] <= box["x"]
            assert box["x"] + box["width"] <= frame["x"] + frame["width"]
            assert frame["y"] <= box["y"]
            assert box["y"] + box["height"] <= frame["y"] + frame["height"]


STEP = """(input) => Math.min(...[0.7, 0.8, 0.9, 1, 1.1].map((gain) => {
  input.value = gain
  const start = performance.now()
  input.dispatchEvent(new Event("input"))
  input.getBoundingClientRect()
  return performance.now() - start
}))"""


def test_a_step_at_full_depth_takes_less_than_a_frame(widget: Any) -> None:
    press(widget, "Depth", "End")
    assert widget.get_by_label("Gain c", exact=True).evaluate(STEP) < 16

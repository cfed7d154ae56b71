"""A reader moves sizes; the page shows what Python counts, or says why there is no such module."""

from collections.abc import Iterator
from typing import Any

import pytest

from mha_book.widgets import ShapeTracer
from tests.book.built import HTML
from tests.browser.visit import Visit

pytestmark = pytest.mark.browser

LABELS = {
    "B": "Sequences B",
    "T": "Tokens T",
    "d_model": "Width dmodel",
    "num_heads": "Heads H",
    "num_kv_heads": "Key-value heads Hkv",
    "d_ff": "Feed-forward dff",
}


@pytest.fixture
def widget(chromium: Any) -> Iterator[Any]:
    """The tracer of the page of widgets, in its first state."""
    reader = Visit(chromium, "light", 1100)
    page = reader.open(HTML / "book/appendix/widgets.html")
    found = page.locator(".mhaw-shape-tracer[data-ready]")
    found.wait_for()
    yield found
    assert reader.complaints == []
    reader.context.close()


def move(widget: Any, name: str, key: str, times: int = 1) -> str:
    """Press a key on one slider; its reading afterwards."""
    slider = widget.get_by_role("slider", name=LABELS[name], exact=True)
    slider.focus()
    for _ in range(times):
        slider.press(key)
    return slider.locator("xpath=following-sibling::output").inner_text()


def rows(widget: Any, table: int) -> list[list[str]]:
    """The texts of one table."""
    found = widget.locator("table").nth(table).locator("tbody tr")
    return [found.nth(n).locator("th, td").all_inner_texts() for n in range(found.count())]


def check(widget: Any, model: ShapeTracer) -> None:
    """Compare all shapes, parameters and blocks with Python's."""
    made = model.trace()
    assert [row[1] for row in rows(widget, 0)] == [
        f"({', '.join(map(str, shape))})" for shape in made["shapes"].values()
    ]
    parameters = [[f"{w:,}", f"{b:,}", f"{w + b:,}"] for w, b in made["parameters"].values()]
    totals = [sum(column) for column in zip(*made["parameters"].values(), strict=True)]
    parameters.append([f"{n:,}" for n in (*totals, sum(totals))])
    assert [row[1:] for row in rows(widget, 1)] == parameters
    counts = [widget.locator(".mhaw-strip").nth(n).locator("rect").count() for n in range(3)]
    assert counts == [made["shapes"][name][1] for name in "qkv"]


def test_first_state_and_other_sizes_equal_python(widget: Any) -> None:
    check(widget, ShapeTracer())
    assert move(widget, "num_kv_heads", "ArrowRight", 2) == "2"
    assert move(widget, "T", "ArrowRight", 3) == "1,024"
    assert move(widget, "B", "ArrowLeft") == "1"
    assert move(widget, "d_ff", "ArrowRight", 4) == "128"
    check(widget, ShapeTracer(B=1, T=1024, num_kv_heads=2, d_ff=128))
    assert rows(widget, 0)[-1][3] == "134 M"  # 2 · 1024 · 128 · 512
    memory = rows(widget, 2)
    assert [row[1:] for row in memory[1:]] == [["33.6 MB", "16.8 MB"], ["1.05 MB", "524 kB"]]


def test_products_take_half_of_the_work_at_twice_the_width(widget: Any) -> None:
    move(widget, "T", "ArrowRight", 3)
    assert "QKᵀ and AV take 50.0 %" in widget.locator(".mhaw-live").inner_text()
    bar = widget.locator(".mhaw-blocks").last.locator("rect")
    widths = [bar.nth(n).bounding_box()["width"] for n in range(2)]
    assert widths[0] == pytest.approx(widths[1], rel=0.01)


def test_blocks_split_the_width_evenly_and_groups_share_a_letter(widget: Any) -> None:
    move(widget, "num_kv_heads", "ArrowRight", 2)
    strips = widget.locator(".mhaw-strip")
    assert strips.nth(0).locator("text").all_text_contents() == list("AAAABBBB")
    assert strips.nth(1).locator("text").all_text_contents() == list("AB")
    boxes = [strips.nth(0).locator("rect").nth(n).bounding_box() for n in range(8)]
    whole = strips.nth(0).locator("svg").bounding_box()
    for n, box in enumerate(boxes):
        assert box["x"] == pytest.approx(whole["x"] + n * whole["width"] / 8, abs=1)
    assert strips.nth(0).locator("title").first.text_content() == "queries 1: 1–64"


def test_sizes_that_do_not_divide_say_why_and_blank_the_tables(widget: Any) -> None:
    error = widget.locator(".mhaw-error")
    assert move(widget, "num_heads", "ArrowLeft") == "7"
    assert "H = 7 does not divide d_model = 512" in error.inner_text()
    assert "7 heads would be 73.14 columns wide" in error.inner_text()
    assert not widget.locator("table").first.is_visible()
    move(widget, "num_heads", "ArrowRight")
    assert error.inner_text() == ""
    check(widget, ShapeTracer())
    move(widget, "num_kv_heads", "ArrowRight", 3)
    assert "H_kv = 3 does not divide H = 8" in error.inner_text()
    assert not widget.locator("table").first.is_visible()


def test_numbers_fit_the_widget(widget: Any) -> None:
    outer = widget.bounding_box()
    for name in (".mhaw-strip", ".mhaw-scroll", ".mhaw-blocks"):
        for part in widget.locator(name).all():
            box = part.bounding_box()
            assert box["height"] >= 24
            assert outer["x"] <= box["x"]
            assert box["x"] + box["width"] <= outer["x"] + outer["width"]

"""A reader cuts, draws and searches; the page shows the numbers that Python computes."""

from collections.abc import Iterator
from typing import Any

import pytest

from mha_book.widgets import DecodingPlayground
from tests.book.built import HTML
from tests.browser.visit import Visit

pytestmark = pytest.mark.browser


@pytest.fixture
def widget(chromium: Any) -> Iterator[Any]:
    """The playground of the page of widgets: top-p at 0.9, a hundred draws, a beam of two."""
    reader = Visit(chromium, "light", 1280)
    page = reader.open(HTML / "book/appendix/widgets.html")
    found = page.locator(".mhaw-decoding-playground[data-ready]")
    found.wait_for()
    yield found
    assert reader.complaints == []
    reader.context.close()


def press(widget: Any, label: str, key: str, times: int = 1) -> None:
    """Move the slider of that label by keyboard."""
    slider = widget.get_by_label(label, exact=True)
    slider.focus()
    for _ in range(times):
        slider.press(key)


def check_tokens(widget: Any, model: DecodingPlayground) -> None:
    """The table holds the percentages and counts of Python, most probable first."""
    order = sorted(range(len(model.tokens)), key=lambda j: -model.logits[j])
    p, counts = model.probabilities(), model.counts()
    rows = widget.locator("table").nth(0).locator("tbody tr")
    for row, j in zip(rows.all(), order, strict=True):
        assert row.locator("th").inner_text() == model.tokens[j]
        after, drawn = row.locator("td").all_inner_texts()[2:]
        assert drawn == (str(counts[j]) if model.draws else "")
        assert after == ("—" if p[j] == 0 else after)
        if p[j] > 0:
            assert float(after) == pytest.approx(100 * p[j], abs=0.051)
        else:
            assert "line-through" in row.locator("th").evaluate(
                "e => getComputedStyle(e).textDecorationLine"
            )


def check_beam(widget: Any, model: DecodingPlayground) -> None:
    """The table of hypotheses holds those of Python, the best first."""
    rows = widget.locator("table").nth(1).locator("tbody tr").all()
    for row, (tokens, total, score) in zip(rows, model.beam(), strict=True):
        assert row.locator("th").inner_text() == " ".join(model.tokens[j] for j in tokens)
        shown = [float(x.replace("−", "-")) for x in row.locator("td").all_inner_texts()]
        assert shown == pytest.approx([total, len(tokens), score], abs=0.00051)


def test_first_state(widget: Any) -> None:
    check_tokens(widget, DecodingPlayground(top_p=0.9))
    check_beam(widget, DecodingPlayground())
    assert widget.locator(".mhaw-live").inner_text().startswith("5 of 10 tokens survive")
    assert "A beam of 2 finds “dog barks loudly .”" in widget.locator("p").inner_text()


def test_each_control_cuts_what_python_cuts(widget: Any) -> None:
    press(widget, "top-p", "End")
    check_tokens(widget, DecodingPlayground())
    press(widget, "Temperature", "ArrowRight", 20)
    check_tokens(widget, DecodingPlayground(temperature=2.0))
    press(widget, "top-k", "ArrowLeft", 6)
    check_tokens(widget, DecodingPlayground(temperature=2.0, top_k=4))
    press(widget, "min-p", "ArrowRight", 60)
    check_tokens(widget, DecodingPlayground(temperature=2.0, top_k=4, min_p=0.6))
    press(widget, "Draws", "Home")
    check_tokens(widget, DecodingPlayground(temperature=2.0, top_k=4, min_p=0.6, draws=0))


def test_next_seed_draws_again(widget: Any) -> None:
    widget.get_by_role("button", name="Draw again").click()
    assert "Seed: 2" in widget.inner_text()
    check_tokens(widget, DecodingPlayground(top_p=0.9, seed=2))
    press(widget, "Draws", "ArrowRight", 2)
    check_tokens(widget, DecodingPlayground(top_p=0.9, seed=2, draws=10_000))


def test_greedy_switches_the_cuts_off(widget: Any) -> None:
    widget.get_by_label("greedy").press("Space")
    check_tokens(widget, DecodingPlayground(greedy=True))
    assert widget.get_by_label("Temperature", exact=True).is_disabled()
    assert "1 of 10 tokens survive" in widget.locator(".mhaw-live").inner_text()


def test_width_and_penalty_change_the_winner(widget: Any) -> None:
    press(widget, "Beam width", "ArrowRight")
    check_beam(widget, DecodingPlayground(width=3))
    assert "finds “house .”" in widget.locator("p").inner_text()
    assert "finds “house .”" in widget.locator(".mhaw-live").inner_text()
    press(widget, "Length penalty α", "ArrowRight", 10)
    check_beam(widget, DecodingPlayground(width=3, penalty=1.0))
    press(widget, "Beam width", "Home")
    assert "Greedy and a beam of 1 agree" in widget.locator("p").inner_text()
    press(widget, "Steps", "ArrowLeft", 2)
    check_beam(widget, DecodingPlayground(width=1, penalty=1.0, depth=2))


def test_the_tree_marks_what_was_kept(widget: Any) -> None:
    boxes = widget.locator("svg rect")
    dashed = boxes.evaluate_all("l => l.map(e => e.getAttribute('stroke-dasharray') !== '')")
    assert len(dashed) == 1 + 4 * 5
    assert dashed.count(False) == 1 + 4 * 2
    assert all(box["width"] > 60 for box in (b.bounding_box() for b in boxes.all()))

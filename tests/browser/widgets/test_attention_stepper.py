"""A reader steps, picks and edits; the page shows the matrices that Python computes."""

from collections.abc import Iterator
from typing import Any

import pytest

from mha_book.widgets import AttentionStepper
from tests.book.built import HTML
from tests.browser.visit import Visit

pytestmark = pytest.mark.browser

NAMES = {"QK^⊤": "scores", "S": "scaled", "S Mask": "masked", "A": "weights", "O": "output"}
NAMES |= {"X_i": "x", "Q": "q", "K": "k", "V": "v"}


def opened(chromium: Any, width: int = 1100) -> Iterator[Any]:
    """The stepper of the page of widgets, in its first state."""
    reader = Visit(chromium, "light", width)
    page = reader.open(HTML / "book/appendix/widgets.html")
    found = page.locator(".mhaw-attention-stepper[data-ready]")
    found.wait_for()
    yield found
    assert reader.complaints == []
    reader.context.close()


@pytest.fixture
def widget(chromium: Any) -> Iterator[Any]:
    """On a desktop."""
    yield from opened(chromium)


@pytest.fixture
def phone(chromium: Any) -> Iterator[Any]:
    """On a phone."""
    yield from opened(chromium, 360)


def numbers(table: Any) -> list[list[float]]:
    """The numbers of one table."""
    rows = table.locator("tbody tr")
    texts = [rows.nth(n).locator("td").all_inner_texts() for n in range(rows.count())]
    return [[float(text.replace("−", "-").replace("∞", "inf")) for text in row] for row in texts]


def check(widget: Any, model: AttentionStepper, step: int) -> set[str]:
    """Names of the matrices that a step shows, after comparing each with Python's."""
    tables = widget.locator(f"[data-step='{step}'] table").filter(visible=True)
    steps, seen = model.steps(), set()
    for n in range(tables.count()):
        name = tables.nth(n).get_attribute("data-name")
        expected = steps["k"].T if name == "K^⊤" else steps[NAMES[name]]
        if name == "X_i":
            expected = expected[model.query : model.query + 1]
        shown = numbers(tables.nth(n))
        assert shown == [pytest.approx(row, abs=0.00501) for row in expected.tolist()], name
        seen.add(name)
    return seen


def test_buttons_walk_through_all_matrices(widget: Any) -> None:
    model, seen = AttentionStepper("the cat sat"), set()
    following = widget.get_by_role("button", name="Next →")
    following.focus()
    for step in range(7):
        assert widget.locator("[aria-current=step]").inner_text().startswith(str(step + 1))
        assert widget.locator(".mhaw-step").filter(visible=True).count() == 1
        seen |= check(widget, model, step)
        following.press("Enter")  # at the end it does nothing, and keeps the focus
    assert seen == {*NAMES, "K^⊤"}
    assert widget.locator("[aria-current=step]").inner_text() == "7 Output"
    assert following.get_attribute("aria-disabled") == "true"
    widget.get_by_role("button", name="← Previous").click()
    assert widget.locator("[aria-current=step]").inner_text() == "6 Softmax"
    widget.get_by_role("button", name="3 Score").click()
    assert widget.locator(".mhaw-live").inner_text().startswith("3/7 Score.")


def test_mask_and_all_steps_at_once(widget: Any) -> None:
    widget.get_by_label("causal mask").check()
    widget.get_by_label("show all steps").check()
    model = AttentionStepper("the cat sat", causal=True)
    assert widget.locator(".mhaw-step").filter(visible=True).count() == 7
    assert [check(widget, model, step) for step in range(7)] == [
        {"X_i"},
        {"Q", "K", "V"},
        {"Q", "K^⊤", "QK^⊤"},
        {"QK^⊤", "S"},
        {"S", "S Mask"},
        {"S Mask", "A"},
        {"A", "V", "O"},
    ]
    assert widget.locator("[data-step='4'] .mhaw-out").count() == 3


def test_a_typed_number_changes_all_that_follows(widget: Any) -> None:
    widget.get_by_label("show all steps").check()
    model = AttentionStepper("the cat sat")
    editor = widget.locator("table[data-name='W^Q']")
    editor.locator("td[role=gridcell]").nth(0).click()
    for key in ("ArrowDown", "ArrowRight", "ArrowLeft"):
        editor.locator("td:focus").press(key)
    field = widget.get_by_label("Value of WQ[noun, 1]")
    assert field.input_value() == "2"
    field.fill("-1.25")
    edited = [list(row) for row in model.w_q]
    edited[1][0] = -1.25
    model.w_q = edited
    assert numbers(editor) == edited
    for step in range(7):
        check(widget, model, step)
    assert "0.45, to “cat”" in widget.locator(".mhaw-live").inner_text()
    widget.get_by_role("button", name="Reset the numbers").click()
    check(widget, AttentionStepper("the cat sat"), 5)
    assert field.input_value() == "2"


def test_a_dragged_number_changes_the_output(widget: Any) -> None:
    widget.get_by_role("button", name="7 Output").click()
    widget.get_by_label("Matrix").select_option("w_v")
    drag = widget.get_by_label("Drag")
    drag.focus()
    for _ in range(3):
        drag.press("ArrowRight")
    model = AttentionStepper("the cat sat")
    model.w_v = [[1.3, 0.0, 0.0], *model.w_v[1:]]
    check(widget, model, 6)


@pytest.mark.parametrize("text", ["", "101", "-100.5"])
def test_a_bad_number_is_refused_in_words(widget: Any, text: str) -> None:
    before = numbers(widget.locator("table[data-name=X]"))
    field = widget.locator("input[type=number]")
    field.fill(text)
    assert widget.locator(".mhaw-error").inner_text() == "Type a number from −100 to 100."
    assert field.get_attribute("aria-invalid") == "true"
    assert numbers(widget.locator("table[data-name=X]")) == before
    field.blur()
    assert field.input_value() == "1"
    assert widget.locator(".mhaw-error").inner_text() == ""


def test_a_picked_result_says_how_it_comes_about(widget: Any) -> None:
    widget.get_by_role("button", name="3 Score").click()
    table = widget.locator("[data-step='2'] table[data-name='QK^⊤']")
    table.locator("td[role=gridcell]").nth(7).click()
    worked = widget.locator("[data-step='2'] .mhaw-worked")
    assert worked.inner_text().endswith("[sat, cat] = 0.00·0.05 + 2.00·2.05 + 0.00·0.05 = 4.10")
    table.locator("td:focus").press("ArrowUp")
    assert worked.inner_text().endswith("[cat, cat] = 2.00·0.05 + 0.00·2.05 + 0.00·0.05 = 0.10")
    assert widget.get_by_label("Query token").input_value() == "1"
    assert table.locator("th.mhaw-here").inner_text() == "▸ cat"
    widget.get_by_label("Query token").select_option("2")
    assert table.locator("th.mhaw-here").inner_text() == "▸ sat"
    widget.get_by_role("button", name="6 Softmax").click()
    worked = widget.locator("[data-step='5'] .mhaw-worked")
    assert (
        worked.inner_text()
        == "A[sat, cat] = exp(2.37) / (exp(0.00) + exp(2.37) + exp(0.12)) = 0.83"
    )


def test_only_one_cell_of_a_grid_is_in_the_tab_order(widget: Any) -> None:
    grids = widget.locator("[role=grid]").filter(visible=True)
    for n in range(grids.count()):
        assert grids.nth(n).locator("td[tabindex='0']").count() == 1


def test_a_phone_shows_the_matrix_that_is_edited(phone: Any) -> None:
    def shown() -> list[str]:
        editors = phone.locator("table[data-name]").filter(visible=True)
        names = editors.evaluate_all("ts => ts.map(t => t.dataset.name)")
        return [name for name in names if "W" in name or "X" in name]

    assert shown() == ["X_i", "X"]
    phone.get_by_label("Matrix").select_option("w_k")
    assert shown() == ["X_i", "W^K"]
    box = phone.locator("table[data-name='W^K']").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 360


def test_the_first_step_follows_the_query_token(widget: Any) -> None:
    widget.get_by_label("Query token").select_option("2")
    cells = widget.locator("[data-step='0'] td[role=gridcell]")
    assert cells.all_inner_texts() == ["0.00", "0.00", "1.00", "0.20"]
    cells.nth(3).click()
    assert widget.get_by_label("Query token").input_value() == "2"
    assert (
        widget.locator("[data-step='0'] .mhaw-worked").inner_text().endswith("[sat, pos.] = 0.20")
    )

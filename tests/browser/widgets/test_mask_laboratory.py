"""A reader paints a mask with keys, mouse and finger; the page shows what Python computes."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from mha_book.widgets import MaskLaboratory
from tests.book.built import HTML
from tests.browser.visit import Visit

pytestmark = pytest.mark.browser

PAGE = HTML / "book/appendix/widgets.html"


@pytest.fixture
def widget(chromium: Any) -> Iterator[Any]:
    """The laboratory of the page of widgets, in its first state."""
    reader = Visit(chromium, "light", 1100)
    found = reader.open(PAGE).locator(".mhaw-mask-laboratory[data-ready]")
    found.wait_for()
    yield found
    assert reader.complaints == []
    reader.context.close()


def cell(widget: Any, query: int, key: int) -> Any:
    """A cell of the mask, counted from 1; 0 is the label in front or above."""
    return widget.locator(f'[data-i="{query - 1}"][data-j="{key - 1}"]')


def shown_mask(widget: Any) -> list[list[int]]:
    rows = widget.locator("[role=row]").evaluate_all(
        "rows => rows.map(r => [...r.querySelectorAll('[role=gridcell][aria-selected]')]"
        ".map(c => [c.textContent, c.ariaSelected]))"
    )
    values = {("1", "true"): 1, ("0", "false"): 0}
    return [[values[tuple(c)] for c in row] for row in rows if row]


def shown_gradients(widget: Any) -> list[list[str]]:
    rows = widget.locator("table tr").filter(has=widget.page.locator("th[scope=row]"))
    return [rows.nth(n).locator("td").all_inner_texts() for n in range(rows.count())]


def expected_gradients(model: MaskLaboratory) -> list[list[str]]:
    found = [*model.gradients().values(), *model.gradients(plain=True).values()]
    texts = {"nan": "NaN", "0.0": "0"}
    return [[texts.get(str(float(x)), f"{float(x):.2f}") for x in norms] for norms in found]


def assert_shows(widget: Any, model: MaskLaboratory) -> None:
    assert shown_mask(widget) == model.keep().int().tolist()
    assert shown_gradients(widget) == expected_gradients(model)
    assert widget.locator(".mhaw-live").inner_text().startswith(f"{int(model.keep().sum())} of ")


def control(widget: Any, label: str) -> Any:
    return widget.locator(".mhaw-control").filter(has_text=label).locator("input, select")


def test_first_state_equals_python(widget: Any) -> None:
    assert_shows(widget, MaskLaboratory())
    reading = widget.locator(".mhaw-live").inner_text()
    assert reading == (
        "10 of 36 pairs visible. Queries that see nothing: 1, 2. Keys that nobody sees: 1, 2. "
        "Plain softmax: 14 of 18 gradients are NaN."
    )


def test_keys_paint_cells_rows_and_columns(widget: Any) -> None:
    page, keep = widget.page, MaskLaboratory().keep()
    assert widget.locator("[role=grid] [tabindex='0']").count() == 1
    cell(widget, 1, 1).focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "ArrowRight", "ArrowLeft", "Enter"):
        page.keyboard.press(key)
    keep[2, 1] = ~keep[2, 1]
    assert page.evaluate("document.activeElement.ariaLabel") == "query 3, key 2"
    assert control(widget, "Mask").input_value() == "painted"
    assert_shows(widget, MaskLaboratory(keep=keep))
    page.keyboard.press("Home")
    assert page.evaluate("document.activeElement.ariaLabel") == "all keys of query 3"
    page.keyboard.press("Space")
    keep[2] = False
    assert_shows(widget, MaskLaboratory(keep=keep))
    page.keyboard.press("End")
    for _ in range(9):
        page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    keep[:, 5] = False
    assert_shows(widget, MaskLaboratory(keep=keep))
    assert widget.locator("[role=grid] [tabindex='0']").count() == 1


def test_mouse_clicks_and_drags(widget: Any) -> None:
    keep = MaskLaboratory().keep()
    cell(widget, 1, 4).click()
    keep[0, 3] = True
    assert_shows(widget, MaskLaboratory(keep=keep))
    cell(widget, 2, 3).hover()
    widget.page.mouse.down()
    for key in (4, 5):
        cell(widget, 2, key).hover()
    widget.page.mouse.up()
    cell(widget, 5, 5).hover()
    keep[1, 2:5] = True
    assert_shows(widget, MaskLaboratory(keep=keep))
    cell(widget, 0, 3).click()
    keep[:, 2] = False
    cell(widget, 4, 0).click()
    keep[3] = False
    assert_shows(widget, MaskLaboratory(keep=keep))
    cell(widget, 0, 0).click()
    assert_shows(widget, MaskLaboratory(keep=torch.zeros(6, 6)))
    cell(widget, 0, 0).click()
    assert_shows(widget, MaskLaboratory(keep=torch.ones(6, 6)))


def test_a_finger_taps(chromium: Any) -> None:
    context = chromium.new_context(viewport={"width": 360, "height": 740}, has_touch=True)
    page = context.new_page()
    page.goto(PAGE.as_uri())
    widget = page.locator(".mhaw-mask-laboratory[data-ready]")
    cell(widget, 2, 6).tap()
    keep = MaskLaboratory().keep()
    keep[1, 5] = True
    assert_shows(widget, MaskLaboratory(keep=keep))
    cell(widget, 2, 6).tap()
    assert_shows(widget, MaskLaboratory())
    context.close()


def test_patterns_and_their_parameter(widget: Any) -> None:
    pattern, size = (
        control(widget, "Mask"),
        widget.locator(".mhaw-control input[type=range]").nth(1),
    )
    for name, label in (("window", "Window"), ("prefix", "Prefix"), ("block", "Block")):
        pattern.select_option(name)
        assert size.is_visible()
        assert size.locator("xpath=../label").inner_text() == label
        size.fill("3")
        assert_shows(widget, MaskLaboratory(name, size=3))
    assert size.get_attribute("min") == "1"
    pattern.select_option("causal")
    assert size.is_hidden()
    assert_shows(widget, MaskLaboratory("causal"))
    pattern.select_option("padding")
    size.focus()
    size.press("Home")
    assert_shows(widget, MaskLaboratory("padding", size=0))


def test_the_other_softmax_and_the_code(widget: Any) -> None:
    control(widget, "Plain softmax").select_option("large")
    assert_shows(widget, MaskLaboratory(hiding="large"))
    assert "0 of 18 gradients are NaN" in widget.locator(".mhaw-live").inner_text()
    code = widget.locator("pre")
    assert (
        "masks.causal(6) & masks.padding([4], 6).flip(-1)  # True: may attend" in code.inner_text()
    )
    control(widget, "Code for").select_option("nn.MultiheadAttention")
    assert "key_padding_mask = torch.arange(6)[None] < 2  # True: hidden" in code.inner_text()
    cell(widget, 6, 1).click()
    assert "    [1, 0, 1, 1, 1, 1],\n]).bool()\nattn_mask = ~keep" in code.inner_text()


def test_nan_is_purple_and_hidden_is_clear(widget: Any) -> None:
    colors = widget.locator("canvas").evaluate_all(
        "all => all.map(c => [...c.getContext('2d').getImageData(3, 3, 1, 1).data])"
    )
    assert colors[2] == [157, 63, 135, 255]
    assert colors[1][3] == 0


@pytest.mark.parametrize("width", [360, 1280])
def test_sixteen_tokens_fit(chromium: Any, width: int) -> None:
    reader = Visit(chromium, "dark", width)
    page = reader.open(PAGE)
    widget = page.locator(".mhaw-mask-laboratory[data-ready]")
    control(widget, "Tokens T").fill("16")
    assert_shows(widget, MaskLaboratory(tokens=16, size=4))
    inner = widget.bounding_box()
    for canvas in widget.locator("canvas").all():
        box = canvas.bounding_box()
        assert box["width"] == pytest.approx(box["height"], abs=2)
        assert box["width"] > 200
        assert inner["x"] < box["x"]
        assert box["x"] + box["width"] < inner["x"] + inner["width"]
    sides = cell(widget, 16, 16).bounding_box()
    assert min(sides["width"], sides["height"]) >= 24  # WCAG 2.2, success criterion 2.5.8
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    reader.context.close()

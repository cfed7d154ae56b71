"""A reader chooses models and types in numbers; the page shows what Python computes, or why not."""

from collections.abc import Iterator
from typing import Any

import pytest

from mha_book.widgets import KVCacheCalculator
from mha_book.widgets.kv_cache_calculator import MODELS, Model
from tests.book.built import HTML
from tests.browser.visit import Visit

pytestmark = pytest.mark.browser


@pytest.fixture
def widget(chromium: Any) -> Iterator[Any]:
    """The calculator with Llama 3 8B at 8,192 tokens."""
    reader = Visit(chromium, "light", 1280)
    page = reader.open(HTML / "book/appendix/widgets.html")
    found = page.locator(".mhaw-kv-cache-calculator[data-ready]")
    found.wait_for()
    yield found
    assert reader.complaints == []
    reader.context.close()


def check(widget: Any, model: KVCacheCalculator) -> None:
    """The reading and the row of the model's own heads hold the numbers of Python."""
    reading = widget.locator(".mhaw-live").inner_text()
    assert reading.startswith(f"{model.bytes_per_token():,.0f} bytes per token")
    longest = model.longest_context()
    expected = {None: "any context fits", 0: "the weights alone do not fit"}
    assert expected.get(longest, f"up to {longest or 0:,} tokens fit") in reading
    own = widget.locator("tbody tr[style*='700'] td").all_inner_texts()
    assert own[1] == f"{model.heads / model.kv_heads:.0f} ×"
    assert own[2] == {None: "any", 0: "none"}.get(longest, f"{longest or 0:,}")


def test_every_model_shows_its_numbers_and_its_source(widget: Any) -> None:
    check(widget, KVCacheCalculator("Llama 3 8B"))
    for name, model in MODELS.items():
        widget.get_by_label("Model", exact=True).select_option(name)
        check(widget, KVCacheCalculator(name))
        assert model.source in widget.inner_text()
        assert f"{model.longest:,} tokens" in widget.locator(".mhaw-note").last.inner_text()
        assert widget.locator("[role=alert]").inner_text() == ""
        assert widget.get_by_label("Layers L").input_value() == str(model.layers)


def test_sliders_and_types_change_the_right_numbers(widget: Any) -> None:
    context, batch = (widget.get_by_label(x, exact=True) for x in ("Context T", "Batch B"))
    context.press("ArrowLeft")
    context.press("ArrowLeft")
    batch.press("ArrowRight")
    widget.get_by_label("Cache in").select_option("float8")
    widget.get_by_label("Weights in").select_option("int4")
    widget.get_by_label("GPU memory").select_option("24")
    model = KVCacheCalculator(
        "Llama 3 8B", context=4096, batch=2, cache_type="float8", weight_type="int4", memory=24
    )
    check(widget, model)
    assert "the cache takes 537 MB" in widget.locator(".mhaw-live").inner_text()
    assert model.cache_bytes() == pytest.approx(537e6, rel=1e-3)


def test_numbers_of_ones_own(widget: Any) -> None:
    heads = widget.get_by_label("Key-value heads", exact=True)
    heads.fill("4")
    assert widget.get_by_label("Model", exact=True).input_value() == ""
    widget.get_by_label("Weights, billions").fill("0.5")
    widget.get_by_label("Window").fill("1024")
    check(widget, KVCacheCalculator(Model("mine", 32, 32, 4, 128, 500_000_000, 1024)))
    assert "from no publication" in widget.inner_text()


def test_bad_numbers_say_why_and_are_forgotten(widget: Any) -> None:
    alert, heads = (
        widget.locator("[role=alert]"),
        widget.get_by_label("Key-value heads", exact=True),
    )
    heads.fill("7")
    assert "32 query heads cannot share 7 key-value heads evenly" in alert.inner_text()
    assert heads.get_attribute("aria-invalid") == "true"
    assert not widget.locator("tbody").is_visible()
    heads.fill("")
    assert "Key-value heads must be a whole number from 1 to 1,024" in alert.inner_text()
    heads.fill("16")
    assert alert.inner_text() == ""
    widget.get_by_label("Layers L").fill("2.5")
    assert "Layers L must be a whole number" in alert.inner_text()
    widget.get_by_label("Model", exact=True).select_option("GPT-2 XL")
    check(widget, KVCacheCalculator("GPT-2 XL"))


def test_bars_are_to_scale(widget: Any) -> None:
    widget.get_by_label("Model", exact=True).select_option("Llama 2 7B")
    widget.get_by_label("Batch B").press("End")
    tracks = widget.locator(".mhaw-track").all()
    widths = [track.locator("i").nth(1).bounding_box()["width"] for track in tracks]
    assert len(widths) == 3
    assert widths[0] / widths[1] == pytest.approx(4, rel=0.02)
    frame = tracks[0].bounding_box()
    assert frame["width"] > 300
    assert widths[0] <= frame["width"]
    assert "red" in (tracks[0].locator("i").nth(1).get_attribute("style") or "")

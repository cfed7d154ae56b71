"""What all widgets promise: a stable representation, a picture, a script without imports."""

import re

import pytest

from mha_book import widgets
from mha_book.figures import COLORS
from mha_book.widgets.base import bundle, check_range, finite_array

WIDGETS = [getattr(widgets, name) for name in widgets.__all__]


@pytest.fixture(params=WIDGETS, ids=widgets.__all__)
def widget(request):
    return request.param()


def test_there_are_ten():
    assert len(WIDGETS) == 10


@pytest.mark.parametrize("cls", WIDGETS)
def test_the_representation_has_no_address_and_is_the_same_twice(cls):
    first, second = cls(), cls()
    assert repr(first) == repr(second)
    assert re.fullmatch(rf"{cls.__name__}\(.+\)", repr(first), re.S)
    assert " at 0x" not in repr(first)


def test_the_output_holds_a_live_view_a_picture_and_text(widget):
    data, _ = widget._repr_mimebundle_()
    assert data["text/plain"] == repr(widget)
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == widget.model_id
    assert "<svg" in data["image/svg+xml"]


def test_the_picture_is_stable_and_has_only_colours_that_follow_the_theme(widget):
    svg = widget.picture()
    assert svg == widget.picture()
    drawn = {color.lower() for color in re.findall(r"(?:fill|stroke): (#[0-9a-fA-F]{6})", svg)}
    assert drawn <= set(COLORS.values()) | {"#ffffff", "#000000"}


def test_the_script_is_one_module_that_fetches_nothing(widget):
    script = bundle(type(widget).script)
    assert script.count("export default") == 1
    assert not re.search(r"^import ", script, re.M)
    assert "http" not in script.replace("http://www.w3.org/", "")


def test_scripts_are_small():
    from pathlib import Path

    folder = Path(widgets.__file__).parent
    sizes = {path.name: path.stat().st_size for path in folder.glob("*.js")}
    assert max(sizes.values()) <= 12 * 1024 + 256, sizes


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], r"x has shape \(0,\), expected 2 axes"),
        ([[]], "x is empty"),
        ([[1.0], [1.0, 2.0]], "x is ragged or not made of numbers"),
        ([[float("nan")]], r"x holds nan at \(0, 0\), expected finite numbers"),
    ],
)
def test_arrays_that_are_none_are_named(values, message):
    with pytest.raises(ValueError, match=message):
        finite_array("x", values, ndim=2)


@pytest.mark.parametrize("value", [0, 11, 2.5, True, "3"])
def test_numbers_out_of_range_are_named(value):
    with pytest.raises(ValueError, match=r"n=.* must be a whole number from 1 to 10"):
        check_range("n", value, 1, 10, whole=True)

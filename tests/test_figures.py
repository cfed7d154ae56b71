"""Figures carry the numbers they are given, in the colours of the book, and nothing by chance."""

import hashlib
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from mha_book.figures import COLORS, heatmap, matrices, ramp, use_style

MATRIX = np.array([[0.0, 0.5, -1.0], [1.0, 0.25, 0.0]])


@pytest.fixture(autouse=True)
def _style() -> Iterator[None]:
    with mpl.rc_context():
        mpl.use("agg")
        use_style()
        yield
        plt.close("all")


def svg(fig: Figure) -> str:
    stream = io.StringIO()
    fig.savefig(stream, format="svg", metadata={"Date": None})
    return stream.getvalue()


def digest(fig: Figure) -> str:
    return hashlib.sha256(svg(fig).encode()).hexdigest()


def drawing() -> Figure:
    """One of everything: tiles of both signs, numbers, names, curves with a legend."""
    fig = matrices({"A": MATRIX, "B": MATRIX.T}, rows=["the", "cat"])
    ax = fig.add_axes((0.1, 0.1, 0.3, 0.3))
    for power in range(6):
        ax.plot([0, 1], [0, power], label=f"{power}")
    ax.set(xlabel="t", ylabel="x", title="curves")
    ax.legend()
    return fig


def luminance(color: str) -> float:
    """Relative luminance, as WCAG 2 defines it."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_style_sets_the_colours_and_keeps_text_as_text():
    assert mpl.rcParams["text.color"] == COLORS["ink"]
    assert mpl.rcParams["svg.fonttype"] == "none"
    assert mpl.rcParams["figure.facecolor"] == mpl.rcParams["savefig.facecolor"] == "none"
    cycle = mpl.rcParams["axes.prop_cycle"].by_key()["color"]
    assert cycle == [COLORS[c] for c in ("blue", "red", "green", "purple", "gold", "ink")]


def test_a_figure_uses_only_the_colours_of_the_book():
    used = set(re.findall(r"#[0-9a-fA-F]{6}\b", svg(drawing())))
    assert used <= set(COLORS.values())
    assert {COLORS["blue"], COLORS["red"], COLORS["ink"], COLORS["paper"]} <= used


@pytest.mark.parametrize("name", [n for n in COLORS if n not in ("faint", "paper")])
def test_colours_of_lines_and_text_stand_out_on_white_and_on_black(name):
    """WCAG 2 asks for a contrast of 3 for graphics."""
    light = luminance(COLORS[name])
    assert 1.05 / (light + 0.05) >= 3
    assert (light + 0.05) / 0.05 >= 3


def test_a_figure_has_no_date_and_keeps_its_text():
    text = svg(drawing())
    assert "<dc:date>" not in text
    assert ">the<" in text
    assert ">-1.00<" in text.replace("\N{MINUS SIGN}", "-")


def test_characters_that_the_fonts_lack_stay_text_and_nothing_warns():
    use_style()  # the filter of the fixture ended with its setup
    fig = plt.figure()
    fig.text(0.5, 0.5, "狗")
    assert ">狗<" in svg(fig)


def test_a_figure_is_the_same_in_every_process():
    code = "from tests.test_figures import *; use_style(); print(digest(drawing()))"
    command = [sys.executable, "-W", "error", "-c", code]
    elsewhere = subprocess.run(command, capture_output=True, text=True, check=True)
    assert elsewhere.stdout.strip() == digest(drawing()) == digest(drawing())


def test_in_a_notebook_figures_become_svg_without_a_date():
    shell = InteractiveShell.instance()
    try:
        use_style()
        data, _ = shell.display_formatter.format(drawing())
        assert "<svg" in data["image/svg+xml"]
        assert "<dc:date>" not in data["image/svg+xml"]
        assert "image/png" not in data
    finally:
        InteractiveShell.clear_instance()


# --- ramps ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COLORS)
def test_a_ramp_goes_from_clear_to_its_colour(name):
    clear, middle, full = ramp(name)([0.0, 0.5, 1.0])
    assert [to_hex(c) for c in (clear, middle, full)] == 3 * [COLORS[name]]
    assert (clear[3], full[3]) == (0.0, 1.0)
    assert middle[3] == pytest.approx(0.5, abs=0.01)


# --- heat maps -----------------------------------------------------------------------------------


@pytest.fixture
def ax() -> plt.Axes:
    return plt.figure().add_subplot()


def tiles(ax: plt.Axes) -> dict[str, np.ndarray]:
    """Strength of every tile, by the colour of its layer; clear where the layer has no tile."""
    return {
        to_hex(mesh.cmap(1.0)): np.ma.filled(mesh.norm(mesh.get_array()), 0.0)
        for mesh in ax.collections
    }


def test_tiles_are_as_strong_as_their_numbers(ax):
    heatmap(ax, MATRIX)
    layers = tiles(ax)
    assert np.allclose(layers[COLORS["blue"]], MATRIX.clip(min=0))
    assert np.allclose(layers[COLORS["red"]], (-MATRIX).clip(min=0))


def test_the_full_colour_can_be_given(ax):
    heatmap(ax, torch.tensor([[0.5]]), vmax=2.0, color="green")
    assert np.allclose(tiles(ax)[COLORS["green"]], 0.25)


def test_zeros_draw_no_tile(ax):
    heatmap(ax, np.zeros((2, 3)))
    assert not ax.collections
    assert ax.get_xlim() == (-0.5, 2.5)
    assert ax.get_ylim() == (1.5, -0.5)


def test_every_number_is_written_once_where_its_tile_is(ax):
    heatmap(ax, MATRIX, fmt=".2f")
    written = {text.get_position(): text.get_text() for text in ax.texts}
    assert written == {(j, i): f"{number:.2f}" for (i, j), number in np.ndenumerate(MATRIX)}


def test_numbers_on_a_strong_ground_are_light(ax):
    heatmap(ax, MATRIX, fmt=".1f")
    light = {t.get_position() for t in ax.texts if t.get_color() == COLORS["paper"]}
    assert light == {(2, 0), (0, 1)}


def test_no_number_is_written_unless_asked(ax):
    heatmap(ax, MATRIX)
    assert not ax.texts
    assert not ax.get_xticks().size
    assert not ax.get_yticks().size


def test_rows_columns_and_title_are_named(ax):
    heatmap(ax, MATRIX, rows=["q1", "q2"], cols=["a", "b", "c"], title="A")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["q1", "q2"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b", "c"]
    assert ax.get_title() == "A"


def test_a_large_matrix_is_one_image(ax):
    heatmap(ax, np.ones((33, 33)))
    assert len(ax.images) == 1
    assert not ax.collections
    assert np.allclose(ax.images[0].get_array(), 1.0)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.zeros(3), "matrix has shape (3,), expected two axes"),
        (np.zeros((1, 2, 3)), "matrix has shape (1, 2, 3), expected two axes"),
        ([[0.0, np.nan]], "matrix has numbers that are not finite"),
        ([[-np.inf]], "matrix has numbers that are not finite"),
    ],
)
def test_a_heatmap_refuses_what_it_cannot_show(ax, matrix, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        heatmap(ax, matrix)


# --- matrices side by side -----------------------------------------------------------------------


def test_matrices_stand_side_by_side_in_square_tiles_of_one_size():
    named = {"Q": np.ones((4, 2)), "K": np.ones((7, 2)), "v": np.ones(3)}
    fig = matrices(named, unit=0.5)
    boxes = [ax.get_window_extent().transformed(fig.dpi_scale_trans.inverted()) for ax in fig.axes]
    for box, (rows, cols) in zip(boxes, [(4, 2), (7, 2), (1, 3)], strict=True):
        assert box.width == pytest.approx(0.5 * cols)
        assert box.height == pytest.approx(0.5 * rows)
    for left, right in pairwise(boxes):
        assert left.x1 < right.x0, "they do not overlap"
        assert left.y1 == pytest.approx(right.y1), "they hang from one line"
    width, height = fig.get_size_inches()
    assert boxes[0].x0 > 0
    assert boxes[-1].x1 < width
    assert all(0 < box.y0 < box.y1 < height for box in boxes)


def test_each_matrix_has_its_name_its_shape_and_all_its_numbers():
    fig = matrices({"Q": MATRIX, "K": MATRIX.T}, rows=["a", "b"], fmt=".1f")
    assert [ax.get_title() for ax in fig.axes] == ["Q  2×3", "K  3×2"]
    assert [len(ax.texts) for ax in fig.axes] == [6, 6]
    labels = [[label.get_text() for label in ax.get_yticklabels()] for ax in fig.axes]
    assert labels == [["a", "b"], []]


def test_matrices_share_a_scale_if_told():
    named = {"A": [[1.0]], "B": [[2.0]]}
    own = [tiles(ax)[COLORS["blue"]].item() for ax in matrices(named).axes]
    shared = [tiles(ax)[COLORS["blue"]].item() for ax in matrices(named, vmax=2.0).axes]
    assert (own, shared) == ([1.0, 1.0], [0.5, 1.0])


def test_numbers_may_be_left_out():
    assert not any(ax.texts for ax in matrices({"A": MATRIX}, fmt=None).axes)

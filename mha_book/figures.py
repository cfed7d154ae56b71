"""One style for all figures, and the drawings that are used more than once.

Figures are SVG with a transparent ground. The colours below are legible on white and on black and
distinct to colour-blind readers (after Okabe and Ito); where a figure stands in a page of the book,
they become variables of its style sheet and follow the light or dark theme.
"""

import warnings
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgb
from matplotlib.figure import Figure

__all__ = ["COLORS", "heatmap", "in_style", "matrices", "ramp", "use_style"]

#: Name and colour; ``ink`` is for text and axes, ``paper`` for marks on a strong ground.
COLORS = {
    "blue": "#0072b2",
    "red": "#d55e00",
    "green": "#009e73",
    "purple": "#b5639a",
    "gold": "#b8860b",
    "ink": "#6b7280",
    "faint": "#9ca3af",
    "paper": "#fdfdfd",
}

_STYLE: dict[str, Any] = {
    "figure.figsize": (6.0, 3.2),
    "figure.facecolor": "none",
    "figure.constrained_layout.use": True,
    "savefig.facecolor": "none",
    "savefig.edgecolor": "none",
    "axes.facecolor": "none",
    "axes.edgecolor": COLORS["faint"],
    "axes.labelcolor": COLORS["ink"],
    "axes.titlecolor": COLORS["ink"],
    "axes.titlesize": 11,
    "axes.titleweight": "normal",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "axes.prop_cycle": cycler(
        color=[COLORS[name] for name in ("blue", "red", "green", "purple", "gold", "ink")]
    ),
    "grid.color": COLORS["faint"],
    "grid.alpha": 0.35,
    "legend.frameon": False,
    "legend.labelcolor": COLORS["ink"],
    "lines.linewidth": 2.0,
    "text.color": COLORS["ink"],
    "xtick.color": COLORS["ink"],
    "ytick.color": COLORS["ink"],
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "font.size": 11,
    "svg.fonttype": "none",
    "svg.hashsalt": "mha_book",
}


def use_style() -> None:
    """Draw all figures from here on in the style of the book.

    In a notebook figures become SVG without a date in them, so equal cells give equal outputs. Text
    stays text in them: characters that matplotlib's fonts lack, like Chinese ones, are drawn by the
    fonts of the reader, so nothing warns of them.

    >>> use_style()
    >>> mpl.rcParams["svg.fonttype"]
    'none'
    """
    mpl.rcParams.update(_STYLE)  # type: ignore[arg-type]
    warnings.filterwarnings("ignore", message="Glyph .* missing from font")
    try:
        from IPython.core.getipython import get_ipython
        from matplotlib_inline.backend_inline import set_matplotlib_formats
    except ImportError:
        return
    if get_ipython() is not None:
        set_matplotlib_formats("svg", metadata={"Date": None})


def in_style() -> AbstractContextManager[None]:
    """The style for a ``with`` block, where it must not stay behind."""
    return mpl.rc_context(_STYLE)  # type: ignore[arg-type]


def ramp(color: str = "blue") -> LinearSegmentedColormap:
    """A colour map from fully transparent to ``color``: zero is the page itself."""
    rgb = to_rgb(COLORS[color])
    return LinearSegmentedColormap.from_list(f"to_{color}", [(*rgb, 0.0), (*rgb, 1.0)])


def heatmap(
    ax: Axes,
    matrix: Any,
    *,
    rows: Sequence[str] | None = None,
    cols: Sequence[str] | None = None,
    fmt: str | None = None,
    vmax: float | None = None,
    color: str = "blue",
    title: str = "",
) -> None:
    """Draw a matrix as tiles: positive numbers in ``color``, negative ones in red, zero clear.

    Args:
        ax: where to draw.
        matrix: two axes; a tensor or an array.
        rows: labels of the rows.
        cols: labels of the columns, written above.
        fmt: how to write each number into its tile, ``".2f"`` say; not written if omitted.
        vmax: the number with the full colour; the largest magnitude if omitted.
        color: a name in ``COLORS``.
        title: written above.

    Raises:
        ValueError: ``matrix`` has not two axes, or holds numbers that are not finite.
    """
    numbers = np.asarray(matrix, dtype=float)
    if numbers.ndim != 2:
        raise ValueError(f"matrix has shape {numbers.shape}, expected two axes")
    if not np.isfinite(numbers).all():
        raise ValueError("matrix has numbers that are not finite")
    top = (np.abs(numbers).max(initial=0.0) if vmax is None else vmax) or 1.0
    n_rows, n_cols = numbers.shape
    for sign, name in ((1, color), (-1, "red")):
        part = np.ma.masked_less_equal(sign * numbers, 0.0)
        if part.count():
            _tiles(ax, part, ramp(name), top)
    if fmt is not None:
        for (i, j), number in np.ndenumerate(numbers):
            strong = abs(number) > 0.6 * top
            ink = COLORS["paper" if strong else "ink"]
            ax.text(j, i, format(number, fmt), ha="center", va="center", color=ink, size=9)
    ax.set(xlim=(-0.5, n_cols - 0.5), ylim=(n_rows - 0.5, -0.5), aspect="equal", title=title)
    ax.tick_params(length=0, top=False, labeltop=cols is not None, labelbottom=False)
    ax.set_xticks(range(n_cols) if cols is not None else [], cols)
    ax.set_yticks(range(n_rows) if rows is not None else [], rows)
    for spine in ax.spines.values():
        spine.set_visible(True)
        spine.set_linewidth(0.8)


def _tiles(ax: Axes, part: Any, cmap: LinearSegmentedColormap, top: float) -> None:
    """Draw one sign of a matrix: as vector tiles while they are few, as one image beyond."""
    norm = Normalize(0.0, top)
    if part.size > 32 * 32:
        ax.imshow(part, cmap=cmap, norm=norm, interpolation="none", aspect="equal")
        return
    edges = [np.arange(n + 1) - 0.5 for n in (part.shape[1], part.shape[0])]
    ax.pcolormesh(*edges, part, cmap=cmap, norm=norm, linewidth=0, gid="tiles")


def matrices(
    named: Mapping[str, Any],
    *,
    rows: Sequence[str] | None = None,
    fmt: str | None = ".2f",
    unit: float = 0.42,
    vmax: float | None = None,
) -> Figure:
    """Draw matrices side by side at one scale, each under its name and shape.

    Args:
        named: name and matrix, in order.
        rows: labels of the rows of the first one.
        fmt: how to write the numbers; ``None`` writes none.
        unit: edge of a tile in inches.
        vmax: the number with the full colour, for all; each its own largest if omitted.
    """
    arrays = {name: np.atleast_2d(np.asarray(m, dtype=float)) for name, m in named.items()}
    left = 0.1 + 0.09 * max(map(len, rows or [""]))
    top, gap = 0.45, 0.5
    height = unit * max(a.shape[0] for a in arrays.values())
    width = left + sum(unit * a.shape[1] + gap for a in arrays.values()) - gap + 0.1
    fig = plt.figure(figsize=(width, height + top + 0.1), layout="none")
    for index, (name, array) in enumerate(arrays.items()):
        w, h = unit * array.shape[1], unit * array.shape[0]
        box = (left / width, 1 - (top + h) / fig.get_figheight())
        ax = fig.add_axes((*box, w / width, h / fig.get_figheight()))
        heatmap(ax, array, rows=rows if index == 0 else None, fmt=fmt, vmax=vmax)
        ax.set_title(f"{name}  {'×'.join(map(str, array.shape))}")
        left += w + gap
    return fig

"""Pictures of a widget's first state, for readers without JavaScript, in the style of the book."""

import io
import warnings
from collections.abc import Sequence
from typing import Any

from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from mha_book import figures

__all__ = ["Sheet"]


class Sheet:
    """A row of panels that ends as one SVG; no window, no global state of pyplot."""

    def __init__(self, panels: int, *, width: float = 6.0, height: float = 2.2) -> None:
        with figures.in_style():
            self.figure = Figure(figsize=(width, height), layout="constrained")
            self.axes = self.figure.subplots(1, panels, squeeze=False)[0]

    def bars(self, panel: int, numbers: Sequence[float], *, title: str) -> None:
        """One bar a number."""
        with figures.in_style():
            ax = self.axes[panel]
            ax.bar(range(1, len(numbers) + 1), numbers, color=figures.COLORS["blue"])
            ax.axhline(0, color=figures.COLORS["faint"], linewidth=0.8)
            ax.set(title=title, xticks=range(1, len(numbers) + 1))

    def heatmap(self, panel: int, matrix: Any, **options: Any) -> None:
        """A matrix as tiles: see ``mha_book.figures.heatmap``."""
        with figures.in_style():
            figures.heatmap(self.axes[panel], matrix, **options)

    def lines(self, panel: int, series: dict[str, Sequence[float]], *, title: str) -> None:
        """One labelled line a series."""
        with figures.in_style():
            ax = self.axes[panel]
            styles = ("-", "--", ":", "-.")
            for (label, numbers), style in zip(series.items(), styles, strict=False):
                ax.plot(range(len(numbers)), numbers, style, label=label)
            ax.legend()
            ax.set_title(title)

    def table(self, panel: int, rows: Sequence[Sequence[str]]) -> None:
        """Lines of text in columns, the first line on top."""
        with figures.in_style():
            ax = self.axes[panel]
            ax.set_axis_off()
            ax.set(xlim=(0, max(map(len, rows))), ylim=(len(rows) - 0.5, -0.5))
            for i, row in enumerate(rows):
                for j, text in enumerate(row):
                    ax.text(j, i, text, va="center", family="monospace")

    def svg(self) -> str:
        """The sheet as SVG text, the same for the same state."""
        buffer = io.StringIO()
        with figures.in_style(), warnings.catch_warnings():
            # text stays text in the SVG, so the reader's fonts draw what matplotlib's lack
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")
            FigureCanvasSVG(self.figure).print_svg(buffer, metadata={"Date": None})
        return buffer.getvalue()

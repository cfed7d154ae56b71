"""Put the SVG figures that cells draw into the page itself, so that they follow its theme.

An ``<img>`` cannot see the page's colours; an inline ``<svg>`` can. The colours of
``mha_book.figures`` become CSS variables, ids get a prefix, and the alternative text becomes the
accessible name. A figure without alternative text is a warning, and so fails the build.
"""

import re
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

from mha_book.figures import COLORS

logger = logging.getLogger(__name__)

# A figure wider than this many pixels scrolls on a phone, so the keyboard must reach it.
SCROLLS = 420


class InlineFigures(SphinxPostTransform):
    """Replace image nodes that point at a cell's SVG by the SVG."""

    default_priority = 500  # after MyST-NB has chosen among the mime types of an output
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Visit the images of one page."""
        for number, image in enumerate(list(self.document.findall(nodes.image))):
            alt = image.get("alt", "")
            if not alt:
                logger.warning("figure without alternative text", location=image, type="figure")
            path = Path(self.env.srcdir) / image["uri"]
            if path.suffix != ".svg" or "jupyter_execute" not in path.parts:
                continue
            html = inline(path.read_text(encoding="utf8"), alt, f"f{number}-")
            image.replace_self(nodes.raw("", html, format="html"))


def inline(svg: str, alt: str, prefix: str) -> str:
    """One ``<svg>`` element with its own ids, the page's colours and an accessible name."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.S)
    svg = svg.replace('id="tiles"', 'class="tiles"')
    svg = re.sub(r'\bid="', f'id="{prefix}', svg)
    svg = re.sub(r'((?:xlink:)?href="#|url\(#)', rf"\g<1>{prefix}", svg)
    for name, color in COLORS.items():
        svg = re.sub(re.escape(color), f"var(--fig-{name})", svg, flags=re.I)
    width = _points(svg, "width") * 4 / 3
    head, body = svg.split(">", 1)
    head = re.sub(r'\s(?:width|height|version|xmlns(?::xlink)?)="[^"]*"', "", head)
    body = re.sub(r"\s*\n\s*", "\n", body)
    label = escape(alt, quote=True)
    focus = ' tabindex="0"' if width > SCROLLS else ""
    return (
        f'<div class="mha-figure" style="--fig-width: {width:.0f}px"{focus}>'
        f'{head} role="img" aria-label="{label}">{body.strip()}</div>'
    )


def _points(svg: str, attribute: str) -> float:
    match = re.search(rf'<svg[^>]*\s{attribute}="([\d.]+)pt"', svg)
    return float(match[1]) if match else 480.0


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_post_transform(InlineFigures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""Let a translation reach the captions and alternative texts that stand in the metadata of cells.

Messages are extracted without running a cell, so the figures that cells draw, and with them their
captions, are not there. For the gettext builder each cell that draws is replaced by a figure with
the same alternative text and the same caption; what a cell prints stays out. Beside the templates,
``kinds.json`` says which message is a formula, a heading, a caption or an alternative text.
"""

import json
import re
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.nodes import extract_messages

CELL = re.compile(r"^```\{code-cell\}[^\n]*\n---\n(?P<metadata>.*?)^---\n.*?^```$", re.S | re.M)
PICTURE = "/book/_static/logo.svg"  # stands for what the cell would draw; no page shows it
KINDS = {
    nodes.math_block: "formula",
    nodes.title: "heading",
    nodes.caption: "caption",
    nodes.image: "alternative text",
}


def stand_in(cell: re.Match[str]) -> str:
    """The figure that says what the metadata of a cell say; nothing if they say nothing."""
    metadata: dict[str, Any] = (yaml.safe_load(cell["metadata"]) or {}).get("mystnb", {})
    image, figure = metadata.get("image", {}), metadata.get("figure")
    options = {"alt": image["alt"]} if "alt" in image else {}
    if figure and "name" in figure:
        options["name"] = figure["name"]
    if not options:
        return ""
    head = yaml.safe_dump(options, allow_unicode=True, width=float("inf"))
    kind, body = ("figure", figure.get("caption", "")) if figure else ("image", "")
    return f"`````{{{kind}}} {PICTURE}\n---\n{head}---\n{body}\n`````"


def replace_cells(app: Sphinx, docname: str, source: list[str]) -> None:
    """Rewrite the text of one page before it is parsed."""
    source[0] = CELL.sub(stand_in, source[0])


def note_kinds(app: Sphinx, doctree: nodes.document) -> None:
    """Remember what the messages of one page are."""
    kinds = app.env.book_kinds.setdefault(app.env.docname, {})  # type: ignore[attr-defined]
    for node, message in extract_messages(doctree):
        if type(node) in KINDS:
            kinds[message] = KINDS[type(node)]


def write_kinds(app: Sphinx, exception: Exception | None) -> None:
    """Write them for all pages."""
    if exception is None:
        kinds = json.dumps(app.env.book_kinds)  # type: ignore[attr-defined]
        Path(app.outdir, "kinds.json").write_text(kinds, encoding="utf8")


def connect(app: Sphinx) -> None:
    """Leave every other builder alone."""
    if app.builder.name == "gettext":
        app.env.book_kinds = {}  # type: ignore[attr-defined]
        app.connect("source-read", replace_cells)
        app.connect("doctree-read", note_kinds)
        app.connect("build-finished", write_kinds)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("builder-inited", connect)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""Fail a build that has fewer pages than the table of contents, or a page without its outputs."""

from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.util import logging

logger = logging.getLogger(__name__)


class IncompleteBookError(SphinxError):
    """The build left something out."""

    category = "Incomplete book"


def count_outputs(app: Sphinx, doctree: nodes.document) -> None:
    """Remember, for each page, how many cells were expected to run and how many show outputs."""
    cells = [n for n in doctree.findall(nodes.container) if n.get("nb_element") == "cell_code"]
    shown = [
        n for n in doctree.findall(nodes.container) if n.get("nb_element") == "cell_code_output"
    ]
    counts = getattr(app.env, "book_outputs", {})
    counts[app.env.docname] = (len(cells), len(shown))
    app.env.book_outputs = counts  # type: ignore[attr-defined]


def check_complete(app: Sphinx, exception: Exception | None) -> None:
    """Compare what was written with what the table of contents names."""
    if exception is not None or app.builder.name != "html":
        return
    toc = app.config.external_site_map.as_json()["documents"]
    counts: dict[str, tuple[int, int]] = getattr(app.env, "book_outputs", {})
    problems = []
    for page in toc:
        if not Path(app.builder.get_outfilename(page)).is_file():
            problems.append(f"{page} is in _toc.yml but was not built")
        cells, shown = counts.get(page, (0, 0))
        if cells and not shown:
            problems.append(f"{page} has {cells} code cells but shows no output")
    if problems:
        raise IncompleteBookError("; ".join(problems))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("doctree-read", count_outputs)
    app.connect("build-finished", check_complete, priority=900)
    return {"parallel_read_safe": False, "parallel_write_safe": True}

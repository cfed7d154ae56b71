"""The builder ``notebooks``: each page of an edition as a notebook that shows well anywhere.

The text comes from the resolved page, see ``notebook_markdown``; the code and its outputs come from
the notebook that MyST-NB executed for the page, and so are the same in all languages. Of outputs
the text alone is kept: pictures and widgets come back when a reader runs the cell.
"""

import ast
import posixpath
import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import nbformat
from book_launch import repository
from docutils import nodes
from notebook_blocks import Code, Heading
from notebook_cells import Cell, executed_cells, finish, setup_cell, text_cell
from notebook_markdown import Markdown
from sphinx.application import Sphinx
from sphinx.builders import Builder
from sphinx.config import Config
from sphinx.errors import SphinxError

SETUP = Path("tools/notebooks/setup_cell.py")
FOLDER = "book/"  # of the pages; the tree of notebooks begins below it
KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


class NotebookBuilder(Builder):
    """Writes the pages of one edition as notebooks."""

    name = "notebooks"
    format = "notebook"
    epilog = "The notebooks are in %(outdir)s."

    def get_outdated_docs(self) -> set[str]:
        """All: a page may be as it was, and what it refers to not."""
        return self.env.found_docs

    def get_target_uri(self, docname: str, typ: str | None = None) -> str:
        """Where a page is in the edition as HTML."""
        return f"{docname}.html"

    def prepare_writing(self, docnames: set[str]) -> None:
        """Make the set-up cell once."""
        self.setup = setup_cell(setup_source(Path(self.app.confdir), repository(self.app)))

    def write_doc(self, docname: str, doctree: nodes.document) -> None:
        """Write one notebook."""
        self.current_docname = docname
        self.fignumbers = self.env.toc_fignumbers.get(docname, {})
        cells = list(self.cells(docname, doctree))
        finish(cells)
        folded = [cell["id"] for cell in cells if "heading_collapsed" in cell.metadata]
        metadata = {**KERNEL, "colab": {"collapsed_sections": folded}} if folded else KERNEL
        sheet = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
        target = Path(self.outdir, f"{docname.removeprefix(FOLDER)}.ipynb")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(nbformat.writes(nbformat.from_dict(sheet)) + "\n", encoding="utf8")

    def cells(self, docname: str, doctree: nodes.document) -> Iterator[Cell]:
        """The set-up, then text and code as on the page."""
        settings = self.env.mystnb_config
        page = Path(settings.output_folder, f"{docname}.ipynb")
        code = executed_cells(page, Path(settings.execution_cache_path))
        if code:
            yield deepcopy(self.setup)
        waiting: list[str] = []
        folded, places = False, 0
        for piece in Markdown(self, self.address).page(doctree):
            if not isinstance(piece, str) and any(waiting):
                yield text_cell(waiting, folded=folded)
                waiting, folded = [], False
            if isinstance(piece, Code):
                yield code[places]
                places += 1
            else:
                waiting.append(piece.text if isinstance(piece, Heading) else piece)
                folded = folded or (isinstance(piece, Heading) and piece.folded)
        if any(waiting):
            yield text_cell(waiting, folded=folded)
        if places != len(code):
            raise SphinxError(f"{docname} has {places} places for {len(code)} code cells")

    def address(self, uri: str) -> str | None:
        """A link to another page, if the book has an address; a notebook is alone elsewhere."""
        base: str = self.config.html_baseurl
        page = posixpath.normpath(posixpath.join(posixpath.dirname(self.current_docname), uri))
        return f"{base.rstrip('/')}/{page}" if base else None


def setup_source(root: Path, url: str) -> str:
    """The first cell: what follows the docstring of its file, with the address filled in."""
    text = (root / SETUP).read_text(encoding="utf8")
    docstring = ast.parse(text).body[0]
    cell = "\n".join(text.splitlines()[docstring.end_lineno or 0 :]).strip()
    filled, times = re.subn(r'^REPOSITORY = ""', f'REPOSITORY = "{url}"', cell, flags=re.M)
    if times != 1:
        raise SphinxError(f"{SETUP} has no line REPOSITORY")
    return filled


def choose_text(app: Sphinx, config: Config) -> None:
    """Of each output, of which the page as a notebook shows none, MyST-NB is to keep the text."""
    config.nb_mime_priority_overrides = [
        *config.nb_mime_priority_overrides,
        (NotebookBuilder.name, "text/plain", 1),
    ]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_builder(NotebookBuilder)
    app.connect("config-inited", choose_text)
    return {"parallel_read_safe": True, "parallel_write_safe": False}

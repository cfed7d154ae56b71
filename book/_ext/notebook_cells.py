"""The cells of a notebook: those that MyST-NB executed for a page, and those with its text."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import nbformat
from jupyter_cache import get_cache
from sphinx.errors import SphinxError

KEPT = ("text/plain", "text/latex", "text/html")
FOLDED = {"jp-MarkdownHeadingCollapsed": True, "heading_collapsed": True}
HIDDEN = {"jupyter": {"source_hidden": True}, "cellView": "form"}
Cell = nbformat.NotebookNode


def executed_cells(path: Path, cache: Path) -> list[Cell]:
    """The code cells of a page, with the text of their outputs and the tags that matter."""
    if not path.exists():  # MyST-NB writes one for each page that has a kernel
        return []
    page = code_of(nbformat.read(path, as_version=4))
    sources = [cell.source for cell in page]
    for run in runs(cache) if page else ():
        if [cell.source for cell in run] == sources:
            return [plain(cell, done.outputs) for cell, done in zip(page, run, strict=True)]
    if page:
        raise SphinxError(f"no run of {path.stem} is in the cache")
    return []


def code_of(sheet: Cell) -> list[Cell]:
    """The code cells of a notebook."""
    return [cell for cell in sheet.cells if cell.cell_type == "code"]


def runs(folder: Path) -> Iterator[list[Cell]]:
    """The code cells of all runs in the cache, the last first: what MyST-NB shows is changed."""
    cache = get_cache(folder)
    for record in sorted(cache.list_cache_records(), key=lambda record: -record.pk):
        yield code_of(cache.get_cache_bundle(record.pk).nb)


def plain(cell: Cell, outputs: list[Cell]) -> Cell:
    """A code cell as it is stored, with the outputs of its run."""
    tags = cell.metadata.get("tags", [])
    metadata = {"tags": tags} if tags else {}
    if "hide-input" in tags:
        metadata |= HIDDEN
    kept = list(merged(filter(None, map(text_output, outputs))))
    return nbformat.v4.new_code_cell(cell.source, metadata=metadata, outputs=kept)


def text_output(output: Cell) -> Cell | None:
    """What of an output is text."""
    if output.output_type == "stream":
        return nbformat.v4.new_output("stream", name=output.name, text=output.text)
    data = {kind: output.data[kind] for kind in KEPT if kind in output.data}
    return nbformat.v4.new_output(output.output_type, data=data) if data else None


def merged(outputs: Iterator[Cell]) -> Iterator[Cell]:
    """Join what was printed in several parts, which is a matter of time."""
    last: Any = None
    for output in outputs:
        if last and output.output_type == "stream" == last.output_type and output.name == last.name:
            last.text += output.text
            continue
        if last:
            yield last
        last = output
    if last:
        yield last


def text_cell(blocks: list[str], *, folded: bool) -> Cell:
    """One cell of text."""
    text = "\n\n".join(filter(None, blocks))
    return nbformat.v4.new_markdown_cell(text, metadata=dict(FOLDED) if folded else {})


def setup_cell(source: str) -> Cell:
    """The first cell, with what it prints where the book is built."""
    with redirect_stdout(StringIO()) as printed:
        exec(compile(source, "set-up", "exec"), {"__name__": "__main__"})
    output = nbformat.v4.new_output("stream", name="stdout", text=printed.getvalue())
    metadata = {"tags": ["hide-input"], **HIDDEN}
    return nbformat.v4.new_code_cell(source, metadata=metadata, outputs=[output])


def finish(cells: list[Cell]) -> None:
    """Count the cells of code, and name all by what they say; Colab finds folded ones by name."""
    code = [cell for cell in cells if cell.cell_type == "code"]
    for number, cell in enumerate(code, 1):
        cell.execution_count = number
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = number
    seen: Counter[str] = Counter()
    for cell in cells:
        digest = hashlib.sha256(cell.source.encode()).hexdigest()[:10]
        seen[digest] += 1
        cell["id"] = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
        if "heading_collapsed" in cell.metadata:
            cell.metadata["id"] = cell["id"]

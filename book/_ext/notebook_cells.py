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

KEPT = ("text/plain", "text/latex", "text/html")
FOLDED = {"jp-MarkdownHeadingCollapsed": True, "heading_collapsed": True}
HIDDEN = {"jupyter": {"source_hidden": True}, "cellView": "form"}
Cell = nbformat.NotebookNode


def executed_cells(path: Path, cache: Path) -> list[Cell]:
    """The code cells of a page, with the text of their outputs and the tags that matter."""
    if not path.exists():  # MyST-NB writes one for each page that has a kernel
        return []
    sheet = nbformat.read(path, as_version=4)
    code = [cell for cell in sheet.cells if cell.cell_type == "code"]
    if code and not any(cell.execution_count for cell in code):  # run by an earlier build
        _, sheet = get_cache(cache).merge_match_into_notebook(sheet)
    return [plain(cell) for cell in sheet.cells if cell.cell_type == "code"]


def plain(cell: Cell) -> Cell:
    """A code cell as it is stored."""
    tags = cell.metadata.get("tags", [])
    metadata = {"tags": tags} if tags else {}
    if "hide-input" in tags:
        metadata |= HIDDEN
    outputs = list(merged(filter(None, map(text_output, cell.outputs))))
    return nbformat.v4.new_code_cell(cell.source, metadata=metadata, outputs=outputs)


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

"""The directive ``{glossary-table} GROUP``: the terms of one group, in the language of the edition.

Both editions and the check of the translation read one table, ``book/locale/terms.toml``.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import tomllib
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

TERMS = Path("book/locale/terms.toml")
HEADS = {"en": ("English", "中文", "Meaning"), "zh": ("中文", "English", "释义")}
TAGS = {"en": "language-en", "zh": "language-zh-CN"}


class GlossaryTable(SphinxDirective):
    """One row per term: its name, its name in the other language, what it means."""

    required_arguments = 1
    option_spec: ClassVar = {}

    def run(self) -> list[nodes.Node]:
        """The table; a translation has nothing to add to it, so extraction passes it by."""
        path = Path(self.env.srcdir) / TERMS
        self.env.note_dependency(str(path))
        groups = tomllib.loads(path.read_text(encoding="utf8"))
        if self.arguments[0] not in groups:
            raise self.error(f"{TERMS} has no group {self.arguments[0]}")
        own, other = ("zh", "en") if self.config.language.startswith("zh") else ("en", "zh")
        rows = sorted(rows_of(groups[self.arguments[0]]["terms"], own, other))
        table = nodes.table(classes=["glossary-table"])
        columns = [nodes.colspec(colwidth=width) for width in (22, 22, 56)]
        group = nodes.tgroup("", *columns, cols=3)
        group += nodes.thead("", row_of(HEADS[own], (own, other, own)))
        group += nodes.tbody("", *(row_of(row[1:], (own, other, own)) for row in rows))
        table += group
        return [table]


def rows_of(terms: list[dict[str, Any]], own: str, other: str) -> Iterator[tuple[str, ...]]:
    """What to sort by, and the three cells: English names by the alphabet, Chinese as listed."""
    for number, term in enumerate(terms):
        if "means" in term:
            order = term["en"].lower() if own == "en" else f"{number:03}"
            yield order, term[own], term[other], term["means"][own]


def row_of(texts: tuple[str, ...], languages: tuple[str, ...]) -> nodes.row:
    """One row of the table."""
    row = nodes.row()
    for text, language in zip(texts, languages, strict=True):
        cell = nodes.paragraph(text, text, translatable=False, classes=[TAGS[language]])
        row += nodes.entry("", cell)
    return row


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_directive("glossary-table", GlossaryTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

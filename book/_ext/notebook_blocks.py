"""The blocks of a page as Markdown: paragraphs, formulas, lists, tables and boxes.

A block becomes one or several pieces. Most are text; headings and the places of code cells divide a
notebook. Methods are named for the nodes that they write, as visitors of docutils are.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from docutils import nodes
from notebook_inline import Inline
from sphinx.util.math import get_node_equation_number

OPENING = re.compile(r"^([#+\-]|\d+[.)])(?=\s)")


@dataclass(frozen=True)
class Code:
    """The place of the next code cell of the page."""


@dataclass(frozen=True)
class Heading:
    """A heading, with which a new cell begins; what follows a folded one is shown on demand."""

    text: str
    folded: bool = False


Piece = str | Code | Heading


class Blocks(Inline):
    """Writes blocks; ``linked`` are the places that links of the page lead to."""

    linked: frozenset[str] = frozenset()

    def children(self, node: nodes.Element) -> Iterator[Piece]:
        """The pieces of everything in a node."""
        for child in node.children:
            yield from self.block(child)

    def block(self, node: nodes.Node) -> Iterator[Piece]:
        """The pieces of one node, by the name of its kind or, for all theorems, of its parents."""
        for kind in type(node).__mro__:
            write = getattr(self, f"block_{kind.__name__}", None)
            if write:
                return write(node)
        raise TypeError(f"{self.builder.current_docname}: no Markdown for {type(node).__name__}")

    def text_of(self, node: nodes.Element) -> str:
        """The blocks in a node as one text; a code cell cannot stand there."""
        pieces = list(self.children(node))
        if not all(isinstance(piece, str) for piece in pieces):
            raise TypeError(f"{self.builder.current_docname}: a cell or heading in {node.tagname}")
        return "\n\n".join(filter(None, pieces))  # type: ignore[arg-type]

    def anchors(self, node: nodes.Element) -> str:
        """Places that a link of this page leads to."""
        names = [name for name in node.get("ids", ()) if name in self.linked]
        return "".join(f'<a id="{name}"></a>' for name in names)

    def number(self, kind: str, node: nodes.Element) -> str:
        """The number of a figure, a theorem or an exercise."""
        numbers = self.builder.env.toc_fignumbers.get(self.builder.current_docname, {})
        return ".".join(map(str, numbers.get(kind, {}).get(node["ids"][0], ())))

    def quote(self, node: nodes.Element, head: str) -> Iterator[str]:
        """A box with a bold head. Formulas keep to one line, as notebooks read them first."""
        body = re.sub(r"^\$\$\n.*?\n\$\$$", _one_line, self.text_of(node), flags=re.S | re.M)
        head = self.anchors(node) + (head and f"**{head}**")
        text = "\n\n".join(filter(None, [head, body]))
        yield re.sub(r"^", "> ", text, flags=re.M).replace("> \n", ">\n")

    def nothing(self, node: nodes.Node) -> Iterator[Piece]:
        """For what a reader does not see."""
        return iter(())

    def block_paragraph(self, node: nodes.paragraph) -> Iterator[Piece]:
        text = self.inline(node).strip()
        yield self.anchors(node) + OPENING.sub(r"\\\1", text)

    def block_math_block(self, node: nodes.math_block) -> Iterator[Piece]:
        latex = re.sub(r"\n\s*\n", "\n", node.astext().strip())
        if node.get("number"):
            latex += f" \\tag{{{get_node_equation_number(self, node)}}}"
        yield "\n\n".join(filter(None, [self.anchors(node), f"$$\n{latex}\n$$"]))

    def block_literal_block(self, node: nodes.literal_block) -> Iterator[Piece]:
        language = node.get("language", "").replace("default", "")
        yield f"```{language}\n{node.astext()}\n```"

    def block_bullet_list(self, node: nodes.bullet_list) -> Iterator[Piece]:
        yield "\n".join(self.item("- ", item) for item in node.children)

    def block_enumerated_list(self, node: nodes.enumerated_list) -> Iterator[Piece]:
        start = node.get("start", 1)
        yield "\n".join(self.item(f"{n}. ", x) for n, x in enumerate(node.children, start))

    def item(self, mark: str, node: nodes.Element) -> str:
        """One item of a list, its further lines indented."""
        indented = self.text_of(node).replace("\n", "\n" + " " * len(mark))
        return mark + re.sub(r"^ +$", "", indented, flags=re.M)

    def block_definition_list(self, node: nodes.definition_list) -> Iterator[Piece]:
        for item in node.children:
            term, definition = item.children
            yield f"**{self.inline(term)}**: {self.text_of(definition)}"

    def block_block_quote(self, node: nodes.block_quote) -> Iterator[Piece]:
        yield re.sub(r"^", "> ", self.text_of(node), flags=re.M)

    def block_table(self, node: nodes.table) -> Iterator[Piece]:
        rows = [
            [self.entry(e) for e in row.findall(nodes.entry)] for row in node.findall(nodes.row)
        ]
        lines = [f"| {' | '.join(row)} |" for row in rows]
        lines.insert(1, "|" + " --- |" * len(rows[0]))
        yield "\n".join(filter(None, [*map(self.anchors, node.findall(nodes.table)), *lines]))

    def entry(self, node: nodes.entry) -> str:
        """One cell of a table, where a bar would end it."""
        for formula in node.findall(nodes.math):
            text = formula.astext().replace(r"\|", r"\Vert ").replace("|", r"\vert ")
            formula.children = [nodes.Text(text)]
        return self.text_of(node).replace("|", r"\|").replace("\n\n", "<br>").replace("\n", " ")

    block_compound = block_document = children
    block_comment = block_target = block_raw = block_index = block_toctree = nothing


def _one_line(formula: re.Match[str]) -> str:
    return " ".join(formula[0].split())

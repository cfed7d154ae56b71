"""Markdown that any notebook shows, from the nodes of a page whose references are resolved.

A page becomes a sequence of pieces: paragraphs of Markdown, headings, and the places of its code
cells. Numbers, titles and references are those of the edition; nothing of Sphinx is left.
Methods are named for the nodes that they write, as visitors of docutils are.
"""

from collections.abc import Iterator

from docutils import nodes
from notebook_blocks import Blocks, Code, Heading, Piece
from sphinx.locale import get_translation


class Markdown(Blocks):
    """Writes one page."""

    level = 0

    def page(self, document: nodes.document) -> Iterator[Piece]:
        """All pieces in order."""
        references = document.findall(nodes.reference)
        targets = (node.get("refid") or node.get("refuri", "") for node in references)
        self.linked = frozenset(target.lstrip("#") for target in targets)
        yield from self.children(document)

    def block_section(self, node: nodes.section) -> Iterator[Piece]:
        if not isinstance(node.children[0], nodes.title):  # the body of a theorem or an exercise
            yield from self.children(node)
            return
        self.level += 1
        title, *rest = node.children
        numbers = self.builder.env.toc_secnumbers.get(self.builder.current_docname, {})
        place = f"#{node['ids'][0]}" if self.level > 1 else ""
        number = ".".join(map(str, numbers.get(place) or ()))
        yield self.heading(node, f"{number} {self.inline(title)}".lstrip(), self.level)
        for child in rest:
            yield from self.block(child)
        self.level -= 1

    def heading(self, node: nodes.Element, text: str, level: int, *, folded: bool = False) -> Piece:
        """A heading with its anchors."""
        text = f"{'#' * level} {text}"
        return Heading("\n\n".join(filter(None, [self.anchors(node), text])), folded)

    def block_rubric(self, node: nodes.rubric) -> Iterator[Piece]:
        yield self.heading(node, self.inline(node), 2)

    def block_container(self, node: nodes.container) -> Iterator[Piece]:
        if "derivation" in node["classes"]:
            return self.quote(node, "")
        if node.get("nb_element") != "cell_code":
            return self.children(node)
        captions = (self.block(figure) for figure in node.findall(nodes.figure))
        return iter([Code(), *(piece for caption in captions for piece in caption)])

    def block_figure(self, node: nodes.figure) -> Iterator[Piece]:
        for caption in node.findall(nodes.caption):
            head = self.builder.config.numfig_format["figure"] % self.number("figure", node)
            yield f"{self.anchors(node)}**{head}** {self.inline(caption)}"

    def block_admonition(self, node: nodes.admonition) -> Iterator[Piece]:
        title = node.children.pop(0)
        return self.quote(node, self.inline(title))

    def block_Admonition(self, node: nodes.Element) -> Iterator[Piece]:
        """A theorem, or one of its kin."""
        kind = get_translation("proof")(node["realtype"].title())
        title = self.inline(node.children.pop(0)).strip()
        head = f"{kind} {self.number(node['countertype'], node)} {title}"
        return self.quote(node, head.replace(" （", "（"))

    def block_proof_node(self, node: nodes.Element) -> Iterator[Piece]:
        return self.quote(node.children[0], "")  # its first paragraph says that it is one

    def block_exercise_enumerable_node(self, node: nodes.Element) -> Iterator[Piece]:
        title = node.children.pop(0)
        head = title["title"] % self.number("exercise", node)
        yield self.heading(node, f"{head}{self.inline(title)}", 3)
        yield from self.children(node)

    def block_solution_node(self, node: nodes.Element) -> Iterator[Piece]:
        title = node.children.pop(0)
        yield self.heading(node, self.inline(title), 4, folded=True)
        yield from self.children(node)

    def block_citation(self, node: nodes.citation) -> Iterator[Piece]:
        label, *rest = node.children
        body = " ".join(self.inline(paragraph) for paragraph in rest)
        yield f"{self.anchors(node)}\\[{label.astext()}\\] {body}"

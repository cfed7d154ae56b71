"""Running text of a page as Markdown: stress, formulas, code and links.

Methods are named for the nodes that they write, as visitors of docutils are.
"""

import re
from collections.abc import Callable
from typing import Any

from docutils import nodes

ESCAPED = re.compile(r"([\\`*$<])|(?<![^\W_])(_)|(_)(?![^\W_])|(\[)(?=[^\]]*\]\()")


class Inline:
    """Writes running text; ``address`` says where a link to another page leads, or nothing."""

    def __init__(self, builder: Any, address: Callable[[str], str | None]) -> None:
        self.builder, self.address = builder, address

    def inline(self, node: nodes.Node) -> str:
        """A piece of running text."""
        for kind in type(node).__mro__:
            write = getattr(self, f"inline_{kind.__name__}", None)
            if write:
                return str(write(node))
        return "".join(map(self.inline, node.children))

    def inline_Text(self, node: nodes.Text) -> str:
        return ESCAPED.sub(r"\\\g<0>", node.astext().replace("\n", " "))

    def inline_math(self, node: nodes.math) -> str:
        return f"${' '.join(node.astext().split())}$"

    def inline_literal(self, node: nodes.literal) -> str:
        text = node.astext()
        if not isinstance(node.children[0], nodes.Text) or set(node["classes"]) & {"xref", "std"}:
            return "".join(map(self.inline, node.children))
        fence = "``" if "`" in text else "`"
        pad = " " if "`" in text else ""
        return f"{fence}{pad}{text}{pad}{fence}"

    def inline_emphasis(self, node: nodes.emphasis) -> str:
        return self.marked(node, "*", "em")

    def inline_strong(self, node: nodes.strong) -> str:
        return self.marked(node, "**", "strong")

    def marked(self, node: nodes.Element, mark: str, tag: str) -> str:
        """Stressed text; between a sign and a letter, as often in Chinese, no mark would count."""
        text = "".join(map(self.inline, node.children))
        place = node.parent.index(node)
        before = "".join(n.astext() for n in node.parent[:place])[-1:]
        after = "".join(n.astext() for n in node.parent[place + 1 :])[:1]
        plain = node.astext()
        counts = _opens(before, plain[0]) and _opens(after, plain[-1])
        return f"{mark}{text}{mark}" if counts else f"<{tag}>{text}</{tag}>"

    def inline_reference(self, node: nodes.reference) -> str:
        text = "".join(map(self.inline, node.children))
        target = f"#{node['refid']}" if node.get("refid") else node.get("refuri", "")
        if not target.startswith("#") and node.get("internal"):
            target = self.address(target) or ""
        if not target:
            return text
        inner = text.strip()
        return text.replace(inner, f"[{inner}]({target})")

    def inline_image(self, node: nodes.image) -> str:
        raise TypeError(f"{self.builder.current_docname}: a picture that no cell draws")


def _opens(outside: str, inside: str) -> bool:
    """Whether Markdown takes a mark between these two letters for one that stresses the second."""
    return inside.isalnum() or not outside.isalnum()

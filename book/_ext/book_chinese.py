"""Finish what gettext cannot reach in the Chinese edition.

Words inside formulas are replaced from ``book/locale/phrases.toml``. A reference or a citation
may become Chinese text (图 2.1, 式 (2.1)) where its role stood between spaces: those spaces go. And
whatever is still English on a page is a warning, and so fails the build.
"""

import re
from pathlib import Path
from typing import Any

import tomllib
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

logger = logging.getLogger(__name__)
PHRASES = Path("book/locale/phrases.toml")
WORDS = re.compile(r"(\\text\{\s*)([^{}$]*?)(\s*\})")
HAN = "\u3400-\u9fff"
WIDE = "，。；：？！（）、“”《》"
BETWEEN = re.compile(rf"(?<=[{HAN}{WIDE}]) \0(?=[{HAN}{WIDE}])|(?<=[{WIDE}]) \0| \0(?=[{WIDE}])")
MISSING = re.compile(rf"(?<=[{HAN}])\0(?=[A-Za-z0-9(])|(?<=[A-Za-z0-9)])\0(?=[{HAN}])")


def is_chinese(app: Sphinx) -> bool:
    """Whether this build makes the Chinese edition."""
    return str(app.config.language).startswith("zh")


class TranslateFormulas(SphinxTransform):
    """Replace the words inside formulas."""

    default_priority = 900  # after the messages of gettext

    def apply(self, **kwargs: Any) -> None:
        """Visit the formulas of one page."""
        if not is_chinese(self.app):
            return
        path = Path(self.env.srcdir) / PHRASES
        self.env.note_dependency(str(path))
        words = tomllib.loads(path.read_text(encoding="utf8"))["formulas"]
        for node in self.document.findall(_is_math):
            text = WORDS.sub(lambda m: m[1] + words.get(m[2], m[2]) + m[3], node.astext())
            if text != node.astext():
                node.children = [nodes.Text(text)]
                node.children[0].parent = node


def _is_math(node: nodes.Node) -> bool:
    return isinstance(node, nodes.math | nodes.math_block)


class SetReferences(SphinxPostTransform):
    """One rule of spaces around what a role became."""

    default_priority = 600  # all references are resolved

    def run(self, **kwargs: Any) -> None:
        """Visit the neighbours of each reference of one page."""
        if not is_chinese(self.app):
            return
        for block in self.document.findall(nodes.TextElement):
            if not isinstance(block, nodes.Inline | nodes.literal_block | nodes.math_block):
                for number in range(len(list(block.findall(nodes.Text))) - 1):
                    leaves = list(block.findall(nodes.Text))  # the step before may have changed one
                    _join(leaves[number], leaves[number + 1])


def _is_reference(leaf: nodes.Text) -> bool:
    """Whether a piece of text came from a role: a reference, or a citation with its brackets."""
    node = leaf.parent
    while isinstance(node, nodes.Inline):
        if isinstance(node, nodes.reference) or "bibtex-citation" in node.get("classes", ()):
            return True
        node = node.parent
    return False


def _in(leaf: nodes.Text, *kinds: type[nodes.Node]) -> bool:
    """Whether one of the inline elements around a piece of text is of these kinds."""
    node = leaf.parent
    while isinstance(node, nodes.Inline):
        if isinstance(node, kinds):
            return True
        node = node.parent
    return False


def _join(left: nodes.Text, right: nodes.Text) -> None:
    """Mend the space between two neighbours of which one belongs to a reference."""
    if not (_is_reference(left) ^ _is_reference(right)):
        return
    if _in(left, nodes.literal, nodes.math) or _in(right, nodes.literal, nodes.math):
        return
    before, after = str(left), str(right)
    tail, head = before.rstrip(" "), after.lstrip(" ")
    if not tail or not head:
        return
    spaced = tail != before or head != after
    seam = f"{tail[-1]}{' ' if spaced else ''}\0{head[0]}"
    if spaced and BETWEEN.search(seam):
        _replace(left, tail)
        _replace(right, head)
    elif not spaced and MISSING.search(seam):
        outside = right if _is_reference(left) else left
        _replace(outside, f" {after}" if outside is right else f"{before} ")


def _replace(leaf: nodes.Text, text: str) -> None:
    if str(leaf) != text:
        leaf.parent.replace(leaf, nodes.Text(text))


def report_english(app: Sphinx, doctree: nodes.document) -> None:
    """Warn of every paragraph, title and caption that gettext did not translate."""
    if not is_chinese(app):
        return
    for node in doctree.findall(nodes.TextElement):
        left = node.get("translated") is False and not re.search(f"[{HAN}]", node.astext())
        if left and not _is_output(node) and not _is_math(node):
            logger.warning("not translated: %s", node.astext()[:80], location=node)


def _is_output(node: nodes.Node) -> bool:
    while node is not None:
        if isinstance(node, nodes.Element) and node.get("nb_element") == "cell_code_output":
            return not isinstance(node, nodes.caption)
        node = node.parent
    return False


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_transform(TranslateFormulas)
    app.add_post_transform(SetReferences)
    app.connect("doctree-read", report_english)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

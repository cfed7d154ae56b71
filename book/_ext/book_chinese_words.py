"""Set words as Chinese does where the extensions know only the ways of English.

Emphasised Chinese is marked, for the style sheet to put dots below it: Chinese type has no italics.
The word for a solution stands behind what it solves. And a formula holds on to the punctuation that
follows it, which a browser would else let begin a line.
"""

import re
from typing import Any

from book_chinese import HAN, is_chinese
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx_exercise.nodes import solution_node

SOLUTION = "的解答"
CLOSING = "，。；：？！）、”》"


class SetWords(SphinxPostTransform):
    """Mark emphasis, turn the titles of solutions round, and bind punctuation to formulas."""

    default_priority = 590  # titles are resolved; the spaces around references come after

    def run(self, **kwargs: Any) -> None:
        """Visit the words of one page."""
        if not is_chinese(self.app):
            return
        for emphasis in self.document.findall(nodes.emphasis):
            if re.search(f"[{HAN}]", emphasis.astext()):
                emphasis["classes"].append("han")
        for solution in self.document.findall(solution_node):
            title = solution.next_node(nodes.title)
            exercise = title and title.next_node(nodes.reference)
            if exercise:
                first = exercise.next_node(nodes.Text)
                first.parent.replace(first, nodes.Text(first.lstrip()))
                title.clear()
                title += [exercise, nodes.Text(SOLUTION)]
        for formula in list(self.document.findall(nodes.math)):
            bind(formula)


def bind(formula: nodes.math) -> None:
    """Put a formula and the closing punctuation behind it into one piece that does not break."""
    line = formula.parent
    place = line.index(formula)
    after = line[place + 1] if place + 1 < len(line) else None
    if isinstance(after, nodes.Text) and after.startswith(tuple(CLOSING)):
        rest = str(after).lstrip(CLOSING)
        marks = nodes.Text(after[: len(after) - len(rest)])
        line[place : place + 2] = [nodes.inline("", "", formula, marks, classes=["bound"])]
        if rest:
            line.insert(place + 1, nodes.Text(rest))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_post_transform(SetWords)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

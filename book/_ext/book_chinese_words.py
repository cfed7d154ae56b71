"""Set words as Chinese does where the extensions know only the ways of English.

Emphasised Chinese is marked, for the style sheet to put dots below it: Chinese type has no italics.
And the word for a solution stands behind what it solves.
"""

import re
from typing import Any

from book_chinese import HAN, is_chinese
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx_exercise.nodes import solution_node

SOLUTION = "的解答"


class SetWords(SphinxPostTransform):
    """Mark emphasis, and turn the titles of solutions round."""

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


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_post_transform(SetWords)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""Mend the markup of other extensions where it is not valid or not accessible HTML."""

import re
from typing import Any

from sphinx.application import Sphinx
from sphinx.locale import _

# One id for every exercise, solution, theorem and proof of a page; an id may stand only once.
REPEATED_ID = re.compile(r' id="(?:(?:exercise|solution|proof)-content|proof)"')
# Roles that ARIA 1.2 deprecated, in a list that then has no list items.
OBSOLETE_ROLE = re.compile(r' role="doc-biblioentry"| role="list" class="citation-list"')


def mend(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Rewrite the body of one page."""
    body = REPEATED_ID.sub("", context.get("body", ""))
    context["body"] = OBSOLETE_ROLE.sub("", body)
    if toctree := context.get("generate_toctree_html"):
        context["generate_toctree_html"] = lambda *args, **options: _name_toggles(
            toctree(*args, **options)
        )


def _name_toggles(sidebar: object) -> str:
    """Give the sidebar's folding toggles, which hold an icon alone, a name to be read out."""
    return str(sidebar).replace("<summary>", f'<summary aria-label="{_("Subsections")}">')


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("html-page-context", mend, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

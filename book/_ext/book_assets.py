"""Keep every script and font of a built page on the reader's own disk.

MathJax comes from the package sphinx-mathjax-offline, cut to what a page needs, and the scripts
that other extensions would fetch from a server are dropped.
"""

import importlib.metadata
import re
import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

SOURCE = "sphinx-mathjax-offline"
NEEDED = re.compile(r"/mathjax/(tex-mml-chtml\.js|output/chtml/fonts/woff-v2/.*\.woff)$")
TARGET = "mathjax"


def copy_mathjax(app: Sphinx) -> None:
    """Copy MathJax's component and fonts to a static folder and let Sphinx refer to it."""
    if app.builder.format != "html":
        return
    static = Path(app.confdir) / "_build" / ".static"
    for file in importlib.metadata.files(SOURCE) or []:
        if match := NEEDED.search(f"/{file.as_posix()}"):
            target = static / TARGET / match[1]
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists():
                shutil.copyfile(str(file.locate()), target)
    app.config.html_static_path.append(str(static))
    app.config.mathjax_path = f"{TARGET}/tex-mml-chtml.js"


def drop_remote(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Take scripts of other hosts, and thebe's helpers that only serve them, off the page."""
    kept = []
    for script in context.get("script_files", []):
        name, body = str(script.filename or ""), script.attributes.get("body") or ""
        if "://" in name or "thebe" in name or "unpkg.com" in body:
            continue
        kept.append(script)
    context["script_files"] = kept
    context["css_files"] = [
        css for css in context.get("css_files", []) if "thebe" not in str(css.filename or "")
    ]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("builder-inited", copy_mathjax)
    app.connect("html-page-context", drop_remote, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

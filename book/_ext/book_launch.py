"""Buttons that open a page as a notebook: in Colab, or by downloading it with the package's wheel.

The address of the repository stands once in ``_config.yml``; where it does not, that of the git
remote is taken, if it is one that Colab can read. No button is shown for what is not there.
"""

import posixpath
import re
import subprocess
from importlib.metadata import version
from typing import Any

from book_language import tag
from docutils import nodes
from sphinx.application import Sphinx

HOST = "https://github.com/"
GITHUB = re.compile(r"^(?:https://|ssh://)?(?:git@)?github\.com[/:]([\w.-]+/[\w.-]+?)(?:\.git)?/?$")
WORDS = {
    "en": {
        "title": "Run this page",
        "colab": "Open in Colab",
        "notebook": "Download the notebook",
        "wheel": "Download its package, to lie next to it",
    },
    "zh_CN": {
        "title": "运行本页",
        "colab": "在 Colab 中打开",
        "notebook": "下载 notebook",
        "wheel": "下载配套程序包，与 notebook 放在一起",
    },
}


def repository(app: Sphinx) -> str:
    """The address of the repository on GitHub, or nothing."""
    named = app.config.book_repository or _remote(app.confdir)
    match = GITHUB.match(named.strip())
    return HOST + match[1] if match else ""


def _remote(folder: str) -> str:
    call = ["git", "-C", folder, "remote", "get-url", "origin"]
    try:
        return subprocess.run(call, capture_output=True, text=True, check=False).stdout
    except OSError:  # no git here
        return ""


def colab(app: Sphinx, notebook: str) -> str | None:
    """Where Colab shows a notebook of this edition."""
    url = repository(app)
    if not url:
        return None
    place = f"blob/{app.config.book_branch}/notebooks/{app.config.language}/{notebook}"
    return f"https://colab.research.google.com/github/{url.removeprefix(HOST)}/{place}"


def offer(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Tell the template where the notebook of an executed page is."""
    runs = "kernelspec" in app.env.metadata.get(pagename, {})
    if not (runs and app.config.book_offers_notebooks):
        return
    here = posixpath.dirname(app.builder.get_target_uri(pagename))
    notebook = f"{pagename.removeprefix('book/')}.ipynb"
    wheel = f"mha_book-{version('mha-book')}-py3-none-any.whl"
    context["launch"] = {
        "words": WORDS[app.config.language],
        "language": tag(app.config.language),
        "colab": colab(app, notebook),
        "notebook": posixpath.relpath(f"notebooks/{notebook}", here),
        "wheel": posixpath.relpath(f"notebooks/{wheel}", here),
    }


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_config_value("book_repository", "", "html")
    app.add_config_value("book_branch", "main", "html")
    app.add_config_value("book_offers_notebooks", False, "html")
    app.connect("html-page-context", offer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""Write down which pages a build executed, in ``_build/records/<language>.json``.

Both editions share one cache of executed cells, so the second should execute none; the record shows
whether that is so. The folder of pictures that cells drew, and of the notebooks that ran, is shared
as well; what is extracted for translators has one of its own, whose notebooks lack cells that draw.
"""

import json
import time
from pathlib import Path

from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment


def start(app: Sphinx) -> None:
    """Remember when the build began; put what cells draw beside the editions, not among them."""
    app.book_started = time.time()  # type: ignore[attr-defined]
    shared = app.builder.name != "gettext"
    folder = Path(app.confdir) / "_build" if shared else Path(app.outdir)
    pictures = str(folder / "jupyter_execute")
    config = app.env.mystnb_config  # type: ignore[attr-defined]
    app.env.mystnb_config = config.copy(output_folder=pictures)  # type: ignore[attr-defined]


def note(app: Sphinx, env: BuildEnvironment) -> None:
    """Sort the pages of this build; a page whose outputs came from the cache is older than it."""
    executed, cached = [], []
    for page in sorted(env.found_docs):
        data = NbMetadataCollector.get_exec_data(env, page)
        if data:
            new = data["mtime"] >= app.book_started  # type: ignore[attr-defined]
            (executed if new else cached).append(page)
    app.book_executed = {"executed": executed, "from the cache": cached}  # type: ignore[attr-defined]


def write(app: Sphinx, exception: Exception | None) -> None:
    """Write the record of a whole edition."""
    if exception is None and app.builder.name == "html":
        file = Path(app.confdir) / "_build" / "records" / f"{app.config.language}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(app.book_executed, indent=1) + "\n")  # type: ignore[attr-defined]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("builder-inited", start, priority=900)
    app.connect("env-updated", note)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

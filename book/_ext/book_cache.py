"""Key the cache of executed cells by the code that the cells import.

jupyter-cache compares the text of the cells alone, so a page would keep its old outputs after a
change in the package. A folder of its own for each state of the package prevents that; and because
the folder is a setting of the environment, Sphinx reads all pages again when it changes.
"""

import hashlib
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

PACKAGE = "mha_book"
SUFFIXES = {".py", ".js"}


def package_digest(package: Path) -> str:
    """Digest of the names and contents of all code files below ``package``."""
    digest = hashlib.sha256()
    for path in sorted(p for p in package.rglob("*") if p.suffix in SUFFIXES):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def choose_cache(app: Sphinx, config: Config) -> None:
    """Point MyST-NB at the folder for the present state of the package; note that of _ext."""
    root = Path(app.confdir)
    config.book_extensions = package_digest(Path(__file__).parent)
    folder = root / "_build" / ".jupyter_cache" / package_digest(root / PACKAGE)
    config.nb_execution_cache_path = str(folder)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_config_value("book_extensions", "", "html")  # written pages depend on the extensions
    app.connect("config-inited", choose_cache)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

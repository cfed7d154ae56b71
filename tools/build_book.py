"""Build the book with warnings as errors and say where to open it.

    python tools/build_book.py

Missing pages and pages without outputs are errors too: see book/_ext/book_complete.py.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HTML = ROOT / "_build" / "html"
JUPYTER_BOOK = Path(sys.executable).parent / "jupyter-book"


def build() -> int:
    """Run Jupyter Book and return its exit status."""
    command = [JUPYTER_BOOK, "build", ROOT, "-n", "-W", "--keep-going"]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    status = build()
    if status:
        sys.exit("error: the book was not built; the messages above say why")
    print(f"The book is ready. Open {(HTML / 'index.html').as_uri()}")

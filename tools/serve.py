"""Serve the book on localhost, open it in a browser and rebuild it whenever a file changes.

python tools/serve.py [--port 8000] [--no-browser]
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "_build"
WATCHED = ["book", "mha_book", "_config.yml", "_toc.yml"]


def command(port: int, open_browser: bool) -> list[str]:
    """The sphinx-autobuild call, on the configuration that Jupyter Book derives."""
    call = [sys.executable, "-m", "sphinx_autobuild", str(ROOT), str(BUILD / "html")]
    call += ["--port", str(port), "--ignore", f"{BUILD}/*", "--ignore", f"{ROOT}/.venv/*"]
    call += ["--re-ignore", r"(__pycache__|\.git/|conf\.py|\.jupyter_cache)"]
    call += ["-d", str(BUILD / "html" / ".doctrees")]
    return [*call, "--open-browser"] if open_browser else call


def main() -> int:
    """Derive conf.py, then serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--no-browser", action="store_true")
    arguments = parser.parse_args()
    derive = [Path(sys.executable).parent / "jupyter-book", "config", "sphinx", ROOT]
    subprocess.run(derive, cwd=ROOT, check=True, capture_output=True)
    try:
        call = command(arguments.port, not arguments.no_browser)
        extensions = {"PYTHONPATH": str(ROOT / "book" / "_ext")}  # conf.py leaves their folder out
        return subprocess.run(call, cwd=ROOT, check=False, env=os.environ | extensions).returncode
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())

"""Serve the book on localhost, open it in a browser and rebuild it whenever a file changes.

python -m tools.serve [--language zh_CN] [--port 8000] [--no-browser]
"""

import argparse
import subprocess
import sys

from tools.build_book import BUILD, HTML, ROOT, TITLES, derive, environment

WATCHED = ["book", "mha_book", "_config.yml", "_toc.yml"]


def command(language: str, port: int, open_browser: bool) -> list[str]:
    """The sphinx-autobuild call, on the configuration that Jupyter Book derives."""
    call = [sys.executable, "-m", "sphinx_autobuild", str(ROOT), str(HTML / language)]
    call += ["-D", f"language={language}"]
    call += ["--port", str(port), "--ignore", f"{BUILD}/*", "--ignore", f"{ROOT}/.venv/*"]
    call += ["--re-ignore", r"(__pycache__|\.git/|conf\.py|\.jupyter_cache)"]
    call += ["-d", str(BUILD / ".doctrees" / language)]
    return [*call, "--open-browser"] if open_browser else call


def main() -> int:
    """Derive conf.py, then serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--language", choices=list(TITLES), default="en")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--no-browser", action="store_true")
    arguments = parser.parse_args()
    derive()
    try:
        call = command(arguments.language, arguments.port, not arguments.no_browser)
        return subprocess.run(call, cwd=ROOT, check=False, env=environment()).returncode
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())

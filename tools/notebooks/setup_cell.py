"""The first cell of every notebook: what follows this text, with the repository's address in it.

Where mha_book is missing, as in Colab, the cell installs it into the running kernel. A wheel that
lies next to the notebook comes before the repository: who puts it there wants it, or cannot reach
the other. torch and NumPy stay as they are. PyTorch itself is asked for, not installed: which build
suits depends on the machine, and the wrong one is gigabytes for nothing.
"""

# @title Set up: install mha_book where it is missing
REPOSITORY = ""

import re
import shutil
import subprocess
import sys
from importlib import invalidate_caches
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path


class SetUpError(Exception):
    """Says what to do, and Jupyter shows nothing else of it."""

    def _render_traceback_(self):
        return [f"{self} Then run this cell again."]


def install_mha_book():
    """Install the package of the book and what its pages need; leave torch and NumPy alone."""
    wheels = sorted(Path().glob("mha_book-*-any.whl"), key=lambda path: path.stat().st_mtime)
    source = wheels[-1].resolve().as_uri() if wheels else f"git+{REPOSITORY}"
    pip, uv = [sys.executable, "-m", "pip", "install"], shutil.which("uv")
    if not find_spec("torch"):
        raise SetUpError("Install PyTorch for your machine as https://pytorch.org describes.")
    if not wheels and not REPOSITORY:
        place = (
            "put mha_book-….whl next to this notebook: the page offers it for download beside it"
        )
        raise SetUpError(f"The package mha_book is missing; {place}.")
    if not find_spec("pip"):
        pip = [uv, "pip", "install", "--python", sys.executable]
    if not pip[0]:
        raise SetUpError(
            f"This Python has no pip: run {sys.executable} -m ensurepip in a terminal."
        )
    kept = [f"{name}=={version(name)}" for name in ("torch", "numpy") if find_spec(name)]
    call = [*pip, "--quiet", f"mha-book[notebooks] @ {source}", *kept]
    done = subprocess.run(call, capture_output=True, text=True, errors="replace")
    lines = done.stderr.strip().splitlines() or ["no reason given"]
    reason = next((line for line in lines if line.lower().startswith("error")), lines[-1])
    if re.search("Retrying|versions: none|unable to access|sending req", done.stderr):
        reason = f"there is no network, or the package index does not answer ({reason})"
    if done.returncode:
        raise SetUpError(f"mha_book could not be installed: {reason}.")
    invalidate_caches()
    if not find_spec("mha_book"):
        raise SetUpError("mha_book is installed, but this kernel does not see it: restart it.")


if not find_spec("mha_book"):
    install_mha_book()

import torch

import mha_book

python = sys.version.split()[0]
print(f"Python {python}, torch {torch.__version__}, mha_book {mha_book.__version__}")

"""Where the book is, as source and as built, which languages and which pages it has."""

import os
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "_build" / "html"
HTML = BUILT / "en"
LANGUAGES = (os.environ.get("LANGUAGES") or "en zh_CN").replace(",", " ").split()


def toc_files(node: Any) -> list[str]:
    """All files that a table of contents names, in reading order."""
    if isinstance(node, list):
        return [file for child in node for file in toc_files(child)]
    if not isinstance(node, dict):
        return []
    own = [node[key] for key in ("root", "file") if key in node]
    return own + [file for child in node.values() for file in toc_files(child)]


PAGES = toc_files(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf8")))

"""Tiny books with the settings and extensions of ours, and how to build them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.book.built import ROOT

PAGE = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  name: python3
  display_name: Python 3
---

# A page

```{code-cell} ipython3
print(6 * 7)
```
"""
TOC = "format: jb-book\nroot: book/index\nparts:\n- numbered: 3\n  chapters:\n  - file: book/page\n"


def make(folder: Path, page: str = PAGE, references: str = "") -> Path:
    """A book of two pages."""
    (folder / "book" / "locale").mkdir(parents=True)
    for part in ("book/_ext", "book/_static", "book/_templates", "mha_book", "tools"):
        (folder / part).symlink_to(ROOT / part)
    for table in ("phrases.toml", "terms.toml"):
        (folder / "book/locale" / table).symlink_to(ROOT / "book/locale" / table)
    shutil.copy(ROOT / "_config.yml", folder)
    (folder / "_toc.yml").write_text(TOC)
    (folder / "book" / "references.bib").write_text(references, encoding="utf8")
    (folder / "book" / "index.md").write_text("# A book\n")
    (folder / "book" / "page.md").write_text(page, encoding="utf8")
    return folder


def build(book: Path) -> subprocess.CompletedProcess[str]:
    """Build it by Jupyter Book's own command."""
    jupyter_book = Path(sys.executable).parent / "jupyter-book"
    command = [jupyter_book, "build", book, "-n", "-W", "--keep-going"]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=book)


def translate(book: Path, messages: dict[str, str]) -> None:
    """Write one catalogue for each page, all with the same messages."""
    folder = book / "book/locale/zh_CN/LC_MESSAGES/book"
    folder.mkdir(parents=True, exist_ok=True)
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
    body = "".join(f'msgid "{en}"\nmsgstr "{zh}"\n\n' for en, zh in messages.items())
    for page in ("index", "page"):
        (folder / f"{page}.po").write_text(head + body, encoding="utf8")


def build_in(
    book: Path, language: str, *options: str, to: str = "html"
) -> subprocess.CompletedProcess[str]:
    """Build one edition, or its messages, as tools/build_book.py and tools/i18n do."""
    binaries = Path(sys.executable).parent
    subprocess.run([binaries / "jupyter-book", "config", "sphinx", book], check=True, cwd=book)
    paths = os.pathsep.join([str(ROOT / "book" / "_ext"), str(ROOT)])
    call = [binaries / "sphinx-build", "-n", "-W", "--keep-going", "-D", f"language={language}"]
    call += ["-D", "book_editions=en,zh_CN", "-d", f"_build/.doctrees/{language}"]
    return subprocess.run(
        [*call, *options, ".", f"_build/{to}/{language}"],
        capture_output=True,
        text=True,
        check=False,
        cwd=book,
        env=os.environ | {"PYTHONPATH": paths},
    )

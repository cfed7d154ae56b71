"""The Sphinx extensions of the book, on tiny inputs and tiny books."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.book.built import ROOT

sys.path.insert(0, str(ROOT / "book" / "_ext"))

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
TOC = "format: jb-book\nroot: book/index\nchapters:\n  - file: book/page\n"


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A book of two pages with the settings and extensions of ours."""
    (tmp_path / "book").mkdir()
    for folder in ("book/_ext", "book/_static", "book/_templates", "mha_book"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    shutil.copy(ROOT / "_config.yml", tmp_path)
    (tmp_path / "_toc.yml").write_text(TOC)
    (tmp_path / "book" / "references.bib").write_text("")
    (tmp_path / "book" / "index.md").write_text("# A book\n")
    (tmp_path / "book" / "page.md").write_text(PAGE)
    return tmp_path


def build(book: Path) -> subprocess.CompletedProcess[str]:
    jupyter_book = Path(sys.executable).parent / "jupyter-book"
    command = [jupyter_book, "build", book, "-n", "-W", "--keep-going"]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=book)


def test_a_whole_book_builds(tiny: Path) -> None:
    done = build(tiny)
    assert done.returncode == 0, done.stderr[-2000:]
    assert ">42\n" in (tiny / "_build/html/book/page.html").read_text()


def test_a_page_without_its_outputs_fails_the_build(tiny: Path) -> None:
    config = (tiny / "_config.yml").read_text()
    assert "execute_notebooks: cache" in config
    (tiny / "_config.yml").write_text(config.replace("notebooks: cache", "notebooks: 'off'"))
    done = build(tiny)
    assert done.returncode != 0
    assert "book/page has 1 code cells but shows no output" in done.stderr


def test_fewer_pages_than_the_table_of_contents_fails_the_build(tiny: Path) -> None:
    (tiny / "book" / "page.md").unlink()
    done = build(tiny)
    assert done.returncode != 0
    assert "book/page" in done.stderr + done.stdout


def test_a_cell_that_raises_fails_the_build(tiny: Path) -> None:
    (tiny / "book" / "page.md").write_text(PAGE.replace("6 * 7", "1 / 0"))
    done = build(tiny)
    assert done.returncode != 0
    assert "ZeroDivisionError" in done.stderr + done.stdout


def test_a_figure_without_alternative_text_fails_the_build(tiny: Path) -> None:
    draw = "import matplotlib.pyplot as plt\nplt.plot([0, 1]);"
    (tiny / "book" / "page.md").write_text(PAGE.replace("print(6 * 7)", draw))
    done = build(tiny)
    assert done.returncode != 0
    assert "figure without alternative text" in done.stderr


def test_the_cache_key_changes_with_the_package_and_only_with_it(tmp_path: Path) -> None:
    from book_cache import package_digest

    (tmp_path / "a.py").write_text("x = 1\n")
    before = package_digest(tmp_path)
    (tmp_path / "notes.txt").write_text("not code")
    assert package_digest(tmp_path) == before
    (tmp_path / "a.py").write_text("x = 2\n")
    changed = package_digest(tmp_path)
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    assert len({before, changed, package_digest(tmp_path)}) == 3


def test_an_inline_figure_has_a_name_own_ids_and_colours_of_the_page() -> None:
    from book_figures import inline

    svg = (
        '<?xml version="1.0"?><svg width="72pt" height="36pt" viewBox="0 0 72 36" version="1.1">'
        '<metadata>date</metadata><path id="p" style="stroke: #0072B2"/><use href="#p"/>'
        '<g clip-path="url(#p)"/></svg>'
    )
    html = inline(svg, 'Rows & "columns"', "f3-")
    assert 'role="img" aria-label="Rows &amp; &quot;columns&quot;"' in html
    assert 'id="f3-p"' in html
    assert 'href="#f3-p"' in html
    assert "url(#f3-p)" in html
    assert "stroke: var(--fig-blue)" in html
    assert "--fig-width: 96px" in html
    assert "metadata" not in html
    assert "<?xml" not in html


def test_a_page_carries_the_widgets_that_it_shows_and_no_others() -> None:
    from book_widgets import keep_shown

    states = {"5e1": {"state": {"_esm": "a </script>"}}, "7f3": {"state": {"_esm": "b"}}}
    text = json.dumps({"version_major": 2, "state": states})
    kept = keep_shown(text, 'text <script>{"version_major": 2, "model_id": "5e1"}</script>')
    assert json.loads(kept) == {"version_major": 2, "state": {"5e1": states["5e1"]}}
    assert "</script>" not in kept

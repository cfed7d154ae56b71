"""The Sphinx extensions of the book, on tiny inputs and tiny books."""

import json
import os
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


FIGURE = """```{code-cell} ipython3
---
mystnb:
  image:
    alt: A line that rises.
  figure:
    name: fig-line
    caption: |
      It rises from $0$.
---
import matplotlib.pyplot as plt
from mha_book import figures

figures.use_style()
plt.plot([0, 1]);
```

The formula has a word, see {eq}`eq-word` here:

$$
y = \\text{otherwise}
$$ (eq-word)
"""
QUIET = ("-D", "suppress_warnings=myst-nb.lexer")  # the language of a cell is known by running it
CHINESE = {
    "A book": "一本书",
    "A page": "一页",
    "A line that rises.": "一条上升的线。",
    "It rises from $0$.": "它从 $0$ 上升。",
    "The formula has a word, see {eq}`eq-word` here:": "公式里有一个词，见 {eq}`eq-word` 所示：",
}


def translate(book: Path, messages: dict[str, str]) -> None:
    """Write one catalogue for each page, all with the same messages."""
    folder = book / "book/locale/zh_CN/LC_MESSAGES/book"
    folder.mkdir(parents=True, exist_ok=True)
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
    body = "".join(f'msgid "{en}"\nmsgstr "{zh}"\n\n' for en, zh in messages.items())
    for page in ("index", "page"):
        (folder / f"{page}.po").write_text(head + body, encoding="utf8")


def build_in(book: Path, language: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Build one edition, or its messages, as tools/build_book.py and tools/i18n do."""
    binaries = Path(sys.executable).parent
    subprocess.run([binaries / "jupyter-book", "config", "sphinx", book], check=True, cwd=book)
    paths = os.pathsep.join([str(ROOT / "book" / "_ext"), str(ROOT)])
    call = [binaries / "sphinx-build", "-n", "-W", "--keep-going", "-D", f"language={language}"]
    call += ["-D", "book_editions=en,zh_CN", *options, ".", f"_build/html/{language}"]
    environment = os.environ | {"PYTHONPATH": paths}
    return subprocess.run(
        call, capture_output=True, text=True, check=False, cwd=book, env=environment
    )


def test_both_editions_share_cells_and_english_words_fail_the_chinese(tiny: Path) -> None:
    (tiny / "book" / "locale").mkdir()
    for table in ("phrases.toml", "terms.toml"):
        (tiny / "book/locale" / table).symlink_to(ROOT / "book/locale" / table)
    (tiny / "book" / "page.md").write_text(PAGE + "\n" + FIGURE)
    for language, ran in (("en", ["book/page"]), ("zh_CN", [])):
        translate(tiny, CHINESE)
        done = build_in(tiny, language)
        assert done.returncode == 0, done.stderr[-2000:]
        record = json.loads((tiny / f"_build/records/{language}.json").read_text())
        assert record["executed"] == ran
    html = (tiny / "_build/html/zh_CN/book/page.html").read_text(encoding="utf8")
    assert 'aria-label="一条上升的线。"' in html
    assert "\\text{其他}" in html
    assert "见<a " in html  # the space before 式 (1) is gone
    assert "公式里有一个词" in html
    translate(tiny, {en: zh for en, zh in CHINESE.items() if "word" not in en})
    done = build_in(tiny, "zh_CN")
    assert done.returncode != 0
    assert "not translated: The formula has a word" in done.stderr


def test_captions_and_alternative_texts_of_cells_are_extracted(tiny: Path) -> None:
    (tiny / "book" / "page.md").write_text(PAGE + "\n" + FIGURE)
    done = build_in(tiny, "en", "-b", "gettext", "-D", "nb_execution_mode=off", *QUIET)
    assert done.returncode == 0, done.stderr[-2000:]
    template = (tiny / "_build/html/en/book/page.pot").read_text(encoding="utf8")
    assert all(f'msgid "{text}"' in template for text in CHINESE if text != "A book")
    kinds = json.loads((tiny / "_build/html/en/kinds.json").read_text())["book/page"]
    assert kinds["A line that rises."] == "alternative text"
    assert kinds["It rises from $0$."] == "caption"
    assert not (tiny / "_build" / ".jupyter_cache").exists()


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

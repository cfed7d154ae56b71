"""The Sphinx extensions of the book, on tiny inputs and tiny books."""

import json
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from tests.book.built import ROOT
from tests.book.tiny import PAGE, build, build_in, make, translate

sys.path.insert(0, str(ROOT / "book" / "_ext"))


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A book of two pages."""
    return make(tmp_path)


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


def test_both_editions_share_cells_and_english_words_fail_the_chinese(tiny: Path) -> None:
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


CITING = """# A page

It holds {cite:p}`two2002` *indeed*. Then {cite:t}`one2001` proved it.

```{exercise}
:label: ex-sum
Add.
```

```{solution} ex-sum
As {cite:t}`two2002` does.
```

```{bibliography}
:filter: docname in docnames
```
"""
CITED = """@misc{one2001, author = {One, Ann}, title = {Sums}, year = 2001}
@misc{two2002, author = {Two, Bea}, title = {Terms}, year = 2002}
"""
IN_CHINESE = {
    "A book": "一本书",
    "A page": "一页",
    "It holds {cite:p}`two2002` *indeed*. Then {cite:t}`one2001` proved it.": (
        "后来 {cite:t}`one2001` 证明，它*确实*成立 {cite:p}`two2002`。"
    ),
    "Add.": "相加。",
    "As {cite:t}`two2002` does.": "照 {cite:t}`two2002` 的办法。",
}


def test_chinese_citations_emphasis_and_solutions_are_set_as_chinese(tmp_path: Path) -> None:
    book = make(tmp_path, CITING, CITED)
    translate(book, IN_CHINESE)
    done = build_in(book, "zh_CN")
    assert done.returncode == 0, done.stderr[-2000:]
    html = (book / "_build/html/zh_CN/book/page.html").read_text(encoding="utf8")
    page = BeautifulSoup(html, "html.parser")
    article = page.select_one("article")
    assert article is not None
    text = article.get_text()
    assert "后来 One（2001）证明，它确实成立（Two，2002）。" in text
    assert "照 Two（2002）的办法。" in text
    assert "练习 1.1 的解答" in text
    assert [em.get_text() for em in article.select("em.han")] == ["确实"]
    cited = {str(tag["id"]): tag.get_text() for tag in article.select(".bibtex-citation")}
    back = [
        [cited[str(a["href"])[1:]] for a in c.select("[role=doc-backlink]")]
        for c in article.select(".citation")
    ]
    assert sorted(back) == [["One（2001）"], ["（Two，2002）", "Two（2002）"]]


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
    assert not (tiny / "_build" / "jupyter_execute").exists()


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


@pytest.mark.parametrize(
    ("after", "bound", "rest"),
    [
        ("）。然后", "x）。", "然后"),
        ("；", "x；", "x；"),
        ("是长度。", None, "是长度。"),
        ("", None, ""),
    ],
)
def test_punctuation_does_not_part_from_the_formula_before_it(
    after: str, bound: str | None, rest: str
) -> None:
    from book_chinese_words import bind
    from docutils import nodes

    formula = nodes.math("", "x")
    line = nodes.paragraph("", "", nodes.Text("设 "), formula, nodes.Text(after))
    bind(formula)
    assert line.astext() == f"设 x{after}"
    pieces = [node.astext() for node in line.findall(nodes.inline)]
    assert pieces == ([bound] if bound else [])
    assert line[-1].astext() == rest

"""A page of everything that pages have, as a notebook in both languages."""

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from docutils import nodes

from tests.book import tiny
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

(sec-page)=
# A page

It costs 5$ or `a_b`, see {eq}`eq-word` and {numref}`fig-line`, *mind you*, by {cite:t}`one2001`.

$$
y = \\text{otherwise}
$$ (eq-word)

## A part of it

```{code-cell} ipython3
---
tags: [hide-input]
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
_ = plt.plot([0, 1])
print("draw", end="n\\n")
```

| Size | Number |
|---|---|
| $\\|x\\|$ | `a\\|b` |

- one item

  $$
  z = 1
  $$
- another item, of {ref}`the start <sec-page>`

:::{admonition} Where people go wrong
:class: warning
They write a formula.

$$
a = b
\\quad c
$$
:::

:::{prf:theorem} A name
:label: thm-name
It holds, as {doc}`the first page <index>` says.
:::

:::{prf:proof}
By {prf:ref}`thm-name`.
:::

:::{rubric} Exercises
:::

```{exercise}
:label: ex-page-sum

**Add.** What is one and one?
```

````{solution-start} ex-page-sum
:class: dropdown
````

Count.

```{code-cell} ipython3
1 + 1
```

Two.

````{solution-end}
````

:::{rubric} References
:::

```{bibliography}
:filter: docname in docnames
```
"""
REFERENCES = """@article{one2001, author = {One, Ann}, title = {Sums}, journal = {Numbers}, year = 2001}
"""
CHINESE = {
    "A book": "一本书",
    "A page": "一页",
    "A part of it": "其中一节",
    "It costs 5$ or `a_b`, see {eq}`eq-word` and {numref}`fig-line`, *mind you*, by {cite:t}`one2001`.":
        "价格 5$ 或 `a_b`，见 {eq}`eq-word` 和 {numref}`fig-line`，*“当心”*，出自 {cite:t}`one2001`。",
    "A line that rises.": "一条上升的线。",
    "It rises from $0$.": "它从 $0$ 上升。",
    "Size": "大小", "Number": "数", "$|x|$": "$|x|$", "`a|b`": "`a|b`",
    "one item": "一项", "another item, of {ref}`the start <sec-page>`": "另一项，属于{ref}`开头 <sec-page>`",
    "Where people go wrong": "常见错误", "They write a formula.": "写公式。",
    "(A name)": "（名字）", "It holds, as {doc}`the first page <index>` says.": "成立，见{doc}`首页 <index>`。",
    "Proof. By {prf:ref}`thm-name`.": "证明。由 {prf:ref}`thm-name` 可得。",
    "Exercises": "练习", "**Add.** What is one and one?": "**相加。** 一加一等于几？",
    "Count.": "数一数。", "Two.": "二。", "References": "参考文献",
}  # fmt: skip


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both editions, as pages and as notebooks."""
    folder = tiny.make(tmp_path_factory.mktemp("book"), PAGE, REFERENCES)
    tiny.translate(folder, CHINESE)
    for language in ("en", "zh_CN"):
        for builder in ("html", "notebooks"):
            done = tiny.build_in(folder, language, "-b", builder, to=builder)
            assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.fixture(scope="module", params=["en", "zh_CN"])
def sheet(book: Path, request: pytest.FixtureRequest) -> nbformat.NotebookNode:
    """The notebook of the page in one language."""
    return opened(book, request.param)


def opened(book: Path, language: str) -> nbformat.NotebookNode:
    notebook = nbformat.read(book / f"_build/notebooks/{language}/page.ipynb", as_version=4)
    nbformat.validate(notebook)
    return notebook


def texts(notebook: nbformat.NotebookNode, kind: str = "markdown") -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == kind]


def test_the_code_is_the_same_and_begins_with_the_set_up(book: Path) -> None:
    english, chinese = (texts(opened(book, name), "code") for name in ("en", "zh_CN"))
    assert english == chinese
    assert opened(book, "en").cells[0].source == english[0]
    assert re.match(r"# @title .*\nREPOSITORY = \"", english[0])
    assert english[2] == "1 + 1"


def test_a_page_without_code_needs_no_set_up(book: Path) -> None:
    sheet = nbformat.read(book / "_build/notebooks/en/index.ipynb", as_version=4)
    assert [cell.source for cell in sheet.cells] == ["# A book"]


def test_text_outputs_are_kept_and_pictures_are_not(sheet: nbformat.NotebookNode) -> None:
    _, draw, add = (cell for cell in sheet.cells if cell.cell_type == "code")
    assert [output.output_type for output in draw.outputs] == ["stream", "display_data"]
    assert draw.outputs[0].text == "drawn\n"
    assert list(draw.outputs[1].data) == ["text/plain"]
    assert add.outputs[0].data == {"text/plain": "2"}


def test_english_text_is_plain_markdown(book: Path) -> None:
    found = texts(opened(book, "en"))
    assert found == [
        '<a id="sec-page"></a>\n\n# 1 A page\n\n'
        "It costs 5\\$ or `a_b`, see [(1.1)](#equation-eq-word) and [Fig. 1.1](#fig-line), "
        "*mind you*, by One ([2001](#id3)).\n\n"
        '<a id="equation-eq-word"></a>\n\n$$\ny = \\text{otherwise} \\tag{1.1}\n$$',
        "## 1.1 A part of it",
        '<a id="fig-line"></a>**Fig. 1.1** It rises from $0$.\n\n'
        "| Size | Number |\n| --- | --- |\n| $\\vert x\\vert$ | `a\\|b` |\n\n"
        "- one item\n\n  $$\n  z = 1\n  $$\n- another item, of [the start](#sec-page)\n\n"
        "> **Where people go wrong**\n>\n> They write a formula.\n>\n> $$ a = b \\quad c $$\n\n"
        '> <a id="thm-name"></a>**Theorem 1.1 (A name)**\n>\n> It holds, as the first page says.\n\n'
        "> Proof. By [Theorem 1.1](#thm-name).",
        "## Exercises",
        '<a id="ex-page-sum"></a>\n\n### Exercise 1.1\n\n**Add.** What is one and one?',
        "#### Solution to [Exercise 1.1](#ex-page-sum)\n\nCount.",
        "Two.",
        '## References\n\n<a id="id3"></a>\\[One01\\] Ann One. Sums. *Numbers*, 2001.',
    ]  # fmt: skip


def test_chinese_text_is_plain_markdown(book: Path) -> None:
    text = "\n\n".join(texts(opened(book, "zh_CN")))
    assert "价格 5\\$ 或 `a_b`，见[式 (1.1)](#equation-eq-word) 和[图 1.1](#fig-line)，" in text
    assert "*“当心”*，出自 One（[2001](#id3)）。" in text
    assert "\\text{其他} \\tag{1.1}" in text
    assert "> **常见错误**\n>\n> 写公式。" in text
    assert "定理 1.1（名字）" in text
    assert "#### [练习 1.1](#ex-page-sum) 的解答" in text


def test_solutions_are_folded_until_the_next_heading(sheet: nbformat.NotebookNode) -> None:
    headings = [
        (len(match[1]), cell)
        for cell in sheet.cells
        if cell.cell_type == "markdown"
        for match in [re.search(r"^(#+) ", cell.source, re.M)]
        if match
    ]
    folded = [cell.id for _, cell in headings if cell.metadata.get("heading_collapsed")]
    assert len(folded) == 1
    assert sheet.metadata.colab.collapsed_sections == folded
    levels = [level for level, _ in headings]
    at = [cell.id for _, cell in headings].index(folded[0])
    assert levels[at - 1 :][:3] == [3, 4, 2]  # the exercise, its solution, and what closes it


def test_hidden_code_stays_hidden(sheet: nbformat.NotebookNode) -> None:
    setup, draw, add = (cell for cell in sheet.cells if cell.cell_type == "code")
    assert setup.metadata.jupyter.source_hidden
    assert draw.metadata.cellView == "form"
    assert not add.metadata


def test_cells_have_names_of_their_own_that_stay(book: Path) -> None:
    names = [cell.id for cell in opened(book, "en").cells]
    assert len(set(names)) == len(names)
    tiny.build_in(book, "en", "-b", "notebooks", to="notebooks")
    assert [cell.id for cell in opened(book, "en").cells] == names


def test_a_derivation_is_one_box_with_each_formula_on_a_line() -> None:
    from notebook_markdown import Markdown

    box = nodes.container("", nodes.paragraph(text="A reason."), classes=["derivation"])
    box += nodes.math_block(text="a\n&= b")
    writer = Markdown(SimpleNamespace(current_docname="page"), lambda uri: None)
    assert list(writer.block(box)) == ["> A reason.\n>\n> $$ a &= b $$"]


def test_a_cell_in_a_box_is_refused() -> None:
    from notebook_markdown import Markdown

    cell = nodes.container(nb_element="cell_code", classes=["cell"])
    box = nodes.container("", cell, classes=["derivation"])
    writer = Markdown(SimpleNamespace(current_docname="page"), lambda uri: None)
    with pytest.raises(TypeError, match="page: a cell or heading in container"):
        list(writer.block(box))

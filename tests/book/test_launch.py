"""Each executed page leads to its notebook, in its language, and nothing leads nowhere."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup

from tests.book import tiny
from tests.book.built import BUILT, PAGES, ROOT

sys.path.insert(0, str(ROOT / "book" / "_ext"))


@pytest.mark.book
@pytest.mark.parametrize("name", PAGES)
def test_the_buttons_of_a_page_lead_to_files(
    pages: dict[str, BeautifulSoup], language: str, name: str
) -> None:
    executed = "```{code-cell}" in (ROOT / f"{name}.md").read_text(encoding="utf8")
    links = {link["class"][-1]: str(link["href"]) for link in pages[name].select(".launch a")}
    assert bool(links) == executed
    if executed:
        here = (BUILT / language / name).parent
        notebook = (here / links["launch-notebook"]).resolve()
        tree = BUILT.resolve() / language / "notebooks"
        assert notebook.relative_to(tree).as_posix() == f"{name.removeprefix('book/')}.ipynb"
        assert notebook.is_file()
        assert (here / links["launch-wheel"]).resolve().parent == tree
        assert (here / links["launch-wheel"]).resolve().is_file()
        assert all("colab.research.google.com" in links[key] for key in links if "colab" in key)


EMPTY = 'book_repository: ""'


def app(url: str, folder: Path, language: str = "en") -> SimpleNamespace:
    config = SimpleNamespace(book_repository=url, book_branch="trunk", language=language)
    return SimpleNamespace(config=config, confdir=str(folder))


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://github.com/someone/a-book", "https://github.com/someone/a-book"),
        ("https://github.com/someone/a.book.git/", "https://github.com/someone/a.book"),
        ("git@github.com:someone/book.git", "https://github.com/someone/book"),
        ("ssh://git@github.com/someone/book", "https://github.com/someone/book"),
        ("https://example.org/someone/book", ""),
        ("", ""),
    ],
)
def test_a_repository_is_one_that_colab_can_read(url: str, found: str, tmp_path: Path) -> None:
    from book_launch import repository

    assert repository(app(url, tmp_path)) == found


def test_without_a_setting_the_git_remote_counts(tmp_path: Path) -> None:
    from book_launch import repository

    for call in (["init", "-q"], ["remote", "add", "origin", "git@github.com:someone/fork.git"]):
        subprocess.run(["git", "-C", tmp_path, *call], check=True)
    assert repository(app("", tmp_path)) == "https://github.com/someone/fork"
    assert repository(app("https://github.com/a/b", tmp_path)) == "https://github.com/a/b"


def test_colab_opens_the_notebook_of_the_language(tmp_path: Path) -> None:
    from book_launch import colab

    assert colab(app("https://github.com/a/b", tmp_path, "zh_CN"), "01/x.ipynb") == (
        "https://colab.research.google.com/github/a/b/blob/trunk/notebooks/zh_CN/01/x.ipynb"
    )
    assert colab(app("", tmp_path), "01/x.ipynb") is None


def test_a_page_has_buttons_only_if_there_are_notebooks(tmp_path: Path) -> None:
    book = tiny.make(tmp_path)
    config = (book / "_config.yml").read_text()
    (book / "_config.yml").write_text(
        config.replace(EMPTY, "book_repository: https://github.com/a/b")
    )
    assert EMPTY in config
    page = book / "_build/html/en/book/page.html"
    assert tiny.build_in(book, "en").returncode == 0
    assert 'class="dropdown launch"' not in page.read_text()
    assert tiny.build_in(book, "en", "-D", "book_offers_notebooks=1").returncode == 0
    soup = BeautifulSoup(page.read_text(), "html.parser")
    links = [str(link["href"]) for link in soup.select(".launch a")]
    assert links[0].endswith("/github/a/b/blob/main/notebooks/en/page.ipynb")
    assert links[1] == "../notebooks/page.ipynb"

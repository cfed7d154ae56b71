"""The numbers and headings that readers see are those of the outline, in order and exactly."""

import pytest
from bs4 import BeautifulSoup

pytestmark = pytest.mark.book


def numbered_headings(pages: dict[str, BeautifulSoup]) -> list[tuple[str, str]]:
    """Number and text of every numbered heading of the book, in reading order."""
    found = []
    for page in pages.values():
        for heading in page.select("article h1, article h2, article h3, article h4"):
            number = heading.select_one(".section-number")
            if number is not None:
                link = heading.select_one("a.headerlink")
                text = heading.get_text().removesuffix(link.get_text() if link else "")
                digits = number.get_text()
                found.append((digits.strip(), text.removeprefix(digits).strip()))
    return found


def test_headings_are_those_of_the_outline_in_order(
    pages: dict[str, BeautifulSoup],
    outline: list[dict[str, str]],
    language: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = numbered_headings(pages)
    present = {number for number, _ in found}
    expected = [(h["number"], h[language]) for h in outline if h["number"] in present]
    with capsys.disabled():
        print(f"\n{language} outline: {len(found)} of {len(outline)} headings are written")
    assert found == expected


def test_a_chapter_with_sections_has_all_of_them(
    pages: dict[str, BeautifulSoup], outline: list[dict[str, str]]
) -> None:
    present = {number for number, _ in numbered_headings(pages)}
    begun = {number.split(".")[0] for number in present if "." in number}
    wanted = {h["number"] for h in outline if h["number"].split(".")[0] in begun}
    assert wanted <= present, sorted(wanted - present)


def test_the_outline_itself_is_whole(outline: list[dict[str, str]]) -> None:
    numbers = [h["number"] for h in outline]
    assert len(numbers) == len(set(numbers)) == 112
    assert numbers == sorted(numbers, key=lambda n: [int(part) for part in n.split(".")])

"""A reader comes to an edition, changes to the other at the same place, and finds things."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.book.built import BUILT, LANGUAGES, PAGES
from tests.browser.visit import Visit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif("zh_CN" not in LANGUAGES, reason="the Chinese edition is not asked for"),
]
PAGE = next(page for page in PAGES if page.endswith("03-multi-head"))


def opened(chromium: Any, locale: str) -> Any:
    """A fresh browser whose reader prefers a language."""
    return chromium.new_context(locale=locale).new_page()


@pytest.mark.parametrize(
    ("locale", "language"), [("zh-CN", "zh_CN"), ("zh-TW", "zh_CN"), ("en-GB", "en"), ("fr", "en")]
)
def test_the_entrance_leads_to_the_browser_s_language(
    chromium: Any, locale: str, language: str
) -> None:
    page = opened(chromium, locale)
    page.goto((BUILT / "index.html").as_uri())
    page.wait_for_url(f"**/{language}/book/index.html")
    page.context.close()


def test_the_entrance_remembers_the_reader_s_choice(chromium: Any) -> None:
    page = opened(chromium, "en-GB")
    page.goto((BUILT / "en" / f"{PAGES[0]}.html").as_uri())
    page.locator("a.language-switch").click()
    page.wait_for_url(f"**/zh_CN/{PAGES[0]}.html")
    page.goto((BUILT / "index.html").as_uri())
    page.wait_for_url("**/zh_CN/book/index.html")
    page.context.close()


def test_the_entrance_shows_two_links_without_scripts(chromium: Any) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((BUILT / "index.html").as_uri())
    assert page.locator("main a").all_inner_texts() == [
        "The Multi-Head Self-Attention Module",
        "多头自注意力模块",
    ]
    page.locator("main a").last.click()
    assert page.url.endswith("/zh_CN/book/index.html")
    context.close()


@pytest.mark.parametrize("width", [360, 1280])
def test_the_switch_leads_to_the_same_place(chromium: Any, width: int) -> None:
    reader = Visit(chromium, "light", width)
    page = reader.open(BUILT / "en" / f"{PAGE}.html")
    anchor = page.locator("article figure[id]").first.get_attribute("id")
    page.evaluate(f"location.hash = '{anchor}'")
    page.locator("a.language-switch").click()
    page.wait_for_url(f"**/zh_CN/{PAGE}.html#{anchor}")
    section = page.locator("article section section[id]").nth(2)
    section.evaluate("node => node.scrollIntoView()")
    page.locator("a.language-switch").evaluate("link => link.click()")
    page.wait_for_url(f"**/en/{PAGE}.html#{section.get_attribute('id')}")
    reader.context.close()


@pytest.fixture
def reader(chromium: Any) -> Iterator[Visit]:
    """A reader of the Chinese edition on a phone, in the dark."""
    someone = Visit(chromium, "dark", 360)
    yield someone
    assert someone.requests == []
    someone.context.close()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("掩码", "掩码机制的应用|多头自注意力的优化技巧"),
        ("残差", "多头自注意力的计算步骤"),
        ("多头自注意力的数学", "多头自注意力的数学表示"),
        ("残差连接对梯度的影响", "公式推导与证明"),
        ("softmax", "softmax|自注意力机制的数学表示"),
    ],
)
def test_search_finds_the_page(reader: Visit, query: str, found: str) -> None:
    page = reader.page
    page.goto((BUILT / "zh_CN" / "search.html").as_uri() + f"?q={query}")
    results = page.locator("#search-results li a")  # come one after the other
    expect(results.filter(has_text=re.compile(found)).first).to_be_visible()


def test_search_finds_nothing_where_nothing_is(reader: Visit) -> None:
    page = reader.page
    page.goto((BUILT / "zh_CN" / "search.html").as_uri() + "?q=葡萄酒酿造")
    page.locator("#search-results .search-summary").wait_for()
    page.wait_for_function("document.querySelector('.search-summary').innerText.includes('没有')")
    assert page.locator("#search-results li").count() == 0


@pytest.mark.parametrize("name", [PAGES[0], PAGE, "book/notation"])
def test_chinese_pages_are_whole_without_a_network(reader: Visit, name: str) -> None:
    page = reader.open(BUILT / "zh_CN" / f"{name}.html")
    assert page.locator("mjx-container").count() >= page.locator(".math").count()
    assert page.locator("mjx-merror").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert reader.complaints == []

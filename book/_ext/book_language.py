"""The language of an edition: what the theme and others say in it, and the way to other editions.

The same settings make all editions; only ``language`` differs. Strings that have a catalogue of
their own (Sphinx, theorems, exercises) follow the language by themselves; the others stand here.
"""

import posixpath
import re
from html import escape
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

NAMES = {"en": "English", "zh_CN": "中文"}
TITLES = {"en": "Read this page in English", "zh_CN": "阅读本页的中文版"}
STRINGS: dict[str, dict[str, Any]] = {
    "zh_CN": {
        "author": "《多头自注意力模块》编写组",
        "html_title": "多头自注意力模块",
        "math_eqref_format": "式 ({number})",
        "togglebutton_hint": "点击展开",
        "togglebutton_hint_hide": "点击收起",
        "nb_code_prompt_show": "显示代码",
        "nb_code_prompt_hide": "收起代码",
        "bibtex_reference_style": "author_year_chinese",
    },
}
CAPTIONS = {"zh_CN": {"Appendix": "附录"}}
THEME = {
    "zh_CN": {
        "search_bar_text": "搜索本书",
        "logo": {"alt_text": "多头自注意力模块：首页"},
        "extra_footer": "文字与图：CC BY 4.0。代码：MIT 许可证。",
    },
}
# What templates say in attributes without asking any catalogue, or what catalogues lack.
INTERFACE = {
    "zh_CN": {
        "Color mode": "颜色模式",
        "Link to this code": "链接到此代码",
        "Link to this definition": "链接到此定义",
        "Link to this equation": "链接到此公式",
        "Link to this heading": "链接到此标题",
        "Link to this image": "链接到此图",
        "Link to this table": "链接到此表",
        "Link to this toctree": "链接到此目录",
        "Main": "全书",
        "Page": "本页",
        "Subsections": "小节",
        "System Settings": "跟随系统",
        "Toggle hidden content": "展开或收起内容",
        "Toggle primary sidebar": "展开或收起全书目录",
        "Toggle secondary sidebar": "展开或收起本页目录",
    },
}
ATTRIBUTE = re.compile(r'((?:title|aria-label|data-bs-title)=")([^"<>]+)(?=")')


def tag(language: str) -> str:
    """The name of a language in HTML."""
    return language.replace("_", "-")


def speak(app: Sphinx, config: Config) -> None:
    """Set the strings of the language before any other extension reads them."""
    strings = STRINGS.get(config.language, {})
    for name, value in strings.items():
        if name in config:
            config[name] = value
    config.html_theme_options |= THEME.get(config.language, {})
    if config.html_baseurl and config.book_editions:
        config.html_baseurl = f"{config.html_baseurl.rstrip('/')}/{config.language}/"


def translate_interface(app: Sphinx) -> None:
    """Put the language's words into the attributes of every page as it is rendered."""
    words = INTERFACE.get(app.config.language)
    if words and app.builder.format == "html":
        render = app.builder.templates.render

        def translated(template: str, context: dict[str, Any]) -> str:
            page = render(template, context)
            page = ATTRIBUTE.sub(lambda match: match[1] + words.get(match[2], match[2]), page)
            return page.replace("© Copyright ", "© ").replace("作者： ", "作者：")

        app.builder.templates.render = translated


def translate_captions(app: Sphinx, config: Config) -> None:
    """Translate the captions of the table of contents, which come too late for gettext."""
    if config.language in CAPTIONS:
        for document in config.external_site_map.values():
            for tree in document.subtrees:
                tree.caption = CAPTIONS[config.language].get(tree.caption, tree.caption)


def editions(app: Sphinx) -> list[str]:
    """The languages that are built beside each other; none in a build of one edition alone."""
    return [name for name in app.config.book_editions.split(",") if name]


def link_editions(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Give the page its language, a switch to the same page elsewhere, and links for machines."""
    own = app.config.language
    context["language"] = tag(own)
    if not editions(app):
        return
    here = posixpath.dirname(app.builder.get_target_uri(pagename))
    page = app.builder.get_target_uri(pagename)
    addresses = {name: _address(app, f"{name}/{page}", here) for name in editions(app)}
    context["other_editions"] = [
        {
            "language": name,
            "tag": tag(name),
            "name": NAMES[name],
            "title": TITLES[name],
            "url": posixpath.relpath(f"{name}/{page}", posixpath.join(own, here)),
        }
        for name in editions(app)
        if name != own
    ]
    links = {tag(name): address for name, address in addresses.items()}
    links["x-default"] = _address(app, "index.html", here)
    context["metatags"] = context.get("metatags", "") + "".join(
        f'\n<link rel="alternate" hreflang="{name}" href="{escape(address)}">'
        for name, address in links.items()
    )


def _address(app: Sphinx, path: str, here: str) -> str:
    """Where a file below the root of all editions is: absolute, if the book has an address."""
    if app.config.html_baseurl:
        return posixpath.dirname(app.config.html_baseurl.rstrip("/")) + "/" + path
    return posixpath.relpath(path, posixpath.join(app.config.language, here))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_config_value("book_editions", "", "html")
    app.connect("config-inited", speak, priority=100)
    app.connect("config-inited", translate_captions, priority=950)
    app.connect("builder-inited", translate_interface, priority=900)
    app.connect("html-page-context", link_editions, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

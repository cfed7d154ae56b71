"""Cite as readers of the field expect: Vaswani et al. (2017), in round brackets.

In Chinese: Vaswani 等（2017）. The links from a work back to where it is cited follow the page as
it is: gettext parses each translated sentence as a page of its own, whose places are nowhere.
"""

from dataclasses import dataclass, field

from docutils import nodes
from pybtex.richtext import Text
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinxcontrib.bibtex.citation_target import parse_citation_targets
from sphinxcontrib.bibtex.plugin import register_plugin
from sphinxcontrib.bibtex.roles import CitationRef
from sphinxcontrib.bibtex.style.referencing import BracketStyle, PersonStyle
from sphinxcontrib.bibtex.style.referencing.author_year import AuthorYearReferenceStyle

NAME, CHINESE = "author_year_round", "author_year_chinese"


def _round() -> BracketStyle:
    return BracketStyle(left="(", right=")")


@dataclass
class RoundStyle(AuthorYearReferenceStyle):
    """Author and year with round brackets everywhere."""

    bracket_parenthetical: BracketStyle = field(default_factory=_round)
    bracket_textual: BracketStyle = field(default_factory=_round)
    bracket_author: BracketStyle = field(default_factory=_round)
    bracket_label: BracketStyle = field(default_factory=_round)
    bracket_year: BracketStyle = field(default_factory=_round)


def _wide() -> BracketStyle:
    return BracketStyle(left="（", right="）", sep="；")


def _chinese_names() -> PersonStyle:
    return PersonStyle(sep="、", sep2=" 和 ", last_sep=" 和 ", other=Text(" 等"))


@dataclass
class ChineseStyle(AuthorYearReferenceStyle):
    """Author and year with full-width punctuation."""

    bracket_parenthetical: BracketStyle = field(default_factory=_wide)
    bracket_textual: BracketStyle = field(default_factory=_wide)
    bracket_author: BracketStyle = field(default_factory=_wide)
    bracket_label: BracketStyle = field(default_factory=_wide)
    bracket_year: BracketStyle = field(default_factory=_wide)
    person: PersonStyle = field(default_factory=_chinese_names)
    author_year_sep: str = "，"
    text_reference_sep: str = ""
    post_text_sep: str = "，"


def note_places(app: Sphinx, doctree: nodes.document) -> None:
    """Note where each work is cited, once for each citation that stands on the page."""
    places = app.env.get_domain("cite").data["citation_refs"]
    page = app.env.docname
    places[:] = [place for place in places if place.docname != page]
    for node in doctree.findall(addnodes.pending_xref):
        if node.get("refdomain") == "cite" and node["ids"]:
            targets = list(parse_citation_targets(node["reftarget"]))
            places.append(CitationRef(node["ids"][0], page, node.line or 0, targets))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register both; ``_config.yml`` chooses the first, ``book_language`` the second."""
    register_plugin("sphinxcontrib.bibtex.style.referencing", NAME, RoundStyle)
    register_plugin("sphinxcontrib.bibtex.style.referencing", CHINESE, ChineseStyle)
    app.connect("doctree-read", note_places)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

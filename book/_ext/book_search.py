"""Search in Chinese: words are cut by jieba, which learns the terms of the book first.

Sphinx's own class leaves a query of several words in one piece. The script given here cuts it into
the longest words that the index knows.
"""

from pathlib import Path

import jieba
import tomllib
from sphinx.application import Sphinx
from sphinx.search.zh import SearchChinese

TERMS = Path(__file__).parents[1] / "locale" / "terms.toml"
SPLIT = r"""
var splitQuery = (query) => {
  const han = /[\u3400-\u9fff]/;
  const known = (word) => [Search._index?.terms, Search._index?.titleterms].some(
    (terms) => terms && Object.hasOwn(terms, word),
  );
  const cut = (run) => {
    const words = [];
    for (let at = 0; at < run.length;) {
      let length = Math.min(12, run.length - at);
      while (length > 1 && !known(run.slice(at, at + length))) length -= 1;
      if (length > 1) words.push(run.slice(at, at + length));
      at += length;
    }
    return words.length ? words : [run];
  };
  const runs = query.match(/[\u3400-\u9fff]+|(?:(?![\u3400-\u9fff])[\p{Letter}\p{Number}_])+/gu);
  return (runs ?? []).flatMap((run) => (han.test(run) ? cut(run) : [run]));
};
"""


class Chinese(SearchChinese):
    """Sphinx's class, with the terms of the book and queries that are cut."""

    js_splitter_code = SPLIT

    def init(self, options: dict[str, str]) -> None:
        """Teach jieba the terms, so that 掩码 or 残差连接 is one word."""
        super().init(options)
        jieba.setLogLevel("ERROR")
        for group in tomllib.loads(TERMS.read_text(encoding="utf8")).values():
            for term in group["terms"]:
                if not term["zh"].isascii():
                    jieba.add_word(term["zh"])


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_search_language(Chinese)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

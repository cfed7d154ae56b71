"""Scores of translations that others can compare with theirs: each with sacrebleu's signature.

``plain`` scores text as it is. ``published`` scores it in the form in which Multi30k was scored
before there was sacrebleu: punctuation normalised, cut into words by the rules of Moses, in small
letters. The same translations get some points more on the latter scale, so never compare the two.
"""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from sacrebleu.metrics.base import Metric
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacremoses import MosesPunctNormalizer, MosesTokenizer


def plain(translations: Sequence[str], references: Sequence[str], language: str) -> dict[str, Any]:
    """BLEU and chrF of text; Chinese, "zh", is cut into characters for BLEU."""
    bleu = BLEU(tokenize="zh" if language == "zh" else "13a")
    return {
        "bleu": _score(bleu, translations, references),
        "chrf": _score(CHRF(), translations, references),
    }


def published(
    translations: Sequence[str], references: Sequence[str], language: str
) -> dict[str, Any]:
    """BLEU of tokens in small letters, cut as the files ``*.lc.norm.tok.*`` of Multi30k are."""
    bleu = BLEU(tokenize="none", lowercase=True, force=True)  # no advice against tokens
    sides = (moses(lines, language) for lines in (translations, references))
    return {"bleu": _score(bleu, *sides), "tokenizer": f"sacremoses {version('sacremoses')}"}


def moses(lines: Sequence[str], language: str) -> list[str]:
    """Lines with normalised punctuation, and a space between all tokens.

    >>> moses(["Ein Mann, „Bob“, lächelt."], "de")
    ['Ein Mann , " Bob " , lächelt .']
    """
    normalise = MosesPunctNormalizer(lang=language).normalize
    cut = MosesTokenizer(lang=language).tokenize
    return [cut(normalise(line), return_str=True, escape=False) for line in lines]


def _score(
    metric: Metric, translations: Sequence[str], references: Sequence[str]
) -> dict[str, Any]:
    score = metric.corpus_score(list(translations), [list(references)]).score
    return {"score": round(score, 2), "signature": str(metric.get_signature())}

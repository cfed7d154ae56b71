"""How good translations are: loss on unseen text, BLEU, chrF, and the share that is exactly right.

BLEU and chrF are counted by sacrebleu, whose signature says how, so that others can compare.
"""

from collections.abc import Sequence
from typing import Any

import torch
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from mha_book.data.batches import Batches
from mha_book.data.corpus import Example
from mha_book.training.loss import TranslationLoss
from mha_book.translator import Translator

__all__ = ["Evaluation", "scores", "valid_loss"]


class Evaluation:
    """Translates a split and scores it; a call gives all scores by name.

    Args:
        translator: the model and its tokenizers.
        examples: the split.
        language: what it is translated to; Chinese, "zh", is cut into characters for BLEU.
        width: hypotheses of beam search; 1 for greedy decoding.

    >>> from mha_book import Transformer, TransformerConfig
    >>> from mha_book.data.corpora import load
    >>> from mha_book.data.tokenizer_pair import train_tokenizers
    >>> corpus = load("toy", train=2_000)
    >>> pair = train_tokenizers(corpus)
    >>> config = TransformerConfig.tiny(len(pair.target), source_vocabulary=len(pair.source))
    >>> translator = Translator(Transformer(config), pair)
    >>> found = Evaluation(translator, corpus.splits["valid"][:3], "zh")()
    >>> list(found)
    ['valid_loss', 'bleu', 'chrf', 'exact', 'signature']
    """

    def __init__(
        self,
        translator: Translator,
        examples: Sequence[Example],
        language: str,
        *,
        width: int = 1,
    ) -> None:
        self.translator, self.language, self.width = translator, language, width
        self.sources = [example.source for example in examples]
        self.references = [example.target for example in examples]
        self.pairs = translator.tokenizers.encode(examples)

    def __call__(self) -> dict[str, Any]:
        """The scores of the model as it is now."""
        translations = self.translator.translate(self.sources, width=self.width)
        return {
            "valid_loss": valid_loss(self.translator, self.pairs),
            **scores(translations, self.references, self.language),
        }


@torch.no_grad()
def valid_loss(translator: Translator, pairs: Sequence[tuple[list[int], list[int]]]) -> float:
    r"""The mean of :math:`-\ln p` over all target tokens, each predicted from the true ones before.

    There is no label smoothing here, whatever training does.
    """
    model = translator.model
    longest = max(max(map(len, pair)) for pair in pairs) + 1
    batches = Batches(pairs, max(translator.max_tokens, longest), shuffle=False)
    objective, training = TranslationLoss(model), model.training
    objective.eval()
    total = tokens = 0.0
    for batch in batches.epoch():
        total += float(objective(batch.to(model.output.weight.device)))
        tokens += batch.num_tokens
    model.train(training)
    return total / tokens


def scores(translations: Sequence[str], references: Sequence[str], language: str) -> dict[str, Any]:
    """BLEU and chrF from 0 to 100, the share of exact matches, and sacrebleu's signature of BLEU.

    Source: Papineni et al. (2002), section 2.3; Popović (2015), section 2; Post (2018), section 3.

    >>> found = scores(["我 看见 这 个 农民 。"], ["我 看见 这 个 农民 。"], "zh")
    >>> found["exact"], round(found["bleu"]), "tok:zh" in found["signature"]
    (1.0, 100, True)
    """
    bleu = BLEU(tokenize="zh" if language == "zh" else "13a", force=True)  # no advice on tokens
    matches = sum(map(str.__eq__, translations, references))
    return {
        "bleu": bleu.corpus_score(list(translations), [list(references)]).score,
        "chrf": CHRF().corpus_score(list(translations), [list(references)]).score,
        "exact": matches / len(references),
        "signature": str(bleu.get_signature()),
    }

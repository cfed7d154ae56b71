"""Scores are those of sacrebleu, and the loss is the mean over tokens."""

import pytest
import sacrebleu
import torch

from mha_book import Transformer, TransformerConfig
from mha_book.data.batches import Batch
from mha_book.data.corpora import load
from mha_book.data.special import PAD
from mha_book.data.tokenizer_pair import train_tokenizers
from mha_book.training.evaluation import Evaluation, scores, valid_loss
from mha_book.translator import Translator
from tests.training.cases import SIZES


@pytest.fixture(scope="module")
def toy() -> tuple[Translator, list]:
    corpus = load("toy", train=500)
    pair = train_tokenizers(corpus)
    torch.manual_seed(0)
    sizes = {**SIZES, "source_vocabulary": len(pair.source)}
    model = Transformer(TransformerConfig(len(pair.target), **sizes))
    return Translator(model, pair, max_tokens=150), corpus.splits["valid"][:29]


@pytest.mark.parametrize(("language", "tokenizer"), [("zh", "zh"), ("de", "13a"), ("en", "13a")])
def test_scores_are_those_of_sacrebleu(language, tokenizer):
    found = ["我 看见 一 只 红 狗 。", "The house is red .", "Ein kleines Haus."]
    wanted = ["我 看见 一 只 狗 。", "The house was red .", "Ein kleines Haus."]
    actual = scores(found, wanted, language)
    bleu = sacrebleu.corpus_bleu(found, [wanted], tokenize=tokenizer, force=True)
    assert actual["bleu"] == bleu.score
    assert actual["chrf"] == sacrebleu.corpus_chrf(found, [wanted]).score
    assert actual["exact"] == 1 / 3
    version = f"tok:{tokenizer}|smooth:exp|version:{sacrebleu.__version__}"
    assert actual["signature"] == f"nrefs:1|case:mixed|eff:no|{version}"


def test_the_loss_is_the_mean_over_tokens(toy):
    translator, examples = toy
    model, pairs = translator.model, translator.tokenizers.encode(examples)
    model.train()
    actual = valid_loss(translator, pairs)
    assert model.training
    model.eval()
    batch = Batch.of(pairs)
    log_p = model(batch.src, batch.tgt_in, src_keep=batch.src_keep).log_softmax(dim=-1)
    each = -log_p.gather(2, batch.tgt_out[..., None])[..., 0]
    expected = float(each[batch.tgt_out != PAD].mean().detach())
    assert actual == pytest.approx(expected, rel=1e-5)
    assert valid_loss(translator, [([4] * 200, [5] * 3)]) > 0  # longer than a batch of training


def test_an_evaluation_has_it_all(toy):
    translator, examples = toy
    found = Evaluation(translator, examples, "zh")()
    sources, references = ([e.source for e in examples], [e.target for e in examples])
    expected = scores(translator.translate(sources), references, "zh")
    loss = valid_loss(translator, translator.tokenizers.encode(examples))
    assert found == {"valid_loss": loss, **expected}
    wide = Evaluation(translator, examples[:5], "zh", width=2)()
    assert (
        wide["chrf"]
        == scores(translator.translate(sources[:5], width=2), references[:5], "zh")["chrf"]
    )

"""Text in, text out: in order, whatever the batches are; what cannot be translated is named."""

import pytest
import torch

from mha_book import Transformer, TransformerConfig
from mha_book.checkpoint import CheckpointError, Checkpoints
from mha_book.data.batches import Batch
from mha_book.data.tokenizer import Tokenizer
from mha_book.data.tokenizer_pair import Tokenizers
from mha_book.decoding import beam, greedy
from mha_book.training import Output, train
from mha_book.translator import Translator, find_checkpoint
from tests.builders import says
from tests.training.cases import SIZES, settings

LINES = ["red house", "the red house of the dog", "dog", "the house", "dog dog dog", "house of dog"]


def translator(**options: int) -> Translator:
    """One that has learnt to repeat words in reverse, a little."""
    words = Tokenizer.words(LINES)
    torch.manual_seed(0)
    return Translator(
        Transformer(TransformerConfig(len(words), **SIZES)), Tokenizers(words, words), **options
    )


@pytest.mark.parametrize("max_tokens", [1, 8, 4096])
@pytest.mark.parametrize("width", [1, 3])
def test_each_sentence_is_translated_as_if_alone(max_tokens, width):
    chosen = translator(max_tokens=max_tokens)
    model, words = chosen.model.eval(), chosen.tokenizers.source
    expected = []
    for line in LINES:
        ids = words.encode(line)
        src = Batch.of([(ids, [])]).src
        search = greedy if width == 1 else lambda *a, **k: beam(*a, **k, width=3)
        [answer] = search(model, src, max_new_tokens=len(ids) + 51)
        expected.append(words.decode(answer.tokens))
    assert chosen.translate(LINES, width=width) == expected
    assert any(expected)


def test_an_empty_sentence_stays_empty():
    chosen = translator()
    assert chosen.translate([]) == []
    assert chosen.translate(["", "  ", "\t"]) == ["", "", ""]
    with_others = chosen.translate(["dog", "", "red house"])
    assert with_others == [*chosen.translate(["dog"]), "", *chosen.translate(["red house"])]


def test_a_sentence_that_is_too_long_is_named_before_anything_is_done():
    message = (
        "sentence 2 has 10,000 tokens, at most 1,024 are translated at once: split it into "
        "sentences, one a line"
    )
    says(lambda: translator().translate(["dog", "dog " * 10_000]), ValueError, message)
    assert len(translator(max_length=3).translate(["dog dog dog"])) == 1


def test_unknown_words_are_translated_as_unknown():
    chosen = translator()
    assert chosen.translate(["the 龙 \ud800 house"]) == chosen.translate(["the cat cat house"])
    assert chosen.tokenizers.source.unknown("the 龙 house") == ["龙"]


def test_it_leaves_the_model_in_its_mode():
    chosen = translator()
    for training in (True, False):
        chosen.model.train(training)
        first = chosen.translate(LINES)
        assert chosen.model.training == training
    assert chosen.translate(LINES) == first


def test_it_comes_from_the_best_checkpoint_of_a_run(tmp_path):
    chosen = translator()
    words = chosen.tokenizers.source
    extra = {f"{side}.json": words.json.encode() for side in ("source", "target")}
    pairs = [(words.encode(line), words.encode(line)) for line in LINES]
    scores = iter([{"bleu": 2.0}, {"bleu": 1.0}])
    train(
        chosen.model,
        pairs,
        settings(steps=10, evaluate_every=5),
        evaluate=scores.__next__,
        output=Output(tmp_path, extra=extra),
        quiet=True,
    )
    best, latest = (tmp_path / "checkpoints" / f"step-{step:08d}" for step in (5, 10))
    assert find_checkpoint(tmp_path) == best
    assert find_checkpoint(latest) == latest
    loaded = Translator.load(latest)
    assert loaded.tokenizers.shared
    assert loaded.translate(LINES) == chosen.translate(LINES)
    assert not torch.equal(
        Translator.load(tmp_path).model.output.weight, chosen.model.output.weight
    )


def test_two_vocabularies_stay_two(tmp_path):
    chosen, other = translator(), Tokenizer.words(["rot haus"])
    files = {
        "source.json": chosen.tokenizers.source.json.encode(),
        "target.json": other.json.encode(),
    }
    config = TransformerConfig(len(other), source_vocabulary=10, **SIZES)
    output = Output(tmp_path, extra=files)
    train(Transformer(config), [([4, 5], [4])], settings(steps=1), output=output, quiet=True)
    tokenizers = Translator.load(tmp_path).tokenizers
    assert not tokenizers.shared
    assert tokenizers.target.decode(tokenizers.target.encode("haus rot")) == "haus rot"


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"there is no checkpoint in .*nowhere"):
        Translator.load(tmp_path / "nowhere")
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    checkpoints.save(1, {})
    message = r"step-00000001: the checkpoint has no model.safetensors and no config.json$"
    with pytest.raises(CheckpointError, match=message):
        Translator.load(tmp_path)
    train(
        translator().model,
        [([4], [5])],
        settings(steps=2),
        output=Output(tmp_path / "b"),
        quiet=True,
    )
    message = r"step-00000002: there is no tokenizer in it, expected 'source.json'$"
    with pytest.raises(CheckpointError, match=message):
        Translator.load(tmp_path / "b")

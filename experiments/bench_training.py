"""Time one training step against torch's Transformer, Marian and the textbook; weigh padding.

    python -m experiments.bench_training [--rounds 21] [--clock wall]

A step is forward, label-smoothed cross-entropy, backward and Adam. All contenders start with the
same weights and have the same loss, which is checked first, without dropout; then they race with
dropout, within a round in a random order, see ``race``. All have Adam as one kernel but the
textbook, which writes out attention, norms, loss and Adam. torch and the textbook (as the Annotated
Transformer) drop attention weights and hidden units too, so each races twice: with its dropout and
with ours. Prints a table and writes results/bench-training.json. The share of padding is that of
batches of the toy and, where it can be found or downloaded, of Multi30k.
"""

import argparse
import random
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from experiments.contestants import CONFIGS, TorchTransformer, explicit, marian, shape, written_out
from experiments.race import CLOCKS, Call, race, show
from experiments.record import environment, write
from experiments.steps import SMOOTHING, Contender, agree, batch, marians, ours, step, torchs
from mha_book import Transformer, TransformerConfig
from mha_book.data import corpora
from mha_book.data.batches import Batch, Batches, padding_share
from mha_book.data.files import DataError
from mha_book.data.special import PAD
from mha_book.data.tokenizer_pair import train_tokenizers
from mha_book.training.loss import TranslationLoss

MAX_TOKENS = 4096
#: The batches that are raced over, about as many tokens in each: number of pairs, and shortest and
#: longest sentence. Those of Multi30k have about 13 tokens; a paragraph has a hundred.
BATCHES = {"64 pairs of 12 to 14 tokens": (64, 12, 14), "8 pairs of 96 to 112 tokens": (8, 96, 112)}


def textbooks(model: nn.Module, b: Batch) -> Tensor:
    """Cross-entropy with a smoothed target at all positions, then the mean over real ones."""
    log_p = model(b.src, b.tgt_in, src_keep=b.src_keep).log_softmax(dim=-1)
    share = SMOOTHING / log_p.shape[-1]
    target = torch.full_like(log_p, share, requires_grad=False)
    target.scatter_(-1, b.tgt_out[..., None], 1 - SMOOTHING + share)
    losses, real = -(target * log_p).sum(dim=-1), b.tgt_out != PAD
    return (losses * real).sum() / real.sum()


def contenders(config: TransformerConfig, b: Batch) -> dict[str, Call]:
    """A training step of each, ours first, once their losses are seen to agree."""
    model = Transformer(config)
    found: dict[str, Contender] = {
        "mha_book": (TranslationLoss(model, SMOOTHING), ours),
        "torch.nn.Transformer": (TorchTransformer(model, as_ours=False), torchs),
        "torch.nn.Transformer, dropout as ours": (TorchTransformer(model, as_ours=True), torchs),
        "transformers MarianMTModel": (marian(model), marians),
        "mha_book, attention written out": (TranslationLoss(explicit(model), SMOOTHING), ours),
        "textbook": (written_out(model, as_ours=False), textbooks),
        "textbook, dropout as ours": (written_out(model, as_ours=True), textbooks),
    }
    agree(found, b, 1e-4, nullcontext)
    return {name: step(one, b, fused="textbook" not in name) for name, one in found.items()}


def padding(name: str) -> float | None:
    """The share of padding in the first epoch of a corpus; None if it cannot be had."""
    try:
        corpus = corpora.load(name)
    except DataError as error:
        print(f"{name}: {error}")
        return None
    pairs = train_tokenizers(corpus).encode(corpus.splits["train"])
    return round(padding_share(Batches(pairs, MAX_TOKENS).epoch()), 4)


def main() -> None:
    """Measure, print and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    options = parser.parse_args()
    random.seed(0)
    torch.manual_seed(0)
    steps: dict[str, dict[str, Any]] = {}
    for pairs, size in BATCHES.items():
        steps[pairs] = {}
        for config in CONFIGS:
            b = batch(config.vocabulary, *size)
            found = race(contenders(config, b), **vars(options))
            show(f"a training step on {pairs}, time and ratio to ours", {shape(config): found})
            steps[pairs][shape(config)] = {"padding": round(padding_share([b]), 4), **found}
    shares = {name: padding(name) for name in ("toy", "multi30k")}
    print(f"\nshare of padding in batches of {MAX_TOKENS} tokens: {shares}")
    record = {
        **environment("transformers"),
        **vars(options),
        "configs": {shape(config): config.to_dict() for config in CONFIGS},
        "label_smoothing": SMOOTHING,
        "steps": steps,
        "max_tokens": MAX_TOKENS,
        "padding": shares,
    }
    print(f"\nrecorded in {write('bench-training', record)}")


if __name__ == "__main__":
    main()

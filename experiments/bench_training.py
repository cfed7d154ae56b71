"""Time one training step against torch's Transformer, Marian and the textbook; weigh padding.

    python experiments/bench_training.py [--rounds 21] [--clock wall]

A step is forward, label-smoothed cross-entropy, backward and Adam. All contenders start with the
same weights and have the same loss, which is checked first, without dropout; then they race with
dropout, within a round in a random order, see ``race``. All have Adam as one kernel but the
textbook, which writes out attention, norms, loss and Adam. Prints a table and writes
results/bench-training.json. The share of padding is that of batches of the toy and, where it can
be found or downloaded, of Multi30k.
"""

import argparse
import random
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from contestants import CONFIGS, TorchTransformer, explicit, marian, shape, written_out
from race import CLOCKS, Call, race, show
from record import environment, write
from torch import Tensor, nn

from mha_book import Transformer, TransformerConfig
from mha_book.data import corpora
from mha_book.data.batches import Batch, Batches, padding_share
from mha_book.data.files import DataError
from mha_book.data.special import PAD
from mha_book.data.tokenizer_pair import train_tokenizers

SMOOTHING, MAX_TOKENS = 0.1, 4096
#: The batches that are raced over, about as many tokens in each: number of pairs, and shortest and
#: longest sentence. Those of Multi30k have about 13 tokens; a paragraph has a hundred.
BATCHES = {"64 pairs of 12 to 14 tokens": (64, 12, 14), "8 pairs of 96 to 112": (8, 96, 112)}
TEXTBOOK = "textbook: attention, norms, loss, Adam written out"
Loss = Callable[[nn.Module, Batch], Tensor]


def batch(vocabulary: int, rows: int, shortest: int, longest: int) -> Batch:
    """Random pairs of about equal length, as they come out of ``Batches``."""

    def ids() -> list[int]:
        return random.choices(range(4, vocabulary), k=random.randint(shortest, longest))

    return Batch.of([(ids(), ids()) for _ in range(rows)])


def ours(model: nn.Module, b: Batch) -> Tensor:
    """Logits of real tokens alone, and torch's fused cross-entropy."""
    real = b.tgt_out != PAD
    logits = model.logits(model.features(b.src, b.tgt_in, src_keep=b.src_keep)[real])
    return F.cross_entropy(logits, b.tgt_out[real], label_smoothing=SMOOTHING)


def _everywhere(logits: Tensor, b: Batch) -> Tensor:
    """Torch's cross-entropy of the logits at all positions, those of padding left out."""
    args = logits.flatten(0, 1), b.tgt_out.flatten()
    return F.cross_entropy(*args, ignore_index=PAD, label_smoothing=SMOOTHING)


def torchs(model: nn.Module, b: Batch) -> Tensor:
    """The loss by torch's Transformer."""
    return _everywhere(model(b.src, b.tgt_in, b.src_keep), b)


def marians(model: nn.Module, b: Batch) -> Tensor:
    """The loss by Marian."""
    answer = model(
        input_ids=b.src,
        attention_mask=b.src_keep.long(),
        decoder_input_ids=b.tgt_in,
        use_cache=False,
    )
    return _everywhere(answer.logits, b)


def textbooks(model: nn.Module, b: Batch) -> Tensor:
    """Cross-entropy with a smoothed target at all positions, then the mean over real ones."""
    log_p = model(b.src, b.tgt_in, src_keep=b.src_keep).log_softmax(dim=-1)
    share = SMOOTHING / log_p.shape[-1]
    target = torch.full_like(log_p, share, requires_grad=False)
    target.scatter_(-1, b.tgt_out[..., None], 1 - SMOOTHING + share)
    losses, real = -(target * log_p).sum(dim=-1), b.tgt_out != PAD
    return (losses * real).sum() / real.sum()


def step(model: nn.Module, loss: Loss, b: Batch, *, fused: bool) -> Call:
    """Forward, backward and Adam: as one kernel, or as it is written down, weight by weight."""
    how = {"fused": True} if fused else {"foreach": False}
    adam = torch.optim.Adam(model.train().parameters(), lr=1e-4, betas=(0.9, 0.98), **how)

    def call() -> None:
        adam.zero_grad()
        loss(model, b).backward()
        adam.step()

    return call


def contenders(config: TransformerConfig, b: Batch) -> dict[str, Call]:
    """A training step of each, ours first, once their losses are seen to agree."""
    model = Transformer(config)
    entries: dict[str, tuple[nn.Module, Loss]] = {
        "mha_book": (model, ours),
        "torch.nn.Transformer": (TorchTransformer(model, as_ours=False), torchs),
        "torch.nn.Transformer, dropout as ours": (TorchTransformer(model, as_ours=True), torchs),
        "transformers MarianMTModel": (marian(model), marians),
        "mha_book, attention written out": (explicit(model), ours),
        TEXTBOOK: (written_out(model), textbooks),
    }
    with torch.no_grad():
        losses = {name: loss(m.eval(), b).item() for name, (m, loss) in entries.items()}
    if max(losses.values()) - min(losses.values()) > 1e-4:
        raise SystemExit(f"the contenders differ in their loss: {losses}")
    return {n: step(m, loss, b, fused=n != TEXTBOOK) for n, (m, loss) in entries.items()}


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

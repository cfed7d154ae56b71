"""Time greedy and beam search against ``generate`` of Marian and against decoding without a cache.

    python -m experiments.bench_decoding [--rounds 21] [--clock wall]

All contenders have the same random weights, and all give the same tokens, which is checked first.
The end is a token that nobody says, so every row gets as many tokens as the limit. Within a round
the contenders run in a random order; see ``race``. Prints a table and writes
results/bench-decoding.json.
"""

import argparse
import random
from functools import partial
from typing import Any

import torch
from torch import Tensor

from experiments.contestants import CONFIGS, marian, shape
from experiments.race import CLOCKS, Call, race, show
from experiments.record import environment, write
from mha_book import Transformer, TransformerConfig
from mha_book.data.special import BOS, PAD
from mha_book.decoding import SpecialTokens, beam, greedy, length_penalty

T_S, T = 13, 32  # source tokens on average, target tokens
BATCHES, WIDTH = (1, 32), 4


def sources(B: int, vocabulary: int) -> tuple[Tensor, Tensor]:
    """Random sentences of 9 to 17 tokens, 13 on average, and which of their tokens are real."""
    lengths = T_S + torch.arange(B) % 9 - 4 if B > 1 else torch.tensor([T_S])
    keep = torch.arange(int(lengths.max())) < lengths[:, None]
    return torch.randint(4, vocabulary, keep.shape).masked_fill(~keep, PAD), keep


@torch.inference_mode()
def uncached(model: Transformer, src: Tensor, keep: Tensor, *, whole: bool) -> list[list[int]]:
    """Greedy search without a cache: all target positions are computed anew at each step.

    ``whole`` calls the model as it stands, which encodes the source and makes all logits each time;
    otherwise the memory is kept, and logits are made of the last position alone.
    """
    memory, tgt = model.encode(src, keep), torch.full((len(src), 1), BOS)
    for _ in range(T):
        if whole:
            logits = model(src, tgt, src_keep=keep)[:, -1]
        else:
            logits = model.logits(model.decoder(tgt, memory, keep)[:, -1])
        tgt = torch.cat([tgt, logits.argmax(dim=1, keepdim=True)], dim=1)
    return tgt[:, 1:].tolist()


def contenders(model: Transformer, src: Tensor, keep: Tensor) -> dict[str, dict[str, Call]]:
    """Calls that give the tokens of each row, for each kind of search, ours first."""
    said = {token for row in uncached(model, src, keep, whole=False) for token in row}
    eos = next(token for token in range(4, model.config.vocabulary) if token not in said)
    theirs: Any = marian(model, eos).eval()
    options: dict[str, Any] = {"special": SpecialTokens(eos=eos), "max_new_tokens": T}

    def ours(search: Any, **more: Any) -> list[list[int]]:
        return [list(a.tokens) for a in search(model, src, keep, **options, **more)]

    def generate(**more: Any) -> list[list[int]]:
        mask = keep.long()
        found = theirs.generate(src, attention_mask=mask, max_new_tokens=T, do_sample=False, **more)
        return found[:, 1:].tolist()

    plain = {"width": WIDTH, "penalty": partial(length_penalty, alpha=1.0)}
    return {
        "greedy": {
            "mha_book": partial(ours, greedy),
            "transformers MarianMTModel": partial(generate, num_beams=1),
            "mha_book, no cache but the memory": partial(uncached, model, src, keep, whole=False),
            "mha_book, no cache": partial(uncached, model, src, keep, whole=True),
        },
        f"beam of {WIDTH}": {
            "mha_book": partial(ours, beam, **plain),
            "transformers MarianMTModel": partial(
                generate, num_beams=WIDTH, length_penalty=1.0, early_stopping=True
            ),
        },
    }


def measure(config: TransformerConfig, **options: Any) -> dict[str, dict[str, Any]]:
    """The races of a model of this shape: by kind of search, by number of sentences."""
    model, results = Transformer(config).eval(), {}
    for B in BATCHES:
        for search, calls in contenders(model, *sources(B, config.vocabulary)).items():
            answers = {name: call() for name, call in calls.items()}
            if any(answer != answers["mha_book"] for answer in answers.values()):
                raise SystemExit(f"{search}, B={B}: the contenders do not say the same")
            found = race(calls, **options)
            show(f"{search}, {T} tokens from about {T_S}, B={B}", {shape(config): found})
            results.setdefault(search, {})[f"B={B}"] = found
    return results


def main() -> None:
    """Measure, print and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    options = parser.parse_args()
    random.seed(0)
    torch.manual_seed(0)
    results = {shape(config): measure(config, **vars(options)) for config in CONFIGS}
    record = {
        **environment("transformers"),
        **vars(options),
        "configs": {shape(config): config.to_dict() for config in CONFIGS},
        "source_tokens": T_S,
        "target_tokens": T,
        "decoding": results,
    }
    print(f"\nrecorded in {write('bench-decoding', record)}")


if __name__ == "__main__":
    main()

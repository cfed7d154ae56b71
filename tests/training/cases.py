"""A task so small that hundreds of steps take a second: reverse a sequence of digits."""

from random import Random

import torch

from mha_book import Transformer, TransformerConfig
from mha_book.training import Settings

V = 13
SIZES = {"d_model": 8, "num_heads": 2, "d_ff": 11, "encoder_layers": 1, "decoder_layers": 1}
SMALL = {"steps": 12, "warmup": 5, "max_tokens": 60, "peak_lr": 1e-2, "log_every": 5}


def pairs(number: int = 41, seed: int = 0) -> list[tuple[list[int], list[int]]]:
    rng = Random(seed)
    rows = [[rng.randrange(4, V) for _ in range(rng.randint(1, 6))] for _ in range(number)]
    return [(row, row[::-1]) for row in rows]


def model(seed: int = 0, **changes: object) -> Transformer:
    torch.manual_seed(seed)
    return Transformer(TransformerConfig(V, **{**SIZES, "order": "pre", **changes}))


def settings(**changes: object) -> Settings:
    return Settings(**{"device": "cpu", **SMALL, **changes})


def same_weights(one: Transformer, other: Transformer) -> bool:
    """Whether all weights of two models are equal, to the last bit."""
    mine, theirs = one.state_dict(), other.state_dict()
    return mine.keys() == theirs.keys() and all(torch.equal(mine[k], theirs[k]) for k in mine)

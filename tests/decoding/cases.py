"""Batches of rows of different length, and the models that decode them."""

import pytest
import torch

from mha_book import LanguageModel, Transformer
from mha_book.decoding import SpecialTokens
from tests.decoding import oracles
from tests.models import KINDS

V, LIMIT = 23, 7
LENGTHS = [5, 2, 3]
KEEP = torch.arange(5) < torch.tensor(LENGTHS)[:, None]
SPECIAL = SpecialTokens()

CASES = [
    *(pytest.param(oracles.translator, kind, id=f"translate-{kind}") for kind in KINDS),
    *(
        pytest.param(oracles.language_model, kind, id=f"go-on-{kind}")
        for kind in oracles.LANGUAGE_KINDS
    ),
]
cases = pytest.mark.parametrize(("make", "kind"), CASES)
both = pytest.mark.parametrize("make", [oracles.translator, oracles.language_model])


def batch(size: int = V) -> torch.Tensor:
    """Rows whose padding is wild: nobody may look at it."""
    return torch.randint(3, size, (3, 5))


def rows(tokens: torch.Tensor) -> list[list[int]]:
    return [row[:n] for row, n in zip(tokens.tolist(), LENGTHS, strict=True)]


def ends(model: Transformer | LanguageModel, tokens: torch.Tensor) -> list[int]:
    """Tokens that end the rows of a greedy search at different times, and one that ends none."""
    found = []
    for row in rows(tokens):
        seen = oracles.given(model, row, SPECIAL)
        found.append(oracles.greedy(oracles.next_of(model, row), seen, SPECIAL, LIMIT)[0])
    said = {found[0][0], found[0][3], found[1][1], found[2][-1]}
    silent = next(y for y in range(3, V) if all(y not in ys for ys in found))
    return [*sorted(said), silent]

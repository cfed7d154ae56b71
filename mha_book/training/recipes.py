"""For each corpus: a small model, and settings that train it well in minutes."""

from dataclasses import dataclass, field
from typing import Any

from mha_book.config import TransformerConfig
from mha_book.data.tokenizer_pair import Tokenizers
from mha_book.training.settings import Settings

__all__ = ["RECIPES", "Recipe"]


@dataclass(frozen=True)
class Recipe:
    """What to train on a corpus, and how.

    Attributes:
        settings: how to train.
        model: changes to ``TransformerConfig.tiny``.
        vocabulary: number of tokens aimed at; the toy's depends on its words alone.
        pairs: number of training pairs; None for all.
    """

    settings: Settings
    model: dict[str, Any] = field(default_factory=dict)
    vocabulary: int = 8_000
    pairs: int | None = None

    def config(self, tokenizers: Tokenizers) -> TransformerConfig:
        """The model's config; one vocabulary for both languages means one embedding table."""
        own = None if tokenizers.shared else len(tokenizers.source)
        sizes = {"source_vocabulary": own, **self.model}
        return TransformerConfig.tiny(len(tokenizers.target), **sizes)


#: The recipe of each corpus, found by trying on two CPU cores.
RECIPES = {
    "toy": Recipe(
        Settings(
            steps=1200,
            max_tokens=1024,
            peak_lr=3e-3,
            warmup=120,
            cooldown=0.6,
            log_every=25,
            evaluate_every=300,
        ),
        model={"dropout": 0.0},
        pairs=30_000,
    ),
    "tatoeba": Recipe(
        Settings(
            steps=6000,
            max_tokens=4096,
            peak_lr=2e-3,
            warmup=800,
            cooldown=0.3,
            evaluate_every=1000,
        ),
        model={"d_model": 256, "num_heads": 8, "encoder_layers": 3, "decoder_layers": 3},
    ),
    "multi30k": Recipe(
        Settings(
            steps=6000,
            max_tokens=4096,
            peak_lr=2e-3,
            warmup=800,
            cooldown=0.3,
            evaluate_every=1000,
        ),
        model={"d_model": 256, "num_heads": 8, "encoder_layers": 3, "decoder_layers": 3},
    ),
}

"""Training a Transformer: the loop, and one module for each thing around it.

>>> from mha_book import Transformer, TransformerConfig
>>> from mha_book.training import Settings, train
>>> model = Transformer(TransformerConfig.tiny(vocabulary=11, d_model=8))
>>> settings = Settings(steps=3, max_tokens=64, device="cpu")
>>> train(model, [([5, 6], [7]), ([8], [9, 10])], settings, quiet=True).of("end")[0]["reason"]
'steps'
"""

from mha_book.training.journal import Journal, Record
from mha_book.training.loop import train
from mha_book.training.loss import TranslationLoss, adam
from mha_book.training.output import Output
from mha_book.training.schedule import inverse_square_root, paper_peak
from mha_book.training.settings import Settings
from mha_book.training.window import TrainingError

__all__ = [
    "Journal",
    "Output",
    "Record",
    "Settings",
    "TrainingError",
    "TranslationLoss",
    "adam",
    "inverse_square_root",
    "paper_peak",
    "train",
]

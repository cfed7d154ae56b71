"""From a model to text: greedy search, beam search and sampling, with caches, for whole batches.

>>> from mha_book import Transformer, TransformerConfig
>>> from mha_book.decoding import greedy
>>> model = Transformer(TransformerConfig.tiny(vocabulary=97)).eval()
>>> src, src_keep = torch.tensor([[5, 7, 2], [11, 2, 0]]), torch.tensor([[1, 1, 1], [1, 1, 0]]) > 0
>>> len(greedy(model, src, src_keep, max_new_tokens=5))
2
"""

from mha_book.decoding.beam_search import beam, beams, gnmt_penalty, length_penalty
from mha_book.decoding.filters import Sampling, min_p, temperature, top_k, top_p
from mha_book.decoding.request import Generated, Request, SpecialTokens
from mha_book.decoding.sampling import draw, greedy, sample
from mha_book.decoding.state import LanguageState, State, TranslationState

__all__ = [
    "Generated",
    "LanguageState",
    "Request",
    "Sampling",
    "SpecialTokens",
    "State",
    "TranslationState",
    "beam",
    "beams",
    "draw",
    "gnmt_penalty",
    "greedy",
    "length_penalty",
    "min_p",
    "sample",
    "temperature",
    "top_k",
    "top_p",
]

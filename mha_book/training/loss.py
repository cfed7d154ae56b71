"""What training makes small, and Adam, which does it."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mha_book.data.batches import Batch
from mha_book.data.special import PAD
from mha_book.training.settings import Settings
from mha_book.transformer import Transformer

__all__ = ["TranslationLoss", "adam"]


class TranslationLoss(nn.Module):
    r"""The sum of the smoothed cross-entropies of all real target tokens of a batch.

    :math:`\sum_t \bigl[(1 - \varepsilon)\,(L_t - z_{t, y_t}) + \tfrac{\varepsilon}{V} \sum_j (L_t -
    z_{t,j})\bigr]` with logits *z* and :math:`L_t = \ln \sum_j e^{z_{t,j}}`
    (eq-label-smoothing). Divide it by ``batch.num_tokens`` for the mean: the parts of a batch that
    several processes hold differ in their number of tokens, so a mean of means would be wrong.

    Logits, by far the largest tensor of a small model, are computed where there is something to
    predict, and nowhere else. It is a module, since data parallelism wraps modules.

    Args:
        model: the model.
        label_smoothing: ε.

    Source: Szegedy et al. (2016), section 7; Vaswani et al. (2017), section 5.4.

    >>> from mha_book import TransformerConfig
    >>> model = Transformer(TransformerConfig.tiny(vocabulary=97))
    >>> TranslationLoss(model)(Batch.of([([5, 6], [7]), ([8], [])])).shape
    torch.Size([])
    """

    def __init__(self, model: Transformer, label_smoothing: float = 0.0) -> None:
        super().__init__()
        self.model = model
        self.label_smoothing = label_smoothing

    def forward(self, batch: Batch) -> Tensor:
        """The loss of a batch, a single number."""
        keep = batch.tgt_out != PAD
        features = self.model.features(batch.src, batch.tgt_in, src_keep=batch.src_keep)
        logits = self.model.logits(features[keep])
        target, smoothing = batch.tgt_out[keep], self.label_smoothing
        return F.cross_entropy(logits, target, reduction="sum", label_smoothing=smoothing)


def adam(model: nn.Module, settings: Settings) -> torch.optim.Adam:
    """Adam over all weights of a model, as one kernel; the loop sets its learning rate.

    Source: Kingma and Ba (2015), algorithm 1; Vaswani et al. (2017), section 5.3.
    """
    return torch.optim.Adam(
        model.parameters(), lr=0.0, betas=settings.betas, eps=settings.eps, fused=True
    )

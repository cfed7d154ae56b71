"""The metrics of the steps since somebody last looked."""

import math

import torch
from accelerate import Accelerator
from torch import Tensor

from mha_book.data.batches import Batch
from mha_book.data.special import PAD

__all__ = ["TrainingError", "Window"]


class TrainingError(RuntimeError):
    """Training cannot go on; the message names the step."""


class Window:
    """Losses, tokens and padding of some steps, gathered without waiting for a GPU.

    Args:
        seconds: the clock when it begins.
    """

    def __init__(self, seconds: float) -> None:
        self.began = seconds
        self._losses: list[Tensor] = []
        self._norm: Tensor | None = None
        self._predicted = self._real = self._all = 0

    def add(self, batch: Batch, loss: Tensor, norm: Tensor) -> None:
        """Note a step: the whole batch, this process's part of its loss, the gradient's length."""
        self._losses.append(loss.detach())
        self._norm = norm
        predicted = batch.num_tokens
        self._predicted += predicted
        self._real += predicted + int((batch.src != PAD).sum())
        self._all += batch.src.numel() + batch.tgt_out.numel()

    def metrics(self, accelerator: Accelerator, step: int, seconds: float) -> dict[str, float]:
        """What is to be told about the steps up to ``step``.

        ``tokens_per_second`` counts target tokens that were predicted, ``padding`` is the share of
        padding in source and target; ``grad_norm`` is that of the last step, before clipping.

        Raises:
            TrainingError: a loss is no number, or infinite.
        """
        losses = accelerator.reduce(torch.stack(self._losses)).tolist()
        first = step - len(losses) + 1
        for number, loss in enumerate(losses, start=first):
            if not math.isfinite(loss):
                raise TrainingError(f"the loss is {loss} at step {number}")
        norm = float(self._norm) if self._norm is not None else math.nan
        metrics = {
            "loss": sum(losses) / len(losses),
            "grad_norm": norm if math.isfinite(norm) else None,
            "tokens_per_second": self._predicted / (seconds - self.began),
            "padding": 1 - self._real / self._all,
            "seconds": seconds,
        }
        return {name: value for name, value in metrics.items() if value is not None}

"""Training steps that race: one batch, the same weights, and the same loss, which is checked."""

import random
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from experiments.race import Call
from mha_book.data.batches import Batch
from mha_book.data.special import PAD

__all__ = ["SMOOTHING", "Contender", "agree", "batch", "marians", "ours", "step", "torchs", "wait"]

SMOOTHING = 0.1
#: What has weights, and how it makes the mean loss of a batch.
Contender = tuple[nn.Module, Callable[[nn.Module, Batch], Tensor]]
Cast = Callable[[], AbstractContextManager[object]]


def batch(vocabulary: int, rows: int, shortest: int, longest: int) -> Batch:
    """Random pairs of so many tokens on either side, one of which is as long as any."""

    def ids(row: int) -> list[int]:
        length = longest if row == 0 else random.randint(shortest, longest)
        return random.choices(range(4, vocabulary), k=length - 1)  # one more begins or ends them

    return Batch.of([(ids(row), ids(row)) for row in range(rows)])


def ours(objective: nn.Module, b: Batch) -> Tensor:
    """The loss as the training loop has it, of a ``TranslationLoss``."""
    loss: Tensor = objective(b) / b.num_tokens
    return loss


def torchs(model: nn.Module, b: Batch) -> Tensor:
    """The loss by torch's Transformer."""
    return _everywhere(model(b.src, b.tgt_in, b.src_keep), b)


def marians(model: nn.Module, b: Batch) -> Tensor:
    """The loss by Marian."""
    inputs = {"input_ids": b.src, "attention_mask": b.src_keep.long()}
    answer = model(**inputs, decoder_input_ids=b.tgt_in, use_cache=False)
    return _everywhere(answer.logits, b)


def agree(contenders: dict[str, Contender], b: Batch, tolerance: float, cast: Cast) -> None:
    """Stop unless all contenders, without dropout, have the same loss."""
    with torch.no_grad(), cast():
        losses = {name: loss(model.eval(), b).item() for name, (model, loss) in contenders.items()}
    if max(losses.values()) - min(losses.values()) > tolerance:
        raise SystemExit(f"the contenders differ in their loss: {losses}")


def step(contender: Contender, b: Batch, *, fused: bool = True, cast: Cast = nullcontext) -> Call:
    """Forward, backward and Adam: as one kernel, or as it is written down, weight by weight."""
    model, loss = contender
    how = {"fused": True} if fused else {"foreach": False}
    adam = torch.optim.Adam(model.train().parameters(), lr=1e-4, betas=(0.9, 0.98), **how)

    def call() -> None:
        adam.zero_grad()
        with cast():
            total = loss(model, b)
        total.backward()
        adam.step()
        wait(b.src.device)

    return call


def wait(device: torch.device) -> None:
    """Until a GPU has done what it was asked for; a CPU always has."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _everywhere(logits: Tensor, b: Batch) -> Tensor:
    """Torch's cross-entropy of the logits at all positions, those of padding left out."""
    args = logits.flatten(0, 1), b.tgt_out.flatten()
    return F.cross_entropy(*args, ignore_index=PAD, label_smoothing=SMOOTHING)

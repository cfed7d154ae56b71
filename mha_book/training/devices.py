"""Where training runs: one device, or several processes that share each batch."""

from dataclasses import replace
from random import Random

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import parse_flag_from_env

from mha_book.data.batches import Batch
from mha_book.data.special import PAD
from mha_book.training.settings import Settings

__all__ = ["accelerator_for", "device_of", "largest", "reseed", "share"]

_NAMES = {"float32": "no", "bf16": "bf16", "fp16": "fp16"}  # ours, and the library's


def accelerator_for(settings: Settings) -> Accelerator:
    """The device and precision that settings ask for, and the other processes if there are any.

    ``accelerate launch`` and ``torchrun`` start several, on one machine or on many.

    Raises:
        ValueError: there is no such device here, or it cannot compute in that precision.
    """
    device = device_of(settings.device)
    # The library keeps its choice for the life of a process; a notebook may train twice.
    AcceleratorState._reset_state(reset_partial_state=True)
    precision = _precision(device) if settings.precision == "auto" else settings.precision
    if precision == "fp16" and device.type == "cpu":
        raise ValueError("precision='fp16' needs a GPU; a CPU computes in bf16 or float32")
    return Accelerator(cpu=device.type == "cpu", mixed_precision=_NAMES[precision])


def device_of(name: str) -> torch.device:
    """The device of a name; "auto" is the fastest there is.

    Raises:
        ValueError: there is no such device here.
    """
    available = {
        "cuda": torch.cuda.is_available(),
        "xpu": torch.xpu.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        only_cpu = parse_flag_from_env("ACCELERATE_USE_CPU")  # accelerate launch --cpu
        name = "cpu" if only_cpu else next(kind for kind in available if available[kind])
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(f"device={name!r} is no device: {error}") from error
    if not available.get(device.type):
        found = ", ".join(kind for kind in available if available[kind])
        raise ValueError(f"device={name!r} is not available here; there is {found}")
    if device.type == "cuda" and device.index is not None:
        torch.cuda.set_device(device)
    return device


def share(batch: Batch, accelerator: Accelerator) -> Batch:
    """The rows of a batch that are this process's, on its device: every n-th of n processes.

    So n processes together do what one would do alone, whatever n is. A process that gets no row
    takes the first, with nothing to predict, since all have to take part.
    """
    index, number = accelerator.process_index, accelerator.num_processes
    if number > 1:
        rows = slice(index, None, number) if index < len(batch.src) else slice(0, 1)
        tgt_out = batch.tgt_out[rows]
        batch = replace(
            batch,
            src=batch.src[rows],
            src_keep=batch.src_keep[rows],
            tgt_in=batch.tgt_in[rows],
            tgt_out=tgt_out if index < len(batch.src) else torch.full_like(tgt_out, PAD),
            indices=batch.indices[rows],
        )
    return batch.to(accelerator.device, non_blocking=True)


def reseed(seed: int, step: int, process: int) -> None:
    """Start torch's random numbers anew, as a function of the step.

    So what dropout drops at a step depends on nothing that happened before: a run that is resumed
    needs no saved state of a generator, and evaluation may draw what it likes.
    """
    torch.manual_seed(Random(f"{seed} {step} {process}").getrandbits(63))


def largest(accelerator: Accelerator, numbers: list[float]) -> list[float]:
    """The largest of what the processes say for each number, so that they may act as one."""
    if accelerator.num_processes == 1:
        return numbers
    all_of_them = accelerator.gather(torch.tensor([numbers], device=accelerator.device))
    return list(all_of_them.amax(dim=0).tolist())


def _precision(device: torch.device) -> str:
    if device.type != "cuda":
        return "float32"
    return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"

"""Time a training step on a GPU: tokens a second, share of the device's speed, memory, kernels.

    python -m experiments.bench_gpu [--device cuda] [--rounds 21] [--set d_model=1024]

The 2017 paper's base model, in the precision that training chooses on the device (bf16 where the
GPU computes in it), is raced against torch's Transformer and Marian with the same weights, and
against itself behind ``torch.compile``: on a batch that is full, and on one that is padded. The
share of the device's speed is counted twice, as model FLOPs utilisation (Chowdhery et al., 2022,
appendix B): against what the vendor says the device can do, and against what it does here on one
large matrix product. Prints a table and writes results/bench-gpu.json.
"""

import random
import re
import time
from collections import Counter
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from experiments.arguments import changes, parser
from experiments.contestants import TorchTransformer, marian, shape
from experiments.race import Call, race, show
from experiments.record import environment, write
from experiments.steps import (
    SMOOTHING,
    Contender,
    agree,
    batch,
    marians,
    ours,
    step,
    torchs,
    wait,
)
from mha_book import Transformer, TransformerConfig
from mha_book.data.batches import Batch
from mha_book.training import Settings
from mha_book.training.devices import accelerator_for
from mha_book.training.loss import TranslationLoss

#: Number of pairs, shortest and longest sentence: one batch is full, one is padded.
BATCHES = {
    "128 pairs of 128 tokens": (128, 128, 128),
    "128 pairs of 96 to 128 tokens": (128, 96, 128),
}
#: What NVIDIA's data sheets promise for dense products in bf16 (the T4's: fp16), in TFLOP/s, by
#: pattern of the name.
PEAKS = {
    "H200(?! NVL)": 989.5,
    "H100 80GB HBM3": 989.5,
    "A100": 312.0,
    "L40S": 362.0,
    "L4": 121.0,
    "T4": 65.0,
}


def flops(objective: nn.Module, b: Batch) -> int:
    """Floating-point operations of a training step, as torch counts them in matrix products.

    Counted where no kernel hides them; what a kernel computes twice to save memory counts once.
    """
    counter = FlopCounterMode(display=False)
    with counter, sdpa_kernel(SDPBackend.MATH):
        ours(objective, b).backward()
    objective.zero_grad()
    return int(counter.get_total_flops())


def entries(config: TransformerConfig) -> dict[str, Contender]:
    """The contenders, ours first: what has weights, and how it makes a loss of a batch."""
    model = Transformer(config)
    twin = Transformer(config)
    twin.load_state_dict(model.state_dict())
    return {
        "mha_book": (TranslationLoss(model, SMOOTHING), ours),
        "mha_book, torch.compile": (torch.compile(TranslationLoss(twin, SMOOTHING)), ours),
        "torch.nn.Transformer": (TorchTransformer(model, as_ours=False), torchs),
        "torch.nn.Transformer, dropout as ours": (TorchTransformer(model, as_ours=True), torchs),
        "transformers MarianMTModel": (marian(model), marians),
    }


def kernels(call: Call) -> dict[str, int]:
    """Which of torch's kernels of attention a call runs, forward and backward, and how often."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as found:
        call()
    names = [event.name.removeprefix("aten::") for event in found.events()]
    marks = ("_scaled_dot_product", "_native_multi_head")
    return dict(Counter(name for name in names if name.startswith(marks)))


def promised_peak(name: str) -> float | None:
    """What the data sheet says of a GPU of this name; None for a part of one, or if unknown.

    >>> promised_peak("NVIDIA A100-SXM4-80GB"), promised_peak("NVIDIA L40")
    (312.0, None)
    """
    if "MIG" in name:
        return None
    return next((p for part, p in PEAKS.items() if re.search(rf"\b{part}\b", name)), None)


def measured_peak(device: torch.device, dtype: torch.dtype, n: int) -> float:
    """TFLOP/s of one product of two (n, n) matrices: the best of ten."""
    a = torch.randn(n, n, device=device, dtype=dtype)
    seconds = []
    for _ in range(10):
        wait(device)
        start = time.perf_counter()
        a @ a
        wait(device)
        seconds.append(time.perf_counter() - start)
    return 2 * n**3 / min(seconds) / 1e12


def memory(call: Call, device: torch.device) -> float | None:
    """The most MiB that a call takes beside what is kept between calls, such as weights.

    None where torch does not count them.
    """
    if device.type != "cuda":
        return None
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    call()
    return round((torch.cuda.max_memory_allocated(device) - before) / 2**20, 1)


def measure(
    config: TransformerConfig,
    b: Batch,
    dtype: torch.dtype,
    peaks: dict[str, float | None],
    rounds: int,
) -> dict[str, Any]:
    """The race on a batch; for each contender speed, share of the peaks, memory and kernels."""
    device = b.src.device

    def cast() -> AbstractContextManager[object]:
        return nullcontext() if dtype == torch.float32 else torch.autocast(device.type, dtype)

    contenders = {name: (m.to(device), loss) for name, (m, loss) in entries(config).items()}
    agree(contenders, b, 1e-4 if dtype == torch.float32 else 0.02, cast)
    work = flops(contenders["mha_book"][0], b)
    tokens = int(b.src_keep.sum()) + b.num_tokens
    calls = {name: step(contender, b, cast=cast) for name, contender in contenders.items()}
    results: dict[str, Any] = race(calls, rounds)
    for name, found in results.items():
        seconds = found["ms"] / 1e3
        tflops = work / seconds / 1e12
        found["tokens_per_second"] = round(tokens / seconds)
        found["tflops"] = round(tflops, 4)
        found["utilisation"] = {k: p and round(tflops / p, 4) for k, p in peaks.items()}
        found["step_memory_mib"] = memory(calls[name], device)
        found["attention"] = kernels(calls[name])
    return results


def main(arguments: list[str] | None = None) -> None:
    """Measure, print and record."""
    wanted = parser(__doc__)
    wanted.add_argument("--rounds", type=int, default=21)
    wanted.add_argument("--peak", type=float, help="the vendor's TFLOP/s, if not known here")
    wanted.add_argument(
        "--product", type=int, default=8192, help="size of the large matrix product"
    )
    asked = wanted.parse_args(arguments)
    random.seed(0)
    torch.manual_seed(0)
    sizes = {name: value for name, value in changes(asked).items() if name != "device"}
    config = TransformerConfig.base(**sizes)
    accelerator = accelerator_for(Settings(device=asked.device))
    device = accelerator.device
    types = {"no": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
    dtype = types[accelerator.mixed_precision]
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else ""
    peaks = {
        "of the data sheet": asked.peak or promised_peak(name),
        "of one large product": measured_peak(device, dtype, asked.product),
    }
    results = {}
    for pairs, size in BATCHES.items():
        b = batch(config.vocabulary, *size).to(device)
        results[pairs] = measure(config, b, dtype, peaks, asked.rounds)
        show(pairs, {shape(config): results[pairs]})
    record = {
        **environment("transformers", "accelerate"),
        "note": asked.note,
        "precision": str(dtype).removeprefix("torch."),
        "config": config.to_dict(),
        "peaks_tflops": peaks,
        "steps": results,
    }
    print(f"\nrecorded in {write('bench-gpu', record)}")


if __name__ == "__main__":
    main()

"""Time a training step on a GPU: tokens a second, share of the device's speed, memory, kernels.

    python -m experiments.bench_gpu [--device cuda] [--rounds 21] [--set d_model=1024]

The 2017 paper's base model, in the precision that training chooses on the device (bf16 where the
GPU computes in it), is raced against torch's Transformer and Marian with the same weights, and
against itself behind ``torch.compile``: on a batch that is full, and on one that is padded. The
share of the device's speed is counted twice, as model FLOPs utilisation (Chowdhery et al., 2022,
appendix B): against what the vendor says the device can do, and against what it does here on one
large matrix product. Prints a table and writes results/bench-gpu.json.
"""

import argparse
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from experiments.arguments import changes, parser
from experiments.contestants import TorchTransformer, marian, shape
from experiments.race import Call, race, show
from experiments.record import environment, write
from mha_book import Transformer, TransformerConfig
from mha_book.data.batches import Batch
from mha_book.data.special import PAD
from mha_book.training import Settings
from mha_book.training.devices import accelerator_for
from mha_book.training.loss import TranslationLoss

SMOOTHING = 0.1
#: Number of pairs, shortest and longest sentence.
BATCHES = {"full": (128, 128, 128), "padded": (128, 96, 128)}
#: What NVIDIA's data sheets promise for dense products in bf16 (the T4's: fp16), in TFLOP/s.
PEAKS = {
    "H200": 989.5,
    "H100 80GB HBM3": 989.5,
    "A100": 312.0,
    "L40S": 362.0,
    "L4": 121.0,
    "T4": 65.0,
}


def batch(vocabulary: int, rows: int, shortest: int, longest: int) -> Batch:
    """Random pairs, the first of which are as long as any."""

    def ids(row: int) -> list[int]:
        k = longest - 1 if row == 0 else random.randint(shortest, longest) - 1
        return random.choices(range(4, vocabulary), k=k)  # one more token begins or ends them

    return Batch.of([(ids(row), ids(row)) for row in range(rows)])


def flops(config: TransformerConfig, b: Batch) -> int:
    """Floating-point operations of a training step that matter to the model.

    Two for each multiplication with a weight or between query and key, weight and value, for each
    place of the batch, hidden or not; backward takes twice as many as forward. Recomputation does
    not count.
    """
    c, (B, T_s), T = config, b.src.shape, b.tgt_in.shape[1]
    d, d_ff = c.d_model, c.d_ff or 4 * c.d_model
    kv = d * (c.num_kv_heads or c.num_heads) // c.num_heads
    hidden = (3 if c.activation == "swiglu" else 2) * d * d_ff
    own = 2 * d * d + 2 * d * kv
    encoder = T_s * (own + hidden) + 2 * d * T_s * T_s
    cross = T * 2 * d * d + T_s * 2 * d * kv + 2 * d * T * T_s
    decoder = T * (own + hidden) + 2 * d * T * T + cross
    forward = B * (c.encoder_layers * encoder + c.decoder_layers * decoder)
    return 3 * 2 * (forward + b.num_tokens * d * c.vocabulary)


def _everywhere(logits: Tensor, b: Batch) -> Tensor:
    """The mean loss of the logits at all positions, those of padding left out."""
    args = logits.flatten(0, 1), b.tgt_out.flatten()
    return F.cross_entropy(*args, ignore_index=PAD, label_smoothing=SMOOTHING)


def torchs(model: nn.Module, b: Batch) -> Tensor:
    """The loss by torch's Transformer, which is told of no mask where there is nothing to hide."""
    return _everywhere(model(b.src, b.tgt_in, b.src_keep), b)


def marians(model: nn.Module, b: Batch) -> Tensor:
    """The loss by Marian."""
    inputs = {"input_ids": b.src, "attention_mask": b.src_keep.long()}
    answer = model(**inputs, decoder_input_ids=b.tgt_in, use_cache=False)
    return _everywhere(answer.logits, b)


def ours(objective: nn.Module, b: Batch) -> Tensor:
    """The loss as the training loop has it."""
    return objective(b) / b.num_tokens


def entries(config: TransformerConfig) -> dict[str, tuple[nn.Module, Callable[..., Tensor]]]:
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


def step(
    model: nn.Module,
    loss: Callable[..., Tensor],
    b: Batch,
    cast: Callable[[], AbstractContextManager],
) -> Call:
    """Forward, backward and Adam as one kernel; it has ended when the call has."""
    adam = torch.optim.Adam(model.train().parameters(), lr=1e-4, betas=(0.9, 0.98), fused=True)

    def call() -> None:
        adam.zero_grad()
        with cast():
            total = loss(model, b)
        total.backward()
        adam.step()
        _wait(b.src.device)

    return call


def kernels(call: Call) -> dict[str, int]:
    """Which of torch's kernels of attention a call runs, forward and backward, and how often."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as found:
        call()
    names = [event.name.removeprefix("aten::") for event in found.events()]
    marks = ("_scaled_dot_product", "_native_multi_head")
    return dict(Counter(name for name in names if name.startswith(marks)))


def measured_peak(device: torch.device, dtype: torch.dtype, n: int) -> float:
    """TFLOP/s of one product of two (n, n) matrices: the best of ten."""
    a = torch.randn(n, n, device=device, dtype=dtype)
    seconds = []
    for _ in range(10):
        _wait(device)
        start = time.perf_counter()
        a @ a
        _wait(device)
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


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def measure(
    config: TransformerConfig, b: Batch, asked: argparse.Namespace, peaks: dict[str, float | None]
) -> dict[str, Any]:
    """The race on a batch; for each contender speed, share of the peaks, memory and kernels."""
    accelerator = accelerator_for(Settings(device=asked.device))
    device = accelerator.device
    mixed = accelerator.mixed_precision != "no"
    kind = torch.bfloat16 if accelerator.mixed_precision == "bf16" else torch.float16

    def cast() -> AbstractContextManager:
        return torch.autocast(device.type, kind) if mixed else nullcontext()

    b = b.to(device)
    contenders = {n: (m.to(device), loss) for n, (m, loss) in entries(config).items()}
    with torch.no_grad(), cast():
        losses = {n: loss(m.eval(), b).item() for n, (m, loss) in contenders.items()}
    if max(losses.values()) - min(losses.values()) > (0.02 if mixed else 1e-4):
        raise SystemExit(f"the contenders differ in their loss: {losses}")
    calls = {n: step(m, loss, b, cast) for n, (m, loss) in contenders.items()}
    results: dict[str, Any] = race(calls, rounds=asked.rounds)
    work, tokens = flops(config, b), int(b.src_keep.sum()) + b.num_tokens
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
    types = {"no": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
    dtype = types[accelerator.mixed_precision]
    peaks = {
        "of the data sheet": asked.peak or _promised(accelerator.device),
        "of one large product": measured_peak(accelerator.device, dtype, asked.product),
    }
    results = {}
    for name, size in BATCHES.items():
        b = batch(config.vocabulary, *size)
        results[name] = measure(config, b, asked, peaks)
        rows, shortest, longest = size
        title = f"{name} batch, {rows} pairs of {shortest} to {longest} tokens"
        show(title, {shape(config): results[name]})
    record = {
        **environment("transformers", "accelerate"),
        "note": asked.note,
        "precision": str(dtype).removeprefix("torch."),
        "config": config.to_dict(),
        "batches": {
            n: dict(zip(("pairs", "shortest", "longest"), s, strict=True))
            for n, s in BATCHES.items()
        },
        "peaks_tflops": peaks,
        "steps": results,
    }
    print(f"\nrecorded in {write('bench-gpu', record)}")


def _promised(device: torch.device) -> float | None:
    """What the data sheet says of a device; None if this script does not know it."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else ""
    return next((peak for part, peak in PEAKS.items() if part in name), None)


if __name__ == "__main__":
    main()

"""Time and weigh one attention layer against three others on this machine.

    python -m experiments.bench_attention [--rounds 21]

All contenders have the same shapes and race in rounds; see ``race``. Prints a table and writes
results/bench-attention.json.
"""

import argparse
import os
import random
from typing import Any

os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # the profiler is used for memory alone

import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from experiments.race import Call, race, show
from experiments.record import environment, write
from mha_book import KVCache, MultiHeadAttention
from mha_book.masks import padding

SHAPES = [(32, 64, 256, 8), (8, 512, 512, 8), (1, 2048, 512, 8)]  # B, T, d_model, H
STEPS = 16  # tokens decoded in one timed call


class TorchLayer(nn.MultiheadAttention):
    """torch's own layer, without weights in its answer; its mask hides where True."""

    def forward(self, x: Tensor, keep: Tensor | None = None) -> Tensor:
        """Attend from x to x; ``keep`` is one of our padding masks."""
        hide = None if keep is None else ~keep[:, 0, 0]
        return super().forward(x, x, x, key_padding_mask=hide, need_weights=False)[0]


class Bert(nn.Module):
    """The self-attention of Hugging Face's BERT on SDPA, with an output projection."""

    def __init__(self, d_model: int, num_heads: int) -> None:
        super().__init__()
        from transformers import BertConfig
        from transformers.models.bert.modeling_bert import BertSelfAttention

        config = BertConfig(
            hidden_size=d_model, num_attention_heads=num_heads, attention_probs_dropout_prob=0.0
        )
        config._attn_implementation = "sdpa"
        self.attention = BertSelfAttention(config)
        self.dense = nn.Linear(d_model, d_model)

    def forward(self, x: Tensor) -> Tensor:
        """Attend from x to x and project."""
        return self.dense(self.attention(x)[0])


class Textbook(MultiHeadAttention):
    """The formula as it is first written down: scores, softmax, average, all in memory."""

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        """Attend from x to x."""
        B, T, _ = x.shape
        projections = (self.q_proj, self.k_proj, self.v_proj)
        q, k, v = (p(x).view(B, T, -1, self.d_head).transpose(1, 2) for p in projections)
        weights = (q @ k.mT / self.d_head**0.5).softmax(-1)
        return self.out_proj((weights @ v).transpose(1, 2).reshape(B, T, -1))


def contenders(d_model: int, num_heads: int) -> dict[str, nn.Module]:
    """The layers, ours first."""
    return {
        "mha_book": MultiHeadAttention(d_model, num_heads),
        "torch.nn.MultiheadAttention": TorchLayer(d_model, num_heads, batch_first=True),
        "transformers BertSelfAttention (sdpa)": Bert(d_model, num_heads),
        "textbook": Textbook(d_model, num_heads),
    }


def inference(layer: nn.Module, *args: Tensor, **options: Any) -> Call:
    """A forward call as in production: evaluation mode, no gradients."""

    def call() -> None:
        layer.eval()
        with torch.no_grad():
            layer(*args, **options)

    return call


def training(layer: nn.Module, x: Tensor) -> Call:
    """Forward and backward to the input and all parameters."""

    def call() -> None:
        layer.train()
        torch.autograd.grad(layer(x).sum(), [x, *layer.parameters()])

    return call


def peak_mib(call: Call) -> float:
    """The most memory that a call holds beyond what was there before, by torch's own account."""
    call()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        call()
    events = profiler.profiler.kineto_results.events()
    held = peak = 0
    for event in sorted((e for e in events if e.name() == "[memory]"), key=lambda e: e.start_ns()):
        held += event.nbytes()
        peak = max(peak, held)
    return round(peak / 2**20, 2)


def layers(rounds: int) -> dict[str, Any]:
    """All contenders at all shapes: time forward, time and memory forward and backward."""
    results = {}
    for B, T, d_model, H in SHAPES:
        torch.manual_seed(0)
        x = torch.randn(B, T, d_model, requires_grad=True)
        contestants = contenders(d_model, H)
        forward = {name: inference(layer, x.detach()) for name, layer in contestants.items()}
        both = {name: training(layer, x) for name, layer in contestants.items()}
        results[f"B={B} T={T} d_model={d_model} H={H}"] = {
            "forward": race(forward, rounds),
            "forward_backward": race(both, rounds),
            "forward_peak_mib": {name: peak_mib(call) for name, call in forward.items()},
            "forward_backward_peak_mib": {name: peak_mib(call) for name, call in both.items()},
        }
    return results


def padded(rounds: int) -> dict[str, Any]:
    """Inference under a padding mask, half of each batch's keys hidden on average."""
    results = {}
    for B, T, d_model, H in SHAPES[1:]:
        keep = padding(torch.linspace(T // 4, 3 * T // 4, B).long(), T)
        x = torch.randn(B, T, d_model)
        rivals = list(contenders(d_model, H).items())[:2]
        calls = {name: inference(layer, x, keep=keep) for name, layer in rivals}
        results[f"B={B} T={T} d_model={d_model} H={H}"] = race(calls, rounds)
    return results


def decoding(rounds: int, *, B: int = 8, T_k: int = 2048, d_model: int = 512) -> dict[str, Any]:
    """Sixteen tokens, one by one, up to T_k; with 8 query heads and 8, 2 or 1 key-value heads."""
    x = torch.randn(B, 1, d_model)
    calls = {}
    for heads in (8, 2, 1):
        layer = MultiHeadAttention(d_model, 8, num_kv_heads=heads)
        cache = KVCache(B, heads, T_k, layer.d_head)
        past = torch.randn(B, heads, T_k - STEPS, layer.d_head)
        cache.append(past, past)
        step = inference(layer, x, cache=cache)

        def call(step: Call = step, cache: KVCache = cache) -> None:
            cache.truncate(T_k - STEPS)
            for _ in range(STEPS):
                step()

        calls[f"{heads} of 8 key-value heads"] = call
    return {f"B={B} T_k={T_k} d_model={d_model}": race(calls, rounds)}


def main() -> None:
    """Measure, print and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=21)
    rounds = parser.parse_args().rounds
    random.seed(0)
    by_shape = layers(rounds)
    by_padding = padded(rounds)
    by_heads = decoding(rounds)
    for part in ("forward", "forward_backward"):
        show(f"{part}, time and ratio to ours", {s: r[part] for s, r in by_shape.items()})
    show("inference under a padding mask", by_padding)
    show(f"{STEPS} decoding steps, ratio to 8 key-value heads", by_heads)
    print("\npeak memory forward and backward, MiB")
    for shape, row in by_shape.items():
        print(f"  {shape}: {row['forward_backward_peak_mib']}")
    record = {
        **environment("transformers"),
        "rounds": rounds,
        "layers": by_shape,
        "padding": by_padding,
        "decoding": by_heads,
    }
    print(f"\nrecorded in {write('bench-attention', record)}")


if __name__ == "__main__":
    main()

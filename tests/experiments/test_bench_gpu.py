"""The benchmark for GPUs runs on a CPU too, in tiny, and counts what a counter counts."""

import json
import random
from pathlib import Path

import pytest
import torch

from experiments import bench_gpu
from experiments.steps import batch
from mha_book import Transformer, TransformerConfig
from mha_book.training.loss import TranslationLoss

SIZES = {"d_model": 12, "num_heads": 3, "d_ff": 17, "encoder_layers": 1, "decoder_layers": 2}
CONFIGS = {
    "many heads": {},
    "groups and a gate": {"num_kv_heads": 1, "activation": "swiglu", "encoder_layers": 3},
    "default d_ff": {"d_ff": None},
}


def by_formula(c: TransformerConfig, B: int, T_s: int, T: int, predicted: int) -> int:
    """Twice the multiplications of forward, and twice as many backward."""
    d, d_ff = c.d_model, c.d_ff or 4 * c.d_model
    kv = d * (c.num_kv_heads or c.num_heads) // c.num_heads
    hidden = (3 if c.activation == "swiglu" else 2) * d * d_ff
    own = 2 * d * d + 2 * d * kv
    encoder = T_s * (own + hidden) + 2 * d * T_s * T_s
    cross = T * 2 * d * d + T_s * 2 * d * kv + 2 * d * T * T_s
    decoder = T * (own + hidden) + 2 * d * T * T + cross
    layers = B * (c.encoder_layers * encoder + c.decoder_layers * decoder)
    return 6 * (layers + predicted * d * c.vocabulary)


@pytest.mark.parametrize("changes", CONFIGS.values(), ids=CONFIGS)
def test_operations_are_those_of_the_matrix_products(changes: dict):
    random.seed(0)
    config = TransformerConfig(19, **{**SIZES, **changes})
    b = batch(config.vocabulary, rows=5, shortest=3, longest=7)
    objective = TranslationLoss(Transformer(config))
    assert bench_gpu.flops(objective, b) == by_formula(config, 5, 7, 7, b.num_tokens)
    assert all(p.grad is None for p in objective.parameters())


@pytest.mark.parametrize(
    ("name", "peak"),
    [
        ("NVIDIA H200", 989.5),
        ("NVIDIA H200 NVL", None),
        ("NVIDIA H200 MIG 1g.18gb", None),
        ("NVIDIA L40S", 362.0),
        ("NVIDIA L40", None),
        ("Tesla T4", 65.0),
    ],
)
def test_a_gpu_is_known_by_its_whole_name(name: str, peak: float | None):
    assert bench_gpu.promised_peak(name) == peak


def test_kernels_are_counted_forward_and_backward():
    q = torch.randn(2, 3, 5, 8, requires_grad=True)

    def call() -> None:
        for _ in range(2):
            torch.nn.functional.scaled_dot_product_attention(q, q, q).sum().backward()

    found = bench_gpu.kernels(call)
    [forward] = [name for name in found if not name.endswith("backward")]
    assert "flash" in forward
    assert found == {forward: 2, f"{forward}_backward": 2}


@pytest.mark.filterwarnings("ignore:enable_nested_tensor is True")
def test_a_run_is_recorded(results: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bench_gpu, "BATCHES", {"full": (3, 5, 5), "padded": (3, 2, 5)})
    monkeypatch.setattr(torch, "compile", lambda module: module)  # compiles for half a minute
    sets = [part for k, v in SIZES.items() for part in ("--set", f"{k}={v}")]
    few = ["--device", "cpu", "--rounds", "2", "--product", "64", "--peak", "0.5"]
    bench_gpu.main([*few, *sets, "--set", "vocabulary=19"])
    record = json.loads((results / "bench-gpu.json").read_text())
    assert record["precision"] == "float32"
    assert record["config"]["d_model"] == 12
    assert record["peaks_tflops"]["of the data sheet"] == 0.5
    assert record["steps"].keys() == {"full", "padded"}
    for found in record["steps"].values():
        assert next(iter(found)) == "mha_book"
        assert found["mha_book"]["ratio_to_ours"] == 1.0
        assert len(found) == 5
        for row in found.values():
            assert row["tokens_per_second"] > 0
            assert row["step_memory_mib"] is None
            assert sum(row["attention"].values()) >= 5

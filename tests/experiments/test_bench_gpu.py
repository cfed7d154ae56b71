"""The benchmark for GPUs runs on a CPU too, in tiny, and counts what a counter counts."""

import json
import random
from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from experiments import bench_gpu
from experiments.contestants import explicit
from mha_book import Transformer, TransformerConfig
from mha_book.training.loss import TranslationLoss

SIZES = {"d_model": 12, "num_heads": 3, "d_ff": 17, "encoder_layers": 1, "decoder_layers": 2}
CONFIGS = {
    "many heads": {},
    "groups and a gate": {"num_kv_heads": 1, "activation": "swiglu", "encoder_layers": 3},
    "default d_ff": {"d_ff": None},
}


@pytest.mark.parametrize("changes", CONFIGS.values(), ids=CONFIGS)
def test_operations_are_those_of_the_matrix_products(changes: dict):
    random.seed(0)
    config = TransformerConfig(19, **{**SIZES, **changes})
    b = bench_gpu.batch(config.vocabulary, rows=5, shortest=3, longest=7)
    model = Transformer(config).eval()
    model = model if config.num_kv_heads else explicit(model)
    with (
        FlopCounterMode(display=False) as counter,
        torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH),
    ):
        TranslationLoss(model)(b).backward()
    assert bench_gpu.flops(config, b) == counter.get_total_flops()


def test_a_batch_is_as_long_as_its_longest_pair():
    b = bench_gpu.batch(19, rows=11, shortest=3, longest=7)
    assert b.src.shape == b.tgt_in.shape == (11, 7)
    assert 3 <= b.src_keep.sum(dim=1).min() <= b.src_keep.sum(dim=1).max() == 7
    full = bench_gpu.batch(19, rows=11, shortest=7, longest=7)
    assert full.src_keep.all()


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


@pytest.mark.filterwarnings("ignore:enable_nested_tensor is True")
def test_contenders_that_disagree_are_no_contenders(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch, "compile", lambda module: module)
    monkeypatch.setattr(bench_gpu, "torchs", lambda model, b: torch.zeros(()))
    monkeypatch.setattr(bench_gpu, "BATCHES", {"full": (3, 5, 5)})
    sets = [part for k, v in SIZES.items() for part in ("--set", f"{k}={v}")]
    with pytest.raises(SystemExit, match="differ in their loss"):
        bench_gpu.main(["--device", "cpu", "--product", "64", *sets, "--set", "vocabulary=19"])

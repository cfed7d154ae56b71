"""Two processes that share each batch come to the weights of one that has it to itself."""

import multiprocessing
import os
import socket
from pathlib import Path

import pytest
import torch
from safetensors.torch import load

from mha_book.training import Journal, Output, train
from tests.training.cases import model, pairs, settings

CONTEXT = multiprocessing.get_context("forkserver")
PAIRS = [
    *pairs(),
    ([4] * 50, [5] * 40),
]  # the long one is a batch by itself: nothing for the second


def run(folder: Path, **changes: object) -> None:
    chosen = settings(**{"steps": 20, "max_tokens": 100, **changes})
    net = model(dropout=0.0).double()
    train(net, PAIRS, chosen, output=Output(folder, resume=True), evaluate=dict, quiet=True)


def work(rank: int, port: int, folder: Path, changes: dict[str, object]) -> None:
    os.environ |= {
        **{"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"},
        **{"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"},
    }
    torch.set_num_threads(1)
    run(folder, **changes)
    assert torch.distributed.get_world_size() == 2
    torch.distributed.destroy_process_group()


def run_two(folder: Path, **changes: object) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    CONTEXT.set_forkserver_preload(["tests.training.test_processes", "torch._dynamo"])
    processes = [CONTEXT.Process(target=work, args=(i, port, folder, changes)) for i in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout=180)
        process.kill()
    assert [process.exitcode for process in processes] == [0, 0]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    checkpoints = Output(folder, resume=True).checkpoints
    return load(checkpoints.read(checkpoints.latest())["model.safetensors"])


def near(one: Path, other: Path) -> None:
    """Sums in another order differ by rounding, of 1e-16 here; Adam divides by what may be small.

    The gradient of a key's bias is zero but for rounding, so there it divides by eps, 1e-9.
    """
    expected = weights(other)
    torch.testing.assert_close(weights(one), expected, rtol=0, atol=1e-8)
    for name, fresh in model().double().named_parameters():
        moved = (expected[name] - fresh).abs().max() > 1e-3
        assert moved != name.endswith("k_proj.bias"), name


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("alone")
    run(folder)
    return folder


def test_two_processes_equal_one_with_the_joined_batch(tmp_path, alone):
    run_two(tmp_path, evaluate_every=7)
    near(tmp_path, alone)
    mine, theirs = (Journal(f / "metrics.jsonl", resume=99) for f in (tmp_path, alone))
    assert [r["step"] for r in mine.of("evaluate")] == [7, 14, 20]
    for one, other in zip(mine.of("train")[-1:], theirs.of("train")[-1:], strict=True):
        for name in ("step", "loss", "padding", "lr"):
            assert one[name] == pytest.approx(other[name], rel=1e-9), name


def test_two_processes_go_on_where_one_ended(tmp_path, alone):
    run(tmp_path, steps=9)
    run_two(tmp_path)
    near(tmp_path, alone)


def test_two_processes_end_at_the_same_step(tmp_path):
    run_two(tmp_path, steps=100_000, max_seconds=0.2, log_every=3)
    [end] = Journal(tmp_path / "metrics.jsonl", resume=100_000).of("end")
    assert end["reason"] == "seconds"
    assert end["step"] % 3 == 0

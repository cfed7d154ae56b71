"""Devices are found or refused by name, and processes share a batch without loss."""

import pytest
import torch

from mha_book.data.batches import Batch
from mha_book.data.special import PAD
from mha_book.training import devices
from mha_book.training.devices import accelerator_for, largest, reseed, share
from tests.builders import says
from tests.training.cases import pairs, settings


class Process:
    """What a process of several knows of itself; gathers what it is told the others have."""

    device = torch.device("cpu")

    def __init__(self, index: int, number: int, others: tuple[list[float], ...] = ()) -> None:
        self.process_index, self.num_processes, self.others = index, number, others

    def gather(self, mine: torch.Tensor) -> torch.Tensor:
        return torch.cat([mine, torch.tensor(self.others)])


@pytest.mark.parametrize(("precision", "name"), [("float32", "no"), ("auto", "no")])
def test_a_device_is_chosen(precision, name):
    accelerator = accelerator_for(settings(precision=precision))
    assert accelerator.device.type == "cpu"
    assert accelerator.mixed_precision == name


def test_precision_may_change_within_a_process():
    names = [accelerator_for(settings(precision=p)).mixed_precision for p in ("bf16", "float32")]
    assert names == ["bf16", "no"]


@pytest.mark.parametrize(
    ("cuda", "bf16", "expected"),
    [(True, True, "bf16"), (True, False, "fp16"), (False, False, "float32")],
)
def test_precision_is_what_the_device_is_good_at(monkeypatch, cuda, bf16, expected):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: bf16)
    device = torch.device("cuda" if cuda else "cpu")
    assert devices._precision(device) == expected


@pytest.mark.parametrize(
    ("there", "name", "expected"),
    [
        ({"cuda": True, "mps": True}, "auto", "cuda"),
        ({"cuda": False, "mps": True}, "auto", "mps"),
        ({"cuda": False, "mps": False}, "auto", "cpu"),
        ({"cuda": True, "mps": False}, "cpu", "cpu"),
        ({"cuda": True, "mps": False}, "cuda:1", "cuda:1"),
    ],
)
def test_the_fastest_device_is_taken(monkeypatch, there, name, expected):
    chosen = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there["cuda"])
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    monkeypatch.setattr(torch.xpu, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: there["mps"])
    monkeypatch.delenv("ACCELERATE_USE_CPU", raising=False)
    assert devices.device_of(name) == torch.device(expected)
    assert chosen == ([torch.device("cuda:1")] if name == "cuda:1" else [])


def test_the_launcher_may_ask_for_the_cpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    assert devices.device_of("auto") == torch.device("cpu")


def test_a_device_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    message = "device='cuda' is not available here; there is cpu"
    says(lambda: accelerator_for(settings(device="cuda")), ValueError, message)
    with pytest.raises(ValueError, match="device='toaster' is no device: Expected one of cpu"):
        accelerator_for(settings(device="toaster"))


def test_a_precision_that_is_not_there_is_refused():
    message = "precision='fp16' needs a GPU; a CPU computes in bf16 or float32"
    says(lambda: accelerator_for(settings(precision="fp16")), ValueError, message)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_processes_share_the_rows_of_a_batch(number):
    batch = Batch.of(pairs(7))
    parts = [share(batch, Process(index, number)) for index in range(number)]
    assert sorted(row for part in parts for row in part.indices) == list(range(7))
    assert sum(part.num_tokens for part in parts) == batch.num_tokens
    for part in parts:
        rows = list(part.indices)
        assert torch.equal(part.src, batch.src[rows])
        assert torch.equal(part.src_keep, batch.src_keep[rows])
        assert torch.equal(part.tgt_in, batch.tgt_in[rows])
        assert torch.equal(part.tgt_out, batch.tgt_out[rows])


def test_a_process_without_a_row_has_nothing_to_predict():
    batch = Batch.of(pairs(2))
    idle = share(batch, Process(2, 3))
    assert idle.src.shape[0] == 1
    assert (idle.tgt_out == PAD).all()
    assert batch.num_tokens > 0


def test_the_largest_number_is_what_all_agree_on():
    assert largest(Process(0, 1), [2.5, 0.0]) == [2.5, 0.0]
    assert largest(Process(0, 3, ([3.0, 0.0], [1.0, 15.0])), [2.5, 0.0]) == [3.0, 15.0]


def test_chance_depends_on_seed_step_and_process_alone():
    def drawn(*key: int) -> list[float]:
        reseed(*key)
        return torch.rand(3).tolist()

    keys = [(0, 1, 0), (1, 1, 0), (0, 2, 0), (0, 1, 1), (1, 11, 0), (11, 1, 0)]
    first = [drawn(*key) for key in keys]
    torch.rand(17)
    assert [drawn(*key) for key in keys] == first
    assert len({tuple(numbers) for numbers in first}) == len(keys)


def test_other_devices_compute_in_single_precision():
    assert devices._precision(torch.device("mps")) == "float32"

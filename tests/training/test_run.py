"""What one of several processes does between the steps, seen from inside."""

import signal
from pathlib import Path

import pytest
import torch

from mha_book.data.batches import Batch, State
from mha_book.training import Output, adam
from mha_book.training.run import Run
from tests.training.cases import model, pairs, settings

BATCH = Batch.of(pairs(5))


class Second:
    """The second of two processes; the first says what is in ``first``."""

    num_processes, process_index, is_main_process = 2, 1, False
    scaler, device = None, torch.device("cpu")

    def __init__(self) -> None:
        self.first, self.waits = [0.0, 0.0], 0

    def gather(self, mine: torch.Tensor) -> torch.Tensor:
        return torch.cat([mine, torch.tensor([self.first])])

    def reduce(self, mine: torch.Tensor) -> torch.Tensor:
        return 2 * mine

    def wait_for_everyone(self) -> None:
        self.waits += 1


def second(output: Output | None = None, **changes: object) -> Run:
    net, chosen = model(), settings(steps=20, log_every=4, **changes)

    def evaluate() -> dict[str, float]:
        raise AssertionError("only the first process evaluates")

    return Run(Second(), net, adam(net, chosen), chosen, output, evaluate, quiet=False)


def steps(run: Run, number: int) -> list[bool]:
    loss = torch.tensor(1.5)
    return [run.ends(i, State(0, i), BATCH, loss, loss) for i in range(1, number + 1)]


def test_it_writes_no_file_and_waits_for_the_one_that_does(tmp_path: Path, capsys):
    with second(Output(tmp_path), evaluate_every=4, save_every=6) as run:
        assert steps(run, 20) == [False] * 19 + [True]
        assert run.accelerator.waits == len({4, 6, 8, 12, 16, 18, 20})
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().err == ""
    assert [r["loss"] for r in run.journal.of("train")] == [3.0] * 7  # both parts of each loss
    assert run.journal.of("end")[0]["reason"] == "steps"


@pytest.mark.parametrize(
    ("first", "reason"), [([9.0, 0.0], "seconds"), ([0.0, float(signal.SIGINT)], "interrupt")]
)
def test_it_ends_with_the_first_when_metrics_are_due(first, reason):
    with second(max_seconds=8.0) as run:
        run.accelerator.first = first
        assert steps(run, 4) == [False, False, False, True]
    assert run.journal.of("end")[0]["reason"] == reason


def test_its_own_interrupt_ends_both():
    with second() as run:
        signal.raise_signal(signal.SIGINT)
        assert steps(run, 4) == [False, False, False, True]
    assert run.journal.of("end")[0]["reason"] == "interrupt"


def test_what_comes_first_is_the_reason():
    with second(max_seconds=8.0) as run:
        run.accelerator.first = [9.0, float(signal.SIGTERM)]
        assert steps(run, 4)[-1]
    assert run.journal.of("end")[0]["reason"] == "interrupt"

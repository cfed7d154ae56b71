"""What is done between the steps of training: look at metrics, evaluate, save, decide to end."""

import math
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor
from tqdm.auto import tqdm

from mha_book.data.batches import Batch, State
from mha_book.training.devices import largest
from mha_book.training.interrupt import interruptible
from mha_book.training.journal import Journal
from mha_book.training.output import Output
from mha_book.training.progress import Clock, Progress
from mha_book.training.settings import Settings
from mha_book.training.snapshot import pack, unpack
from mha_book.training.window import TrainingError, Window
from mha_book.transformer import Transformer

__all__ = ["Evaluate", "Run"]

#: Scores of a model by name. The best checkpoint has the largest "bleu", without that the smallest
#: "valid_loss".
Evaluate = Callable[[], Mapping[str, Any]]


class Run:
    """All of a training run but its steps, of which the loop asks where to begin and when to end.

    With several processes, all of them pass through here in step; one of them evaluates and saves.

    Args:
        accelerator: device and processes.
        model: the model itself, whatever wraps it.
        optimiser: its optimiser.
        settings: how often to do what.
        output: where to leave metrics and checkpoints, and where to go on; None for memory.
        evaluate: gives scores of the model.
        quiet: whether to show no progress bar.
    """

    def __init__(
        self,
        accelerator: Accelerator,
        model: Transformer,
        optimiser: torch.optim.Optimizer,
        settings: Settings,
        output: Output | None,
        evaluate: Evaluate | None,
        quiet: bool,
    ) -> None:
        self.accelerator, self.model, self.optimiser = accelerator, model, optimiser
        self.settings, self.output, self.evaluate = settings, output, evaluate
        self.main, self.progress = accelerator.is_main_process, Progress()
        if output is not None and output.start is not None:
            files = output.checkpoints.read(output.start)
            self.progress = unpack(files, model, optimiser, accelerator.scaler, settings)
        self.journal = Journal()
        if output is not None and self.main:
            self.journal = output.journal(settings, self.progress.step)
        self.clock, self.window = Clock(self.progress.seconds), Window(self.progress.seconds)
        self.marks = [t for t in settings.evaluate_at if t > self.progress.seconds]
        self.quiet = quiet or not self.main

    def __enter__(self) -> "Run":
        self._stack = ExitStack()
        self.interrupt = self._stack.enter_context(interruptible())
        self._stack.enter_context(self.journal)
        done, steps = self.progress.step, self.settings.steps
        bar = tqdm(initial=done, total=steps, unit="step", disable=self.quiet)
        self.bar = self._stack.enter_context(bar)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()
        self.model.eval()

    def steps(self) -> range:
        """The numbers of the steps to be made."""
        return range(self.progress.step + 1, self.settings.steps + 1)

    def ends(self, step: int, position: State, batch: Batch, loss: Tensor, norm: Tensor) -> bool:
        """Take account of a step; whether it was the last.

        Args:
            step: its number.
            position: where the batches go on.
            batch: the whole batch.
            loss: this process's part of the loss.
            norm: length of the gradient.

        Raises:
            TrainingError: a loss is no number, or infinite.
            CheckpointError: a checkpoint could not be written.
        """
        self.window.add(batch, loss, norm)
        self.bar.update()
        self.progress = Progress(step, position, self.clock.seconds)
        reason, marked = self._decide(step)
        settings = self.settings
        evaluates = self.evaluate is not None and (
            marked or _due(step, settings.evaluate_every) or reason in ("steps", "seconds")
        )
        saves = self.output is not None and (
            evaluates or _due(step, settings.save_every) or reason is not None
        )
        if evaluates or saves or reason is not None or _due(step, settings.log_every):
            self._log()
        if evaluates or saves:
            with self.clock.paused():
                score = self._scored() if evaluates else None
                if saves:
                    self._save(score)
                self.accelerator.wait_for_everyone()
        if reason is not None:
            self.journal.write("end", step=step, reason=reason, seconds=self.progress.seconds)
        return reason is not None

    def _decide(self, step: int) -> tuple[str | None, bool]:
        """Why to end here, or None; and whether a time at which to evaluate has come.

        Several processes have to agree, and do so when the metrics are due.
        """
        reason = "steps" if step == self.settings.steps else None
        if self.accelerator.num_processes > 1 and not _due(step, self.settings.log_every):
            return reason, False
        mine = [self.clock.seconds, float(self.interrupt.signal)]
        seconds, signal = largest(self.accelerator, mine)
        left = [mark for mark in self.marks if mark > seconds]
        marked, self.marks = len(left) < len(self.marks), left
        if signal:
            reason = reason or "interrupt"
        if seconds >= (self.settings.max_seconds or math.inf):
            reason = reason or "seconds"
        return reason, marked

    def _log(self) -> None:
        """Write down metrics; an impossible loss ends training here, before anything is saved."""
        step, epoch = self.progress.step, self.progress.position.epoch
        try:
            metrics = self.window.metrics(self.accelerator, step, self.clock.seconds)
        except TrainingError as error:
            hint = "a lower peak_lr or a longer warmup may help"
            raise TrainingError(f"{error}: {hint}; {self._left()}") from error
        rate = self.settings.learning_rate(step)
        self.journal.write("train", step=step, epoch=epoch, lr=rate, **metrics)
        self.bar.set_postfix(loss=f"{metrics['loss']:.3f}", refresh=False)
        self.window = Window(self.clock.seconds)

    def _scored(self) -> float | None:
        """Evaluate the model; the number by which checkpoints are compared."""
        if not self.main or self.evaluate is None:
            return None
        self.model.eval()
        with torch.no_grad():
            scores = self.evaluate()
        self.model.train()
        now = {"step": self.progress.step, "seconds": self.progress.seconds}
        self.journal.write("evaluate", **now, **scores)
        score: float | None = scores.get("bleu")
        return -scores["valid_loss"] if score is None and "valid_loss" in scores else score

    def _save(self, score: float | None) -> None:
        if self.main and self.output is not None:
            parts = self.model, self.optimiser, self.accelerator.scaler
            files = pack(*parts, self.progress, self.settings)
            path = self.output.checkpoints.save(self.progress.step, files, score)
            self.journal.write("save", step=self.progress.step, checkpoint=path.name)

    def _left(self) -> str:
        found = [] if self.output is None else self.output.checkpoints.all()
        return f"the checkpoint {found[-1]} is left" if found else "nothing was saved before"


def _due(step: int, every: int | None) -> bool:
    return every is not None and step % every == 0

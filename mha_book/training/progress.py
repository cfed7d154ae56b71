"""How far a run has come, and how long it took."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from mha_book.data.batches import State

__all__ = ["Clock", "Progress"]


@dataclass(frozen=True)
class Progress:
    """How far a run has come.

    Attributes:
        step: number of steps made.
        position: the batch that comes next.
        seconds: time that went into steps.

    >>> Progress.from_dict(Progress(7, State(1, 2), 3.5).to_dict()).position
    State(epoch=1, batch=2)
    """

    step: int = 0
    position: State = State()  # noqa: RUF009 - a tuple, which nobody can change
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """The values by name, ready for ``json.dumps``."""
        return {"step": self.step, **self.position._asdict(), "seconds": self.seconds}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Progress":
        """What :meth:`to_dict` returned."""
        return cls(values["step"], State(values["epoch"], values["batch"]), values["seconds"])


class Clock:
    """Seconds of work, without the pauses.

    >>> clock = Clock(seconds=60.0)
    >>> with clock.paused():
    ...     time.sleep(0.1)
    >>> 60.0 < clock.seconds < 60.1
    True
    """

    def __init__(self, seconds: float = 0.0) -> None:
        self._start = time.perf_counter() - seconds

    @property
    def seconds(self) -> float:
        """The time that has passed."""
        return time.perf_counter() - self._start

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stop the clock for what is done inside."""
        before = self.seconds
        try:
            yield
        finally:
            self._start = time.perf_counter() - before

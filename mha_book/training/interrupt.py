"""Ending a run when it is asked to end, but never in the middle of a step."""

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Interrupt", "interruptible"]

_log = logging.getLogger(__name__)


class Interrupt:
    """Whether somebody asked to stop, and how: the number of the signal, or 0."""

    def __init__(self) -> None:
        self.signal = 0

    def __bool__(self) -> bool:
        return self.signal != 0

    def note(self, number: int, frame: FrameType | None) -> None:
        """Remember the first request; the second ends everything at once."""
        if self:
            raise KeyboardInterrupt
        self.signal = number
        _log.warning("this run ends after the step at hand; asked again, at once")


@contextmanager
def interruptible() -> Iterator[Interrupt]:
    """Ctrl-C, or the signal by which a cluster ends a job, becomes a wish that the loop reads.

    Pressed twice, Ctrl-C acts at once, as usual. Outside of the main thread signals cannot be had,
    so there nothing changes.

    >>> with interruptible() as interrupt:
    ...     signal.raise_signal(signal.SIGINT)
    ...     bool(interrupt)
    True
    """
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, interrupt.note) for number in signals}
    try:
        yield interrupt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

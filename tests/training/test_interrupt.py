"""A request to stop is noted once, obeyed at once the second time, and leaves nothing behind."""

import signal
import threading

import pytest

from mha_book.training.interrupt import interruptible


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_becomes_a_wish(number, caplog):
    before = signal.getsignal(number)
    with interruptible() as interrupt:
        assert not interrupt
        signal.raise_signal(number)
        assert interrupt
        assert interrupt.signal == number
        assert caplog.messages == ["this run ends after the step at hand; asked again, at once"]
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    assert signal.getsignal(number) is before


def test_handlers_come_back_after_an_error():
    before = signal.getsignal(signal.SIGINT)

    def fail() -> None:
        with interruptible():
            raise RuntimeError("away")

    with pytest.raises(RuntimeError):
        fail()
    assert signal.getsignal(signal.SIGINT) is before


def test_another_thread_cannot_be_interrupted():
    seen = []

    def work() -> None:
        with interruptible() as interrupt:
            seen.append((bool(interrupt), signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(False, signal.getsignal(signal.SIGINT))]

"""A race between calls that do the same: within a round in a random order, time against time.

A drift of the machine's speed hits all alike; the figures are medians over the rounds, of each
call's time and of its ratio to the first call's time in the same round. On a machine that is busy
with other work, count the processor's time, and let torch have one thread.
"""

import random
import statistics
import time
from collections.abc import Callable
from typing import Any

__all__ = ["CLOCKS", "Call", "race", "show"]

Call = Callable[[], Any]
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}


def race(calls: dict[str, Call], rounds: int, clock: str = "wall") -> dict[str, dict[str, float]]:
    """Median milliseconds of each call and median ratio to the first one within a round."""
    names, now = list(calls), CLOCKS[clock]
    for name in names * 2:
        calls[name]()
    times: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in random.sample(names, len(names)):
            start = now()
            calls[name]()
            times[name].append(1e3 * (now() - start))
    ours = times[names[0]]
    return {
        name: {
            "ms": round(statistics.median(times[name]), 3),
            "ratio_to_ours": round(
                statistics.median(t / o for t, o in zip(times[name], ours, strict=True)), 3
            ),
        }
        for name in names
    }


def show(title: str, results: dict[str, Any]) -> None:
    """Print one part as a table, at once."""
    print(f"\n{title}")
    for shape, row in results.items():
        print(f"  {shape}")
        for name, figures in row.items():
            numbers = f"{figures['ms']:9.2f} ms  {figures['ratio_to_ours']:6.2f} x ours"
            print(f"    {name:56s} {numbers}", flush=True)

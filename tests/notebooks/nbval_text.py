"""A plugin for pytest: nbval compares all that notebooks store, and they store no pictures."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

PICTURES = ("image/svg+xml", "image/png", "image/jpeg")


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Path, parent: Any) -> Generator[None, Any, Any]:
    """Let nbval pass over the kinds of output that are left out of notebooks."""
    found = yield
    for collector in found:
        if hasattr(collector, "skip_compare"):
            collector.skip_compare += PICTURES
    return found

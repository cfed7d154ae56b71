"""What every record of a measurement holds besides its numbers: command, versions, hardware."""

import json
import os
import platform
import shlex
import sys
import tempfile
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

RESULTS = Path(__file__).resolve().parent.parent / "results"


def environment(*packages: str) -> dict[str, Any]:
    """Command, date, versions and hardware of this run."""
    return {
        "command": shlex.join(["python", *sys.orig_argv[1:]]),
        "date": datetime.now(timezone.utc).date().isoformat(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("torch", *packages)},
        "hardware": {
            "processor": _processor(),
            "threads": torch.get_num_threads(),
            "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        },
    }


def write(name: str, record: dict[str, Any]) -> Path:
    """Write ``results/<name>.json`` whole or not at all, and return its path."""
    text = json.dumps(record, indent=2, allow_nan=False)
    RESULTS.mkdir(exist_ok=True)
    target = RESULTS / f"{name}.json"
    with tempfile.NamedTemporaryFile("w", dir=RESULTS, delete=False, encoding="utf8") as file:
        file.write(f"{text}\n")
    Path(file.name).chmod(0o644)
    Path(file.name).replace(target)
    return target


def _processor() -> str:
    """The processor's name as the system tells it, and how many of them there are."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        name = names[0].split(":", 1)[1].strip() if names else name
    return f"{name}, {os.cpu_count()} logical cores"

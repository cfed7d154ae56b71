"""The wheel of the package, for readers who have no repository to install it from.

    python -m tools.notebooks.wheel FOLDER

The same sources give the same bytes, and nothing is left in the checkout.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EPOCH = "1704067200"  # the date of every file in the wheel: 2024-01-01


def build_wheel(folder: Path) -> Path:
    """Build the wheel into a folder, made if need be, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".wheel-") as work:
        target = Path(work).resolve()
        done = subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", target],
            cwd=ROOT,
            env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"the wheel was not built: {done.stderr.strip()}")
        (wheel,) = Path(work).glob("*.whl")
        return wheel.replace(folder / wheel.name)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tools.notebooks.wheel FOLDER")
    print(build_wheel(Path(sys.argv[1])))

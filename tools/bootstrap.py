"""Prepare the virtual environment .venv, with nothing but the Python that runs this file.

    python3 tools/bootstrap.py requirements.txt

Installs the given requirements and this package, unless that was done before for the same files.
Whatever goes wrong is said in one line, with a non-zero exit.
"""

import hashlib
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
VENV = os.path.join(ROOT, ".venv")  # noqa: PTH118
OLDEST = (3, 11)


def fail(message):
    """Say what is wrong in one line and stop."""
    sys.stderr.write("error: %s\n" % message)  # noqa: UP031
    sys.exit(1)


if sys.version_info < OLDEST:  # before anything that an old Python could not parse or import
    fail(
        "the book needs Python %d.%d or newer, this is %s; set PYTHON=... to another one"  # noqa: UP031
        % (OLDEST[0], OLDEST[1], sys.version.split()[0])
    )

from pathlib import Path  # noqa: E402

FILES = ("requirements.txt", "requirements-dev.txt", "constraints.txt", "pyproject.toml")


def state(requirements: str) -> str:
    """What the environment depends on, as one digest."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {requirements}".encode())
    for name in FILES:
        digest.update(Path(ROOT, name).read_bytes())
    return digest.hexdigest()


def run(command: list[str], problem: str) -> None:
    """Run a command quietly; on failure show its last error line and ours."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR")] or lines
        detail = errors[-1].removeprefix("ERROR: ") if errors else f"exit {done.returncode}"
        fail(f"{problem} ({detail.strip()})")


def make_venv() -> Path:
    """Create .venv if it is not there and return its Python."""
    python = Path(VENV, "bin", "python")
    works = (
        python.exists()
        and not subprocess.run(
            [python, "-c", "import pip"], capture_output=True, check=False
        ).returncode
    )
    if not works:
        shutil.rmtree(VENV, ignore_errors=True)
        run(
            [sys.executable, "-m", "venv", VENV],
            "cannot create a virtual environment; on Debian or Ubuntu install python3-venv",
        )
    return python


def install(requirements: str) -> None:
    """Install the requirements and this package into .venv, once for each state of the files."""
    stamp = Path(VENV, f".{Path(requirements).stem}-ready")
    wanted = state(requirements)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    python = make_venv()
    print(f"installing {requirements} into .venv (some minutes the first time) …", flush=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, "-r", requirements], f"cannot install {requirements}; is there a network?")
    run([*pip, "--no-deps", "--editable", "."], "cannot install the package; is there a network?")
    stamp.write_text(wanted)


def lock() -> None:
    """Write the versions of everything installed, except torch, whose builds differ by machine."""
    frozen = subprocess.run(
        [Path(VENV, "bin", "python"), "-m", "pip", "freeze", "--exclude-editable"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    pins = [line for line in frozen if "==" in line and not line.startswith("torch==")]
    header = "# Versions that worked together; renewed by `make lock`. Constraints install nothing."
    Path(ROOT, "constraints.txt").write_text("\n".join([header, *pins]) + "\n")


if __name__ == "__main__":
    if sys.argv[1:] == ["--lock"]:
        lock()
    elif len(sys.argv) == 2 and Path(ROOT, sys.argv[1]).is_file():
        install(sys.argv[1])
    else:
        fail("usage: python3 tools/bootstrap.py requirements.txt | --lock")

"""An environment with the packages that Google Colab has, and neither the book nor its package.

Made once for each list of packages and each Python, in _build/colab, then copied by hard links for
every use, so that what a notebook installs is forgotten again.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / "_build" / "colab"
# What Colab pins, for its front end is tied to it.
PINNED = ("ipykernel==6.17.1", "ipython==7.34.0", "ipywidgets==7.7.1")
PYTHON = "3.12"
ISOLATED = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "MPLBACKEND"}


@dataclass(frozen=True)
class Environment:
    """A folder with a Python of its own and the versions of what was in it at first."""

    folder: Path
    versions: dict[str, str]

    @property
    def python(self) -> Path:
        """The Python to run."""
        return self.folder / "bin" / "python"

    def variables(self, home: Path) -> dict[str, str]:
        """The variables of a process in it, which finds nothing of the environment outside."""
        kept = {name: value for name, value in os.environ.items() if name not in ISOLATED}
        path = os.pathsep.join([str(self.folder / "bin"), kept.get("PATH", "")])
        return kept | {"PATH": path, "IPYTHONDIR": str(home / "ipython"), "PYTHONNOUSERSITE": "1"}


def requirements() -> list[str]:
    """The packages: Colab's pins, PyTorch as the book has it, the newest NumPy, and pytest."""
    pins = [
        line
        for name in ("requirements.txt", "requirements-dev.txt")
        for line in (ROOT / name).read_text(encoding="utf8").splitlines()
        if line.startswith(("torch==", "pytest=="))
    ]
    return [*PINNED, "numpy", *pins]


def interpreter(version: str = PYTHON) -> Path | None:
    """A Python of this version that runs, on the path or among pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    found = shutil.which(f"python{version}")
    candidates = [Path(found)] if found else []
    for path in [*candidates, *sorted(pyenv.glob(f"{version}.*/bin/python"), reverse=True)]:
        ask = [path, "-c", "import sys; print('%d.%d' % sys.version_info[:2], sys.executable)"]
        done = subprocess.run(ask, capture_output=True, text=True, check=False)
        if not done.returncode and done.stdout.startswith(f"{version} "):
            return Path(done.stdout.split(" ", 1)[1].strip())
    return None


def prepare(python: Path = Path(sys.executable)) -> Environment:
    """The environment of this Python, made if there is none yet."""
    wanted = requirements()
    version = subprocess.run([python, "-VV"], capture_output=True, text=True, check=True).stdout
    digest = hashlib.sha256("\n".join([version, *wanted]).encode()).hexdigest()[:12]
    folder = CACHE / digest / "base"
    stamp = folder / "versions.json"
    if not stamp.exists():
        shutil.rmtree(folder, ignore_errors=True)
        print(f"making an environment as Colab has it, with {version.split()[1]} …", flush=True)
        subprocess.run([python, "-m", "venv", folder], check=True)
        pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, *wanted], check=True)
        stamp.write_text(json.dumps(installed(folder / "bin" / "python")), encoding="utf8")
    return Environment(folder, json.loads(stamp.read_text(encoding="utf8")))


def installed(python: Path) -> dict[str, str]:
    """Name and version of every package that a Python has."""
    command = [python, "-m", "pip", "list", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {package["name"]: package["version"] for package in json.loads(done.stdout)}


@contextmanager
def fresh(base: Environment) -> Iterator[Environment]:
    """A copy of an environment, for one use."""
    with tempfile.TemporaryDirectory(dir=base.folder.parent, prefix="use-") as name:
        folder = Path(name, "environment")
        shutil.copytree(base.folder, folder, symlinks=True, copy_function=os.link)
        yield Environment(folder, base.versions)

"""Folders of files that are whole or not there at all, however a program ends.

A checkpoint is written under another name, forced to disk, and renamed only then; renaming is one
step for the file system. It holds the SHA-256 of each of its files, so one that was damaged later
is recognised before anything is believed.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["CheckpointError", "Checkpoints", "read", "write"]

_ABOUT = "about.json"
_MANIFEST = "manifest.json"  # the last file to be written


class CheckpointError(RuntimeError):
    """A checkpoint cannot be written or read; the message says which, why, and what is left."""


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder with these files: all of them or, after an error, none.

    Raises:
        CheckpointError: the disk is full, or writing fails in another way.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as place:
    ...     write(Path(place, "one"), {"a.txt": b"first"})
    ...     read(Path(place, "one"))
    {'a.txt': b'first'}
    """
    part = folder.with_name(f".{folder.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        for name, data in files.items():
            _write(part / name, data)
        sums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
        _write(part / _MANIFEST, json.dumps(sums, indent=2).encode())
        _sync(part)
        part.rename(folder)
        _sync(folder.parent)
    except OSError as error:
        raise CheckpointError(f"{folder} cannot be written: {error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def read(folder: Path) -> dict[str, bytes]:
    """The files of a folder that :func:`write` made, each compared with its SHA-256.

    Raises:
        CheckpointError: there is no checkpoint, or a file is missing or damaged.
    """
    if not folder.is_dir():
        raise CheckpointError(f"{folder} is no folder, expected a checkpoint")
    try:
        sums = json.loads((folder / _MANIFEST).read_bytes())
        if not isinstance(sums, dict) or any(Path(name).name != name for name in sums):
            raise ValueError(f"{_MANIFEST} names no files of this folder")
        files = {name: (folder / name).read_bytes() for name in sums}
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{folder} is no whole checkpoint: {error}") from error
    for name, data in files.items():
        if hashlib.sha256(data).hexdigest() != sums[name]:
            raise CheckpointError(
                f"{folder / name} is truncated or damaged: {len(data)} bytes whose SHA-256 is not "
                f"that in {_MANIFEST}"
            )
    return files


@dataclass
class Checkpoints:
    """The checkpoints of a run: the last few, and the one with the best score.

    Attributes:
        folder: where they are, one folder to a step.
        keep: how many of the last are kept.
        extra: files that are the same in all of them.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as place:
    ...     checkpoints = Checkpoints(Path(place), keep=1)
    ...     for step, score in enumerate([0.1, 0.9, 0.5, 0.3], start=1):
    ...         _ = checkpoints.save(step, {}, score)
    ...     [path.name for path in checkpoints.all()], checkpoints.best().name
    (['step-00000002', 'step-00000004'], 'step-00000002')
    """

    folder: Path
    keep: int = 2
    extra: Mapping[str, bytes] = field(default_factory=dict)

    def save(self, step: int, files: Mapping[str, bytes], score: float | None = None) -> Path:
        """Write the checkpoint of a step, then remove those that are no longer wanted.

        Raises:
            CheckpointError: it cannot be written. All that were there before are still there.
        """
        path = self.folder / f"step-{step:08d}"
        about = json.dumps({"step": step, "score": score}).encode()
        if not path.exists():  # else it was written when training had come to the same step
            with self._explained():
                write(path, {**self.extra, **files, _ABOUT: about})
        self._prune()
        return path

    def all(self) -> list[Path]:
        """All checkpoints in order."""
        return sorted(path for path in self.folder.glob("step-*") if path.is_dir())

    def latest(self) -> Path:
        """The last checkpoint.

        Raises:
            CheckpointError: there is none.
        """
        if not (found := self.all()):
            raise CheckpointError(f"there is no checkpoint in {self.folder}")
        return found[-1]

    def best(self) -> Path:
        """The checkpoint with the largest score; the last one if none has a score.

        Raises:
            CheckpointError: there is none, or one is damaged.
        """
        scores = {path: score for path in self.all() if (score := _score(path)) is not None}
        return max(scores, key=lambda path: (scores[path], path)) if scores else self.latest()

    def read(self, path: Path) -> dict[str, bytes]:
        """The files of one of the checkpoints.

        Raises:
            CheckpointError: it is damaged; the message names the last one before it.
        """
        with self._explained(but=path):
            return read(path)

    def _prune(self) -> None:
        found = self.all()
        for path in found[: -self.keep]:
            if path != self.best():
                trash = path.with_name(f".{path.name}.old")  # so that none is ever half there
                path.rename(trash)
                shutil.rmtree(trash)
        for left in self.folder.glob(".step-*"):  # of a run that was killed
            shutil.rmtree(left, ignore_errors=True)

    @contextmanager
    def _explained(self, but: Path | None = None) -> Iterator[None]:
        """Say in an error which checkpoint is left."""
        try:
            yield
        except CheckpointError as error:
            left = [path for path in self.all() if path != but and _is_whole(path)]
            rest = f"{left[-1]} is the last that is whole" if left else "there is no other"
            raise CheckpointError(f"{error}; {rest}") from error


def _is_whole(path: Path) -> bool:
    try:
        return bool(read(path))
    except CheckpointError:
        return False


def _score(path: Path) -> float | None:
    try:
        score: float | None = json.loads((path / _ABOUT).read_bytes())["score"]
    except (OSError, ValueError, KeyError) as error:
        raise CheckpointError(f"{path / _ABOUT} is no whole file: {error!r}") from error
    return score


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Force the names in a folder to disk; the systems that cannot do without."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # pragma: no cover - Windows opens no folder
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""A checkpoint is whole or not there; damage is named; the last ones and the best are kept."""

import errno
import os
from pathlib import Path

import pytest

from mha_book import checkpoint
from mha_book.checkpoint import CheckpointError, Checkpoints, read, write

FILES = {"a.bin": bytes(range(97)), "b.json": b"{}"}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_files_come_back(tmp_path):
    write(tmp_path / "deep" / "one", FILES)
    assert read(tmp_path / "deep" / "one") == FILES
    assert names(tmp_path / "deep") == ["one"]


@pytest.mark.parametrize("name", ["a.bin", "b.json", "manifest.json"])
@pytest.mark.parametrize("damage", ["cut", "changed", "gone"])
def test_damage_is_named(tmp_path, name, damage):
    write(tmp_path / "one", FILES)
    path = tmp_path / "one" / name
    data = path.read_bytes()
    if damage == "cut":
        path.write_bytes(data[:-1])
    elif damage == "changed":
        path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    else:
        path.unlink()
    with pytest.raises(CheckpointError) as caught:
        read(tmp_path / "one")
    assert str(tmp_path / "one") in str(caught.value)
    if name != "manifest.json" and damage != "gone":
        size = len(path.read_bytes())
        assert str(caught.value) == (
            f"{path} is truncated or damaged: {size} bytes whose SHA-256 is not that in "
            "manifest.json"
        )


def test_what_is_no_checkpoint_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"nowhere is no folder, expected a checkpoint"):
        read(tmp_path / "nowhere")
    with pytest.raises(CheckpointError, match=r"is no whole checkpoint: .*manifest.json"):
        read(tmp_path)
    (tmp_path / "manifest.json").write_text("[1]")
    with pytest.raises(CheckpointError, match=r"manifest.json names no files"):
        read(tmp_path)


def full_disk(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """A disk that takes so many bytes and no more."""
    plain, left = checkpoint._write, [room]

    def limited(path: Path, data: bytes) -> None:
        plain(path, data[: left[0]])
        left[0] -= len(data)
        if left[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(checkpoint, "_write", limited)


@pytest.mark.parametrize("room", [0, 50, 98, 120])
def test_a_full_disk_leaves_nothing_half_written(tmp_path, monkeypatch, room):
    checkpoints = Checkpoints(tmp_path)
    first = checkpoints.save(1, FILES)
    full_disk(monkeypatch, room)
    message = (
        "step-00000002 cannot be written: .*No space left on device: .*; "
        f"{first} is the last that is whole$"
    )
    with pytest.raises(CheckpointError, match=message):
        checkpoints.save(2, FILES)
    assert names(tmp_path) == ["step-00000001"]
    assert read(checkpoints.latest()).items() >= FILES.items()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_really_full_device(tmp_path, monkeypatch):
    plain = checkpoint._write

    def elsewhere(path: Path, data: bytes) -> None:
        path.symlink_to("/dev/full")
        plain(path, data)

    monkeypatch.setattr(checkpoint, "_write", elsewhere)
    with pytest.raises(CheckpointError, match=r"No space left on device.*; there is no other$"):
        Checkpoints(tmp_path).save(1, FILES)
    assert names(tmp_path) == []


def test_the_last_and_the_best_are_kept(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep=2)
    kept = []
    for step, score in [(5, 0.25), (10, 0.75), (15, None), (20, 0.5), (25, None), (30, 0.875)]:
        checkpoints.save(step, FILES, score)
        kept.append([int(path.name[5:]) for path in checkpoints.all()])
    assert kept == [[5], [5, 10], [10, 15], [10, 15, 20], [10, 20, 25], [25, 30]]
    assert checkpoints.latest() == checkpoints.best() == tmp_path / "step-00000030"


def test_of_equal_scores_the_later_is_the_best(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep=1)
    for step in (1, 2, 3):
        checkpoints.save(step, FILES, 0.5)
    assert [path.name for path in checkpoints.all()] == ["step-00000003"]


def test_without_a_score_the_last_is_the_best(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    for step in (1, 2):
        checkpoints.save(step, FILES)
    assert checkpoints.best() == checkpoints.latest() == tmp_path / "step-00000002"


def test_a_step_that_was_saved_is_not_written_again(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(1, FILES, 0.5)
    checkpoints.save(1, {"a.bin": b"other"}, None)
    assert checkpoints.read(checkpoints.latest())["a.bin"] == FILES["a.bin"]


def test_what_a_killed_run_left_is_swept_away(tmp_path):
    checkpoints = Checkpoints(tmp_path, extra={"c.txt": b"the same in all"})
    for left in (".step-00000001.part", ".step-00000002.part", ".step-00000000.old"):
        (tmp_path / left).mkdir()
        (tmp_path / left / "a.bin").write_bytes(b"half")
    checkpoints.save(1, FILES)
    assert names(tmp_path) == ["step-00000001"]
    assert read(checkpoints.latest())["c.txt"] == b"the same in all"


def test_an_error_says_what_is_left(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    with pytest.raises(CheckpointError, match="there is no checkpoint in "):
        checkpoints.latest()
    checkpoints.keep = 3
    for step in (1, 2, 3):
        checkpoints.save(step, FILES)
    for path in checkpoints.all()[1:]:
        (path / "a.bin").write_bytes(b"cut")
    message = r"is truncated or damaged: .*; .*step-00000001 is the last that is whole$"
    with pytest.raises(CheckpointError, match=message):
        checkpoints.read(checkpoints.latest())
    (checkpoints.latest() / "about.json").write_bytes(b"{}")
    with pytest.raises(CheckpointError, match=r"about.json is no whole file: KeyError"):
        checkpoints.best()


def test_a_name_outside_of_the_folder_is_refused(tmp_path):
    write(tmp_path / "one", FILES)
    (tmp_path / "secret").write_bytes(b"")
    sums = '{"../secret": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}'
    (tmp_path / "one" / "manifest.json").write_text(sums)
    with pytest.raises(CheckpointError, match=r"manifest.json names no files"):
        read(tmp_path / "one")

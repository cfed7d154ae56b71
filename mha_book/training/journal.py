"""What happened in training: in memory, as JSON lines, and for TensorBoard."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

__all__ = ["Journal", "Record"]

Record = dict[str, Any]


class Journal:
    """A list of records that may be kept in a file, one JSON object to a line.

    Every record says its ``event``: "train" for metrics since the last such record, "evaluate" for
    scores, "save" for a checkpoint, "end" for the reason why training ended.

    Args:
        path: the file; none is written if omitted.
        tensorboard: folder for TensorBoard's files; none are written if omitted.
        resume: step up to which records of the file are kept: those after it were made by a run
            that ended before it could save. None begins a new file.

    Raises:
        ModuleNotFoundError: TensorBoard is wanted and not installed.

    >>> journal = Journal()
    >>> journal.write("train", step=50, loss=3.5)
    >>> journal.of("train")
    [{'event': 'train', 'step': 50, 'loss': 3.5}]
    """

    def __init__(
        self,
        path: Path | str | None = None,
        *,
        tensorboard: Path | str | None = None,
        resume: int | None = None,
    ) -> None:
        self.path = None if path is None else Path(path)
        self.records: list[Record] = []
        self._board = None if tensorboard is None else _board(tensorboard, resume)
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if resume is not None and self.path.exists():
                self.records = [r for r in _read(self.path) if r["step"] <= resume]
            part = self.path.with_name(f"{self.path.name}.part")
            part.write_text("".join(map(_line, self.records)), encoding="utf-8")
            part.replace(self.path)

    def write(self, event: str, **values: Any) -> None:
        """Append a record, which must have a ``step``."""
        record = {"event": event, **values}
        self.records.append(record)
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(_line(record))
        if self._board is not None:
            for name, value in record.items():
                if name != "step" and isinstance(value, int | float):
                    self._board.add_scalar(f"{event}/{name}", value, record["step"])

    def of(self, event: str) -> list[Record]:
        """All records of an event, in order."""
        return [record for record in self.records if record["event"] == event]

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._board is not None:
            self._board.close()


def _line(record: Mapping[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False) + "\n"


def _read(path: Path) -> list[Record]:
    """The records of a file, whose last line may be torn."""
    records = []
    for line in path.read_text(encoding="utf-8", errors="replace").split("\n"):
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return records


def _board(folder: Path | str, resume: int | None) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ModuleNotFoundError as error:
        message = "TensorBoard is not installed; `pip install tensorboard` brings it"
        raise ModuleNotFoundError(message) from error
    return SummaryWriter(os.fspath(folder), purge_step=None if resume is None else resume + 1)

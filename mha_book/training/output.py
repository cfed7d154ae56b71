"""Where a run leaves its metrics and checkpoints."""

from collections.abc import Mapping
from pathlib import Path

from mha_book.checkpoint import CheckpointError, Checkpoints
from mha_book.training.journal import Journal
from mha_book.training.settings import Settings

__all__ = ["Output"]


class Output:
    """A folder for ``metrics.jsonl`` and ``checkpoints/``, in which a run may go on.

    Args:
        folder: the folder, made when it is needed.
        extra: files for each checkpoint, like those of the tokenizers.
        resume: whether to go on from the last checkpoint; without one, a run begins.

    Raises:
        CheckpointError: there are checkpoints, and ``resume`` is False.
    """

    def __init__(
        self,
        folder: Path | str,
        *,
        extra: Mapping[str, bytes] | None = None,
        resume: bool = False,
    ) -> None:
        self.folder = Path(folder)
        self.checkpoints = Checkpoints(self.folder / "checkpoints", extra=extra or {})
        found = self.checkpoints.all()
        if found and not resume:
            raise CheckpointError(
                f"{folder} holds a run already, up to {found[-1].name}: resume it, or choose "
                "another folder"
            )
        #: The checkpoint to go on from.
        self.start = found[-1] if found else None

    def journal(self, settings: Settings, step: int) -> Journal:
        """The journal of the run, with what it says up to the step to go on from."""
        return Journal(
            self.folder / "metrics.jsonl",
            tensorboard=self.folder / "tensorboard" if settings.tensorboard else None,
            resume=None if self.start is None else step,
        )

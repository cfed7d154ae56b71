"""A small model on Multi30k, English to German, beside the published transformer-tiny.

    python -m experiments.train_multi30k [--seeds 0 1 2] [--device cuda] [--set steps=8000]

The recipe is that of ``python -m mha_book train --data multi30k``. test_2016 (Flickr) is translated
with a beam of 5 and scored twice: as text, and as tokens in small letters, the scale of the
published 41.02 (Wu et al., 2021, "Good for Misconceived Reasons", with 4 + 4 layers of width 128).
A run that was ended goes on where it was if it is called for again.
"""

from pathlib import Path

from experiments.arguments import changes, parser
from experiments.record import environment, write
from experiments.scoring import plain, published
from experiments.training_runs import scored, settled
from mha_book.training.task import Task

WIDTH = 5
AVERAGE = 5  # checkpoints
EVERY = {"save_every": 200, "log_every": 100, "evaluate_every": None}


def main(arguments: list[str] | None = None) -> None:
    """Train, print and record."""
    wanted = parser(__doc__)
    wanted.add_argument("--seeds", type=int, nargs="+", default=[0])
    wanted.add_argument("--folder", type=Path, default=Path("runs", "train-multi30k"))
    asked = wanted.parse_args(arguments)
    runs = []
    for seed in asked.seeds:
        task = Task.new("multi30k", seed=seed, **{**EVERY, **changes(asked)})
        folder = asked.folder / f"seed-{seed}"
        runs.append(scored(task, folder, plain, published, width=WIDTH, average=AVERAGE))
        print(runs[-1], flush=True)
    record = {
        **environment("sacrebleu", "sacremoses", "tokenizers", "accelerate"),
        "note": asked.note,
        **settled(task, "test"),
        "beam": WIDTH,
        "runs": runs,
    }
    print(f"recorded in {write('train-multi30k', record)}")


if __name__ == "__main__":
    main()

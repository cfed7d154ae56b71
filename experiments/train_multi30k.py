"""A small model on Multi30k, English to German, beside the published transformer-tiny.

    python -m experiments.train_multi30k [--seeds 0 1 2] [--device cuda] [--set steps=8000]

test_2016 (Flickr) is translated with a beam of 5 and scored twice: as text, and as tokens in small
letters, the scale of the published 41.02 (Wu et al., 2021, "Good for Misconceived Reasons", with
4 + 4 layers of width 128). A run that was ended goes on where it was if it is called for again.
"""

from pathlib import Path

from experiments.arguments import changes, parser
from experiments.record import environment, write
from experiments.scoring import plain, published
from experiments.training_runs import scored, settled
from mha_book.training.task import Task

WIDTH = 5
AVERAGE = 5  # checkpoints
#: The depth, the widths and the tied table are the published model's; the rest is for fewer epochs.
SETTINGS = {
    "vocabulary": 4_000, "d_model": 128, "num_heads": 4, "d_ff": 256,
    "encoder_layers": 4, "decoder_layers": 4, "dropout": 0.2,
    "steps": 22_000, "max_tokens": 1536, "peak_lr": 4e-3, "warmup": 1_000, "cooldown": 0.4,
    "save_every": 200, "log_every": 100, "evaluate_every": None,
}  # fmt: skip


def main(arguments: list[str] | None = None) -> None:
    """Train, print and record."""
    wanted = parser(__doc__)
    wanted.add_argument("--seeds", type=int, nargs="+", default=[0])
    wanted.add_argument("--folder", type=Path, default=Path("runs", "train-multi30k"))
    asked = wanted.parse_args(arguments)
    runs = []
    for seed in asked.seeds:
        task = Task.new("multi30k", seed=seed, **{**SETTINGS, **changes(asked)})
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

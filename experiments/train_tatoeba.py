"""Small models between English and Chinese, in both directions, on the pairs of Tatoeba.

    python -m experiments.train_tatoeba [--from en zh] [--seed 0] [--device cpu]

The test split, no sentence of which is in training on either side, is translated with a beam of 4
and scored as text. A run that was ended goes on where it was if it is called for again.
"""

from pathlib import Path

from experiments.arguments import changes, parser
from experiments.record import environment, write
from experiments.scoring import plain
from experiments.training_runs import scored, settled
from mha_book.training.task import Task

WIDTH = 4
SETTINGS = {
    "vocabulary": 4_000, "d_model": 128, "num_heads": 4,
    "encoder_layers": 3, "decoder_layers": 3, "dropout": 0.2,
    "steps": 8_000, "max_tokens": 1024, "peak_lr": 3e-3, "warmup": 400, "cooldown": 0.4,
    "save_every": 250, "log_every": 100, "evaluate_every": None,
}  # fmt: skip


def main(arguments: list[str] | None = None) -> None:
    """Train, print and record."""
    wanted = parser(__doc__)
    wanted.add_argument("--from", dest="sources", nargs="+", default=["en", "zh"])
    wanted.add_argument("--seed", type=int, default=0)
    wanted.add_argument("--folder", type=Path, default=Path("runs", "train-tatoeba"))
    asked = wanted.parse_args(arguments)
    directions = {}
    for source in asked.sources:
        task = Task.new("tatoeba", source, seed=asked.seed, **{**SETTINGS, **changes(asked)})
        name = f"{source}-{task.corpus.target_language}"
        run = scored(task, asked.folder / f"{name}-{asked.seed}", plain, width=WIDTH)
        print(name, run, flush=True)
        directions[name] = {**settled(task, "test"), **run}
    record = {
        **environment("sacrebleu", "tokenizers", "accelerate"),
        "note": asked.note,
        "beam": WIDTH,
        "directions": directions,
    }
    print(f"recorded in {write('train-tatoeba', record)}")


if __name__ == "__main__":
    main()

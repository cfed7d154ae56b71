"""Train the toy model with several seeds and score what it never saw.

    python -m experiments.train_toy [--seeds 0 1 2]

The splits: "test" is drawn as the training pairs are, "unseen" holds combinations of words that
training leaves out, "longer" holds sentences longer than any of training.
"""

from experiments.arguments import changes, parser
from experiments.record import environment, write
from experiments.training_runs import settled, trained
from mha_book.training.task import Task

SPLITS = ("test", "unseen", "longer")


def main(arguments: list[str] | None = None) -> None:
    """Train, print and record."""
    wanted = parser(__doc__)
    wanted.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    asked = wanted.parse_args(arguments)
    runs = []
    for seed in asked.seeds:
        task = Task.new("toy", seed=seed, **{"evaluate_every": None, **changes(asked)})
        runs.append({"seed": seed, **trained(task, SPLITS)})
        print({k: v["exact"] for k, v in runs[-1]["scores"].items()}, flush=True)
    record = {
        **environment("sacrebleu", "accelerate"),
        "note": asked.note,
        **settled(task, *SPLITS),
        "runs": runs,
    }
    print(f"recorded in {write('train-toy', record)}")


if __name__ == "__main__":
    main()

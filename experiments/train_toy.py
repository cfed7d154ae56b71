"""Train the toy model with several seeds and score what it never saw.

    python -m experiments.train_toy [--seeds 0 1 2]

The splits: "test" is drawn as the training pairs are, "unseen" holds combinations of words that
training leaves out, "longer" holds sentences longer than any of training.
"""

import argparse

from experiments.record import environment, write
from experiments.training_runs import trained
from mha_book.training.task import Task


def main() -> None:
    """Train, print and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    seeds = parser.parse_args().seeds
    runs = []
    for seed in seeds:
        task = Task.new("toy", seed=seed, evaluate_every=None)
        run = {"seed": seed, **trained(task, ("test", "unseen", "longer"))}
        print({split: scores["exact"] for split, scores in run["scores"].items()}, flush=True)
        runs.append(run)
    record = {
        **environment("sacrebleu", "accelerate"),
        "settings": task.settings.to_dict(),
        "config": task.config.to_dict(),
        "pairs": len(task.corpus.splits["train"]),
        "runs": runs,
    }
    print(f"recorded in {write('train-toy', record)}")


if __name__ == "__main__":
    main()

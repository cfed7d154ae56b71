"""BLEU over seconds of training on this machine's CPU: Multi30k, English to German.

    python -m experiments.curve_multi30k [--seconds 60 120 180]

The scores are those of test_2016 (Flickr), decoded greedily, as text: sacreBLEU 13a, mixed case.
Evaluation is not on the clock. The learning rate falls as 1/√step and knows of no end, so one run
gives the whole curve.
"""

import argparse

from experiments.record import environment, write
from experiments.training_runs import trained
from mha_book.training.task import Task

#: Found by trying on two cores: small batches, since the number of steps is what is short.
CHANGES = {
    "d_model": 128, "num_heads": 4, "encoder_layers": 2, "decoder_layers": 2, "dropout": 0.1,
    "max_tokens": 1024, "peak_lr": 4e-3, "warmup": 150, "evaluate_every": None,
}  # fmt: skip


def main() -> None:
    """Train, print and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, nargs="+", default=[60, 120, 180])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--vocabulary", type=int, default=4_000)
    arguments = parser.parse_args()
    last = max(arguments.seconds)
    task = Task.new(
        "multi30k",
        seed=arguments.seed,
        device="cpu",
        max_seconds=last,
        evaluate_at=[s for s in arguments.seconds if s != last],
        cooldown=0.0,
        vocabulary=arguments.vocabulary,
        **CHANGES,
    )
    run = trained(task, ("test",))
    points = [*run.pop("on_the_way")]
    print([(round(p["seconds"], 1), round(p["bleu"], 2)) for p in points], run["scores"])
    record = {
        **environment("sacrebleu", "accelerate"),
        "settings": task.settings.to_dict(),
        "config": task.config.to_dict(),
        "curve": points,
        **run,
    }
    print(f"recorded in {write('curve-multi30k', record)}")


if __name__ == "__main__":
    main()

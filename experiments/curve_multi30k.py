"""BLEU over seconds of training on this machine's CPU: Multi30k, English to German.

    python -m experiments.curve_multi30k [--seconds 60 120 180]

The scores are those of test_2016 (Flickr), decoded greedily, as text: sacreBLEU 13a, mixed case.
Evaluation is not on the clock. The learning rate falls as 1/√step and knows of no end, so one run
gives the whole curve.
"""

from experiments.arguments import changes, parser
from experiments.record import environment, write
from experiments.training_runs import settled, trained
from mha_book.training.task import Task

#: Small batches, since the number of steps is what is short, and no dropout, since no pair is seen
#: often.
SETTINGS = {
    "vocabulary": 4_000, "d_model": 128, "num_heads": 4, "d_ff": 512,
    "encoder_layers": 2, "decoder_layers": 2, "dropout": 0.0,
    "max_tokens": 1024, "peak_lr": 4e-3, "warmup": 150, "cooldown": 0.0, "evaluate_every": None,
}  # fmt: skip


def main(arguments: list[str] | None = None) -> None:
    """Train, print and record."""
    wanted = parser(__doc__)
    wanted.set_defaults(device="cpu")
    wanted.add_argument("--seconds", type=float, nargs="+", default=[60.0, 120.0, 180.0])
    wanted.add_argument("--seed", type=int, default=0)
    asked = wanted.parse_args(arguments)
    *on_the_way, last = sorted(asked.seconds)
    clock = {"max_seconds": last, "evaluate_at": on_the_way, "steps": 10**9}  # time alone ends it
    task = Task.new("multi30k", seed=asked.seed, **{**SETTINGS, **clock, **changes(asked)})
    run = trained(task, ["test"])
    print([(round(p["seconds"], 1), round(p["bleu"], 2)) for p in run["on_the_way"]])
    record = {
        **environment("sacrebleu", "accelerate"),
        "note": asked.note,
        **settled(task, "test"),
        **run,
    }
    print(f"recorded in {write('curve-multi30k', record)}")


if __name__ == "__main__":
    main()

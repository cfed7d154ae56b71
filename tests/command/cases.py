"""How the tests call the command line, and the arguments of a run of a few steps."""

from typer.testing import CliRunner, Result

from mha_book import __main__ as command

SMALL = ["pairs=300", "d_model=16", "num_heads=2", "encoder_layers=1", "decoder_layers=1"]
LAST = "checkpoints/step-00000003"
CHANGES = [
    part for change in [*SMALL, "evaluate_every=100", "cooldown=0.0"] for part in ("--set", change)
]
TRAIN = ["train", "--device", "cpu", *CHANGES]


def call(*arguments: object, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(command.app, list(map(str, arguments)), input=stdin)

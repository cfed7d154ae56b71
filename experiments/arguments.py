"""The arguments that all experiments in training share."""

import argparse
import json
from typing import Any


def parser(doc: str) -> argparse.ArgumentParser:
    """A parser that explains itself by the first line of a module, with what is common to all."""
    found = argparse.ArgumentParser(description=doc.splitlines()[0])
    found.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 ...")
    found.add_argument(
        "--set",
        dest="changes",
        type=_change,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="another value of a setting, of the model or of the data; repeatable",
    )
    found.add_argument("--note", help="what readers of the record should know, like a busy machine")
    return found


def changes(asked: argparse.Namespace) -> dict[str, Any]:
    """What to change of a recipe.

    >>> changes(parser("Measure.").parse_args(["--set", "steps=5", "--set", "order=post"]))
    {'device': 'auto', 'steps': 5, 'order': 'post'}
    """
    return {"device": asked.device, **dict(asked.changes)}


def _change(text: str) -> tuple[str, Any]:
    """A name and a value, which is JSON or else a word, as for ``python -m mha_book train``."""
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r}: expected NAME=VALUE")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value

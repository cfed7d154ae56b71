"""Command line: ``python -m mha_book train``, ``evaluate`` and ``translate``.

The libraries behind a command are loaded when it runs, so that ``--help`` answers at once.
"""

import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from mha_book.training import Journal
    from mha_book.translator import Translator

__all__ = ["app"]

app = typer.Typer(
    help="Train a Transformer to translate, measure it, and translate with it.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
Run = Annotated[Path, typer.Argument(help="Folder of a training run, or of one checkpoint.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, mps, or one of several: cuda:1.")]
Beam = Annotated[int, typer.Option(min=1, help="Hypotheses of beam search; 1 is greedy.")]


@app.command()
def train(
    data: Annotated[
        str, typer.Option(help="toy (made here), tatoeba (en, zh) or multi30k (en, de).")
    ] = "toy",
    source: Annotated[str, typer.Option("--from", help="Language to translate from.")] = "en",
    out: Annotated[
        Path | None, typer.Option(help="Folder for metrics and checkpoints; runs/DATA if omitted.")
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Number of steps.")] = None,
    max_seconds: Annotated[
        float | None, typer.Option(help="End after this time; evaluation does not count.")
    ] = None,
    evaluate_at: Annotated[
        str | None, typer.Option(help="Seconds after which to evaluate, like 60,180.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Decides all that is left to chance.")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda, mps, cuda:1 …")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint, if there is one.")
    ] = False,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Any other setting; repeatable."),
    ] = None,
) -> None:
    """Train a model; what is not said is as in the recipe of the corpus.

    The folder gets metrics.jsonl, one line of JSON for each look at the run, and checkpoints: the
    last two and the best. Ctrl-C saves before it ends.

    --set reaches every field of Settings (peak_lr, warmup, max_tokens, precision, tensorboard ...),
    of TransformerConfig (d_model, encoder_layers, dropout ...) and of Data (pairs, vocabulary).

    Several GPUs: accelerate launch -m mha_book train ...
    """
    named = {"steps": steps, "max_seconds": max_seconds, "seed": seed, "device": device}
    if evaluate_at is not None:
        named["evaluate_at"] = _value(f"[{evaluate_at}]")
    given = {name: value for name, value in named.items() if value is not None}
    with _told():
        from mha_book.training.output import Output
        from mha_book.training.task import Task

        folder = out or Path("runs", data)
        output = Output(folder, resume=resume)
        given |= dict(map(_change, changes or []))
        if output.start is not None:
            _note(f"going on from {output.start}")
            task = Task.of(output.start, **given)
        else:
            task = Task.new(data, source, **given)
        output.checkpoints.extra = task.extra
        history = task.run(output, quiet=not sys.stderr.isatty())
        _summary(history, folder)


@app.command()
def evaluate(
    run: Run,
    split: Annotated[str, typer.Option(help="test, valid; of the toy also longer, unseen.")] = (
        "test"
    ),
    beam: Beam = 1,
    device: Device = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Score the best checkpoint of a run on pairs it has not learnt from."""
    with _told():
        from mha_book.training.evaluation import Evaluation
        from mha_book.training.task import Data
        from mha_book.translator import find_checkpoint

        path = find_checkpoint(run)
        translator, corpus = _translator(path, device), Data.of(path).load()
        if split not in corpus.splits:
            raise ValueError(f"split={split!r}: {corpus.name} has {', '.join(corpus.splits)}")
        examples, language = corpus.splits[split], corpus.target_language
        found = Evaluation(translator, examples, language, width=beam)()
        about = {
            "checkpoint": str(path),
            "corpus": f"{corpus.name} {corpus.source_language}-{language}",
            "split": f"{split}, {len(examples)} pairs, digest {corpus.digest(split)[:8]}",
            "beam": beam,
        }
        if as_json:
            typer.echo(json.dumps({**about, **found}, ensure_ascii=False))
            return
        for name, value in {**about, **found}.items():
            typer.echo(
                f"{name:11s} {value:.4g}" if isinstance(value, float) else f"{name:11s} {value}"
            )


@app.command()
def translate(
    run: Run,
    sentence: Annotated[str | None, typer.Argument(help="The sentence.")] = None,
    file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="One sentence a line.")
    ] = None,
    beam: Beam = 4,
    device: Device = "auto",
) -> None:
    """Translate a sentence, a file, or what comes from standard input, one sentence a line.

    There is one line of output for each of input. What concerns single lines goes to standard
    error: characters or words that the model has never seen are named, and taken for <unk>.
    """
    with _told():
        if sentence is not None and file is not None:
            raise ValueError("give a sentence or --file, not both")
        translator = _translator(run, device)
        for lines in _inputs(sentence, file):
            translations = translator.translate(lines, width=beam)  # says first what is too long
            for number, line in enumerate(lines, start=1):
                if unknown := translator.tokenizers.source.unknown(line):
                    _note(f"line {number}: never seen: {' '.join(unknown)}")
                elif not line.strip():
                    _note(f"line {number} is empty")
            typer.echo("\n".join(translations))


def _inputs(sentence: str | None, file: Path | None) -> Iterator[list[str]]:
    """Groups of lines to be translated together; of one line each if somebody is typing."""
    if sentence is not None:
        yield [" ".join(sentence.splitlines())]
    elif file is not None:
        yield from _lines(file.read_bytes())
    elif sys.stdin.isatty():
        _note("one sentence a line, please; an end of file (Ctrl-D) ends")
        for line in sys.stdin:
            yield [line.rstrip("\n")]
    else:
        yield from _lines(sys.stdin.buffer.read())


def _lines(data: bytes) -> Iterator[list[str]]:
    """The lines of a text, which are none if it is empty; bytes that are no UTF-8 become U+FFFD."""
    text = data.decode("utf-8-sig", errors="replace").replace("\r\n", "\n")
    if text:
        yield text.removesuffix("\n").split("\n")


def _translator(run: Path, device: str) -> "Translator":
    from mha_book.training.devices import device_of
    from mha_book.translator import Translator

    return Translator.load(run, device_of(device))


def _change(text: str) -> tuple[str, Any]:
    """A name and a value from NAME=VALUE; the value is JSON, or else a word."""
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"--set {text}: expected NAME=VALUE")
    return name.strip(), _value(value)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _summary(history: "Journal", folder: Path) -> None:
    [*_, end] = history.of("end")
    _note(f"{end['step']} steps in {end['seconds']:.0f} s of training")
    for scores in history.of("evaluate")[-1:]:
        named = {k: v for k, v in scores.items() if k not in ("event", "step", "seconds")}
        _note("  ".join(f"{k} {v:.4g}" if isinstance(v, float) else v for k, v in named.items()))
    if end["reason"] == "interrupt":
        _note(f"stopped as asked and saved in {folder}; go on with --resume")
        raise typer.Exit(130)
    _note(f"saved in {folder}; try: python -m mha_book translate {folder}")


def _note(text: str) -> None:
    """Tell something that is no output; of several processes only the first speaks."""
    if os.environ.get("RANK", "0") == "0":
        typer.echo(text, err=True)


@contextmanager
def _told() -> Iterator[None]:
    """Show what the package logs, and its errors as one message, without a traceback."""
    from mha_book.checkpoint import CheckpointError
    from mha_book.data.files import DataError
    from mha_book.training.window import TrainingError

    log, handler = logging.getLogger("mha_book"), logging.StreamHandler(sys.stderr)
    before = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    except (CheckpointError, DataError, TrainingError, ValueError, OSError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error
    finally:
        log.removeHandler(handler)
        log.setLevel(before)


if __name__ == "__main__":
    app(prog_name="python -m mha_book")

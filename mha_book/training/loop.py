"""The training loop."""

from collections.abc import Sequence

from mha_book.data.batches import Batches
from mha_book.training.devices import accelerator_for, reseed, share
from mha_book.training.journal import Journal
from mha_book.training.loss import TranslationLoss, adam
from mha_book.training.output import Output
from mha_book.training.run import Evaluate, Run
from mha_book.training.settings import Settings
from mha_book.transformer import Transformer

__all__ = ["train"]


def train(
    model: Transformer,
    pairs: Sequence[tuple[Sequence[int], Sequence[int]]],
    settings: Settings,
    *,
    evaluate: Evaluate | None = None,
    output: Output | None = None,
    quiet: bool = False,
) -> Journal:
    """Train a model to translate, from whatever its weights are now.

    The same call in each of several processes, started by ``accelerate launch``, divides every
    batch among them and comes to the same weights. Ctrl-C ends training after the step at hand.

    Args:
        model: the model, which is moved to the device and left in evaluation mode.
        pairs: source and target ids of the training split; those that no batch can hold are left
            out, with a warning.
        settings: how to train.
        evaluate: called without arguments when an evaluation is due; returns scores by name.
        output: a folder for metrics and checkpoints, or one to go on in; None for memory alone.
        quiet: whether to show no progress bar.

    Returns:
        What happened: losses, speed, scores, and why training ended.

    Raises:
        TrainingError: the loss is no number, or infinite.
        CheckpointError: a checkpoint cannot be written, or does not fit.
        ValueError: there is no such device, or nothing to learn from.

    >>> from mha_book import TransformerConfig
    >>> model = Transformer(TransformerConfig.tiny(vocabulary=11, d_model=8))
    >>> settings = Settings(steps=2, max_tokens=64, device="cpu", log_every=1)
    >>> history = train(model, [([5, 6], [7]), ([8], [9, 10])], settings, quiet=True)
    >>> [record["step"] for record in history.of("train")]
    [1, 2]
    """
    accelerator = accelerator_for(settings)
    limit, seed, smoothing = settings.max_tokens, settings.seed, settings.label_smoothing
    batches = Batches(pairs, limit, max_length=limit, too_long="skip", seed=seed)
    model.to(accelerator.device).train()
    parts = TranslationLoss(model, smoothing), adam(model, settings)
    objective, optimiser = accelerator.prepare(*parts)

    with Run(accelerator, model, optimiser, settings, output, evaluate, quiet) as run:
        stream = batches.stream(run.progress.position)
        for step, (batch, position) in zip(run.steps(), stream, strict=False):
            for group in optimiser.param_groups:
                group["lr"] = settings.learning_rate(step)
            reseed(seed, step, accelerator.process_index)
            loss = objective(share(batch, accelerator)) / batch.num_tokens
            accelerator.backward(loss * accelerator.num_processes)  # whose gradients are averaged
            norm = accelerator.clip_grad_norm_(model.parameters(), settings.max_norm)
            optimiser.step()
            optimiser.zero_grad()
            if run.ends(step, position, batch, loss, norm):
                break
    return run.journal

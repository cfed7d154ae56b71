"""Time how long each widget takes from a step of a slider until its pictures are drawn.

    python -m experiments.measure_redraw [--steps 60]

Every widget is shown at its largest in a headless Chromium, alive as in the book. A step sets the
slider and sends its event; the time ends when the script has run, the page is laid out and each
canvas has given back a pixel, so that nothing drawn is still waiting. Between two steps the browser
paints a frame. Two widgets draw matrices of 64 tokens; a step of theirs must fit in a frame of
1/60 s. Prints a table and writes results/measure-redraw.json.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments.record import environment, write
from mha_book import widgets
from mha_book.widgets.base import Widget
from tools.browser import browser

ROOT = Path(__file__).resolve().parent.parent
RUNTIME = ROOT / "book" / "_ext" / "widgets" / "widgets-static.js"
TOKENS = 64
BAR = 16  # ms: a frame at 60 Hz, rounded down
WARM = 10

STEP = """async (root, { label, steps }) => {
  const input = [...root.querySelectorAll("label")].find((l) => l.textContent === label).control;
  const [min, max, step] = [input.min, input.max, input.step].map(Number);
  const count = Math.floor((max - min) / step + 1e-6) + 1;
  const canvases = [...root.querySelectorAll("canvas")], times = [];
  const painted = () => new Promise((done) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = done;
    channel.port2.postMessage(null);
  }));
  for (let n = 1; n <= steps; n++) {
    await painted();
    input.value = min + step * (n % count);
    const start = performance.now();
    input.dispatchEvent(new Event("input"));
    root.getBoundingClientRect();
    for (const canvas of canvases) canvas.getContext("2d").getImageData(0, 0, 1, 1);
    times.push(performance.now() - start);
  }
  return times;
}"""


@dataclass(frozen=True)
class Case:
    """A widget at its largest and the slider that moves it."""

    widget: Widget
    slider: str
    size: str
    matrix_of_64: bool = False

    @property
    def name(self) -> str:
        """What the record calls it."""
        return f"{type(self.widget).__name__} ({self.size}), {self.slider}"


def cases() -> list[Case]:
    """All ten widgets; those with matrices of 64 tokens in several states."""
    rng = np.random.default_rng(0)
    heads = rng.dirichlet(np.ones(TOKENS), size=(12, 12, TOKENS))
    many = rng.dirichlet(np.ones(TOKENS), size=(1, 144, TOKENS))
    big = [
        Case(widgets.PositionSchemes(scheme, d=64, length=TOKENS, heads=16), slider, scheme, True)
        for scheme in ("sinusoidal", "rotary", "alibi")
        for slider in ("Offset", "Distance t − s")
    ]
    big += [
        Case(widgets.HeadExplorer(heads), "Layer", "12 layers of 12 heads", True),
        Case(widgets.HeadExplorer(heads), "Token", "12 layers of 12 heads", True),
        Case(widgets.HeadExplorer(many), "Token", "144 heads", True),
    ]
    return big + smaller(rng)


def smaller(rng: np.random.Generator) -> list[Case]:
    """The widgets that draw no matrix of 64 tokens."""
    words = [f"w{n}" for n in range(40)]
    aligned = rng.dirichlet(np.ones(40), size=(16, 40))
    gold = [(n, n) for n in range(40)]
    sentence = [f"w{n}" for n in range(12)]
    stepper = widgets.AttentionStepper(sentence)
    stepper.show_all = True
    scores, rows = rng.normal(size=40), rng.normal(size=(40, 40))
    return [
        Case(widgets.AlignmentViewer(words, words, aligned, gold=gold), "Threshold", "40 words"),
        Case(stepper, "Drag", "12 tokens, all steps"),
        Case(
            widgets.DecodingPlayground(words, scores, transitions=rows, width=4, draws=10_000),
            "Temperature",
            "40 tokens, 10,000 draws",
        ),
        Case(widgets.KVCacheCalculator("Llama 3.1 405B"), "Context T", "405B"),
        Case(widgets.MaskLaboratory("window", tokens=16), "Window", "16 tokens"),
        Case(widgets.ResidualStream(depth=64), "Gain c", "64 layers"),
        Case(widgets.ShapeTracer(d_model=16384, num_heads=128), "Tokens T", "128 heads"),
        Case(widgets.SoftmaxTemperature(np.linspace(-4, 4, 12)), "Temperature", "12 scores"),
    ]


def page_of(widget: Widget) -> str:
    """A page with this widget alone, alive as in the book."""
    from ipywidgets.embed import embed_data, escape_script

    data = embed_data(views=[widget], drop_defaults=False)
    entries = {"state": data["manager_state"], "view": data["view_specs"][0]}
    scripts = [
        f'<script type="application/vnd.jupyter.widget-{name}+json">'
        f"{escape_script(json.dumps(entry))}</script>"
        for name, entry in entries.items()
    ]
    scripts.append(f"<script>{RUNTIME.read_text(encoding='utf8')}</script>")
    body = "\n".join(scripts)
    return f'<!doctype html><html lang="en"><meta charset="utf8"><body>{body}</body></html>'


def measure(chromium: Any, case: Case, steps: int) -> dict[str, float]:
    """Median, 95th percentile and maximum of the steps, in ms."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "widget.html"
        path.write_text(page_of(case.widget), encoding="utf8")
        page = chromium.new_page(viewport={"width": 1280, "height": 900})
        page.goto(path.as_uri())
        root = page.locator(".mhaw[data-ready]")
        root.wait_for()
        times = root.evaluate(STEP, {"label": case.slider, "steps": steps + WARM})[WARM:]
        page.close()
    cuts = statistics.quantiles(times, n=20, method="inclusive")
    figures = {"median_ms": statistics.median(times), "p95_ms": cuts[-1], "max_ms": max(times)}
    return {name: round(ms, 2) for name, ms in figures.items()}


def main() -> None:
    """Measure, print and record; fail if a matrix of 64 tokens takes longer than a frame."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=60)
    steps = parser.parse_args().steps
    found: dict[str, dict[str, float]] = {}
    chosen, load = cases(), os.getloadavg()[0]
    with browser() as chromium:
        version = chromium.version
        for case in chosen:
            found[case.name] = measure(chromium, case, steps)
            median, tail, _ = found[case.name].values()
            print(f"{case.name:72s} {median:7.2f} ms  {tail:7.2f} ms")
    record = {
        **environment("anywidget", "ipywidgets", "playwright"),
        "browser": f"Chromium {version}, headless, software rendering",
        "load_average_before": round(load, 1),
        "steps": steps,
        "matrices_of_64_tokens": {c.name: found[c.name] for c in chosen if c.matrix_of_64},
        "others_at_their_largest": {c.name: found[c.name] for c in chosen if not c.matrix_of_64},
    }
    print(f"recorded in {write('measure-redraw', record)}")
    slow = [name for name, row in record["matrices_of_64_tokens"].items() if row["median_ms"] > BAR]
    if slow:
        sys.exit(f"error: slower than {BAR} ms: {'; '.join(slow)}")


if __name__ == "__main__":
    main()

"""Run functions of a widget's script under Node and read back what they return."""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

from mha_book.widgets.base import bundle

RUNNER = """
import {{ readFileSync }} from "node:fs";
const module = await import({url});
const pack = (x) => x instanceof Array || ArrayBuffer.isView(x) ? Array.from(x, pack)
  : x && typeof x === "object" ? Object.fromEntries(Object.entries(x).map(([k, v]) => [k, pack(v)]))
  : typeof x === "number" && !Number.isFinite(x) ? {{ number: String(x) }} : x;
const unpack = (x) => x instanceof Array ? x.map(unpack)
  : x && typeof x === "object" ? ("number" in x ? Number(x.number)
    : Object.fromEntries(Object.entries(x).map(([k, v]) => [k, unpack(v)]))) : x;
const calls = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(calls.map(([name, args]) => pack(module[name](...args.map(unpack))))));
"""


def call_all(script: str, calls: list[tuple[str, list[Any]]]) -> list[Any]:
    """Results of ``name(*args)`` for each call, in one Node process; infinities and NaN survive."""
    node = shutil.which("node")
    if node is None:
        pytest.fail("the widgets' arithmetic is tested under Node: install it (nodejs)")
    with tempfile.TemporaryDirectory() as folder:
        module = Path(folder) / "widget.mjs"
        module.write_text(bundle(script), encoding="utf8")
        runner = Path(folder) / "run.mjs"
        runner.write_text(RUNNER.format(url=json.dumps(module.as_uri())), encoding="utf8")
        done = subprocess.run(
            [node, runner],
            input=json.dumps([[name, _pack(args)] for name, args in calls]),
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    results: list[Any] = _unpack(json.loads(done.stdout))
    return results


def call(script: str, name: str, *args: Any) -> Any:
    """The result of one call."""
    return call_all(script, [(name, list(args))])[0]


def _pack(x: Any) -> Any:
    if isinstance(x, float) and (x != x or x in (float("inf"), float("-inf"))):
        return {"number": {"inf": "Infinity", "-inf": "-Infinity"}.get(str(x), "NaN")}
    if isinstance(x, (list, tuple)):
        return [_pack(y) for y in x]
    return {k: _pack(v) for k, v in x.items()} if isinstance(x, dict) else x


def _unpack(x: Any) -> Any:
    if isinstance(x, dict):
        if set(x) == {"number"}:
            return float(x["number"].replace("Infinity", "inf"))
        return {k: _unpack(v) for k, v in x.items()}
    return [_unpack(y) for y in x] if isinstance(x, list) else x

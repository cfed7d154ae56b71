"""Break every formula, one place at a time, and see that a test notices.

    python -m tests.mutation [FILE ...] [--jobs N] [--record]

A mutant is one file of the package with one small change of the kind that is made by mistake: a
sign, a factor, an exponent, a missing root, a transpose left out, two operands in the wrong order,
an off-by-one, a comparison with or without equality, true for false. For each mutant a process is
forked in which the package has that one change, and its tests run until one fails. A mutant that
lives is an error unless ``mutation_explained.toml`` says why it cannot matter, and so is an
explanation of a mutant that dies. ``results/mutation.json`` keeps the outcomes of every file that
is in order; when a file has changed, run the script for it with ``--record``.
"""

import argparse
import json
import os
import signal
import sys
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from typing import Any

import beartype  # noqa: F401 - loaded once, before the forks, as are the next ones
import hypothesis  # noqa: F401
import jaxtyping  # noqa: F401
import pytest
import sympy  # noqa: F401
import tomllib
import torch  # noqa: F401
from tqdm import tqdm

from experiments.record import RESULTS, environment, write
from tests.mutants import ROOT, Mutant, mutants, mutated_code

EXPLAINED = Path(__file__).with_name("mutation_explained.toml")
TIMEOUT = 300  # seconds; on a busy machine all tests of a mutant that lives take long
NOTICED = ("killed", "timeout")  # a mutant that hangs is noticed too
ERRORS = ["test_errors", "test_errors_in_calls"]
TESTS = {
    "mha_book/scaled_dot_product.py": ["test_scaled_dot_product", "test_causal", "test_precision",
                                       "test_attention_laws", "test_dropout", *ERRORS],
    "mha_book/attention.py": ["test_attention", "test_causal", "test_equivalence",
                              "test_attention_laws", "test_cache", "test_dropout", *ERRORS],
    "mha_book/positions.py": ["test_positions", "test_attention", *ERRORS],
    "mha_book/sublayers.py": ["test_sublayers", "test_layers", *ERRORS],
    "mha_book/layers.py": ["test_layers", "test_causal", *ERRORS],
}  # fmt: skip


class Changed(SourceFileLoader, MetaPathFinder):
    """Finds one module and gives it the changed code."""

    def __init__(self, mutant: Mutant) -> None:
        self.module = mutant.file.removesuffix(".py").replace("/", ".")
        super().__init__(self.module, str(ROOT / mutant.file))
        self.code = mutated_code(mutant)

    def get_code(self, fullname: str) -> Any:
        """Not what the file says."""
        return self.code

    def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """Step in for the one module."""
        if name != self.module:
            return None
        return spec_from_file_location(name, self.path, loader=self)


def start(mutant: Mutant) -> int:
    """Run the tests in a fork that has the change; the child's exit says whether all pass."""
    child = os.fork()
    if child:
        return child
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    signal.alarm(TIMEOUT)
    status = 1
    try:
        changed = Changed(mutant)
        sys.meta_path.insert(0, changed)
        tests = TESTS.get(mutant.file)
        if tests is None:  # a proof: it must fail itself, or else its test
            for value in vars(import_module(changed.module)).values():
                if type(value).__name__ == "Proof":
                    value.check()
            tests = [f"symbolic/test_{Path(mutant.file).stem}"]
        options = ["-x", "-q", "-p", "no:cacheprovider", "--assert=plain"]
        status = int(pytest.main([*options, *(f"tests/{name}.py" for name in tests)]))
    finally:
        os._exit(status)


def outcome(status: int) -> str:
    """What an exit status says of a mutant."""
    if os.WIFSIGNALED(status):
        return "timeout" if os.WTERMSIG(status) == signal.SIGALRM else "killed"
    return {0: "survived", 4: "no tests", 5: "no tests"}.get(os.WEXITSTATUS(status), "killed")


def run(todo: list[Mutant], jobs: int) -> dict[Mutant, str]:
    """The outcome of each mutant, ``jobs`` at a time."""
    outcomes: dict[Mutant, str] = {}
    running: dict[int, Mutant] = {}
    waiting = todo[::-1]
    with tqdm(total=len(todo), unit="mutant") as bar:
        while waiting or running:
            while waiting and len(running) < jobs:
                mutant = waiting.pop()
                running[start(mutant)] = mutant
            child, status = os.wait()
            mutant = running.pop(child)
            outcomes[mutant] = outcome(status)
            if outcomes[mutant] != "killed":
                bar.write(f"{outcomes[mutant]}: {mutant}")
            bar.update()
    return {mutant: outcomes[mutant] for mutant in todo}


def explanations() -> dict[tuple[str, ...], str]:
    """Why some mutants live, by key."""
    rows = tomllib.loads(EXPLAINED.read_text(encoding="utf8")).get("mutant", [])
    return {(r["file"], r["scope"], r["before"], r["after"]): r["why"] for r in rows}


def problems(outcomes: dict[Mutant, str]) -> dict[str, list[str]]:
    """By file, mutants that live without a reason, and reasons for mutants that die."""
    known = explanations()
    alive = {mutant.key for mutant, result in outcomes.items() if result == "survived"}
    found: dict[str, list[str]] = {mutant.file: [] for mutant in outcomes}
    for mutant, result in outcomes.items():
        if result not in NOTICED and not (result == "survived" and mutant.key in known):
            found[mutant.file].append(f"{result}: {mutant}")
    for key in known:
        if key[0] in found and key not in alive:
            found[key[0]].append(f"explained, but not alive: {' | '.join(key)}")
    return {file: lines for file, lines in found.items() if lines}


def files_of_formulas() -> list[str]:
    """The files whose mutants must die: the core and all proofs."""
    proofs = sorted((ROOT / "mha_book" / "symbolic").glob("[!_]*.py"))
    return [*TESTS, *(path.relative_to(ROOT).as_posix() for path in proofs)]


def text(mutant: Mutant) -> str:
    """How a mutant stands in the record."""
    return f"{mutant.scope}: {mutant.before}  =>  {mutant.after}"


def write_record(outcomes: dict[Mutant, str]) -> None:
    """All mutants with their outcomes, file by file; files that were not tried stay as they are."""
    known, path = explanations(), RESULTS / "mutation.json"
    files: dict[str, Any] = (
        json.loads(path.read_text(encoding="utf8"))["files"] if path.exists() else {}
    )
    files |= {mutant.file: {"killed": [], "explained": {}} for mutant in outcomes}
    for mutant, result in outcomes.items():
        if result in NOTICED:
            files[mutant.file]["killed"].append(text(mutant))
        else:
            files[mutant.file]["explained"][text(mutant)] = known[mutant.key]
    files = {name: files[name] for name in files_of_formulas() if name in files}
    counts = {
        kind: sum(len(entry[kind]) for entry in files.values()) for kind in ("killed", "explained")
    }
    write("mutation", {**environment("sympy"), **counts, "files": files})


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", help="files of mha_book; by default all with formulas")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--record", action="store_true", help="renew the files in results/mutation.json"
    )
    parser.add_argument("--list", action="store_true", help="list the mutants and stop")
    arguments = parser.parse_args()
    files = arguments.files or files_of_formulas()
    todo = [mutant for file in files for mutant in mutants(file)]
    if arguments.list:
        print(*todo, sep="\n")
        return
    outcomes = run(todo, arguments.jobs)
    found = problems(outcomes)
    print(f"{len(todo)} mutants, {sum(r in NOTICED for r in outcomes.values())} killed")
    if arguments.record:
        write_record({m: result for m, result in outcomes.items() if m.file not in found})
    if found:
        sys.exit("\n".join(line for lines in found.values() for line in lines))


if __name__ == "__main__":
    main()

"""The record of the mutation run speaks of the code as it is."""

import json

import pytest

from experiments.record import RESULTS
from tests.mutants import mutants
from tests.mutation import explanations, files_of_formulas, text

FILES = [file for file in files_of_formulas() if mutants(file)]
RECORD = json.loads((RESULTS / "mutation.json").read_text(encoding="utf8"))


def test_all_files_with_formulas_are_in_the_record() -> None:
    assert list(RECORD["files"]) == FILES


@pytest.mark.parametrize("file", FILES)
def test_each_mutant_of_the_code_as_it_is_was_tried(file: str) -> None:
    entry = RECORD["files"][file]
    tried = {*entry["killed"], *entry["explained"]}
    assert tried == set(map(text, mutants(file))), f"python -m tests.mutation --record {file}"


def test_the_explanations_are_those_of_the_table() -> None:
    recorded = {
        (file, why)
        for file, entry in RECORD["files"].items()
        for why in entry["explained"].values()
    }
    assert recorded == {(key[0], why) for key, why in explanations().items()}


def test_the_counts_are_sums() -> None:
    for kind in ("killed", "explained"):
        assert RECORD[kind] == sum(len(entry[kind]) for entry in RECORD["files"].values())

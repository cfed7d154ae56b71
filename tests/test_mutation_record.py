"""The record of the mutation run speaks of the code as it is."""

import json

import pytest

from experiments.record import RESULTS
from tests.mutants import mutants
from tests.mutation import explanations, files_of_formulas, text

FILES = json.loads((RESULTS / "mutation.json").read_text(encoding="utf8"))["files"]


@pytest.mark.parametrize("file", files_of_formulas())
def test_every_mutant_is_in_the_record(file):
    entry = FILES.get(file, {"killed": [], "explained": {}})
    recorded = sorted([*entry["killed"], *entry["explained"]])
    expected = sorted({text(mutant) for mutant in mutants(file)})
    assert sorted(set(recorded)) == expected, f"run: python -m tests.mutation {file} --record"


def test_the_record_speaks_of_no_other_file():
    assert list(FILES) == files_of_formulas()


def test_every_mutant_that_lives_is_explained():
    reasons = {
        (mutant.file, text(mutant)): explanations()[mutant.key]
        for file in FILES
        for mutant in mutants(file)
        if mutant.key in explanations()
    }
    recorded = {(f, m): why for f, entry in FILES.items() for m, why in entry["explained"].items()}
    assert recorded == reasons

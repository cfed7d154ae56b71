"""What an import costs, what it offers, and that each public object says what it is."""

import importlib
import inspect
import subprocess
import sys
from importlib.metadata import version
from importlib.resources import files
from types import ModuleType

import pytest

import mha_book

CORE = [
    "attention",
    "cache",
    "config",
    "data.batches",
    "data.corpora",
    "data.corpus",
    "data.files",
    "data.multi30k",
    "data.special",
    "data.tatoeba",
    "decoding",
    "decoding.beam_search",
    "decoding.filters",
    "decoding.request",
    "decoding.sampling",
    "decoding.state",
    "language_model",
    "layers",
    "masks",
    "parts",
    "positions",
    "transformer",
]
VARIANTS = ["variants.additive", "variants.blockwise", "variants.linear"]
TRAINING = [
    "__main__",
    "checkpoint",
    "training",
    "training.devices",
    "training.evaluation",
    "training.interrupt",
    "training.journal",
    "training.loop",
    "training.loss",
    "training.output",
    "training.progress",
    "training.recipes",
    "training.run",
    "training.schedule",
    "training.settings",
    "training.snapshot",
    "training.task",
    "training.window",
    "translator",
]
DATA = ["data.download", "data.tokenizer", "data.tokenizer_pair"]
MORE = [*DATA, *TRAINING, "figures"]  # need more libraries
MODULES = [importlib.import_module(f"mha_book.{name}") for name in [*CORE, *VARIANTS, *MORE]]

#: Imports the modules named on the command line while all but torch is out of reach, what it
#: has imported for itself included; then runs a layer.
ON_ITS_OWN = """
import importlib, sys
import torch

ALLOWED = {"torch", "mha_book", *sys.stdlib_module_names}

def root(name):
    return name.partition(".")[0]

class Nothing:
    def find_spec(self, name, path=None, target=None):
        if root(name) not in ALLOWED:
            raise ModuleNotFoundError(f"{name} is out of reach")

theirs = {name: sys.modules.pop(name) for name in list(sys.modules) if root(name) not in ALLOWED}
sys.meta_path.insert(0, Nothing())
for name in sys.argv[1:]:
    importlib.import_module(name)
sys.meta_path.pop(0)
sys.modules.update(theirs)

from mha_book import MultiHeadAttention
from mha_book._shapes import Bool, Float, Int
assert Float[torch.Tensor, "B T"] is Bool[torch.Tensor, ""] is Int[torch.Tensor, "B"]
assert MultiHeadAttention(12, 3)(torch.zeros(2, 5, 12)).shape == (2, 5, 12)
"""


def public(module: ModuleType) -> dict[str, object]:
    """The functions and classes that a module offers, and the methods that its classes add."""
    objects = {name: getattr(module, name) for name in module.__all__}
    for name, cls in list(objects.items()):
        if inspect.isclass(cls):
            methods = {k: v for k, v in vars(cls).items() if not k.startswith("_") and callable(v)}
            objects |= {f"{name}.{method}": f for method, f in methods.items()}
    return {n: o for n, o in objects.items() if inspect.isclass(o) or inspect.isfunction(o)}


def formulas() -> list[object]:
    objects = {name: o for module in MODULES for name, o in public(module).items()}
    stated = {name: o for name, o in objects.items() if ".. math::" in inspect.getdoc(o)}
    return [pytest.param(o, id=name) for name, o in stated.items()]


def test_importing_needs_torch_alone():
    modules = ["mha_book", *(f"mha_book.{name}" for name in CORE + VARIANTS)]
    command = [sys.executable, "-c", ON_ITS_OWN, *modules]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_the_package_is_marked_as_typed():
    assert files("mha_book").joinpath("py.typed").is_file()


@pytest.mark.parametrize("module", [mha_book, *MODULES], ids=lambda m: m.__name__)
def test_all_names_what_exists_once(module):
    assert module.__doc__
    assert len(module.__all__) == len(set(module.__all__))
    assert all(hasattr(module, name) for name in module.__all__)


def test_the_package_offers_the_objects_of_its_modules():
    for name in mha_book.__all__:
        homes = [module for module in MODULES if name in module.__all__]
        assert [getattr(home, name) for home in homes] == [getattr(mha_book, name)]


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__)
def test_every_public_object_says_what_it_is_in_one_line(module):
    for name, obj in public(module).items():
        first = (inspect.getdoc(obj) or "").splitlines()[:1]
        assert first, f"{name} has no docstring"
        assert first[0].rstrip().endswith((".", ":")), f"{name}: {first[0]!r}"


@pytest.mark.parametrize("obj", formulas())
def test_every_formula_has_a_label_a_source_and_an_example(obj):
    text = inspect.getdoc(obj)
    assert "(eq-" in text.splitlines()[0]
    assert "\nSource: " in text
    assert "\n>>> " in text


def test_labels_are_used_once():
    labels = [inspect.getdoc(p.values[0]).split("(eq-")[1].split(")")[0] for p in formulas()]
    assert len(labels) == len(set(labels))
    assert {"scaled-dot-product", "multi-head"} <= set(labels)


def test_the_version_is_that_of_the_distribution():
    assert mha_book.__version__ == version("mha-book")

"""The directive ``{formula-index}``: one row for each formula of the ledger, every cell a link.

Each formula is copied from the page that states it, and each test found by its mark, so that both
are written in one place.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

FORMULA = re.compile(r"^\$\$\n(?P<latex>(?:(?!^\$\$).*\n)*?)\$\$ \((?P<label>eq-[\w-]+)\)$", re.M)


def stated_formulas(book: Path) -> dict[str, str]:
    """The LaTeX of every numbered formula by label, in the order of the pages."""
    texts = (path.read_text(encoding="utf8") for path in sorted(book.rglob("*.md")))
    return {m["label"]: m["latex"].strip() for text in texts for m in FORMULA.finditer(text)}


def marked_tests(tests: Path) -> dict[str, list[tuple[str, str]]]:
    """File and name of every test, or class of tests, that is marked with a label."""
    found = defaultdict(list)
    for path in sorted(tests.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                for label in _labels(node.decorator_list):
                    found[label].append((path.relative_to(tests.parent).as_posix(), node.name))
    return dict(found)


def _labels(decorators: list[ast.expr]) -> Iterator[str]:
    """The arguments of ``@pytest.mark.formula(…)``."""
    for decorator in decorators:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.formula":
            yield from (ast.literal_eval(argument) for argument in decorator.args)


class FormulaIndex(SphinxDirective):
    """Write the table as an author would, and have it parsed."""

    option_spec: ClassVar = {}

    def run(self) -> list[nodes.Node]:
        """One row for each formula, in the order of the pages, which is that of their numbers."""
        from mha_book.formulas import LEDGER

        root = Path(self.config.book_root)
        self.formulas, self.tests = stated_formulas(root / "book"), marked_tests(root / "tests")
        lines = [":::{list-table}", ":header-rows: 1", ":class: formula-index", ""]
        lines += ["* - Formula", "  - Proof", "  - Code", "  - Tests"]
        for label in (label for label in self.formulas if label in LEDGER):
            lines += self.row(label)
        content = StringList([*lines, ":::"], items=[self.get_source_info()] * (len(lines) + 1))
        box = nodes.container()
        self.state.nested_parse(content, self.content_offset, box)
        return box.children

    def row(self, label: str) -> list[str]:
        """The cells of one formula."""
        from mha_book.formulas import LEDGER

        row = LEDGER[label]
        latex = " ".join(self.formulas[label].split()).rstrip(".,")  # its sentence is not here
        proof_file, proof_name = row.proof_path.rsplit(".", 1)
        tests = [f"{{source}}`{name} <{path}:{name}>`" for path, name in self.tests.get(label, [])]
        proof_file = proof_file.replace(".", "/")
        return [
            f"* - {{eq}}`{label}` {{ref}}`{row.name} <{row.section}>`: ${latex}$",
            f"  - {{source}}`{proof_name} <mha_book/symbolic/{proof_file}.py:{proof_name}>`",
            f"  - {{source}}`{row.code} <{_definition(row.code_object)}>`",
            f"  - {' '.join(tests)}",
        ]


def _definition(thing: object) -> str:
    """File and name of a class, function or module, for the role ``source``."""
    name = getattr(thing, "__qualname__", "")
    module = thing.__module__ if name else thing.__name__  # type: ignore[attr-defined]
    path = f"{module.replace('.', '/')}.py"
    return f"{path}:{name}" if name else path


def remember_root(app: Sphinx, config: object) -> None:
    """Directives see the configuration alone."""
    config.book_root = str(app.confdir)  # type: ignore[attr-defined]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_config_value("book_root", "", "")
    app.connect("config-inited", remember_root)
    app.add_directive("formula-index", FormulaIndex)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

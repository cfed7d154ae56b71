"""Translate the book: python -m tools.i18n update | status [PAGE ...] | check [PAGE ...].

update  extracts the messages of all pages, merges them into the catalogues, fills in what is known
status  prints, per page, how many messages there are, are untranslated, are fuzzy
check   prints what breaks a rule of translation
PAGE is a page, a catalogue or a part of their names; without one, all are meant.
"""

import argparse
import sys
from pathlib import Path

from tools.i18n.catalogues import ROOT, catalogues, messages, update
from tools.i18n.rules import Rules


def chosen(names: list[str]) -> dict[str, Path]:
    """The catalogues whose page or path holds one of the names."""
    stems = [name.removesuffix(".po").removesuffix(".md") for name in names] or [""]
    return {page: file for page, file in catalogues().items() if any(s in str(file) for s in stems)}


def status(files: dict[str, Path]) -> int:
    """Print the counts per page and in all; the exit status says whether work is left."""
    total = [0, 0, 0]
    print(f"{'messages':>8} {'open':>6} {'fuzzy':>6}  page")
    for page, file in files.items():
        found = messages(file)
        row = [len(found), sum(not m.string for m in found), sum(m.fuzzy for m in found)]
        total = [old + new for old, new in zip(total, row, strict=True)]
        print("{:8} {:6} {:6}  {}".format(*row, page))
    print("{:8} {:6} {:6}  in all".format(*total))
    return int(any(total[1:]))


def check(files: dict[str, Path]) -> int:
    """Print each message that breaks a rule; what is not translated yet is only counted."""
    rules, wrong, still = Rules.read(ROOT), 0, 0
    for page, file in files.items():
        for message in messages(file):
            if not message.string:
                still += 1
            elif found := rules.problems(message):
                wrong += 1
                print(f"{page}: {message.id!r}")
                print("".join(f"    {problem}\n" for problem in found), end="")
    print(f"{wrong} messages break a rule, {still} are not translated yet")
    return int(bool(wrong or still))


def main() -> int:
    """Do what the command line asks."""
    style = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("python -m tools.i18n", None, __doc__, formatter_class=style)
    parser.add_argument("command", choices=("update", "status", "check"))
    parser.add_argument("pages", nargs="*", metavar="PAGE")
    arguments = parser.parse_args()
    if arguments.command == "update":
        update()
        return 0
    files = chosen(arguments.pages)
    if not files:
        parser.error("no catalogue has such a name")
    return {"status": status, "check": check}[arguments.command](files)


if __name__ == "__main__":
    sys.exit(main())

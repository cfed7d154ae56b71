"""One gettext catalogue per page: extracted, merged, and written so that merges seldom conflict.

A catalogue holds the messages of its page in their order, without dates, line numbers or the
messages of earlier versions, wrapped at a fixed width.
"""

import io
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import write_po
from sphinx_intl.catalog import load_po, update_with_fuzzy

from tools.i18n.prefill import Known

ROOT = Path(__file__).resolve().parents[2]
LANGUAGE = "zh_CN"
MESSAGES = ROOT / "book" / "locale" / LANGUAGE / "LC_MESSAGES"
WIDTH = 100
HEADER = f"""\
msgid ""
msgstr ""
"Language: {LANGUAGE}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

"""


def catalogues() -> dict[str, Path]:
    """The catalogue of each page that has one, by page name."""
    files = sorted((MESSAGES / "book").rglob("*.po"))
    return {file.relative_to(MESSAGES).with_suffix("").as_posix(): file for file in files}


def messages(file: Path) -> list[Message]:
    """The messages of a catalogue, in the order of the page."""
    return [message for message in load_po(str(file)) if message.id]


def text_of(catalogue: Catalog) -> str:
    """What is written to disk: the same for the same messages."""
    buffer = io.BytesIO()
    catalogue.obsolete.clear()
    for message in catalogue:
        message.locations = []
        message.flags.discard("python-brace-format")
        message.flags.discard("python-format")
        if not message.fuzzy:  # nobody has to compare the two
            message.previous_id = []
            message.user_comments = []
    write_po(buffer, catalogue, width=WIDTH, omit_header=True, include_previous=True)
    return HEADER + buffer.getvalue().decode("utf8").strip() + "\n"


def extract(folder: Path) -> None:
    """Write the template of every page into ``folder``; no cell runs."""
    binaries = Path(sys.executable).parent
    derive = [binaries / "jupyter-book", "config", "sphinx", ROOT]
    subprocess.run(derive, cwd=ROOT, check=True, capture_output=True)
    settings = ("nb_execution_mode=off", "gettext_location=0")
    options = [part for setting in settings for part in ("-D", setting)]
    paths = [str(ROOT), str(ROOT / "book" / "_ext"), os.environ.get("PYTHONPATH", "")]
    call = [binaries / "sphinx-build", "-q", "-b", "gettext", *options, ROOT, folder]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    subprocess.run(call, cwd=ROOT, check=True, env=environment)


def merge(template: Path, file: Path, kinds: dict[str, str], known: Known) -> None:
    """Bring a catalogue up to date with its page; a changed message becomes fuzzy."""
    fresh = load_po(str(template))
    catalogue = load_po(str(file)) if file.exists() else Catalog(LANGUAGE)
    update_with_fuzzy(catalogue, fresh)
    for message in catalogue:
        if not message.id:
            continue
        kind = kinds.get(str(message.id))
        message.auto_comments = [kind] if kind else []
        answer = known.answer(str(message.id), kind)
        if answer is not None:
            message.string = answer
            message.flags.discard("fuzzy")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text_of(catalogue), encoding="utf8")


def update() -> None:
    """Extract all messages, merge them, and drop the catalogues of pages that are gone."""
    known = Known.read(ROOT)
    with tempfile.TemporaryDirectory() as name:
        extract(Path(name))
        kinds = json.loads(Path(name, "kinds.json").read_text(encoding="utf8"))
        templates = {
            template.relative_to(name).with_suffix("").as_posix(): template
            for template in sorted(Path(name).rglob("*.pot"))
        }
        for page, template in templates.items():
            merge(template, MESSAGES / f"{page}.po", kinds.get(page, {}), known)
    for page, file in catalogues().items():
        if page not in templates:
            file.unlink()

"""Build the editions of the book with warnings as errors and say where to open them.

    python -m tools.build_book [--languages "en zh_CN"]

Missing pages and pages without outputs are errors too: see book/_ext/book_complete.py. So are
messages of a translation that are missing, stale or break a rule, and cells that a translated
edition executes although the first one has done so.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools.notebooks.trees import copy
from tools.notebooks.wheel import build_wheel

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "_build"
HTML = BUILD / "html"
NOTEBOOKS = BUILD / "notebooks"
TITLES = {"en": "The Multi-Head Self-Attention Module", "zh_CN": "多头自注意力模块"}
FIRST = "book/index.html"
BINARIES = Path(sys.executable).parent


def derive() -> None:
    """Let Jupyter Book write its settings as conf.py, for it cannot build in another language."""
    command = [BINARIES / "jupyter-book", "config", "sphinx", ROOT]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


def command(builder: str, language: str, languages: list[str], to: Path) -> list[str | Path]:
    """The call that builds one edition in one form."""
    settings = {"language": language, "book_offers_notebooks": "1"}
    if len(languages) > 1:
        settings["book_editions"] = ",".join(languages)
    call: list[str | Path] = [BINARIES / "sphinx-build", "-b", builder, "-n", "-W", "--keep-going"]
    call += [part for name, value in settings.items() for part in ("-D", f"{name}={value}")]
    return [*call, "-d", BUILD / ".doctrees" / language, ROOT, to]


def environment() -> dict[str, str]:
    """conf.py leaves out the folder of the extensions."""
    paths = [str(ROOT / "book" / "_ext"), str(ROOT), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}


def executed(language: str) -> list[str]:
    """The pages whose cells the last build of an edition ran, from its own record."""
    record = json.loads((BUILD / "records" / f"{language}.json").read_text(encoding="utf8"))
    pages: list[str] = record["executed"]
    return pages


def tidy(languages: list[str]) -> None:
    """Leave nothing in the folder of the book but its editions."""
    HTML.mkdir(parents=True, exist_ok=True)
    for path in HTML.iterdir():
        if path.name not in languages:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def check_translation(language: str) -> None:
    """Stop before a long build if the catalogues are not complete and in order."""
    done = subprocess.run([sys.executable, "-m", "tools.i18n", "check"], cwd=ROOT, check=False)
    if done.returncode:
        sys.exit(f"error: the translation to {language} is not ready; LANGUAGES=en builds English")


def offer_notebooks(language: str) -> None:
    """Put the notebooks of an edition, and the wheel that they install, beside its pages."""
    folder = HTML / language / "notebooks"
    shutil.rmtree(folder, ignore_errors=True)
    copy(NOTEBOOKS / language, folder)
    build_wheel(folder)


def write_entrances(languages: list[str]) -> None:
    """Write the page that sends a reader to an edition."""
    links = [
        f'<a href="{language}/{FIRST}" hreflang="{language.replace("_", "-")}" '
        f'lang="{language.replace("_", "-")}">{TITLES[language]}</a>'
        for language in languages
    ]
    page = (ROOT / "tools" / "root.html").read_text(encoding="utf8")
    page = page.replace("EDITIONS", json.dumps(languages)).replace("PAGE", FIRST)
    (HTML / "index.html").write_text(page.replace("LINKS", "\n".join(links)), encoding="utf8")


def build(languages: list[str]) -> None:
    """Build all editions, or stop with a message."""
    if languages[1:]:
        check_translation(languages[1])
    derive()
    tidy(languages)
    for language in languages:
        for builder, folder in (("html", HTML), ("notebooks", NOTEBOOKS)):
            call = command(builder, language, languages, folder / language)
            if subprocess.run(call, cwd=ROOT, env=environment(), check=False).returncode:
                sys.exit(f"error: the {language} edition was not built; the messages above say why")
        pages = executed(language)
        print(f"{language}: the cells of {len(pages)} pages were run in this build")
        if pages and language != languages[0]:
            sys.exit(f"error: {language} ran cells that {languages[0]} had run: {', '.join(pages)}")
        offer_notebooks(language)
    write_entrances(languages)


def main() -> None:
    """Build what the command line or the variable LANGUAGES asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--languages", default=os.environ.get("LANGUAGES") or " ".join(TITLES))
    languages = parser.parse_args().languages.replace(",", " ").split()
    if not languages or set(languages) - set(TITLES):
        parser.error(f"languages are {' and '.join(TITLES)}")
    build(languages)
    print(f"The book is ready. Open {(HTML / 'index.html').as_uri()}")


if __name__ == "__main__":
    main()

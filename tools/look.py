"""Take pictures of built pages as readers see them: desktop light, desktop dark and phone.

    python tools/look.py PAGE.html [PAGE.html ...] [--out DIR] [--tile HEIGHT]
    python tools/look.py --all

With --all every page of the built book is taken. With --tile a long page becomes several pictures
of at most that height.
"""

import argparse
from pathlib import Path

from browser import browser

HTML = Path(__file__).resolve().parent.parent / "_build" / "html"
SCREENS = {
    "light": {"viewport": {"width": 1280, "height": 900}, "theme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 900}, "theme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 780}, "theme": "dark"},
}


def built(folder: Path) -> list[Path]:
    """All pages of a built book; its folders of scripts and sources hold none."""
    pages = sorted(folder.rglob("*.html"))
    return [p for p in pages if not any(n.startswith("_") for n in p.relative_to(folder).parts)]


def slug(page: Path) -> str:
    """What its pictures are called: its place in the book, or its folder and name elsewhere."""
    page = page.resolve()
    parts = page.relative_to(HTML).parts if page.is_relative_to(HTML) else page.parts[-2:]
    return "-".join(parts).removesuffix(".html")


def look(pages: list[Path], out: Path, tile: int) -> list[Path]:
    """Write the pictures and return their paths."""
    out.mkdir(parents=True, exist_ok=True)
    pictures = []
    with browser() as chromium:
        for name, screen in SCREENS.items():
            context = chromium.new_context(viewport=screen["viewport"])
            theme = screen["theme"]
            context.add_init_script(
                f"localStorage.setItem('mode','{theme}');localStorage.setItem('theme','{theme}')"
            )
            page = context.new_page()
            for path in pages:
                page.goto(path.resolve().as_uri())
                page.wait_for_load_state("networkidle")
                page.evaluate("window.MathJax?.startup?.promise ?? null")
                page.wait_for_timeout(300)
                height = page.evaluate("document.documentElement.scrollHeight")
                step = tile or height
                width = screen["viewport"]["width"]
                page.set_viewport_size({"width": width, "height": min(height, 16000)})
                for number, top in enumerate(range(0, height, step)):
                    picture = out / f"{slug(path)}-{name}-{number}.png"
                    clip = {"x": 0, "y": top, "width": width, "height": min(step, height - top)}
                    page.screenshot(path=picture, clip=clip, full_page=True)
                    pictures.append(picture)
                page.set_viewport_size(screen["viewport"])
            context.close()
    return pictures


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", nargs="*", type=Path)
    parser.add_argument("--all", action="store_true", help="every page of the built book")
    parser.add_argument("--out", type=Path, default=Path("_build/pictures"))
    parser.add_argument("--tile", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.all == bool(arguments.pages):
        parser.error("name pages, or ask for --all")
    chosen = built(HTML) if arguments.all else arguments.pages
    if not chosen:
        parser.error("no built pages: run `make book` first")
    for picture in look(chosen, arguments.out, arguments.tile):
        print(picture)

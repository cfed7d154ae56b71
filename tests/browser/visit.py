"""A reader who opens built pages with the network off."""

from pathlib import Path
from typing import Any


class Visit:
    """One reader's visit: the page, what it asked the network for and what it complained about."""

    def __init__(self, chromium: Any, theme: str, width: int, *, allow: str = "file:") -> None:
        self.context = chromium.new_context(viewport={"width": width, "height": 800})
        self.context.add_init_script(
            f"localStorage.setItem('mode','{theme}');localStorage.setItem('theme','{theme}')"
        )
        self.context.route("**/*", self._filter)
        self.page = self.context.new_page()
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.allowed = (allow, "file:", "data:", "blob:")
        self.requests: list[str] = []
        self.complaints: list[str] = []

    def _filter(self, route: Any) -> None:
        if route.request.url.startswith(self.allowed):
            route.continue_()
        else:
            self.requests.append(route.request.url)
            route.abort()

    def _listen(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def open(self, path: Path) -> Any:
        """Go to a built page and wait until its formulas are set."""
        self.page.goto(path.as_uri())
        self.page.wait_for_load_state("load")
        self.page.evaluate("window.MathJax?.startup?.promise ?? null")
        return self.page

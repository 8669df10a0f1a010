"""People at a real browser: what they click, and what their browser complains about."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PATIENCE_MS = 120_000
# Debian's, with its windows or without.
CHROMIUM = ("chromium", "chromium-headless-shell")
# Aborted by the browser itself when a page is left: a stream of events, or a script of the page before.
LEFT = "net::ERR_ABORTED"
DROP = """(form, [name, text]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name, { type: "text/x-python" }));
  for (const kind of ["dragover", "drop"])
    form.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
}"""
# The smallest contrast of a text with what is behind it, and the text.
CONTRAST = """() => {
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = element => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.push(parse(getComputedStyle(at).backgroundColor));
    let color = matchMedia("(prefers-color-scheme: dark)").matches ? [0, 0, 0] : [255, 255, 255];
    for (const [r, g, b, a = 1] of layers.reverse()) color = color.map((v, i) => v * (1 - a) + [r, g, b][i] * a);
    return color;
  };
  let worst = [21, ""];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(behind(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < worst[0]) worst = [ratio, walker.currentNode.data.trim()];
  }
  return worst;
}"""
# What sticks out of the window, other than within a box that scrolls by itself.
OVERFLOW = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
  [...document.querySelectorAll("main *, header *")].filter(each => each.getBoundingClientRect().right > innerWidth + 1
    && !each.parentElement.closest(".scroll, .code, pre")).map(each => each.outerHTML.slice(0, 80))"""


@contextmanager
def open_chromium() -> Iterator[Any]:
    """Give the system's Chromium. Fails where it, or Playwright, is missing: a browser test is never skipped."""
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if path is None:
        pytest.fail("there is no chromium: apt install chromium fonts-noto-cjk", pytrace=False)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        pytest.fail(f"{error}: run these tests by `make test-browser`, which installs it", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def find_barriers(page: Any) -> list[str]:
    """Return what axe finds on a page: the rule, and the elements that break it."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {[node['html'][:120] for node in each['nodes']]}" for each in found]


class Reader:
    """One person at a browser of their own. Everything that the browser complains about is kept in `troubles`."""

    def __init__(self, chromium: Any, address: str, **settings: Any) -> None:
        self.address = address
        self.troubles: list[str] = []
        self.context = chromium.new_context(base_url=address, **{"locale": "en-US", **settings})
        self.context.set_default_timeout(PATIENCE_MS)
        self.context.on("weberror", lambda error: self.troubles.append(f"script: {error.error}"))
        # Of every window: a platform opens more than one.
        self.context.on("console", self._note_message)
        self.context.on("requestfailed", self._note_failure)
        self.context.on("response", self._note_response)
        self.page = self.context.new_page()

    def _note_message(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.troubles.append(f"console: {message.text} {message.location}")

    def _note_failure(self, request: Any) -> None:
        if request.failure != LEFT:
            self.troubles.append(f"{request.url}: {request.failure}")

    def _note_response(self, response: Any) -> None:
        if response.status >= 400:
            self.troubles.append(f"{response.url}: {response.status}")

    def sign_in(self, link: str) -> None:
        """Open a link and confirm."""
        self.page.goto(link)
        self.page.locator("main button").click()
        self.page.wait_for_url(f"{self.address}/")

    def hand_in(self, path: Path, assignment: str = "toy") -> None:
        """Choose a file, send it, and wait for the feedback; nothing here reloads the page."""
        self.page.goto(f"/assignments/{assignment}")
        self.page.set_input_files("input[type=file]", path)
        self.page.locator("form[data-upload] button").click()
        self.await_feedback()

    def drop(self, name: str, text: str, assignment: str = "toy") -> None:
        """Drop a file onto the form, and wait for the feedback."""
        self.page.goto(f"/assignments/{assignment}")
        self.page.locator("form[data-upload]").evaluate(DROP, [name, text])
        self.await_feedback()

    def await_feedback(self) -> None:
        """Wait until the page of a submission shows its feedback by itself."""
        self.page.wait_for_url("**/submissions/*")
        self.page.locator("article.feedback").wait_for()

    def read(self) -> str:
        """Return the text of the page."""
        return str(self.page.locator("main").inner_text())

    def list_faults(self) -> list[str]:
        """Return what is wider than the window, a text that is hard to see, and what axe finds on the page."""
        ratio, text = self.page.evaluate(CONTRAST)
        faint = [f"contrast {ratio:.1f}: {text}"] if ratio < 4.5 else []
        faults = [*(f"too wide: {html}" for html in self.page.evaluate(OVERFLOW)), *faint, *find_barriers(self.page)]
        return [f"{self.page.url}: {fault}" for fault in faults]

    def close(self) -> None:
        """Close the browser's window. Fails where the browser complained about anything."""
        self.context.close()
        assert self.troubles == []

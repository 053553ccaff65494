"""A real Chromium for the tests that need one, and what a page must never do while they run."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

# Debian's browser where it is, else the one that `playwright install chromium` brought.
SYSTEM = Path("/usr/bin/chromium")
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]


@contextmanager
def chromium(*more: str) -> Iterator[Browser]:
    """A browser that ends with the block; `more` are flags of its own."""
    with sync_playwright() as playwright:
        path = os.environ.get("UNROLLED_TEST_CHROMIUM") or (str(SYSTEM) if SYSTEM.exists() else None)
        browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS, *more])
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Watched:
    """A page, and everything about it that should not have happened."""

    page: Page
    host: str
    console: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def check(self) -> None:
        """No console error, no request off the host, no answer that failed, no layout shift."""
        assert self.console == []
        assert self.elsewhere == []
        assert self.failed == []
        shifts: list[Any] = self.page.evaluate("window.layoutShifts || []")
        assert sum(shifts) < 0.02, f"the page moved under the reader: {shifts}"


def watch(page: Page, url: str, *, refusals: bool = False) -> Watched:
    """Note what `page` does from now on; `refusals` are expected where a test provokes them."""
    watched = Watched(page, urlsplit(url).netloc)

    def said(message: Any) -> None:
        if message.type in ("error", "warning"):
            watched.console.append(f"{message.type}: {message.text}")

    def asked(request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.netloc != watched.host:
            watched.elsewhere.append(request.url)

    def answered(response: Any) -> None:
        if response.status >= (500 if refusals else 400):
            watched.failed.append(f"{response.status} {response.url}")

    page.on("console", said)
    page.on("pageerror", lambda error: watched.console.append(f"exception: {error}"))
    page.on("request", asked)
    page.on("response", answered)
    # a second visit: nothing plays by itself and no hint stands in a corner
    page.add_init_script("try { localStorage.setItem('unrolled.visited', 'yes') } catch {}")
    page.add_init_script(
        """window.layoutShifts = [];
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.layoutShifts.push(entry.value);
        }).observe({ type: "layout-shift", buffered: true });"""
    )
    return watched

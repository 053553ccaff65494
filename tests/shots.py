"""Takes the pictures in docs/ from a live server in a real browser. `make shots` runs it."""

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.conftest import start_server

DOCS = Path(__file__).parents[1] / "docs"

# name, query, width, height
SHOTS = [
    ("page", "theme=light&lang=en&t=3", 1440, 1200),
    ("page-dark-zh", "theme=dark&lang=zh&t=3", 1440, 1200),
    ("stacked", "example=stacked-cube&theme=light&lang=en&t=2", 1440, 900),
    ("phone", "theme=light&lang=en", 390, 1500),
]


def take(browser: Browser, url: str, name: str, width: int, height: int) -> list[str]:
    """Save one picture; what the console complained about."""
    page = browser.new_page(viewport={"width": width, "height": height}, reduced_motion="reduce")
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(url, wait_until="networkidle")
    page.locator("[data-testid=scene]").wait_for()
    page.wait_for_timeout(500)  # the drawing follows the layout by a frame or two
    page.screenshot(path=DOCS / f"{name}.png")
    page.close()
    return [f"{name}: {text}" for text in said]


def main() -> int:
    DOCS.mkdir(exist_ok=True)
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = start_server(Path(folder))
        # Playwright's own Chromium where the system has none
        program = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            for name, query, width, height in SHOTS:
                faults += take(browser, f"{server.url}/?{query}", name, width, height)
                print(f"docs/{name}.png")
        finally:
            browser.close()
            server.stop()
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())

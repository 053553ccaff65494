"""Takes the pictures in docs/ from a live server in a real browser. `make shots` runs it."""

import tempfile
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser

from app.recurrent.diagnose.samples import SAMPLES
from tests.browser import chromium, watch
from tests.conftest import start_server

DOCS = Path(__file__).parents[1] / "docs"

HIDDEN = next(each.text for each in SAMPLES if each.key == "hidden")
# name, address, width, height
SHOTS = [
    ("page", "/?theme=light&lang=en&t=3", 1440, 1200),
    ("page-dark-zh", "/?theme=dark&lang=zh&t=3", 1440, 1200),
    ("stacked", "/?example=stacked-cube&theme=light&lang=en&t=2", 1440, 900),
    ("presenter", "/?theme=light&lang=en&present=true&t=2", 1024, 768),
    ("phone", "/?theme=light&lang=en", 390, 844),
    ("diagnose", f"/diagnose?{urlencode({'theme': 'light', 'lang': 'en', 'text': HIDDEN})}", 1440, 900),
]


def take(browser: Browser, url: str, name: str, width: int, height: int) -> None:
    """Save one picture of a page that did nothing it should not."""
    page = browser.new_page(viewport={"width": width, "height": height}, reduced_motion="reduce")
    watched = watch(page, url)
    page.goto(url, wait_until="networkidle")
    page.locator("[data-testid=scene] canvas, .finding").first.wait_for()
    page.wait_for_timeout(500)  # the drawing follows the layout by a frame or two
    watched.check()
    page.screenshot(path=DOCS / f"{name}.png")
    page.close()
    print(f"docs/{name}.png")


def main() -> None:
    DOCS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        server = start_server(Path(folder))
        try:
            for name, address, width, height in SHOTS:
                take(browser, f"{server.url}{address}", name, width, height)
        finally:
            server.stop()


if __name__ == "__main__":
    main()

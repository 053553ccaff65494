"""What the page weighs before a chart, when its first true number stands there, and what a step costs in a long run."""

import gzip
import http.server
import statistics
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page

from tests.bench.figure import Figure
from tests.browser import chromium
from tests.conftest import start_server

MOST_KB = 150  # of JavaScript before Plotly, compressed
ROUNDS = 9
# The default run: by the frame after which each stands on the screen, in ms since the navigation began.
SEEN = """() => {
  window.seen = {};
  const places = { number: '[data-value]', drawn: '#scene:not([data-expect]) canvas' };
  const look = (now) => {
    for (const [name, place] of Object.entries(places)) {
      if (!window.seen[name] && document.querySelector(place)) window.seen[name] = now;
    }
    if (document.readyState !== 'complete' || Object.keys(window.seen).length < 2) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""
# One step of time: everything that the change sets off, and what it asks the browser to lay out.
STEP = """(steps) => {
  let frames = [];
  const later = window.requestAnimationFrame;
  window.requestAnimationFrame = (then) => frames.push(then);
  const scrub = document.querySelector('.scrub');
  const times = [];
  for (let k = 0; k < steps; k++) {
    const began = performance.now();
    scrub.value = String((Number(scrub.value) + 1) % (Number(scrub.max) + 1));
    scrub.dispatchEvent(new Event('input', { bubbles: true }));
    for (let round = 0; round < 3 && frames.length; round++) {
      const due = frames;
      frames = [];
      for (const then of due) then(performance.now());
    }
    document.body.getBoundingClientRect();
    times.push(performance.now() - began);
  }
  window.requestAnimationFrame = later;
  return times;
}"""


def scripts(page: Page, url: str) -> dict[str, int]:
    """The compressed size of every script that the page at `url` loads by itself, by its path."""
    found: dict[str, int] = {}

    def answered(response: object) -> None:
        if response.request.resource_type == "script":  # type: ignore[attr-defined]
            found[urlsplit(response.url).path] = len(gzip.compress(response.body(), 6))  # type: ignore[attr-defined]

    page.on("response", answered)
    page.goto(url, wait_until="networkidle")
    page.remove_listener("response", answered)
    return found


def seen(browser: Browser, url: str) -> dict[str, float]:
    """Medians over new contexts, so that nothing is kept from the last one."""
    rounds: list[dict[str, float]] = []
    for _ in range(ROUNDS):
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        page = context.new_page()
        page.add_init_script(f"({SEEN})()")
        page.goto(url, wait_until="load")
        page.wait_for_function("window.seen.number && window.seen.drawn")
        rounds.append(page.evaluate("window.seen"))
        context.close()
    return {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}


def bare(browser: Browser, url: str) -> str:
    """A page without a program that has as many bytes: the same text, sheets and scripts of comments."""
    weights: dict[str, list[int]] = {"document": [], "script": [], "stylesheet": []}
    page = browser.new_page()
    page.on("response", lambda got: weights.get(got.request.resource_type, []).append(len(got.body())))
    page.goto(url, wait_until="networkidle")
    page.close()
    sheets = "".join(f'<link rel="stylesheet" href="{n}.css">' for n, _ in enumerate(weights["stylesheet"]))
    modules = "".join(f'<script type="module" src="{n}.js"></script>' for n, _ in enumerate(weights["script"]))
    head = f'<!doctype html><meta charset="utf-8"><title>bare</title>{sheets}{modules}<p data-value="1">0.4542'
    body = head + '<main id="scene"><canvas></canvas></main><script type="application/json">'
    files = {"index.html": body + "0" * max(0, sum(weights["document"]) - len(body)) + "</script>"}
    for kind, ending in (("script", "js"), ("stylesheet", "css")):
        files |= {f"{n}.{ending}": f"/*{'-' * (size - 4)}*/" for n, size in enumerate(weights[kind])}
    folder = Path(tempfile.mkdtemp(prefix="bare-page-"))
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return str(folder)


class Quiet(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections stay open, as ours do
    extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | {".js": "text/javascript"}

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def static(folder: str) -> Iterator[str]:
    """The address of a folder of files."""
    handler = lambda *given: Quiet(*given, directory=folder)  # noqa: E731
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def steps(browser: Browser, url: str, query: str) -> float:
    """The median ms of one step in this run."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{url}/?{query}", wait_until="networkidle")
    page.wait_for_selector("#scene:not([data-expect]) canvas")
    page.wait_for_timeout(500)
    page.evaluate(STEP, 60)  # the slices of these steps are read once
    page.wait_for_load_state("networkidle")
    page.evaluate("document.querySelector('.scrub').value = '0'")
    times: list[float] = page.evaluate(STEP, 60)
    page.close()
    return statistics.median(times)


def measure() -> Iterator[Figure]:
    """The default page, and runs of 20 and 1000 steps."""
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        server = start_server(Path(folder))
        try:
            page = browser.new_page()
            loaded = scripts(page, server.url)
            page.close()
            before = sum(size for path, size in loaded.items() if "plotly.min" not in path) / 1024
            yield Figure(f"{len(loaded)} scripts before Plotly ÷ allowed", before, MOST_KB, "KB", "aim ≤ 1")
            ours = seen(browser, server.url)
            with static(bare(browser, server.url)) as address:
                theirs = seen(browser, address)
            yield Figure("first true number ÷ bare page of this weight", ours["number"], theirs["number"], "ms")
            yield Figure("  … the scene drawn ÷ that page complete", ours["drawn"], theirs["drawn"], "ms")
            long = "source=random&head=none&batch=2&hidden_size=64&seq_len={}"
            few, many = (steps(browser, server.url, long.format(T)) for T in (20, 1000))
            yield Figure("one step at T=1000 ÷ at T=20", many, few, "ms", "aim ≤ 1.5")
        finally:
            server.stop()


if __name__ == "__main__":
    for figure in measure():
        print(figure.line())

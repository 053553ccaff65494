"""The scene's frame time while it turns, beside a bare canvas drawing three images of the same size."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.bench.figure import Figure
from tests.browser import chromium

ROOT = Path(__file__).parents[2]
# input (N, T, F) and hidden size H: the scene then holds cubes of 50×200×30, and of 50×200×512 beside one
SIZES = [(50, 200, 30, 30), (50, 200, 30, 512)]


class Files(SimpleHTTPRequestHandler):
    """The repository's own files; module scripts need their type whatever the system's table says."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".js": "text/javascript"}

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served() -> Iterator[str]:
    """The address of the repository, served to this machine alone."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=str(ROOT)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def measure() -> Iterator[Figure]:
    """One figure a size: the median frame of the whole scene ÷ that of the three images, in turns on one page."""
    with served() as address, chromium() as browser:
        for N, T, F, H in SIZES:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(f"{address}/tests/bench/scene_frame.html")
            page.wait_for_selector("html[data-ready]")
            page.evaluate("size => window.postMessage(size)", [N, T, F, H])
            page.wait_for_function("window.frameTimes", timeout=120_000)
            times = page.evaluate("window.frameTimes")
            page.close()
            yield Figure(f"scene turning {N}×{T}×{H}", times["ours"], times["bare"], "ms")


if __name__ == "__main__":
    for figure in measure():
        print(figure.line())

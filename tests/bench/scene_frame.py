"""The scene's frames at 50×200×512: beside a bare canvas with three images, and beside Plotly's mesh3d of the cube."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from app.web import plotly
from tests.bench.figure import Figure
from tests.browser import chromium

ROOT = Path(__file__).parents[2]
# input (N, T, F) and hidden size H: the scene then holds cubes of 50×200×30, and of 50×200×512 beside one
SIZES = [(50, 200, 30, 30), (50, 200, 30, 512)]
SOFTWARE = ("--enable-unsafe-swiftshader",)  # without a graphics card WebGL is drawn by the processor
NAMES = {"turning": "frame while turning", "slice": "another slice", "first": "first frame"}


class Files(SimpleHTTPRequestHandler):
    """The repository's own files and Plotly's script; modules need their type whatever the system's table says."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".js": "text/javascript"}

    def do_GET(self) -> None:
        if self.path != "/plotly.min.js":
            super().do_GET()
            return
        body = plotly.script(False)
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

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
    """Medians of one page: ours in turns with the bare canvas, then Plotly's, which is drawn with the largest size."""
    with served() as address, chromium(*SOFTWARE) as browser:
        for size in SIZES:
            last = size == SIZES[-1]
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(f"{address}/tests/bench/scene_frame.html")
            page.wait_for_selector("html[data-ready]")
            page.evaluate("asked => window.postMessage(asked)", {"size": size, "plotly": last})
            page.wait_for_function("window.frameTimes", timeout=300_000)
            times = page.evaluate("window.frameTimes")
            page.close()
            N, T, _, H = size
            yield Figure(f"scene {N}×{T}×{H}, frame ÷ three images", times["turning"], times["bare"], "ms")
            yield Figure("  … pointed at: cell found, marked, drawn", times["hover"], times["bare"], "ms")
            if not last:
                continue
            for pose in ("pull", "apart", "flat"):
                yield Figure(f"  … frame in pose “{pose}” ÷ frame as cut", times[pose], times["cut"], "ms")
            for what, name in NAMES.items():
                yield Figure(f"  … {name} ÷ Plotly mesh3d", times[what], times["plotly"][what], "ms", "aim ≤ 0.1")


if __name__ == "__main__":
    for figure in measure():
        print(figure.line())

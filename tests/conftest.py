"""What every test can ask for: a client of the application in this process, and a real server beside it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser

from app.main import create_app
from app.settings import Settings
from tests.browser import Watched, chromium, watch

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 60


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio, as the server does."""
    return "asyncio"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The defaults, with a data folder of the test's own. Override it to test other limits."""
    return Settings(data=tmp_path / "data")


@pytest.fixture
def app(settings: Settings) -> Iterator[FastAPI]:
    """The application with `settings`; its workers end with the test."""
    made = create_app(settings)
    yield made
    made.state.work.stop()


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Asks the application directly, without a socket."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=60) as made:
        yield made


@dataclass
class LiveServer:
    """A server of `python -m app serve` in a process of its own."""

    process: "subprocess.Popen[bytes]"
    port: int
    log_path: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """What it has printed so far."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def connect(self, seconds: float = 20) -> socket.socket:
        """A bare connection, for what no HTTP client would send."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=seconds)

    def stop(self) -> float:
        """SIGTERM, and the seconds until it has ended."""
        started = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return time.monotonic() - started


def start_server(folder: Path, **environment: str) -> LiveServer:
    """Start one and wait until it answers; the caller stops it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder.mkdir(parents=True, exist_ok=True)
    log_path = folder / "server.log"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("UNROLLED_")}
    clean |= {"UNROLLED_DATA": str(folder / "data"), "PYTHONUNBUFFERED": "1"} | environment
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "serve", "--port", str(port)],
            cwd=ROOT,
            env=clean,
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
    server = LiveServer(process, port, log_path)
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{server.url}/healthz", timeout=2):
                return server
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    server.stop()
    pytest.fail(f"the server did not start:\n{server.log}")


@pytest.fixture(scope="session")
def _shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    server = start_server(tmp_path_factory.mktemp("server"))
    yield server
    server.stop()


@pytest.fixture
def live_server(_shared_server: LiveServer, request: pytest.FixtureRequest) -> Iterator[LiveServer]:
    """One server for all tests; what it printed during a test that fails stands in the report."""
    before = len(_shared_server.log)
    yield _shared_server
    _print_log_if_failed(request.node, _shared_server.log[before:])


@pytest.fixture
def server_with(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    """Start servers of a test's own: `server_with(UNROLLED_HEAD_SECONDS="1")`."""
    started: list[LiveServer] = []

    def start(**environment: str) -> LiveServer:
        started.append(start_server(tmp_path / f"server{len(started)}", **environment))
        return started[-1]

    yield start
    for server in started:
        server.stop()
        _print_log_if_failed(request.node, server.log)


_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Remember on the test itself that it failed, for the fixtures that end after it."""
    report = yield
    if report.when == "call":
        item.stash[_FAILED] = report.failed
    return report


def _print_log_if_failed(item: pytest.Item, log: str) -> None:
    if item.stash.get(_FAILED, True):
        print(f"\n--- the server's log ---\n{log}--- end of the log ---")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium for the tests of one file."""
    with chromium() as made:
        yield made


@pytest.fixture
def watched(browser: Browser, live_server: LiveServer) -> Iterator[Watched]:
    """An English page of its own context, on which nothing may go wrong."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB", reduced_motion="reduce")
    context.set_default_timeout(15_000)
    found = watch(context.new_page(), live_server.url)
    yield found
    found.check()
    context.close()

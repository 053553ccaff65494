"""`python -m app serve`: uvicorn with a connection limit, a patience for request heads, and an end in time."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, NoReturn

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from app.allocator import return_large_buffers
from app.recurrent.errors import Refusal
from app.settings import Settings, SettingsError
from app.web.errors import MEDIA_TYPE, fault, later, problem_response
from app.web.guard import LOOPBACK, SECURITY_HEADERS

log = logging.getLogger("unrolled")

HEAD_BYTES = 64 << 10  # request line and headers
KEEP_ALIVE_SECONDS = 15
STOP_RUNS_AFTER = 2.0  # of the seconds of grace: a run needs up to two to notice
EXIT_SECONDS = 0.3  # for threads that are still inside a kernel
LEAVE_SECONDS = 1  # kept back of shutdown_seconds: the end itself takes time on a busy machine

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"err": {"class": "logging.StreamHandler", "stream": "ext://sys.stderr", "formatter": "plain"}},
    "loggers": {
        "uvicorn": {"level": "WARNING"},
        "uvicorn.access": {"level": "WARNING"},
        "unrolled": {"level": "INFO"},
    },
    "root": {"handlers": ["err"], "level": "WARNING"},
}


class Protocol(H11Protocol):
    """h11, not httptools: it bounds the size of the request head, accepts no lenient framing, and the
    parser is never what a request here waits for. Adds: a deadline for the head, a refusal in the
    one shape for what is no HTTP, and for connections over the limit."""

    settings: Settings  # set on the subclass that `serve` makes

    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > 2 * self.settings.connections:
            transport.abort()
            return
        if len(self.connections) > self.settings.connections:
            self.app = _busy
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._awaits_head():
            if self._head_timer is None:
                self._wait_for_head()
        else:
            self._stop_waiting()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        # the next head may have begun to arrive behind the last request: no new data will say so
        if not self.transport.is_closing() and self._awaits_head() and self.conn.trailing_data[0]:
            self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        head = f"HTTP/1.1 400 Bad Request\r\n{_raw_problem(fault('invalid-http'))[0]}"
        with contextlib.suppress(Exception):  # the state h11 is in after an error says nothing about ours
            if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
                self.transport.write(head.encode("latin-1") + _raw_problem(fault("invalid-http"))[1])
        self.transport.close()

    def _unsupported_upgrade_warning(self) -> None:
        """The guard refuses a WebSocket in the one shape. uvicorn would log two lines of advice on what to
        install, for every request of anybody who likes to fill a disk."""

    def _awaits_head(self) -> bool:
        """Between requests, or inside the head of one. h11's own word for "no request yet" is IDLE."""
        return str(self.conn.their_state) == "IDLE" and (self.cycle is None or self.cycle.response_complete)

    def _wait_for_head(self) -> None:
        self._stop_waiting()
        self._head_timer = self.loop.call_later(self.settings.head_seconds, self._too_slow)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _too_slow(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing() and self._awaits_head():
            self.transport.abort()


async def _busy(scope: Any, receive: Any, send: Any) -> None:
    """The application of a connection too many."""
    response = problem_response([later("busy", 5)], "en", {**SECURITY_HEADERS, "Connection": "close"})
    await response(scope, receive, send)


def _raw_problem(refusal: Refusal) -> tuple[str, bytes]:
    """Headers and body of a refusal, for when there is no request to answer."""
    body = bytes(problem_response([refusal], "en").body)
    headers = {
        **SECURITY_HEADERS,
        "Content-Type": MEDIA_TYPE,
        "Content-Length": str(len(body)),
        "Connection": "close",
    }
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n", body


class Server(uvicorn.Server):
    """Ends runs in time, so that the grace is kept also while something heavy goes on."""

    def __init__(
        self,
        config: uvicorn.Config,
        started: Callable[[], None],
        stop_runs: Callable[[], None],
        stop_streams: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._stop_streams = stop_streams
        self._started = started
        self._stop_runs = stop_runs

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stop_streams()  # they would never end by themselves
        timer = asyncio.get_running_loop().call_later(STOP_RUNS_AFTER, self._stop_runs)
        try:
            await super().shutdown(sockets)
        finally:
            timer.cancel()
            self._stop_runs()


def serve(app: FastAPI, settings: Settings) -> int:
    """Serve `app` until a signal; the exit code."""
    protocol = type("ServedProtocol", (Protocol,), {"settings": settings})
    config = uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        log_config=LOGGING,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=max(0, settings.shutdown_seconds - LEAVE_SECONDS),
        h11_max_incomplete_event_size=HEAD_BYTES,
    )
    return_large_buffers()
    listening = _listen(settings.host, settings.port)
    port = listening.getsockname()[1]
    with _signals_end_it():
        state = app.state
        Server(config, lambda: _print_addresses(settings, port), state.work.stop, state.races.stop).run([listening])
    return _leave(0)


def _listen(host: str, port: int) -> socket.socket:
    name = host.strip("[]")
    family = socket.AF_INET6 if ":" in name else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    if os.name == "posix":
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((name, port))
    except OSError as error:
        raise SettingsError(f"Can't listen on {host}, port {port}: {error.strerror or error}.") from None
    listening.set_inheritable(False)
    return listening


def _print_addresses(settings: Settings, port: int) -> None:
    name = settings.host.strip("[]")
    if name in LOOPBACK:
        print(f"Unrolled is at http://{_in_url(name)}:{port}/  (Ctrl+C ends it)", flush=True)
        return
    names = sorted({*_own_addresses(), *settings.hosts}) if name in ("0.0.0.0", "::") else [name, *settings.hosts]
    print("Unrolled is at", *(f"http://{_in_url(each)}:{port}/" for each in names), sep="\n  ")
    print(
        f"It listens on {settings.host}: everybody who can reach this machine can use it, without a password and "
        "without encryption. It answers to its addresses and to the names in UNROLLED_HOSTS. "
        "In public, put a proxy with TLS in front.",
        flush=True,
    )


def _in_url(name: str) -> str:
    return f"[{name}]" if ":" in name else name


def _own_addresses() -> set[str]:
    """The machine's addresses as far as it knows them; no packet is sent."""
    found = {"127.0.0.1"}
    with contextlib.suppress(OSError):
        found |= {str(each[4][0]) for each in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # an address for documentation; choosing the way there is enough
        found.add(str(probe.getsockname()[0]))
    return found


@contextlib.contextmanager
def _signals_end_it() -> Iterator[None]:
    """uvicorn raises the signal again when it is done; that is the way out here, with code 0."""

    def leave(_number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(0)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    except SystemExit as end:
        if end.code:
            raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(code: int) -> int:
    """Return when the threads have ended; a kernel that is still running is not waited for."""
    for thread in threading.enumerate():
        if thread.name.startswith("unrolled-work"):
            thread.join(EXIT_SECONDS)
    if any(thread.name.startswith("unrolled-work") for thread in threading.enumerate()):
        sys.stdout.flush()
        logging.shutdown()
        os._exit(code)
    return code

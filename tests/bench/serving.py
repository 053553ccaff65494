"""Requests per second of the default trace beside those of an empty route that answers the same bytes."""

import http.client
import itertools
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench.figure import Figure
from tests.conftest import start_server

CONNECTIONS = 4  # kept open; each asks again as soon as all four were answered, so the server never waits


def default_request(port: int) -> dict[str, Any]:
    """What the page asks for when it is opened."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/", headers={"Accept": "application/json"})
    twin = json.load(connection.getresponse())
    connection.close()
    request: dict[str, Any] = twin["trace"]["request"]
    return request


def packet(body: dict[str, Any]) -> bytes:
    data = json.dumps(body).encode()
    head = "POST /api/v1/traces HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data


def receive(connection: socket.socket) -> bytes:
    """The body of one answer, which must be a 201."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += connection.recv(1 << 16)
    head, _, body = got.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 201"), got[:2000].decode(errors="replace")
    lines = head.lower().split(b"\r\n")
    length = next(int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:"))
    while len(body) < length:
        body += connection.recv(1 << 16)
    return body


def per_second(port: int, packets: Iterator[bytes], seconds: float) -> float:
    connections = [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in range(CONNECTIONS)]
    started, count = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        for connection in connections:
            connection.sendall(next(packets))
        for connection in connections:
            receive(connection)
        count += CONNECTIONS
    elapsed = time.perf_counter() - started
    for connection in connections:
        connection.close()
    return count / elapsed


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def wait_for(port: int) -> None:
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"nothing listens on {port}")


def measure(rounds: int = 7, seconds: float = 1.0) -> Iterator[Figure]:
    """The same question again and again (kept), and a new one each time (computed)."""
    with tempfile.TemporaryDirectory() as folder:
        ours = start_server(Path(folder))
        try:
            asked = default_request(ours.port)
            with socket.create_connection(("127.0.0.1", ours.port), timeout=60) as first:
                first.sendall(packet(asked))
                body = receive(first)
            port = free_port()
            empty = subprocess.Popen([sys.executable, "-m", "tests.bench.empty", str(port)], stdin=subprocess.PIPE)
            try:
                assert empty.stdin is not None
                empty.stdin.write(body)
                empty.stdin.close()
                wait_for(port)
                yield from _measure(ours.port, port, asked, rounds, seconds)
            finally:
                empty.terminate()
                empty.wait(10)
        finally:
            ours.stop()


def _measure(ours: int, empty: int, asked: dict[str, Any], rounds: int, seconds: float) -> Iterator[Figure]:
    same = itertools.repeat(packet(asked))
    fresh = (packet({**asked, "weights": {"seed": seed}}) for seed in itertools.count(1))
    found: dict[str, list[float]] = {"kept": [], "computed": [], "empty": []}
    for _ in range(rounds):
        found["empty"].append(per_second(empty, same, seconds))
        found["kept"].append(per_second(ours, same, seconds))
        found["computed"].append(per_second(ours, fresh, seconds))
    middle = {name: statistics.median(values) for name, values in found.items()}
    yield Figure("default trace ÷ empty route, asked again", middle["kept"], middle["empty"], "req/s")
    yield Figure("default trace ÷ empty route, new each time", middle["computed"], middle["empty"], "req/s")

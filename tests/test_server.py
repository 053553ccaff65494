"""The real server in its own process: slow clients, too many clients, lying clients, and its end."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.web.docs import TEXT_EXAMPLE
from app.web.guard import SECURITY_HEADERS
from tests.conftest import ROOT, LiveServer
from tests.test_api import TRACES, is_problem

Start = Callable[..., LiveServer]

# Seconds of computing on one core, within the default limits.
HEAVY: dict[str, Any] = {
    "model": {"input_size": 256, "hidden_size": 512, "num_layers": 7, "batch_first": True},
    "input": {"random": {"batch": 8, "seq_len": 400}},
}


def post(server: LiveServer, body: bytes, headers: str = "", path: str = TRACES) -> bytes:
    """The bytes of a well-formed POST, for a bare socket."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Type: application/json\r\n"
        f"{headers or f'Content-Length: {len(body)}'}\r\n\r\n"
    ).encode() + body


def read_all(connection: socket.socket) -> bytes:
    """Everything until the other side closes."""
    found = b""
    try:
        while chunk := connection.recv(65_536):
            found += chunk
    except ConnectionResetError:
        pass
    return found


def as_response(raw: bytes) -> httpx.Response:
    """Raw bytes of one answer as a response."""
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    return httpx.Response(int(first.split()[1]), headers=[_pair(line) for line in lines], content=body)


def _pair(line: str) -> tuple[str, str]:
    name, _, value = line.partition(": ")
    return name, value


def is_well(server: LiveServer) -> bool:
    """It still answers a good request."""
    with httpx.Client(base_url=server.url, timeout=60) as client:
        return client.post(TRACES, json=TEXT_EXAMPLE).status_code == 201


def test_it_says_where_it_is_and_names_no_software(live_server: LiveServer) -> None:
    assert f"http://127.0.0.1:{live_server.port}/" in live_server.log
    headers = httpx.get(f"{live_server.url}/healthz").headers
    assert "server" not in headers
    for name, value in SECURITY_HEADERS.items():
        assert headers[name] == value


def test_it_listens_on_this_machine_only_unless_told(live_server: LiveServer) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address but its own")
        own = probe.getsockname()[0]
    if own.startswith("127."):
        pytest.skip("this machine has no address but its own")
    with pytest.raises(OSError, match=r".*"), socket.create_connection((own, live_server.port), timeout=2):
        pass


def test_open_to_the_network_it_says_what_that_means(server_with: Start) -> None:
    server = server_with(HOST="0.0.0.0")
    assert "everybody who can reach this machine" in server.log
    assert "http://127.0.0.1:" in server.log


def test_half_open_connections_are_closed(server_with: Start) -> None:
    server = server_with(UNROLLED_HEAD_SECONDS="1")
    with contextlib.ExitStack() as held:
        connections = [held.enter_context(server.connect(15)) for _ in range(50)]
        for k, connection in enumerate(connections):
            if k % 3:
                connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: " + b"a" * k)
        ends = time.monotonic() + 10
        with contextlib.suppress(OSError):  # one more byte each time must not buy more time
            while time.monotonic() < ends:
                connections[1].sendall(b"a")
                time.sleep(0.1)
        assert [read_all(connection) for connection in connections] == [b""] * 50
        assert time.monotonic() < ends
    assert is_well(server)


def test_a_second_request_on_a_connection_has_no_more_patience(server_with: Start) -> None:
    server = server_with(UNROLLED_HEAD_SECONDS="1")
    with server.connect(10) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /hea")
        assert read_all(connection).startswith(b"HTTP/1.1 200")


def test_a_body_that_stops_coming_is_refused(server_with: Start) -> None:
    server = server_with(UNROLLED_BODY_SECONDS="1")
    with server.connect(10) as connection:
        connection.sendall(post(server, b'{"model"', "Content-Length: 100"))
        is_problem(as_response(read_all(connection)), 408, "slow-body")
    assert is_well(server)


def test_a_huge_declared_body_is_refused_before_it_is_sent(live_server: LiveServer) -> None:
    with live_server.connect(10) as connection:
        connection.sendall(post(live_server, b"", "Content-Length: 300000000\r\nExpect: 100-continue"))
        body = is_problem(as_response(read_all(connection)), 413, "body-too-large")
    assert (body["got"], body["expected"]) == (300_000_000, 4 << 20)


def test_an_endless_chunked_body_is_cut_off(live_server: LiveServer) -> None:
    with live_server.connect(20) as connection:
        connection.sendall(post(live_server, b"", "Transfer-Encoding: chunked"))
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        sent = 0

        def feed() -> None:
            nonlocal sent
            try:
                for _ in range(5000):  # 320 MB
                    connection.sendall(chunk)
                    sent += len(chunk)
            except OSError:
                pass

        feeder = threading.Thread(target=feed)
        feeder.start()
        raw = read_all(connection)
        feeder.join(20)
    assert not feeder.is_alive()
    assert sent < 64 << 20
    assert not raw or as_response(raw).status_code == 413
    assert is_well(live_server)


def test_what_is_no_http_is_refused_in_the_one_shape(live_server: LiveServer) -> None:
    for raw in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 50,
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/1.1\r\nBad Header\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 70_000,
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
    ):
        with live_server.connect(10) as connection:
            connection.sendall(raw)
            answer = as_response(read_all(connection))
            assert answer.status_code in (400, 404, 405)
            assert answer.headers["content-type"] == "application/problem+json"
            assert "content-security-policy" in answer.headers
    assert is_well(live_server)


def test_connections_over_the_limit_are_told_to_come_again(server_with: Start) -> None:
    server = server_with(UNROLLED_CONNECTIONS="8")
    request = f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode()
    with contextlib.ExitStack() as held:
        for _ in range(8):
            held.enter_context(server.connect())
        time.sleep(0.3)
        with server.connect(10) as one_more:
            one_more.sendall(request)
            answer = as_response(read_all(one_more))
    is_problem(answer, 503, "busy")
    assert int(answer.headers["retry-after"]) >= 1
    assert "content-security-policy" in answer.headers
    time.sleep(0.3)
    assert is_well(server)


def test_health_answers_while_something_heavy_runs_which_ends_when_its_client_leaves(server_with: Start) -> None:
    server = server_with(UNROLLED_WORKERS="1")
    body = json.dumps(HEAVY).encode()
    with server.connect() as connection:
        connection.sendall(post(server, body))
        waiting, answered_meanwhile = wait_until(server, lambda count: count == 1)
        assert waiting
    used = seconds_of_computing(server)
    ended, more = wait_until(server, lambda count: count == 0)
    assert ended
    assert seconds_of_computing(server) - used < 2.5  # two, and what health costs meanwhile
    assert answered_meanwhile + more >= 2


def seconds_of_computing(server: LiveServer) -> float:
    """Processor time, which does not grow when the machine is busy with something else."""
    stat = Path(f"/proc/{server.process.pid}/stat")
    if not stat.exists():  # another system than Linux: the clock has to do
        return time.monotonic()
    user, system = stat.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def wait_until(server: LiveServer, right: Callable[[int], bool]) -> tuple[bool, int]:
    """Ask /healthz until the number of runs is right; how often it answered meanwhile."""
    ends, answers = time.monotonic() + 15, 0
    while time.monotonic() < ends:
        with urllib.request.urlopen(f"{server.url}/healthz", timeout=10) as found:
            answers += 1
            if right(json.load(found)["waiting"]):
                return True, answers
        time.sleep(0.02)
    return False, answers


def test_sigterm_ends_it_in_time_even_with_slow_clients_and_something_heavy(server_with: Start) -> None:
    server = server_with(UNROLLED_WORKERS="1", UNROLLED_HEAD_SECONDS="60", UNROLLED_BODY_SECONDS="60")
    with contextlib.ExitStack() as held:
        _silent, half_head, half_body, heavy = (held.enter_context(server.connect()) for _ in range(4))
        half_head.sendall(b"GET / HTTP/1.1\r\nHost")
        half_body.sendall(post(server, b'{"model"', "Content-Length: 100"))
        heavy.sendall(post(server, json.dumps(HEAVY).encode()))
        assert wait_until(server, lambda count: count == 1)[0]
        assert server.stop() <= 9  # its grace is 5 seconds; a container would be killed after 10
    assert server.process.returncode == 0


def test_sigterm_ends_it_at_once_when_nobody_is_there(server_with: Start) -> None:
    server = server_with()
    assert server.stop() <= 4.9  # without waiting for its grace
    assert server.process.returncode == 0
    assert "Traceback" not in server.log


@pytest.mark.parametrize(
    ("arguments", "environment", "says"),
    [
        (["serve", "--port", "x"], {}, "whole number"),
        (["serve"], {"PORT": "99999"}, "UNROLLED_PORT"),
        (["serve"], {"UNROLLED_MAX_STEP": "3"}, "Did you mean UNROLLED_MAX_STEPS?"),
        (["serve"], {"HOST": "http://x"}, "without http://"),
    ],
)
def test_a_wrong_setting_ends_it_with_a_sentence(arguments: list[str], environment: dict[str, str], says: str) -> None:
    found = subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "HOME": "/tmp"} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert found.returncode == 2
    assert says in found.stderr
    assert "Traceback" not in found.stderr

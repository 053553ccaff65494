"""Hostile requests and raw bodies on every write: each is refused in the one shape, and life goes on."""

import json

import httpx
import pytest
from pydantic import BaseModel

from app.recurrent import spec
from app.web.docs import TEXT_EXAMPLE
from tests.conftest import LiveServer
from tests.hostile import BODIES, HOSTILE, WHOLE
from tests.test_api import TRACES
from tests.test_server import as_response, is_well, post, read_all

WRITES = (TRACES, "/api/v1/shapes")


def is_refused(response: httpx.Response, note: object = "") -> None:
    """4xx, the one shape, at most 4 kB, and a sentence."""
    assert 400 <= response.status_code < 500, (note, response.status_code, response.text[:300])
    assert response.headers["content-type"] == "application/problem+json"
    assert len(response.content) <= 4096
    body = response.json()
    assert body["status"] == response.status_code
    assert body["type"].startswith("/problems/")
    assert len(body["detail"]) > 10
    assert "content-security-policy" in response.headers


@pytest.mark.anyio
async def test_500_hostile_requests_are_refused_and_the_next_good_one_is_answered(client: httpx.AsyncClient) -> None:
    assert len(HOSTILE) >= 500
    for number, request in enumerate(HOSTILE):
        response = await client.post(TRACES, json=request)
        is_refused(response, (number, json.dumps(request)[:300]))
        if number % 50 == 0:
            assert (await client.post(TRACES, json=TEXT_EXAMPLE)).status_code == 201
    assert (await client.post(TRACES, json=TEXT_EXAMPLE)).status_code == 201


@pytest.mark.anyio
async def test_the_same_requests_never_break_shapes(client: httpx.AsyncClient) -> None:
    for request in HOSTILE:
        response = await client.post("/api/v1/shapes", json=request)
        if response.status_code != 200:  # it has no size limits
            is_refused(response, json.dumps(request)[:300])


def test_the_corpus_is_large_enough() -> None:
    assert len(BODIES) >= 80


@pytest.mark.anyio
@pytest.mark.parametrize("path", WRITES)
async def test_every_raw_body_is_refused_and_the_next_good_request_is_answered(
    client: httpx.AsyncClient, path: str
) -> None:
    for name, body in BODIES.items():
        response = await client.post(path, content=body, headers={"Content-Type": "application/json"})
        is_refused(response, name)
    assert (await client.post(TRACES, json=TEXT_EXAMPLE)).status_code == 201


@pytest.mark.parametrize("path", WRITES)
def test_every_raw_body_is_refused_over_a_real_connection_also_in_chunks(live_server: LiveServer, path: str) -> None:
    headers = {"Content-Type": "application/json"}
    with httpx.Client(base_url=live_server.url, timeout=60) as client:
        for name, body in BODIES.items():
            is_refused(client.post(path, content=body, headers=headers), name)
            pieces = (body[k : k + 65_000] for k in range(0, len(body), 65_000))
            is_refused(client.post(path, content=pieces, headers=headers), f"{name}, chunked")
    assert is_well(live_server)


@pytest.mark.parametrize("path", WRITES)
@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ("Content-Length: 5", WHOLE),  # shorter than the body: the rest is no request
        (f"Content-Length: {len(WHOLE)}\r\nContent-Length: 5", WHOLE),
        ("Content-Length: -5", WHOLE),
        ("Content-Length: +5", WHOLE),
        ("Content-Length: 0x10", WHOLE),
        ("Content-Length: 5, 6", WHOLE),
        ("Content-Length: 99999999999999999999999", WHOLE),
        ("Content-Length: 4194305\r\nExpect: 100-continue", b""),
        ("Transfer-Encoding: chunked", b"5\r\nabc\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked", b"-1\r\n\r\n"),
        ("Transfer-Encoding: chunked", b"f" * 30 + b"\r\n"),
        ("Transfer-Encoding: chunked", b"zz\r\n"),
        ("Transfer-Encoding: chunked\r\nContent-Length: 3", b"3\r\n{}}\r\n0\r\n\r\n"),
        ("Transfer-Encoding: identity", WHOLE),
        ("Transfer-Encoding: chunked, chunked", b"0\r\n\r\n"),
        ("Content-Encoding: gzip\r\nContent-Length: 10", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"),
        ("", b""),
    ],
)
def test_a_lying_length_is_refused(live_server: LiveServer, path: str, headers: str, body: bytes) -> None:
    with live_server.connect(15) as connection:
        connection.sendall(post(live_server, body, f"{headers or 'X-None: 1'}\r\nConnection: close", path))
        raw = read_all(connection)
    is_refused(as_response(raw), headers)
    assert is_well(live_server)


def test_a_length_longer_than_what_comes_ends_with_the_connection(live_server: LiveServer) -> None:
    with live_server.connect(5) as connection:
        connection.sendall(post(live_server, WHOLE, f"Content-Length: {len(WHOLE) + 10}"))
    assert is_well(live_server)


def test_a_websocket_is_refused_calmly_and_nothing_is_logged(live_server: LiveServer) -> None:
    before = len(live_server.log)
    for path in ("/", "/ws", TRACES):
        with live_server.connect(10) as connection:
            head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{live_server.port}\r\nConnection: Upgrade, close\r\n"
            asked = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZQ==\r\n\r\n"
            connection.sendall((head + asked).encode())
            is_refused(as_response(read_all(connection)), path)
    other = httpx.get(f"{live_server.url}/healthz", headers={"Upgrade": "h2c", "Connection": "Upgrade"})
    assert other.status_code == 200  # an offer that may be passed over
    assert live_server.log[before:] == ""


@pytest.mark.anyio
async def test_text_that_would_be_padded_to_gigabytes_is_refused(client: httpx.AsyncClient) -> None:
    long = "a " * 50_000
    for path in WRITES:
        response = await client.post(path, json=TEXT_EXAMPLE | {"input": {"text": [long] + ["b"] * 9_999}})
        is_refused(response, path)


def test_the_request_model_stays_strict() -> None:
    for model in vars(spec).values():
        if isinstance(model, type) and issubclass(model, BaseModel) and model is not BaseModel:
            assert model.model_config["extra"] == "forbid"
            assert model.model_config["strict"]
            assert model.model_config["allow_inf_nan"] is False

"""The gate: who may ask, how much they may send, and the headers that stand on every answer."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Message, Scope

from app.settings import Settings, SettingsError
from app.web.guard import SECURITY_HEADERS, _same_origin
from tests.test_api import RANDOM, TRACES, is_problem

pytestmark = pytest.mark.anyio

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/healthz"),
        ("GET", "/docs"),
        ("GET", "/problems"),
        ("GET", "/nothing"),
        ("GET", "/static/0/docs/start.js"),
        ("GET", "/static/0/nothing"),
        ("GET", "/docs/swagger-ui-5.31.0/swagger-ui.css"),
        ("GET", "/api/v1/openapi.json"),
        ("GET", "/broken"),
        ("POST", TRACES),
        ("PUT", TRACES),
        ("OPTIONS", TRACES),
        ("GET", "/" + "x" * 20_000),
    ],
)
async def test_every_answer_has_the_safe_headers_and_lets_no_other_site_read(
    app: FastAPI, client: httpx.AsyncClient, method: str, path: str
) -> None:
    async def broken() -> None:
        raise ZeroDivisionError

    app.add_api_route("/broken", broken)
    response = await client.request(method, path, headers={"Origin": "http://127.0.0.1"})
    for name, value in SECURITY_HEADERS.items():
        assert response.headers[name] == value
    assert not [name for name in response.headers if name.startswith("access-control-")]
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil", "", "a b", "192.0.2.7"])
async def test_a_host_that_is_not_ours_is_refused(client: httpx.AsyncClient, host: str) -> None:
    is_problem(await client.get("/healthz", headers={"Host": host}), 400, "unknown-host")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8000", "localhost:1", "LOCALHOST", "[::1]:8000"])
async def test_the_names_of_this_machine_are_ours(client: httpx.AsyncClient, host: str) -> None:
    assert (await client.get("/healthz", headers={"Host": host})).status_code == 200


class TestOpenToTheNetwork:
    """Bound to every address: bare addresses are fine, other people's names are not."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return replace(settings, host="0.0.0.0", hosts=("unrolled.school.example",))

    @pytest.mark.parametrize(
        ("host", "status"),
        [("192.0.2.7:8000", 200), ("[2001:db8::1]", 200), ("unrolled.school.example", 200), ("evil.example", 400)],
    )
    async def test_only_a_name_can_be_rebound(self, client: httpx.AsyncClient, host: str, status: int) -> None:
        assert (await client.get("/healthz", headers={"Host": host})).status_code == status


@pytest.mark.parametrize("path", [TRACES, "/api/v1/shapes"])
@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "",
        "http://127.0.0.1:81",
        "http://127.0.0.1.evil.example",
        "http://user@127.0.0.1",
        "http://127.0.0.1/",
        "file://",
        "http://localhost",
        "http://127.0.0.1:x",
    ],
)
async def test_a_write_from_another_site_is_refused(client: httpx.AsyncClient, path: str, origin: str) -> None:
    is_problem(await client.post(path, json=RANDOM, headers={"Origin": origin}), 403, "foreign-origin")


async def test_a_write_that_the_browser_calls_cross_site_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.post(TRACES, json=RANDOM, headers={"Sec-Fetch-Site": "cross-site"})
    is_problem(response, 403, "foreign-origin")


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://127.0.0.1"}, {"Origin": "http://127.0.0.1:80"}])
async def test_a_write_from_our_own_page_or_from_a_program_is_done(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    assert (await client.post(TRACES, json=RANDOM, headers=headers)).status_code == 201


def test_the_origin_is_compared_with_its_port_and_without_its_scheme() -> None:
    assert _same_origin("https://a.example", "a.example")
    assert _same_origin("http://a.example:8000", "A.example:8000")
    assert _same_origin("http://[::1]:8000", "[::1]:8000")
    assert not _same_origin("http://a.example:8000", "a.example")
    assert not _same_origin("http://[::1]:8000", "[::2]:8000")


class TestSmallBodies:
    """A server that reads at most 1 kB."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return replace(settings, max_body_bytes=1024, body_seconds=0.3)

    @pytest.mark.parametrize("path", [TRACES, "/api/v1/shapes"])
    async def test_a_declared_length_is_refused_with_both_numbers(self, client: httpx.AsyncClient, path: str) -> None:
        body = is_problem(await client.post(path, content=b" " * 5000, headers=JSON), 413, "body-too-large")
        assert (body["got"], body["expected"]) == (5000, 1024)

    async def test_a_chunked_body_is_counted_while_it_comes(self, client: httpx.AsyncClient) -> None:
        sent = 0

        async def chunks() -> AsyncIterator[bytes]:
            nonlocal sent
            for _ in range(10_000):
                sent += 100
                yield b" " * 100

        body = is_problem(await client.post(TRACES, content=chunks(), headers=JSON), 413, "body-too-large")
        assert 1024 < body["got"] <= 1124
        assert sent <= 1124 + 4 * 1024 + 100  # what is read on, so that the answer arrives

    async def test_a_body_that_never_ends_is_given_up(self, app: FastAPI) -> None:
        status, headers, _ = await _ask(app, [{"type": "http.request", "body": b"{", "more_body": True}], JSON)
        assert status == 408
        assert "default-src 'none'" in headers["content-security-policy"]


async def test_a_client_that_leaves_within_its_body_is_no_error(app: FastAPI, caplog: pytest.LogCaptureFixture) -> None:
    messages: list[Message] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]
    status, _, _ = await _ask(app, messages, JSON)
    assert status is None
    assert not caplog.records


class TestCrowded:
    """A server that holds four bytes of all bodies together."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return replace(settings, max_bodies_bytes=4)

    async def test_bodies_together_are_bounded(self, client: httpx.AsyncClient) -> None:
        response = await client.post(TRACES, json=RANDOM)
        is_problem(response, 503, "busy")
        assert int(response.headers["retry-after"]) >= 1


async def test_an_address_that_is_too_long_is_refused(client: httpx.AsyncClient, settings: Settings) -> None:
    body = is_problem(await client.get("/?text=" + "a" * 17_000), 414, "address-too-long")
    assert body["expected"] == settings.max_target_bytes


async def test_a_page_starts_a_session_and_the_api_does_not(client: httpx.AsyncClient) -> None:
    assert "set-cookie" not in (await client.get("/healthz")).headers
    cookie = (await client.get("/docs")).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "set-cookie" not in (await client.get("/docs")).headers


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("UNROLLED_MAX_STEPS", "many"),
        ("UNROLLED_MAX_STEPS", "-1"),
        ("UNROLLED_MAX_STEPS", ""),
        ("UNROLLED_PORT", "70000"),
        ("UNROLLED_HOSTS", "http://x.example"),
        ("UNROLLED_DEADLINE_SECONDS", "nan"),
        ("UNROLLED_MAX_STEP", "5"),
        ("UNROLLED_DATA", ""),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment({name: value})


def test_settings_come_from_the_environment() -> None:
    found = Settings.from_environment({"UNROLLED_MAX_STEPS": "1_000", "UNROLLED_HOSTS": "a.example, b.example"})
    assert found.limits.steps == 1000
    assert found.hosts == ("a.example", "b.example")


async def _ask(
    app: FastAPI, messages: list[Message], headers: dict[str, str]
) -> tuple[int | None, dict[str, str], bytes]:
    """POST /traces with these very ASGI messages; after the last, nothing more comes."""
    waiting = list(messages)
    sent: list[Message] = []

    async def receive() -> Message:
        if waiting:
            return waiting.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": TRACES,
        "raw_path": TRACES.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [
            (name.lower().encode(), value.encode())
            for name, value in ({"Host": "127.0.0.1", "Transfer-Encoding": "chunked"} | headers).items()
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    await app(scope, receive, send)
    if not sent:
        return None, {}, b""
    found: dict[str, Any] = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], found, b"".join(message.get("body", b"") for message in sent[1:])

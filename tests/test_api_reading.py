"""Reading traces: what the headers choose, what is at hand, how much is sent at once, whose text it is."""

import io
import json
from dataclasses import replace
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from starlette.requests import Request

from app.recurrent import shapes
from app.settings import Settings
from app.web.i18n import isolated, plain
from app.web.negotiate import preferred
from tests.test_api import LARGE, RANDOM, TRACES, is_problem

pytestmark = pytest.mark.anyio

VALUES: dict[str, Any] = RANDOM | {
    "input": {"values": np.random.default_rng(0).normal(size=(2, 200, 3)).round(6).tolist()}
}
FORMS = ("application/json", "application/octet-stream", "application/x-npy")


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, 0),
        ("", 0),
        ("*/*", 0),
        ("application/x-npy", 2),
        ("application/octet-stream, application/x-npy", 1),
        ("application/octet-stream;q=0.5, application/x-npy;q=0.6", 2),
        ("application/x-npy; q=0.3 , */*;q=0.2", 2),
        ("application/json;q=0, */*", 1),
        ("application/json;q=0.1, application/*", 1),
        ("application/x-npy;q=0", 0),
        ("application/x-npy;q=high", 2),
        ("text/html, image/*;q=0.9", 0),
        ("APPLICATION/X-NPY", 2),
        ("application/x-npy;q=0, application/octet-stream;q=0.001, application/json;q=0", 1),
    ],
)
async def test_the_accept_header_is_taken_by_its_word(accept: str | None, chosen: int) -> None:
    headers = [] if accept is None else [(b"accept", accept.encode())]
    assert preferred(Request({"type": "http", "headers": headers}), FORMS) == FORMS[chosen]


@pytest.mark.parametrize("path", ["/", "/problems", "/problems/not-found"])
@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("*/*", "text/html"),
        ("application/json", "application/json"),
        ("application/json, text/html;q=0.5", "application/json"),
        ("application/json;q=0.1, text/html", "text/html"),
        ("text/html;q=0, */*", "application/json"),
    ],
)
async def test_pages_and_their_twins_choose_alike(
    client: httpx.AsyncClient, path: str, accept: str, media: str
) -> None:
    response = await client.get(path, headers={"Accept": accept})
    assert response.headers["content-type"].partition(";")[0] == media


async def test_a_tensor_follows_the_highest_q(client: httpx.AsyncClient) -> None:
    made = (await client.post(TRACES, json=RANDOM)).json()
    accept = "application/json;q=0.2, application/x-npy;q=0.9, application/octet-stream;q=0"
    response = await client.get(f"{TRACES}/{made['id']}/tensors/output", headers={"Accept": accept})
    assert response.headers["content-type"] == "application/x-npy"


async def test_any_answer_at_hand_is_enough_where_the_client_says_so(client: httpx.AsyncClient, app: FastAPI) -> None:
    made = (await client.post(TRACES, json=RANDOM)).json()
    for path in (f"{TRACES}/{made['id']}", f"{TRACES}/{made['id']}/tensors/h_n", app.state.assets.url("icon.svg")):
        assert (await client.get(path, headers={"If-None-Match": "*"})).status_code == 304
    nothing = await client.get(f"{TRACES}/h{'0' * 64}", headers={"If-None-Match": "*"})
    is_problem(nothing, 404, "not-found")


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was planned meanwhile."""
    found: list[str] = []
    real = shapes.plan

    def counted(*given: Any, **named: Any) -> shapes.Plan:
        found.append("plan")
        return real(*given, **named)

    monkeypatch.setattr(shapes, "plan", counted)
    return found


@pytest.mark.parametrize("asked", [RANDOM, VALUES], ids=["short", "long"])
async def test_a_trace_that_is_known_is_read_without_planning_it_again(
    client: httpx.AsyncClient, app: FastAPI, plans: list[str], asked: dict[str, Any]
) -> None:
    made = await client.post(TRACES, json=asked)
    plans.clear()
    address = made.headers["location"]
    tag = (await client.get(address)).headers["etag"]
    for step in range(3):
        assert (await client.get(f"{address}/tensors/l0.f", params={"index": f"0,{step},0"})).status_code == 200
    assert (await client.get(address, headers={"If-None-Match": tag})).status_code == 304
    app.state.traces._traces._held.clear()
    assert (await client.get(f"{address}/tensors/l0.i", params={"index": "0,0,0"})).status_code == 200
    assert plans == []


async def test_an_answer_the_client_holds_is_not_planned_even_by_a_server_that_forgot(
    client: httpx.AsyncClient, app: FastAPI, plans: list[str]
) -> None:
    made = await client.post(TRACES, json=VALUES)
    tag = (await client.get(made.headers["location"])).headers["etag"]
    plans.clear()
    traces = app.state.traces
    for kept in (traces._traces, traces._plans, traces._answers):
        kept._held.clear()
    again = await client.get(made.headers["location"], headers={"If-None-Match": tag})
    assert (again.status_code, again.headers["etag"], plans) == (304, tag, [])


class TestSmallBinaries:
    """A server that sends at most so many bytes as one tensor."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return replace(settings, max_binary_bytes=8 * 200 * 64 * 4)

    async def test_a_number_counts_with_the_bytes_it_has(self, client: httpx.AsyncClient) -> None:
        """float32 fits exactly, as npy too; float64 as npy is twice as much."""
        for dtype, status in (("float32", 200), ("float64", 413)):
            made = (await client.post(TRACES, json=LARGE | {"dtype": dtype})).json()
            address = f"{TRACES}/{made['id']}/tensors/output"
            assert (await client.get(address, params={"format": "f32"})).status_code == 200
            response = await client.get(address, params={"format": "npy"})
            assert response.status_code == status
            if status == 413:
                assert response.json()["got"] == 8 * 200 * 64 * 8
            else:
                assert np.load(io.BytesIO(response.content)).dtype == np.float32


NASTY = "a\0b\u202ec\u2066d\u2069\x1b[2J\x85\u2028\u05d0\u05d1"


def test_text_inside_a_sentence_can_neither_break_nor_turn_it() -> None:
    assert plain("a\0\x1b\x7f\x9b\u202e\u2067\tb\u2028c") == "a b c"
    assert plain("naïve 好 é \U0001f469\u200d\U0001f680") == "naïve 好 é \U0001f469\u200d\U0001f680"
    assert isolated("hidden_size") == "hidden_size"
    assert isolated("\u05d0 = 3\u202e") == "\u2068\u05d0 = 3\u2069"


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
@pytest.mark.parametrize("name", [NASTY, "text", "row", "tensor", "cell", "example", "hidden_size"])
async def test_a_link_cannot_smuggle_control_characters_into_the_page(
    client: httpx.AsyncClient, accept: str, name: str
) -> None:
    headers = {"Accept": accept, "Prefer": "handling=strict"}
    page = await client.get("/", params={name: NASTY, "lang": "en"}, headers=headers)
    assert page.status_code == 200
    assert not {each for each in page.text if ord(each) < 32 and each != "\n"}
    assert "\\u0000" not in page.text
    if accept == "application/json":
        for problem in page.json()["problems"]:
            assert not set("\0\x1b\x85\u202e\u2066\u2028") & set(json.dumps(problem, ensure_ascii=False))
            assert problem["detail"].count("\u2068") == problem["detail"].count("\u2069")


async def test_a_sentence_shows_so_many_words_and_says_how_many_more(client: httpx.AsyncClient) -> None:
    words = " ".join(f"w{k}" for k in range(90))
    page = (await client.get("/", params={"text": [words, "short"]}, headers={"Accept": "text/html"})).text
    assert page.count('class="chip') - page.count('class="chips"') == 2 * 48
    assert page.count("42 more") == 2

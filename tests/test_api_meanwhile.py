"""While one request is long, the others are answered: the event loop only listens and writes."""

import itertools
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import LiveServer
from tests.test_api import TRACES

JSON = {"Content-Type": "application/json"}
SEEDS = itertools.count()
SILENCE = 0.2  # seconds between two answers that are a pause; a machine that is busy elsewhere has some


@pytest.fixture
def client(live_server: LiveServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=live_server.url, timeout=60, headers={"Accept": "*/*"}) as made:
        yield made


class Pulse:
    """Asks /healthz without a pause, from a thread and over a connection of its own."""

    def __init__(self, server: LiveServer) -> None:
        self._server = server
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self.answered: list[float] = []

    def _ask(self) -> None:
        with httpx.Client(base_url=self._server.url, timeout=60) as client:
            while not self._stop.is_set():
                assert client.get("/healthz").status_code == 200
                self.answered.append(time.monotonic())

    def __enter__(self) -> "Pulse":
        self._thread.start()
        while not self.answered:
            time.sleep(0.005)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def given(numbers: int) -> bytes:
    """A request that brings its own input along."""
    source = random.Random(next(SEEDS))
    steps = numbers // 400
    values = [[[round(source.random(), 4) for _ in range(4)] for _ in range(steps)] for _ in range(100)]
    model = {"cell": "rnn", "input_size": 4, "hidden_size": 2, "batch_first": True}
    return json.dumps({"model": model, "input": {"values": values}}, separators=(",", ":")).encode()


def posted(client: httpx.Client, body: bytes) -> dict[str, Any]:
    made = client.post(TRACES, content=body, headers=JSON)
    assert made.status_code == 201, made.text[:300]
    answer: dict[str, Any] = made.json()
    return answer


def long_bodies(client: httpx.Client) -> Callable[[], object]:
    body = given(400_000)
    return lambda: posted(client, body.replace(b"{", b'{"weights":{"seed":%d},' % next(SEEDS), 1))


def one_number_of_a_long_body(client: httpx.Client) -> Callable[[], object]:
    address = f"{TRACES}/{posted(client, given(400_000))['id']}/tensors/output"
    places = itertools.count()

    def ask() -> None:
        for _ in range(3):
            assert client.get(address, params={"index": f"0,{next(places)},0"}).status_code == 200

    return ask


def a_long_body_that_is_at_hand(client: httpx.Client) -> Callable[[], object]:
    address = f"{TRACES}/{posted(client, given(400_000))['id']}"
    tag = client.get(address).headers["etag"]

    def ask() -> None:
        for _ in range(3):
            assert client.get(address, headers={"If-None-Match": tag}).status_code == 304

    return ask


def as_many_layers_as_there_can_be(client: httpx.Client) -> Callable[[], object]:
    def ask() -> None:
        model = {"input_size": 4, "hidden_size": 4, "num_layers": 64, "bidirectional": True}
        asked = {"model": model, "input": {"random": {"batch": 256, "seq_len": 2, "seed": next(SEEDS)}}}
        assert client.post("/api/v1/shapes", json=asked).status_code == 200

    return ask


def a_page_full_of_numbers(client: httpx.Client) -> Callable[[], object]:
    def ask() -> None:
        for _ in range(5):
            query: dict[str, str | int] = {
                "source": "random",
                "batch": 8,
                "seq_len": 40,
                "hidden_size": 20,
                "seed": next(SEEDS),
            }
            assert client.get("/", params=query).status_code == 200

    return ask


def a_page_full_of_words(client: httpx.Client) -> Callable[[], object]:
    def ask() -> None:
        words = " ".join(f"{next(SEEDS):x}" for _ in range(300))
        sentences = [words, *(f"{words[k:]} {k}" for k in range(40, 44)), *"abcdefghijklmnop"]
        assert client.get("/", params={"text": sentences}).status_code == 200

    return ask


def a_long_list_of_bad_items(client: httpx.Client) -> Callable[[], object]:
    body = b'{"model":{"hidden_size":1},"input":{"random":{"batch":1,"seq_len":1}},"lengths":['
    body += b",".join([b'"x"'] * 200_000) + b"]}"

    def ask() -> None:
        answer = client.post(TRACES, content=body, headers=JSON)
        assert answer.status_code == 422
        assert answer.json()["field"] == "lengths[0]"

    return ask


@pytest.mark.parametrize(
    "long",
    [
        long_bodies,
        one_number_of_a_long_body,
        a_long_body_that_is_at_hand,
        as_many_layers_as_there_can_be,
        a_page_full_of_numbers,
        a_page_full_of_words,
        a_long_list_of_bad_items,
    ],
    ids=lambda long: long.__name__,
)
def test_health_is_answered_again_and_again_during(
    live_server: LiveServer, client: httpx.Client, long: Callable[[httpx.Client], Callable[[], object]]
) -> None:
    ask = long(client)
    with Pulse(live_server) as pulse:
        before, started = len(pulse.answered), time.monotonic()
        for _ in range(4):
            ask()
        ended = time.monotonic()
    answers = [started, *pulse.answered[before:], ended]
    silent = sum(later - sooner for sooner, later in itertools.pairwise(answers) if later - sooner > SILENCE)
    # An idle server answers hundreds a second. One that is held up is silent for most of each request.
    assert len(answers) >= 8 * (ended - started) - 4
    assert silent <= 0.5 * (ended - started)

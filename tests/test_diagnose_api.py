"""POST /diagnose as its users meet it: three ways to ask, both languages, and hostile bodies that break nothing."""

import json
import random
from typing import Any

import httpx
import pytest

from app.web.diagnose import EXAMPLES
from tests.hostile import BODIES, HOSTILE
from tests.test_api import TRACES, is_problem
from tests.test_diagnose_code import CODES
from tests.test_diagnose_code import HOSTILE as HOSTILE_CODE
from tests.test_diagnose_traceback import HOSTILE as HOSTILE_TEXT
from tests.test_hostile import is_refused

pytestmark = pytest.mark.anyio

DIAGNOSE = "/api/v1/diagnose"
HIDDEN = "RuntimeError: Expected hidden[0] size (2, 3, 20), got [3, 2, 20]"
FIELDS = {"ok", "kind", "torch", "torch_older", "axis", "why", "fix", "fixed_request", "question"}
FIELDS |= {"field", "got", "expected", "code_line", "line", "measured", "also"}
FIELDS |= {"read_as", "axis_says", "shapes", "fixed_code", "page", "question_says"}


async def ask(client: httpx.AsyncClient, **asked: Any) -> dict[str, Any]:
    response = await client.post(DIAGNOSE, json=asked)
    assert response.status_code == 200, response.text[:300]
    answer: dict[str, Any] = response.json()
    assert answer.keys() == FIELDS
    return answer


async def test_a_message_gets_its_reason_its_fix_and_its_question(client: httpx.AsyncClient) -> None:
    answer = await ask(client, traceback=HIDDEN)
    assert (answer["ok"], answer["kind"], answer["axis"], answer["question"]) == (False, "hidden-batch-first", "N", 2)
    assert answer["torch"] == HIDDEN
    assert answer["torch_older"] == [HIDDEN.replace("[3, 2, 20]", "(3, 2, 20)")]
    assert (answer["got"], answer["expected"]) == ([3, 2, 20], [2, 3, 20])
    made = await client.post(TRACES, json=answer["fixed_request"])
    assert made.status_code == 201


async def test_a_first_state_without_its_name_is_told_how_to_stand(client: httpx.AsyncClient) -> None:
    model = {"cell": "gru", "input_size": 2, "hidden_size": 3}
    request = {"model": model, "input": {"values": [[[0.5, 0.5]]]}, "state": [[[0.0, 0.0, 0.0]]]}
    answer = await ask(client, request=request)
    assert (answer["kind"], answer["fix"]) == ("state-alone", '{"h_0": […]}')
    assert (await client.post(TRACES, json=answer["fixed_request"])).status_code == 201


async def test_the_answer_is_in_the_readers_language(client: httpx.AsyncClient) -> None:
    english = (await client.post(DIAGNOSE, json={"traceback": HIDDEN})).json()
    response = await client.post(DIAGNOSE, json={"traceback": HIDDEN}, headers={"Accept-Language": "zh-CN"})
    chinese = response.json()
    assert response.headers["content-language"] == "zh"
    assert "批次" in chinese["why"]
    told = {"why", "fix", "axis_says", "question_says"}
    assert {k: v for k, v in english.items() if k not in told} == {k: v for k, v in chinese.items() if k not in told}


async def test_an_unknown_message_is_not_guessed_at(client: httpx.AsyncClient) -> None:
    answer = await ask(client, traceback="Traceback …\nValueError: the moon is full")
    assert (answer["ok"], answer["kind"], answer["torch"]) == (None, "unknown", None)
    assert (answer["fixed_request"], answer["question"]) == (None, None)
    assert answer["got"] == "ValueError: the moon is full"


async def test_code_and_request_are_answered_in_the_same_form(client: httpx.AsyncClient) -> None:
    for example in EXAMPLES.values():
        answer = await ask(client, **example["value"])
        assert answer["ok"] is False
        assert (await client.post(TRACES, json=answer["fixed_request"])).status_code == 201


async def test_every_mistake_in_code_has_a_request_that_runs_here(client: httpx.AsyncClient) -> None:
    for code, _, question, _ in CODES:
        answer = await ask(client, code=code)
        assert answer["ok"] is not True
        assert question in {answer["question"], *(each["question"] for each in answer["also"])}
        assert (await client.post(TRACES, json=answer["fixed_request"])).status_code == 201


async def test_a_good_request_is_fine(client: httpx.AsyncClient) -> None:
    good = {"model": {"input_size": 3, "hidden_size": 4}, "input": {"random": {"batch": 2, "seq_len": 5}}}
    answer = await ask(client, request=good)
    assert (answer["ok"], answer["kind"], answer["fixed_request"]) == (True, "fine", good)


@pytest.mark.parametrize(
    "body",
    [{}, {"request": None}, {"traceback": "x", "code": "y"}, {"code": ""}, {"code": 7}, {"request": []}, {"a": 1}],
)
async def test_exactly_one_thing_is_looked_at(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    is_problem(await client.post(DIAGNOSE, json=body), 422, "invalid-value")


async def test_a_request_that_is_broken_or_too_large_is_a_problem_as_everywhere(client: httpx.AsyncClient) -> None:
    is_problem(await client.post(DIAGNOSE, json={"request": {}}), 422, "invalid-value")
    huge = {"model": {"input_size": 3, "hidden_size": 4}, "input": {"random": {"batch": 99_999, "seq_len": 5}}}
    is_problem(await client.post(DIAGNOSE, json={"request": huge}), 422, "over-limit")


@pytest.mark.parametrize("name", ["traceback", "code"])
async def test_a_long_text_is_refused(client: httpx.AsyncClient, name: str) -> None:
    assert (await client.post(DIAGNOSE, json={name: "x" * 20_000})).status_code == 200
    is_problem(await client.post(DIAGNOSE, json={name: "x" * 20_001}), 422, "invalid-value")
    problem = is_problem(await client.post(DIAGNOSE, json={name: "字" * 7_000}), 422, "over-limit")
    assert (problem["field"], problem["got"], problem["expected"]) == (name, 21_000, 20_000)


async def test_no_json_is_refused(client: httpx.AsyncClient) -> None:
    is_problem(await client.post(DIAGNOSE, content=b"{}"), 415, "unsupported-media-type")
    for body in (b'{"code": "x", "code": "y"}', b'{"request": {"a": NaN}}', b'{"code": "\\ud800"}'):
        headers = {"Content-Type": "application/json"}
        is_problem(await client.post(DIAGNOSE, content=body, headers=headers), 400, "invalid-json")


async def test_hostile_requests_are_refused_or_told_what_is_wrong(client: httpx.AsyncClient) -> None:
    assert len(HOSTILE) >= 200
    for number, request in enumerate(HOSTILE):
        response = await client.post(DIAGNOSE, json={"request": request})
        if response.status_code == 200:
            assert response.json()["why"], number
            assert response.json()["ok"] is not True or (await client.post(TRACES, json=request)).status_code == 201
            fixed = response.json()["fixed_request"]
            assert fixed is None or (await client.post(TRACES, json=fixed)).status_code == 201, (
                number,
                str(fixed)[:300],
            )
        else:
            is_refused(response, (number, json.dumps(request)[:300]))


@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")
async def test_hostile_texts_are_refused_or_answered_calmly(client: httpx.AsyncClient) -> None:
    texts = [*HOSTILE_TEXT, *HOSTILE_CODE, *garbled(140)]
    assert len(texts) >= 200
    for number, text in enumerate(texts):
        for name in ("traceback", "code"):
            response = await client.post(DIAGNOSE, json={name: text})
            if response.status_code != 200:
                is_refused(response, (number, name))
    assert (await ask(client, traceback=HIDDEN))["ok"] is False


def garbled(count: int) -> list[str]:
    """Good texts with pieces cut out, doubled and exchanged, from a seed."""
    source = random.Random(20261121)
    good = [HIDDEN, *(code for code, *_ in CODES)]
    signs = "()[]{}:,.'\"\\\n\t -0129xé字\x00\x1b\u202e"
    made = []
    for _ in range(count):
        text = source.choice(good)
        for _ in range(source.randrange(1, 6)):
            at, to = sorted(source.randrange(len(text) + 1) for _ in range(2))
            text = source.choice(
                [text[:at] + text[to:], text[:to] + text[at:], text[:at] + source.choice(signs) + text[at:]]
            )
            text = text[:4000] or "x"
        made.append(text)
    return made


async def test_every_raw_body_is_refused(client: httpx.AsyncClient) -> None:
    for name, body in BODIES.items():
        response = await client.post(DIAGNOSE, content=body, headers={"Content-Type": "application/json"})
        is_refused(response, name)

"""Interventions as a client meets them: the trace, what changed, its address, its refusals."""

from typing import Any

import httpx
import pytest
import torch

from tests.test_api import is_problem
from tests.test_interventions import LONG, clamp

pytestmark = pytest.mark.anyio

TRACES = "/api/v1/traces"
CLAMPED: dict[str, Any] = LONG | {
    "head": {"reads": "h_n"},
    "interventions": [clamp("f", 1, first=3), clamp("i", 0, first=3)],
}


async def made(client: httpx.AsyncClient, asked: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post(TRACES, json=asked)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_clamped_trace_says_what_was_asked_and_what_it_was_compared_with(client: httpx.AsyncClient) -> None:
    trace = await made(client, CLAMPED)
    asked = trace["request"]["interventions"][0]["clamp"]
    assert (asked["row"], asked["quantity"], asked["from"], asked["to"]) == ("l0", "f", 3, None)
    assert "one row at a time" in trace["proof"]["against"]
    code = next(stage["code"] for stage in trace["stages"] if stage["name"] == "rnn")
    assert "# l0: f = 1 at steps 3 … the end" in code
    values = trace["tensors"]["l0.f"]["values"]
    assert values[0][3:] == [[1.0] * 4] * 5
    again = (await client.get(f"{TRACES}/{trace['id']}")).json()
    assert again == trace


async def test_what_changed_stands_beside_the_run_without(client: httpx.AsyncClient) -> None:
    trace = await made(client, CLAMPED)
    before = await made(client, {name: value for name, value in CLAMPED.items() if name != "interventions"})
    answer = await client.get(f"{TRACES}/{trace['id']}/changed")
    found = answer.json()
    assert (found["id"], found["original"], found["same"]) == (trace["id"], before["id"], False)
    by_name = {each["name"]: each for each in found["tensors"]}
    assert by_name["output"]["first_step"] == 3
    assert by_name["h_n"]["per_step"] is None
    assert found["prediction"] == {
        "original": before["tensors"]["prediction"]["values"],
        "now": trace["tensors"]["prediction"]["values"],
    }
    tag = answer.headers["etag"]
    kept = await client.get(f"{TRACES}/{trace['id']}/changed", headers={"If-None-Match": tag})
    assert kept.status_code == 304


async def test_without_interventions_nothing_changed(client: httpx.AsyncClient) -> None:
    trace = await made(client, LONG)
    found = (await client.get(f"{TRACES}/{trace['id']}/changed")).json()
    assert (found["original"], found["same"], found["prediction"]) == (trace["id"], True, None)


async def test_a_request_too_long_for_its_id_is_found_again(client: httpx.AsyncClient) -> None:
    values = torch.randn(60, 9, 3, generator=torch.Generator().manual_seed(0)).tolist()
    change = {"input": {"step": 3, "values": [1.0, 2.0, 3.0]}}
    trace = await made(client, {"model": LONG["model"], "input": {"values": values}, "interventions": [change]})
    assert trace["id"].startswith("h")
    found = (await client.get(f"{TRACES}/{trace['id']}/changed")).json()
    assert found["original"].startswith("h")
    assert (await client.get(f"{TRACES}/{found['original']}")).json()["request"]["interventions"] is None


async def test_the_other_routes_know_clamps(client: httpx.AsyncClient) -> None:
    shapes = (await client.post("/api/v1/shapes", json=CLAMPED)).json()
    assert shapes["request"]["interventions"][1]["clamp"]["quantity"] == "i"
    code = (await client.post("/api/v1/code", json=CLAMPED)).json()
    assert "def clamped(" in code["pytorch"]
    assert code["keras"] is None
    assert code["keras_why"]
    trace = await made(client, CLAMPED)
    one = await client.get(f"{TRACES}/{trace['id']}/explain", params={"tensor": "l0.f", "index": "0,3,1"})
    assert one.json()["formula"] == "f = 1: clamped here"
    both = (await client.post("/api/v1/compare", json={"a": CLAMPED, "b": LONG})).json()
    assert "interventions" in [each["name"] for each in both["request"]]


@pytest.mark.parametrize("route", ["/api/v1/traces", "/api/v1/shapes", "/api/v1/diagnose"])
@pytest.mark.parametrize(
    "change",
    [
        {"state": {"h_0": [[[1.0]]]}},
        {"state": {"c_0": [1, [2]]}},
        {"input": {"step": 0, "values": [[1.0]]}},
        {"input": {"step": 0, "values": ["a", 1.0, 1.0]}},
        {"token": {"step": 0, "token": 1}},
        clamp("f", 1, first=99),
        clamp("z", 1),
        {"clamp": {"row": "l0"}},
        {"clamp": []},
        {},
        [],
    ],
)
async def test_a_wrong_intervention_is_a_problem_and_never_a_failure(
    client: httpx.AsyncClient, route: str, change: Any
) -> None:
    asked = LONG | {"interventions": [change]}
    answer = await client.post(route, json={"request": asked} if route.endswith("diagnose") else asked)
    body = is_problem(answer, 422, answer.json()["type"].rpartition("/")[2])
    assert body["field"].startswith(("interventions[0]", "request.interventions[0]"))

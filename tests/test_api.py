"""The API as its users meet it: answers, addresses, formats, caching, errors in the one shape."""

import io
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import torch
from fastapi import FastAPI

from app.main import create_app
from app.recurrent.examples import EXAMPLES
from app.settings import Settings
from app.web import i18n
from app.web.docs import TEXT_EXAMPLE

pytestmark = pytest.mark.anyio

TRACES = "/api/v1/traces"
RANDOM: dict[str, Any] = {
    "model": {"cell": "lstm", "input_size": 3, "hidden_size": 4, "batch_first": True},
    "input": {"random": {"batch": 2, "seq_len": 5}},
}
LARGE: dict[str, Any] = {
    "model": {"input_size": 2, "hidden_size": 64, "batch_first": True},
    "input": {"random": {"batch": 8, "seq_len": 200}},
}


def is_problem(response: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """Every error has the one shape and stays small."""
    body: dict[str, Any] = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.status_code, body["status"], body["type"]) == (status, status, f"/problems/{kind}")
    assert {"type", "title", "status", "detail", "field", "got", "expected", "torch", "hint"} <= body.keys()
    assert len(response.content) <= 4096
    return body


async def test_a_trace_is_created_with_its_address_and_answers_there_again(client: httpx.AsyncClient) -> None:
    made = await client.post(TRACES, json=TEXT_EXAMPLE)
    assert made.status_code == 201
    assert made.headers["location"] == f"{TRACES}/{made.json()['id']}"
    again = await client.get(made.headers["location"])
    assert (again.status_code, again.content) == (200, made.content)


async def test_the_same_request_has_the_same_bytes_and_the_time_stands_in_a_header(client: httpx.AsyncClient) -> None:
    first, second = [await client.post(TRACES, json=RANDOM) for _ in range(2)]
    assert first.content == second.content
    assert first.headers["server-timing"].startswith("compute;dur=")
    assert second.headers["server-timing"] == "kept"


async def test_what_is_left_out_and_what_is_written_out_have_one_id(client: httpx.AsyncClient) -> None:
    first = (await client.post(TRACES, json=RANDOM)).json()
    second = (await client.post(TRACES, json=first["request"])).json()
    assert first["id"] == second["id"]


async def test_the_values_are_those_of_plain_torch(client: httpx.AsyncClient) -> None:
    answer = (await client.post(TRACES, json=RANDOM)).json()
    torch.manual_seed(0)
    plain = torch.nn.LSTM(3, 4, batch_first=True)
    entering = torch.tensor(answer["tensors"]["input"]["values"])
    with torch.no_grad():
        output, (h_n, c_n) = plain(entering)
    for name, tensor in {"output": output, "h_n": h_n, "c_n": c_n}.items():
        assert answer["tensors"][name]["shape"] == list(tensor.shape)
        torch.testing.assert_close(torch.tensor(answer["tensors"][name]["values"]), tensor)


async def test_another_server_answers_for_an_id_it_never_saw(client: httpx.AsyncClient, tmp_path: Path) -> None:
    made = await client.post(TRACES, json=RANDOM)
    other = create_app(Settings(data=tmp_path / "elsewhere"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=other), base_url="http://127.0.0.1") as asked:
        again = await asked.get(made.headers["location"])
    other.state.work.stop()
    assert again.content == made.content


async def test_a_request_too_long_for_an_id_is_found_after_a_restart(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    values = np.random.default_rng(0).normal(size=(2, 60, 3)).tolist()
    made = await client.post(TRACES, json=RANDOM | {"input": {"values": values}})
    assert made.json()["id"][0] == "h"
    restarted = create_app(settings)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=restarted), base_url="http://127.0.0.1") as asked:
        again = await asked.get(made.headers["location"])
    restarted.state.work.stop()
    assert again.content == made.content


@pytest.mark.parametrize(
    "id", ["x", "r", "r!!", "rAAAA", "r" + "A" * 1200, "h" + "0" * 64, "h../../../etc/passwd", "%00", "h" + "0" * 63]
)
async def test_an_id_that_stands_for_nothing_is_not_found(client: httpx.AsyncClient, id: str) -> None:
    is_problem(await client.get(f"{TRACES}/{id}"), 404, "not-found")


async def test_a_tensor_comes_as_json_float32_and_npy_with_the_same_numbers(client: httpx.AsyncClient) -> None:
    made = (await client.post(TRACES, json=RANDOM)).json()
    address = f"{TRACES}/{made['id']}/tensors/output"
    as_json = await client.get(address, params={"index": "0,:,1:3"})
    assert as_json.json() == {
        "name": "output",
        "shape": [5, 2],
        "axes": ["T", "H"],
        "index": "0,:,1:3",
        "values": [row[1:3] for row in made["tensors"]["output"]["values"][0]],
        "nonfinite": [],
    }
    for asked in (
        {"params": {"index": "0,:,1:3", "format": "f32"}},
        {"params": {"index": "0,:,1:3"}, "headers": {"Accept": "application/octet-stream"}},
    ):
        as_f32 = await client.get(address, **asked)  # type: ignore[arg-type]
        assert (as_f32.headers["x-shape"], as_f32.headers["x-axes"]) == ("5,2", "T,H")
        assert np.frombuffer(as_f32.content, "<f4").reshape(5, 2).tolist() == as_json.json()["values"]
    as_f64 = await client.get(address, params={"index": "0,:,1:3", "format": "f64"})
    assert np.frombuffer(as_f64.content, "<f8").reshape(5, 2).tolist() == as_json.json()["values"]
    as_npy = await client.get(address, params={"index": "0,:,1:3", "format": "npy"})
    assert np.load(io.BytesIO(as_npy.content), allow_pickle=False).tolist() == as_json.json()["values"]


async def test_a_gate_of_a_large_trace_is_derived_when_asked_for(client: httpx.AsyncClient) -> None:
    made = (await client.post(TRACES, json=LARGE)).json()
    assert made["small"] is False
    assert "values" not in made["tensors"]["output"] or made["tensors"]["output"]["values"] is None
    block = await client.get(f"{TRACES}/{made['id']}/tensors/l0.f", params={"index": "1,3,:", "format": "f32"})
    gate = np.frombuffer(block.content, "<f4")
    assert gate.shape == (64,)
    assert ((gate > 0) & (gate < 1)).all()


async def test_what_is_not_finite_is_null_and_its_place_is_named(client: httpx.AsyncClient, app: FastAPI) -> None:
    made = (await client.post(TRACES, json=RANDOM)).json()
    held = app.state.traces._traces.get(made["id"])
    held.done.tensors["output"] = held.done.tensors["output"].clone()
    held.done.tensors["output"][1, 2, 3] = float("inf")
    block = await client.get(f"{TRACES}/{made['id']}/tensors/output")
    assert block.json()["values"][1][2][3] is None
    assert block.json()["nonfinite"] == [{"at": [1, 2, 3], "is": "inf"}]


async def test_a_tensor_never_changes_and_is_sent_once(client: httpx.AsyncClient) -> None:
    made = (await client.post(TRACES, json=RANDOM)).json()
    address = f"{TRACES}/{made['id']}/tensors/h_n"
    first = await client.get(address)
    assert "immutable" in first.headers["cache-control"]
    second = await client.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert (second.status_code, second.content) == (304, b"")
    other = await client.get(address, params={"format": "f32"}, headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200


async def test_more_json_than_allowed_is_refused_with_both_numbers_and_the_way_out(client: httpx.AsyncClient) -> None:
    made = (await client.post(TRACES, json=LARGE)).json()
    body = is_problem(await client.get(f"{TRACES}/{made['id']}/tensors/output"), 413, "answer-too-large")
    assert (body["got"], body["expected"]) == (8 * 200 * 64, 65_536)
    assert "f32" in body["hint"]
    assert (await client.get(f"{TRACES}/{made['id']}/tensors/output", params={"format": "f32"})).status_code == 200


@pytest.mark.parametrize(
    ("query", "status", "kind"),
    [
        ("output?index=9", 422, "invalid-value"),
        ("output?index=a", 422, "invalid-value"),
        ("output?index=0,0,0,0", 422, "invalid-value"),
        ("output?index=" + "0," * 150, 422, "invalid-value"),
        ("output?format=xml", 422, "invalid-value"),
        ("nothing", 404, "not-found"),
        ("l9.f", 404, "not-found"),
        ("x" * 65, 422, "invalid-value"),
    ],
)
async def test_a_wrong_question_about_a_tensor_is_explained(
    client: httpx.AsyncClient, query: str, status: int, kind: str
) -> None:
    made = (await client.post(TRACES, json=RANDOM)).json()
    is_problem(await client.get(f"{TRACES}/{made['id']}/tensors/{query}"), status, kind)


async def test_shapes_answers_at_any_size_what_a_trace_refuses(client: httpx.AsyncClient) -> None:
    huge = {
        "model": {"input_size": 1_000_000, "hidden_size": 1_000_000, "num_layers": 3},
        "input": {"random": {"batch": 1_000_000_000, "seq_len": 1_000_000_000}},
    }
    shapes = await client.post("/api/v1/shapes", json=huge)
    assert shapes.status_code == 200
    assert shapes.json()["tensors"]["output"]["shape"] == [1_000_000_000, 1_000_000_000, 1_000_000]
    body = is_problem(await client.post(TRACES, json=huge), 422, "over-limit")
    assert body["got"] > body["expected"] > 0


@pytest.mark.parametrize("example", [each for each in EXAMPLES if each.available], ids=lambda each: each.key)
async def test_every_example_can_be_sent_as_it_stands(client: httpx.AsyncClient, example: Any) -> None:
    found = (await client.get(f"/api/v1/examples/{example.key}")).json()
    for request in (found["request"], *(variant["request"] for variant in found["variants"])):
        made = await client.post(TRACES, json=request)
        assert made.status_code == 201, made.text[:300]
        assert {claim["holds"] for claim in made.json()["claims"]} <= {True, False}
        assert made.json()["proof"]["checked"]["steps"] > 0


async def test_the_list_of_examples_says_which_are_still_to_come(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/api/v1/examples")).json()["examples"]
    assert [each["key"] for each in listed] == [each.key for each in EXAMPLES]
    assert all((each["request"] is not None) == each["available"] for each in listed)
    is_problem(await client.get("/api/v1/examples/nothing"), 404, "not-found")


async def test_limits_are_the_settings(client: httpx.AsyncClient, settings: Settings) -> None:
    limits = (await client.get("/api/v1/limits")).json()
    assert limits["max_batch"] == settings.max_batch
    assert limits["max_body_bytes"] == settings.max_body_bytes
    unlisted = {each.name for each in fields(Settings)} - limits.keys()
    assert unlisted == {"host", "hosts", "port", "data"}


async def test_limits_say_what_no_setting_changes_and_what_is_still_to_come(client: httpx.AsyncClient) -> None:
    limits = (await client.get("/api/v1/limits")).json()
    assert limits["workers"] >= 1
    assert (limits["values_with_trace"], limits["page_sentence_chars"]) == (65_536, 2000)
    asked: dict[str, Any] = RANDOM | {"model": RANDOM["model"] | {"num_layers": limits["schema_num_layers"]}}
    is_problem(await client.post(TRACES, json=asked), 422, "over-limit")
    asked["model"]["num_layers"] += 1
    is_problem(await client.post(TRACES, json=asked), 422, "invalid-value")
    assert limits["not_yet"] == []


async def test_every_fault_of_a_request_is_named_with_its_place_and_without_what_was_sent(
    client: httpx.AsyncClient,
) -> None:
    secret = "do not repeat me"
    sent = {
        "model": {"hidden_size": secret, "cell": secret, "x": 1},
        "input": {"text": ["ok", 7]},
        "embedding": {"num_embeddings": -1},
    }
    response = await client.post(TRACES, json=sent)
    body = is_problem(response, 422, "invalid-value")
    fields = {each["field"] for each in body["errors"]}
    assert {"model.hidden_size", "model.cell", "model.x", "input.text[1]", "embedding.num_embeddings"} <= fields
    assert body["detail"] == body["errors"][0]["detail"]
    assert secret not in response.text


async def test_a_shape_mismatch_says_what_torch_says(client: httpx.AsyncClient) -> None:
    sent = {"model": {"input_size": 10, "hidden_size": 4}, "input": {"values": [[[0.0] * 7]]}}
    body = is_problem(await client.post(TRACES, json=sent), 422, "shape-mismatch")
    assert (body["got"], body["expected"]) == (7, 10)
    assert body["torch"].startswith("RuntimeError: input.size(-1) must be equal to input_size")


async def test_errors_speak_the_language_that_is_asked_for(client: httpx.AsyncClient) -> None:
    english = (await client.get("/nothing")).json()["detail"]
    chinese = (await client.get("/nothing", headers={"Accept-Language": "zh-CN,zh;q=0.9"})).json()["detail"]
    assert english != chinese
    assert chinese == i18n.text("zh", "problem.not-found.says")
    assert (await client.get("/nothing?lang=zh")).json()["detail"] == chinese


async def test_an_unexpected_mistake_is_logged_under_a_mark_and_says_nothing_of_the_inside(
    app: FastAPI, client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken() -> None:
        raise ZeroDivisionError("a secret of the house")

    app.add_api_route("/broken", broken)
    response = await client.get("/broken")
    body = is_problem(response, 500, "internal")
    assert "secret" not in response.text
    assert body["got"] in caplog.text
    assert "a secret of the house" in caplog.text


async def test_a_method_that_is_not_there_names_those_that_are(client: httpx.AsyncClient) -> None:
    response = await client.delete("/api/v1/limits")
    is_problem(response, 405, "method-not-allowed")
    assert response.headers["allow"] == "GET"


async def test_head_answers_like_get(client: httpx.AsyncClient) -> None:
    assert (await client.head("/api/v1/limits")).status_code == 200


@pytest.mark.parametrize("media", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
@pytest.mark.parametrize("path", [TRACES, "/api/v1/shapes"])
async def test_a_write_that_is_not_json_by_its_own_word_is_refused(
    client: httpx.AsyncClient, path: str, media: str | None
) -> None:
    headers = {"Content-Type": media} if media else {}
    response = await client.post(path, content=json.dumps(RANDOM), headers=headers)
    is_problem(response, 415, "unsupported-media-type")


@pytest.mark.parametrize("path", ["/healthz", "/api/v1/healthz"])
async def test_health_is_answered_at_both_addresses(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).json()["status"] == "ok"

"""One run minus another over the API: torch's own differences, and of what can't be subtracted the axis."""

from typing import Any

import httpx
import numpy as np
import pytest
import torch
from torch import nn

pytestmark = pytest.mark.anyio

TRACES = "/api/v1/traces"
TEXT: dict[str, Any] = {"text": ["the film was not good", "i loved it"]}
TOKENS = torch.tensor([[1, 2, 3, 4, 5], [6, 7, 8, 0, 0]])


def asked(cell: str = "lstm", **model: Any) -> dict[str, Any]:
    settings = {"cell": cell, "input_size": 8, "hidden_size": 6, "batch_first": True} | model
    return {"model": settings, "input": TEXT, "weights": {"seed": 0}}


async def ids(client: httpx.AsyncClient, *requests: dict[str, Any]) -> list[str]:
    return [(await client.post(TRACES, json=each)).json()["id"] for each in requests]


def output(cell: Any) -> torch.Tensor:
    torch.manual_seed(0)
    embedding, module = nn.Embedding(9, 8, padding_idx=0), cell(8, 6, batch_first=True)
    with torch.no_grad():
        found: torch.Tensor = module(embedding(TOKENS))[0]
    return found


async def test_what_both_have_in_one_shape_is_subtracted_as_torch_does_it(client: httpx.AsyncClient) -> None:
    a, b = await ids(client, asked("lstm"), asked("gru"))
    found = (await client.get(f"{TRACES}/{a}/difference", params={"minus": b})).json()
    by_hand = output(nn.LSTM) - output(nn.GRU)
    assert (found["a"], found["b"], found["apart"]) == (a, b, [])
    assert torch.allclose(torch.tensor(found["tensors"]["output"]["values"]), by_hand, atol=1e-6)
    assert found["tensors"]["output"]["max"] == pytest.approx(float(by_hand.max()), abs=1e-6)
    assert found["tensors"]["tokens"]["dtype"] == "int64"
    assert {"c_n", "l0.i", "l0.f", "l0.g", "l0.o", "l0.c"} <= set(found["only_a"])
    assert set(found["only_b"]) == {"l0.r", "l0.z", "l0.n"}
    part = {"minus": b, "index": "1,2,:"}
    as_json = (await client.get(f"{TRACES}/{a}/difference/output", params=part)).json()
    assert as_json["values"] == found["tensors"]["output"]["values"][1][2]
    raw = (await client.get(f"{TRACES}/{a}/difference/output", params=part | {"format": "f32"})).content
    assert np.frombuffer(raw, "<f4").tolist() == as_json["values"]


async def test_another_size_or_another_order_of_the_axes_is_named_and_not_subtracted(
    client: httpx.AsyncClient,
) -> None:
    a, wide, turned = await ids(client, asked(), asked(hidden_size=7, bidirectional=True), asked(batch_first=False))
    found = (await client.get(f"{TRACES}/{a}/difference", params={"minus": wide})).json()
    apart = {each["name"]: each for each in found["apart"]}
    assert (apart["output"]["a_axes"][2], apart["output"]["b_axes"][2]) == ("H", "D·H")
    assert apart["output"]["place"] == 2
    assert apart["h_n"]["place"] == 0  # twice as many rows
    assert set(found["tensors"]) == {"tokens", "embedding", "input"}
    found = (await client.get(f"{TRACES}/{a}/difference", params={"minus": turned})).json()
    assert {each["name"]: each["place"] for each in found["apart"]}["output"] == 0
    assert np.abs(np.array(found["tensors"]["l0.h"]["values"])).max() == 0  # inside, always N, T, H


async def test_a_square_batch_turned_is_not_taken_for_one_shape(client: httpx.AsyncClient) -> None:
    square = {"random": {"batch": 4, "seq_len": 4, "seed": 1}}
    both = [asked(batch_first=first) | {"input": square} for first in (True, False)]
    a, b = await ids(client, *both)
    found = (await client.get(f"{TRACES}/{a}/difference", params={"minus": b})).json()
    assert "output" not in found["tensors"]
    compared = (await client.post("/api/v1/compare", json=dict(zip("ab", both, strict=True)))).json()
    assert "output" not in [each["name"] for each in compared["values"]]


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        ("output", {"index": "0,:"}, 422),  # another size
        ("l0.f", {}, 404),  # a GRU has no forget gate
        ("nothing", {}, 404),
        ("input", {"index": "9"}, 422),
        ("input", {"minus": "%00"}, 404),
    ],
)
async def test_what_can_not_be_subtracted_is_refused_in_the_one_shape(
    client: httpx.AsyncClient, path: str, params: dict[str, str], status: int
) -> None:
    a, b = await ids(client, asked(), asked("gru", hidden_size=7))
    answer = await client.get(f"{TRACES}/{a}/difference/{path}", params={"minus": b} | params)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["detail"]

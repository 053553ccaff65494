"""The loss over HTTP: the trace, its values taken apart, the gradient, the page; nan is null, bad targets are 422."""

from typing import Any

import httpx
import pytest
import torch
import torch.nn.functional as F

pytestmark = pytest.mark.anyio

TRACES = "/api/v1/traces"
ASKED: dict[str, Any] = {
    "model": {"cell": "lstm", "input_size": 3, "hidden_size": 4, "batch_first": True},
    "input": {"random": {"batch": 3, "seq_len": 5}},
    "head": {"reads": "h_n", "out_features": 4},
    "loss": {"kind": "cross_entropy", "target": [1, -100, 3]},
}


async def test_a_trace_goes_up_to_the_loss_and_every_part_of_it_is_explained(client: httpx.AsyncClient) -> None:
    trace = (await client.post(TRACES, json=ASKED)).json()
    held = trace["tensors"]
    assert (held["loss"]["shape"], held["loss"]["axes"]) == ([], [])
    theirs = F.cross_entropy(torch.tensor(held["logits"]["values"]), torch.tensor([1, -100, 3]))
    assert held["loss"]["values"] == pytest.approx(float(theirs))
    for name, at in (("target", "0"), ("log_probs", "0,2"), ("losses", "0"), ("losses", "1"), ("loss", "")):
        params = {"tensor": name, "index": at}
        found = (await client.get(f"{TRACES}/{trace['id']}/explain", params=params)).json()
        assert found["max_abs_diff"] <= 1e-6
    assert found["term_count"] == 2  # the ignored one has no term
    assert [term["factors"][1]["symbol"] for term in found["terms"]] in (
        ["losses[0]", "losses[2]"],
        ["losses[2]", "losses[0]"],
    )
    npy = await client.get(f"{TRACES}/{trace['id']}/tensors/loss", params={"format": "f32"})
    assert (npy.status_code, len(npy.content)) == (200, 4)


async def test_the_gradient_of_the_loss_is_one_question(client: httpx.AsyncClient) -> None:
    trace = (await client.post(TRACES, json=ASKED)).json()
    found = [
        (await client.get(f"{TRACES}/{trace['id']}/gradients", params={"of": "loss", "sample": n})).json()
        for n in range(3)
    ]
    assert sum(each["value"] for each in found) == pytest.approx(trace["tensors"]["loss"]["values"])
    assert not any(found[1]["input"])  # its target is left out


async def test_a_loss_of_nothing_is_null_and_says_so(client: httpx.AsyncClient) -> None:
    asked = ASKED | {"loss": {"kind": "cross_entropy", "target": [-100] * 3}}
    answer = await client.post(TRACES, json=asked)
    trace = answer.json()
    assert answer.status_code == 201
    assert trace["tensors"]["loss"]["values"] is None
    for part, params in (("explain", {"tensor": "loss", "index": ""}), ("gradients", {"of": "loss"})):
        found = await client.get(f"{TRACES}/{trace['id']}/{part}", params=params)
        assert found.status_code == 200
        assert found.json()["value"] is None


@pytest.mark.parametrize(
    ("loss", "field"),
    [
        ({"kind": "cross_entropy", "target": [0, 9, 1]}, "loss.target"),
        ({"kind": "cross_entropy", "target": {"random": {"seed": -1}}}, "loss.target.random.seed"),
        ({"kind": "cross_entropy", "target": "x"}, "loss.target"),
        ({"kind": "cross_entropy", "target": [[[[[1]]]]]}, "loss.target"),
        ({"kind": "mse", "target": [[1.0, 2.0]]}, "loss.target"),
        ({"kind": "bce", "target": {"random": {}}}, "loss.kind"),
        ({"kind": "cross_entropy", "target": [0, 10**30, 1]}, "loss.target[1]"),
    ],
)
async def test_a_bad_target_is_refused_at_its_place(client: httpx.AsyncClient, loss: Any, field: str) -> None:
    answer = await client.post(TRACES, json=ASKED | {"loss": loss})
    assert answer.status_code == 422
    assert answer.json()["field"] == field


async def test_a_page_with_a_loss_carries_it_and_one_it_cannot_run_leaves_it_out(client: httpx.AsyncClient) -> None:
    page = await client.get("/", params={"example": "cross-entropy"}, headers={"Accept": "application/json"})
    assert page.json()["trace"]["tensors"]["loss"]["values"] > 0
    asked = {"loss": "bce", "activation": "tanh"}
    page = await client.get("/", params=asked, headers={"Accept": "application/json"})
    assert "loss" not in page.json()["trace"]["tensors"]
    assert [each["field"] for each in page.json()["problems"]] == ["loss.kind"]


async def test_a_place_that_the_new_run_lacks_does_not_keep_it_from_running(client: httpx.AsyncClient) -> None:
    headers = {"Accept": "application/json", "Prefer": "handling=strict"}
    twin = (await client.get("/", params={"head": "none", "tensor": "loss"}, headers=headers)).json()
    assert twin["trace"] is not None
    assert twin["state"]["tensor"] == "output"


@pytest.mark.parametrize(
    ("query", "judged"), [({}, ""), ({"example": "cross-entropy"}, "logits"), ({"loss": "bce"}, "prediction")]
)
async def test_the_line_of_code_names_what_is_judged(
    client: httpx.AsyncClient, query: dict[str, str], judged: str
) -> None:
    page = await client.get("/", params=query, headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert f'<span data-role="loss-reads">{judged}</span>' in page.text

"""Distributions and the loss part by part: counted as torch counts them, and drawn as the JSON routes say."""

from typing import Any

import httpx
import plotly.io
import pytest
import torch
import torch.nn.functional as functional
from torch import nn

from app.settings import Settings

pytestmark = pytest.mark.anyio

TRACES = "/api/v1/traces"
LSTM: dict[str, Any] = {
    "model": {"cell": "lstm", "input_size": 3, "hidden_size": 4, "batch_first": True},
    "input": {"random": {"batch": 3, "seq_len": 6}},
}
PACKED = LSTM | {"lengths": [6, 4, 1], "packed": True}


async def asked(client: httpx.AsyncClient, request: dict[str, Any], part: str, **params: Any) -> Any:
    trace = (await client.post(TRACES, json=request)).json()
    answer = await client.get(f"{TRACES}/{trace['id']}/{part}", params=params)
    return answer.json(), trace


@pytest.mark.parametrize("request_", [LSTM, PACKED], ids=["padded", "packed"])
async def test_a_gate_is_counted_from_0_to_1_as_torch_counts(
    client: httpx.AsyncClient, request_: dict[str, Any]
) -> None:
    found, trace = await asked(client, request_, "distribution", tensor="l0.f", by="all")
    values = torch.tensor(trace["tensors"]["l0.f"]["values"], dtype=torch.float64)
    if request_ is PACKED:  # behind its end a sample was never computed
        values = torch.cat([values[n, :length].flatten() for n, length in enumerate(PACKED["lengths"])])
    assert found["counts"] == [torch.histc(values, 40, 0, 1).int().tolist()]
    assert (found["edges"][0], found["edges"][-1], found["numbers"]) == (0, 1, values.numel())
    assert found["mean"] == pytest.approx(float(values.mean()))
    assert found["std"] == pytest.approx(float(values.std(correction=0)))
    assert (found["min"], found["max"]) == (float(values.min()), float(values.max()))


async def test_step_by_step_the_lines_add_up_and_the_bins_lie_evenly_about_zero(client: httpx.AsyncClient) -> None:
    by_step, trace = await asked(client, LSTM, "distribution", tensor="output", by="step", sample=1)
    whole, _ = await asked(client, LSTM, "distribution", tensor="output", sample=1)
    assert by_step["edges"] == whole["edges"]
    assert by_step["edges"][0] == -by_step["edges"][-1]
    assert [sum(line) for line in by_step["counts"]] == [4] * 6
    assert [sum(column) for column in zip(*by_step["counts"], strict=True)] == whole["counts"][0]
    values = torch.tensor(trace["tensors"]["output"]["values"][1][2], dtype=torch.float64)
    assert by_step["counts"][2] == torch.histc(values, 40, by_step["edges"][0], by_step["edges"][-1]).int().tolist()


async def test_words_are_counted_by_their_number(client: httpx.AsyncClient) -> None:
    text = LSTM | {"input": {"text": ["a b a c", "a"]}}
    found, trace = await asked(client, text, "distribution", tensor="tokens")
    tokens = torch.tensor(trace["tensors"]["tokens"]["values"])
    assert found["counts"][0] == torch.bincount(tokens.flatten()).tolist()
    assert found["edges"] == [-0.5, 0.5, 1.5, 2.5, 3.5]


def loss_of(kind: str, reads: str, out: int = 2) -> dict[str, Any]:
    head = {"reads": reads, "out_features": out, "activation": None}
    return LSTM | {"head": head, "loss": {"kind": kind, "target": {"random": {"seed": 0}}}}


async def test_the_loss_by_step_is_torchs_and_its_means_are_the_whole(client: httpx.AsyncClient) -> None:
    found, trace = await asked(client, loss_of("cross_entropy", "every_step"), "losses", sample=1)
    logits, target = (torch.tensor(trace["tensors"][name]["values"]) for name in ("logits", "target"))
    logits = torch.tensor(trace["tensors"]["reshaped"]["values"]) if "reshaped" in trace["tensors"] else logits
    by_hand = functional.cross_entropy(logits.reshape(-1, 2), target.reshape(-1), reduction="none").reshape(3, 6)
    assert found["by"] == "step"
    assert found["values"] == pytest.approx(by_hand[1].tolist(), abs=1e-6)
    assert found["mean"] == pytest.approx(by_hand.mean(0).tolist(), abs=1e-6)
    assert found["loss"] == pytest.approx(float(by_hand.mean()), abs=1e-6)


async def test_the_loss_of_a_last_state_is_by_sample_the_mean_of_its_outputs(client: httpx.AsyncClient) -> None:
    found, trace = await asked(client, loss_of("mse", "h_n"), "losses")
    losses = torch.tensor(trace["tensors"]["losses"]["values"])
    assert (found["by"], found["mean"]) == ("sample", None)
    assert found["values"] == pytest.approx(losses.mean(-1).tolist(), abs=1e-6)
    assert found["loss"] == pytest.approx(float(nn.MSELoss()(losses.sqrt(), torch.zeros_like(losses))), abs=1e-6)


async def test_the_figures_draw_what_the_routes_say(client: httpx.AsyncClient) -> None:
    trace = (await client.post(TRACES, json=loss_of("cross_entropy", "every_step"))).json()
    path = f"{TRACES}/{trace['id']}"
    for by in ("all", "step"):
        params = {"tensor": "l0.c", "by": by}
        numbers = (await client.get(f"{path}/distribution", params=params)).json()
        (drawn,) = plotly.io.from_json((await client.get(f"{path}/figures/distribution", params=params)).text).data
        shown = drawn.y if by == "all" else [list(line) for line in zip(*drawn.z, strict=True)]
        assert list(shown) == (numbers["counts"][0] if by == "all" else numbers["counts"])
    numbers = (await client.get(f"{path}/losses", params={"sample": 2})).json()
    own, mean, whole = plotly.io.from_json((await client.get(f"{path}/figures/loss", params={"sample": 2})).text).data
    assert (list(own.y), list(mean.y)) == (numbers["values"], numbers["mean"])
    assert set(whole.y) == {numbers["loss"]}


@pytest.mark.parametrize(
    ("part", "params", "status"),
    [
        ("distribution", {"tensor": "h_n", "by": "step"}, 422),
        ("distribution", {"tensor": "nothing"}, 404),
        ("distribution", {"sample": 9}, 422),
        ("losses", {}, 404),
        ("figures/loss", {}, 404),
    ],
)
async def test_what_can_not_be_counted_is_refused(
    client: httpx.AsyncClient, part: str, params: dict[str, Any], status: int
) -> None:
    found, _ = await asked(client, LSTM, part, **params)
    assert (found["status"], bool(found["detail"]), bool(found["hint"])) == (status, True, found["hint"] is not None)


class TestSmallServer:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return Settings(data=settings.data, max_binary_bytes=200)

    async def test_more_than_a_server_reads_at_once_is_refused_with_both_numbers(
        self, client: httpx.AsyncClient
    ) -> None:
        found, _ = await asked(client, LSTM, "distribution")
        assert (found["status"], found["got"], found["expected"]) == (413, 3 * 6 * 4 * 4, 200)

"""The archive of a trace: numpy and safetensors open it, and it holds what torch computes, bit for bit."""

import io
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import safetensors.numpy
import torch
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from torch import nn

from app.recurrent.archive import archive, parts
from app.recurrent.index import whole
from app.settings import Settings
from tests.core import plain, requests, traced

TRACES = "/api/v1/traces"
ASKED: dict[str, Any] = {
    "model": {"cell": "lstm", "input_size": 3, "hidden_size": 4, "batch_first": True, "bidirectional": True},
    "input": {"text": ["a quiet film", "good"]},
    "head": {"reads": "h_n", "activation": "sigmoid"},
}


def opened(body: bytes, form: str) -> dict[str, Any]:
    if form == "safetensors":
        return dict(safetensors.numpy.load(body))
    with np.load(io.BytesIO(body), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


async def answer(client: httpx.AsyncClient, **params: Any) -> tuple[dict[str, Any], httpx.Response]:
    trace = (await client.post(TRACES, json=ASKED)).json()
    return trace, await client.get(f"{TRACES}/{trace['id']}/archive", params=params)


@pytest.mark.anyio
@pytest.mark.parametrize("form", ["npz", "safetensors"])
async def test_an_archive_holds_every_tensor_and_parameter(client: httpx.AsyncClient, form: str) -> None:
    trace, got = await answer(client, format=form)
    assert got.headers["content-disposition"] == f'attachment; filename="trace.{form}"'
    held = opened(got.content, form)
    assert set(held) == {*trace["tensors"], *trace["parameters"]}
    for name, told in trace["tensors"].items():
        assert list(held[name].shape) == told["shape"]
        assert held[name].tolist() == told["values"]
        assert str(held[name].dtype) == told["dtype"]
    torch.manual_seed(0)
    embedding, lstm = nn.Embedding(5, 3, padding_idx=0), nn.LSTM(3, 4, batch_first=True, bidirectional=True)
    with torch.no_grad():
        output, _ = lstm(embedding(torch.from_numpy(held["tokens"])))
    assert torch.equal(torch.from_numpy(held["rnn.weight_hh_l0_reverse"]), lstm.state_dict()["weight_hh_l0_reverse"])
    assert torch.allclose(torch.from_numpy(held["output"]), output, atol=1e-6)


@how(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(requests())
def test_any_run_comes_back_out_of_both_files_as_torch_has_it(asked: dict[str, Any]) -> None:
    trace = traced(**asked)
    expected = plain(trace)
    chosen = parts(trace.plan, [], 1 << 30)
    files = {form: opened(archive(trace, chosen, form), form) for form in ("npz", "safetensors")}
    assert set(files["npz"]) == set(files["safetensors"]) == {*trace.plan.tensors, *trace.plan.parameters}
    for name, held in files["npz"].items():
        other = files["safetensors"][name]
        assert (held.dtype, held.shape, held.tobytes()) == (other.dtype, other.shape, other.tobytes())
        assert held.tobytes() == whole(trace, name).array.tobytes()
    for name in ("output", "h_n", "rnn.weight_ih_l0"):
        assert torch.allclose(torch.from_numpy(files["npz"][name]), expected[name], atol=1e-5)


@pytest.mark.anyio
async def test_the_ones_named_come_alone_and_the_file_never_changes(client: httpx.AsyncClient) -> None:
    trace, got = await answer(client, name=["h_n", "rnn.bias_ih_l0", "h_n"])
    assert list(opened(got.content, "npz")) == ["h_n", "rnn.bias_ih_l0"]
    again = await client.get(got.url, headers={"If-None-Match": got.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    _, other = await answer(client, name="h_n", format="safetensors")
    assert other.headers["etag"] != got.headers["etag"]
    assert (await client.get(f"{TRACES}/{trace['id']}/archive", params={"name": "h_n"})).content != other.content


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("params", "status"), [({"format": "zip"}, 422), ({"name": "nothing"}, 404), ({"name": ""}, 404)]
)
async def test_what_is_not_there_is_a_problem(client: httpx.AsyncClient, params: dict[str, Any], status: int) -> None:
    _, got = await answer(client, **params)
    assert (got.status_code, got.headers["content-type"]) == (status, "application/problem+json")


class TestSmallArchives:
    """With a small limit of bytes in one answer."""

    @pytest.fixture
    def settings(self, tmp_path: Path) -> Settings:
        return Settings(data=tmp_path / "data", max_binary_bytes=100)

    @pytest.mark.anyio
    async def test_a_large_archive_is_refused_with_both_numbers(self, client: httpx.AsyncClient) -> None:
        _, got = await answer(client)
        assert (got.status_code, got.json()["expected"]) == (413, 100)
        assert got.json()["got"] > 1000
        _, small = await answer(client, name="prediction")
        assert small.status_code == 200

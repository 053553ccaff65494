"""Padded beside packed: every number beside plain PyTorch, each sample also run alone."""

from typing import Any

import httpx
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from app.recurrent.errors import Refusal
from app.recurrent.explain.padding import MOST, padding
from app.recurrent.trace import Trace
from tests.core import module, requests, traced, true_lengths

TRACES = "/api/v1/traces"
LSTM: dict[str, Any] = {
    "model": {"cell": "lstm", "input_size": 8, "hidden_size": 20},
    "input": {"random": {"batch": 3, "seq_len": 6}},
    "lengths": [6, 4, 2],
}


def module_of(trace: Trace) -> Any:
    """The seeded module, made as a person would; the embedding comes first where there is one."""
    asked = trace.plan.request
    model, dtype = asked.model, getattr(torch, asked.dtype)
    torch.manual_seed(asked.weights.seed or 0)
    if asked.embedding is not None:
        nn.Embedding(
            asked.embedding.num_embeddings or 0,
            asked.embedding.embedding_dim or 0,
            padding_idx=asked.embedding.padding_idx,
            dtype=dtype,
        )
    return module(model, dtype, batch_first=False)


def called(trace: Trace, x: Any, samples: list[int]) -> tuple[Any, Tensor]:
    """output and h_n (rows, n, P) of the plain module, from the trace's own first states."""
    first: Any = trace.done.tensors["h_0"][:, samples]
    if trace.plan.request.model.cell == "lstm":
        first = (first, trace.done.tensors["c_0"][:, samples])
    with torch.no_grad():
        output, ends = module_of(trace)(x, first)
    return output, ends[0] if isinstance(ends, tuple) else ends


@settings(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(requests())
def test_drift_is_what_plain_pytorch_gives(asked: dict[str, Any]) -> None:
    assume("lengths" in asked or "text" in asked["input"])
    trace = traced(**asked | {"mode": "eval"})  # dropout has tests of its own
    plan = trace.plan
    lengths, D, P = true_lengths(trace), plan.D, plan.P
    x = trace.done.tensors["input"]
    x = x.transpose(0, 1) if plan.request.model.batch_first else x  # (T, N, F)
    everyone = list(range(plan.N))
    output, padded = called(trace, x, everyone)
    together = pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=False)
    _, packed = called(trace, together, everyone)
    found = padding(trace)
    assert found.batch_sizes == together.batch_sizes.tolist()
    assert [each.length for each in found.samples] == lengths
    near = 1e-5 * max(1.0, float(padded.abs().max()))
    for each in found.samples:
        n = each.sample
        _, alone = called(trace, x[: each.length, n : n + 1], [n])
        expected = float((output[-1, n, :P] - alone[-D, 0]).abs().max())
        assert each.padded == pytest.approx(expected, abs=near)
        assert each.packed is not None
        assert each.packed <= near
        assert float((packed[-D:, n] - alone[-D:, 0]).abs().max()) <= near
        assert (each.padded_backward is None) == (D == 1)
        if D == 2:
            expected = float((padded[-1, n] - alone[-1, 0]).abs().max())
            assert each.padded_backward == pytest.approx(expected, abs=near)


def test_only_the_longest_sample_of_a_padded_batch_ends_where_output_does() -> None:
    found = padding(traced(**LSTM))
    longest, *others = [each.padded for each in found.samples]
    assert longest == pytest.approx(0, abs=1e-6)
    assert all(each is not None and each > 0.01 for each in others)
    assert all(each.packed is not None and each.packed <= 1e-6 for each in found.samples)
    assert found.reads == "output[-1]"
    assert padding(traced(**LSTM | {"packed": True})).samples == found.samples


def test_a_large_batch_is_measured_in_part_and_says_of_how_many() -> None:
    asked = LSTM | {"input": {"random": {"batch": 40, "seq_len": 6}}, "lengths": [6, *[2] * 39]}
    found = padding(traced(**asked))
    assert (len(found.samples), found.of) == (MOST, 40)
    assert found.batch_sizes == [40, 40, 1, 1, 1, 1]


def test_without_lengths_nothing_is_padding() -> None:
    with pytest.raises(Refusal) as refused:
        padding(traced(**LSTM | {"lengths": None}))
    assert refused.value.field == "lengths"


@pytest.mark.anyio
async def test_the_route_answers_the_same_and_refuses_where_there_is_no_length(client: httpx.AsyncClient) -> None:
    made = (await client.post(TRACES, json=LSTM)).json()
    answer = await client.get(f"{TRACES}/{made['id']}/padding")
    assert answer.status_code == 200
    assert answer.json() == padding(traced(**LSTM)).model_dump()
    assert "immutable" in answer.headers["cache-control"]
    made = (await client.post(TRACES, json=LSTM | {"lengths": None})).json()
    refused = await client.get(f"{TRACES}/{made['id']}/padding")
    assert (refused.status_code, refused.json()["field"]) == (422, "lengths")

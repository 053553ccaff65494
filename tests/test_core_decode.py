"""Decoding and encoders beside the loop a person would write with plain modules, over generated configurations."""

import random
from pathlib import Path
from typing import Any

import httpx
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from app.recurrent.code.torch_source import pytorch
from app.recurrent.errors import Refusal
from app.recurrent.examples import BY_KEY
from app.recurrent.explain.evaluate import work_out
from app.recurrent.explain.places import locate
from app.recurrent.trace import Trace
from tests.core import module, planned, traced
from tests.decoders import decoders
from tests.stepwise import stepwise
from tests.test_hostile import is_refused
from tests.written import run as run_sources

pytestmark = pytest.mark.anyio

ENCODER: dict[str, Any] = {
    "model": {"cell": "lstm", "input_size": 3, "hidden_size": 4, "batch_first": True},
    "input": {"random": {"batch": 2, "seq_len": 5}},
    "weights": {"seed": 7},
}
DECODER: dict[str, Any] = {
    "model": {"cell": "lstm", "input_size": 6, "hidden_size": 4, "batch_first": True},
    "head": {"reads": "every_step", "out_features": 9},
    "input": {"decode": {"steps": 3, "start": 1}},
    "state": {"encoder": ENCODER},
}


@torch.no_grad()
def loop(trace: Trace) -> dict[str, Tensor]:
    """The same run by plain modules called in a loop; only seeded input is taken from the trace."""
    asked = trace.plan.request
    dtype, decode = getattr(torch, asked.dtype), asked.input.decode
    assert decode is not None and asked.embedding is not None and asked.head is not None
    states: Any = None
    if asked.state is not None and asked.state.encoder is not None:
        assert trace.encoder is not None
        theirs = asked.state.encoder
        torch.manual_seed(theirs.weights.seed or 0)
        encoder = module(theirs.model, dtype)
        x: Any = trace.encoder.done.tensors["input"]
        if theirs.packed:
            lengths = torch.tensor(theirs.lengths)
            x = pack_padded_sequence(x, lengths, batch_first=theirs.model.batch_first, enforce_sorted=False)
        states = encoder(x)[1]
        if theirs.model.cell == "lstm" and asked.model.cell != "lstm":
            states = states[0]
    elif asked.state is not None:
        first = trace.done.tensors
        states = (first["h_0"], first["c_0"]) if asked.model.cell == "lstm" else first["h_0"]
    torch.manual_seed(asked.weights.seed or 0)
    words, width = asked.embedding.num_embeddings or 0, asked.embedding.embedding_dim or 0
    embedding = nn.Embedding(words, width, dtype=dtype)
    rnn = module(asked.model, dtype)
    linear = nn.Linear(asked.model.proj_size or asked.model.hidden_size, words, dtype=dtype)
    x = (
        trace.done.tensors["first"]
        if decode.first is not None
        else embedding(torch.full((trace.plan.N,), decode.start or 0))
    )
    axis = 1 if asked.model.batch_first else 0
    chosen, output = [], []
    for _ in range(trace.plan.T):
        y, states = rnn(x.unsqueeze(axis), states)
        output.append(y)
        chosen.append(linear(y.squeeze(axis)).argmax(-1))
        x = embedding(chosen[-1])
    found = {"output": torch.cat(output, axis), "decoded": torch.stack(chosen, axis)}
    found |= {"h_n": states[0], "c_n": states[1]} if asked.model.cell == "lstm" else {"h_n": states}
    return found


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(decoders())
def test_every_word_and_every_number_is_that_of_a_plain_loop(asked: dict[str, Any]) -> None:
    trace = traced(**asked)
    theirs = loop(trace)
    tolerance = 1e-6 if trace.plan.request.dtype == "float32" else 1e-14
    for name in ("output", "h_n", *(["c_n"] if "c_n" in theirs else [])):
        ours = trace.done.tensors[name]
        assert ours.shape == theirs[name].shape
        assert (ours - theirs[name]).abs().max() <= tolerance, name
    assert trace.done.tensors["decoded"].equal(theirs["decoded"])
    assert all(claim.holds for claim in trace.claims if "encoder" in claim.claim or "decoded" in claim.claim)
    inside = stepwise(trace)
    for name, value in inside.items():
        row = next(row for row in trace.plan.rows if row.suffix == name.split(".")[0])
        for n in range(trace.plan.N):
            ours = trace.cell(row, n)[name.split(".")[1]]
            assert (ours - value[n]).abs().max() <= 4 * tolerance, name


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(decoders(), st.integers(0, 2**32))
def test_every_value_of_a_decoder_leads_back_to_where_it_came_from(asked: dict[str, Any], seed: int) -> None:
    trace, choose = traced(**asked), random.Random(seed)
    for name, tensor in trace.plan.tensors.items():
        place = locate(trace.plan, name, tuple(choose.randrange(size) for size in tensor.shape))
        worked = work_out(trace, place)
        assert worked.max_abs_diff <= 1e-5 * max(1.0, abs(worked.value)), (name, place)


def test_the_written_source_of_a_decoder_gives_its_numbers(tmp_path: Path) -> None:
    asked = [variant.request for variant in BY_KEY["rnn-types"].variants]
    asked += [DECODER, DECODER | {"dtype": "float64", "model": DECODER["model"] | {"batch_first": False}}]
    given_first = {"decode": {"steps": 4, "first": [[0.5] * 6, [-1.0] * 6]}}
    asked += [DECODER | {"input": given_first}, {**DECODER, "state": {"random": {"seed": 3}}}]
    traces = [traced(**each) for each in asked]
    for trace, found in zip(traces, run_sources([pytorch(each.plan) for each in traces], tmp_path), strict=True):
        for name in ("output", "h_n", "prediction", *(["decoded"] if "decoded" in trace.plan.tensors else [])):
            ours = trace.done.tensors[name].numpy()
            assert found[name].shape == ours.shape and abs(found[name] - ours).max() <= 1e-6, name


def test_what_the_shorter_sentence_hands_over_is_what_it_had_at_its_own_end() -> None:
    trace = traced(**(BY_KEY["rnn-types"].request or {}))
    assert trace.encoder is not None
    handed = trace.done.tensors["h_0"][0, 1]
    assert handed.equal(trace.encoder.done.tensors["output"][1, 2])  # "i loved it" ends at step 2
    assert not handed.equal(trace.encoder.done.tensors["output"][1, 4])


CHANGES: list[tuple[dict[str, Any], str]] = [
    ({"head": None}, "head.reads"),
    ({"head": {"reads": "h_n", "out_features": 9}}, "head.reads"),
    ({"model": DECODER["model"] | {"bidirectional": True}}, "model.bidirectional"),
    ({"embedding": {"num_embeddings": 8, "embedding_dim": 6}}, "head.out_features"),
    ({"embedding": {"embedding_dim": 5}}, "embedding.embedding_dim"),
    ({"input": {"decode": {"steps": 3, "start": 9}}}, "input.decode.start"),
    ({"input": {"decode": {"steps": 3, "start": 1, "first": {"seed": 0}}}}, "input.decode.start"),
    ({"input": {"decode": {"steps": 3, "first": [[0.5] * 6]}}}, "input.decode.first"),
    ({"input": {"decode": {"steps": 3, "first": [[0.5] * 5] * 2}}}, "input.decode.first"),
    ({"input": {"decode": {"steps": 3, "first": [0.5] * 6}}}, "input.decode.first"),
    ({"input": {"decode": {"steps": 3, "batch": 3}}}, "input.decode.batch"),
    ({"packed": True}, "lengths"),
    ({"model": DECODER["model"] | {"num_layers": 2, "dropout": 0.5}, "mode": "train"}, "mode"),
    ({"state": {"encoder": ENCODER, "random": {"seed": 1}}}, "state"),
    ({"state": {"encoder": ENCODER | {"model": ENCODER["model"] | {"hidden_size": 5}}}}, "state.encoder.model"),
    ({"state": {"encoder": ENCODER | {"model": ENCODER["model"] | {"cell": "gru"}}}}, "state.encoder.model.cell"),
    ({"state": {"encoder": ENCODER | {"model": ENCODER["model"] | {"num_layers": 2}}}}, "state.encoder.model"),
    ({"state": {"encoder": ENCODER | {"input": {"values": [[0.5] * 4] * 3}}}}, "state.encoder.input.values[0]"),
    ({"state": {"encoder": ENCODER | {"input": {"decode": {"steps": 2}}}}}, "state.encoder.input.decode"),
]


@pytest.mark.parametrize(("change", "field"), CHANGES, ids=lambda each: each if isinstance(each, str) else "")
def test_what_cannot_be_decoded_is_refused_at_its_own_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(Refusal) as refused:
        planned(**(DECODER | change))
    assert refused.value.field == field


def test_states_of_the_wrong_size_get_the_text_that_torch_itself_prints() -> None:
    encoder = ENCODER | {"model": ENCODER["model"] | {"hidden_size": 5}}
    with pytest.raises(Refusal) as refused:
        planned(**(DECODER | {"state": {"encoder": encoder}}))
    _, states = nn.LSTM(3, 5, batch_first=True)(torch.zeros(2, 5, 3))
    with pytest.raises(RuntimeError) as theirs:
        nn.LSTM(6, 4, batch_first=True)(torch.zeros(2, 3, 6), states)
    assert refused.value.torch == f"RuntimeError: {theirs.value}"


async def test_the_encoder_is_a_trace_of_its_own(client: httpx.AsyncClient) -> None:
    answer = (await client.post("/api/v1/traces", json=DECODER)).json()
    encoder = (await client.get(f"/api/v1/traces/{answer['encoder']['id']}")).json()
    assert encoder == answer["encoder"] | {"encoder": None}
    theirs = (await client.get(f"/api/v1/traces/{encoder['id']}/tensors/h_n")).json()["values"]
    assert answer["tensors"]["h_0"]["values"] == theirs
    path = f"/api/v1/traces/{answer['id']}/tensors/encoder.h_n"
    assert (await client.get(path)).json()["values"] == theirs
    raw = (await client.get(path, params={"format": "f32"})).content
    assert torch.frombuffer(bytearray(raw), dtype=torch.float32).tolist() == torch.tensor(theirs).flatten().tolist()
    shapes = (await client.post("/api/v1/shapes", json=DECODER)).json()
    assert shapes["encoder"]["tensors"]["h_n"]["shape"] == [1, 2, 4]


@pytest.mark.parametrize("steps", [0, 1001, -1, "3", None])
async def test_a_number_of_steps_that_cannot_be_is_refused(client: httpx.AsyncClient, steps: object) -> None:
    answer = await client.post("/api/v1/traces", json=DECODER | {"input": {"decode": {"steps": steps}}})
    is_refused(answer)

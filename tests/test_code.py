"""Written sources run in a process of their own and give the trace's numbers; the API answers them."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from app.recurrent.code.keras_source import keras, reason
from app.recurrent.code.read import read
from app.recurrent.code.torch_source import pytorch
from app.recurrent.examples import EXAMPLES
from app.recurrent.trace import Trace
from tests.core import planned, traced
from tests.hostile import BODIES, HOSTILE
from tests.test_api import is_problem
from tests.test_hostile import is_refused
from tests.written import Arrays, generated, run

pytestmark = pytest.mark.anyio

TOLERANCE = 1e-5
COUNT = int(os.environ.get("UNROLLED_TEST_CODE_EXAMPLES", "40"))
ASKED = generated(COUNT * 2)


def agree(trace: Trace, found: Arrays, names: set[str]) -> None:
    """Every tensor of these names is there, has the trace's shape and its numbers."""
    for name, tensor in trace.done.tensors.items():
        if name not in names:
            continue
        theirs = found[name]
        ours = tensor.detach().numpy()
        assert theirs.shape == ours.shape, name
        # relu can make large numbers
        same = np.isnan(ours) & np.isnan(theirs)  # the loss where every target is left out
        assert np.all(same | (np.abs(theirs - ours) <= TOLERANCE * np.maximum(1, np.abs(ours)))), name


def test_written_pytorch_gives_the_numbers_of_the_trace(tmp_path: Path) -> None:
    traces = [traced(**one) for one in ASKED[:COUNT]]
    sources = [pytorch(trace.plan) for trace in traces]
    for trace, found in zip(
        traces, run(sources, tmp_path, "-W", "error", "-W", "ignore:LSTM with projections"), strict=True
    ):
        # what happens inside the recurrent module has no variable
        outside = [stage for stage in trace.plan.stages if stage.op != "Dropout"]
        made = {name for stage in outside for name in stage.outputs} & trace.done.tensors.keys()
        held = {"input", "batch_sizes", "embedding", "packed"}  # packed is an object of torch, x stands for the others
        agree(trace, found, made - held)


PACKED = [
    {"model": model, "head": {"reads": reads, "out_features": 2}, "packed": True}
    | {"input": {"random": {"batch": 3, "seq_len": 4}}, "lengths": [4, 2, 1]}
    for reads in ("h_n", "last_step", "mean")
    for model in (
        {"cell": "gru", "input_size": 3, "hidden_size": 2, "bidirectional": True, "batch_first": True},
        {"cell": "rnn", "input_size": 3, "hidden_size": 2, "num_layers": 2},
    )
]


@pytest.mark.slow
def test_written_keras_gives_the_numbers_of_the_trace(tmp_path: Path) -> None:
    asked = [one for one in ASKED if reason(planned(**one)) is None][:COUNT]
    assert len(asked) == COUNT
    asked += PACKED  # where Keras's mask and the last state meet
    traces = [traced(**one) for one in asked]
    found = run([keras(trace.plan) for trace in traces], tmp_path, KERAS_BACKEND="torch")
    for trace, theirs in zip(traces, found, strict=True):
        names = {"h_n", "c_n", "prediction", "loss"} | ({"output"} & theirs.keys())
        if trace.plan.request.head is None:
            assert "output" in theirs
        agree(trace, theirs, names)


def test_written_sources_are_clean(tmp_path: Path) -> None:
    for k, one in enumerate(ASKED):
        plan = planned(**one)
        (tmp_path / f"p{k}.py").write_text(pytorch(plan), encoding="utf-8")
        if reason(plan) is None:
            (tmp_path / f"k{k}.py").write_text(keras(plan), encoding="utf-8")
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", str(tmp_path)]
    done = subprocess.run(ruff, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


def test_every_example_is_written_and_read_back() -> None:
    for example in EXAMPLES:
        if example.request is None:
            continue
        plan = planned(**example.request)
        again = read(pytorch(plan)).request
        assert (again.model, again.loss) == (plan.request.model, plan.request.loss)
        ast.parse(keras(plan))


SMALL: dict[str, Any] = {
    "model": {"cell": "lstm", "input_size": 3, "hidden_size": 2, "batch_first": True},
    "input": {"text": ["one two", "three"]},
    "head": {"reads": "h_n", "activation": "sigmoid"},
}


def test_a_written_source_reads_like_a_persons() -> None:
    source = pytorch(planned(**SMALL))
    lines = [
        "torch.manual_seed(0)",
        "embedding = nn.Embedding(4, 3, padding_idx=0)",
        "lstm = nn.LSTM(3, 2, batch_first=True)",
        "linear = nn.Linear(2, 1)",
        "output, (h_n, c_n) = lstm(x)  # (2, 2, 2)",
        "joined = h_n[-1]  # (2, 2)",
        "activated = torch.sigmoid(logits)  # (2, 1)",
    ]
    places = [source.index(line) for line in lines]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("head", "sequences"),
    [(None, True), ("every_step", True), ("last_step", False), ("h_n", False), ("mean", True)],
)
def test_keras_returns_sequences_where_something_reads_them(head: str | None, sequences: bool) -> None:
    source = keras(planned(**SMALL | {"head": None if head is None else {"reads": head}}))
    assert ("return_sequences=True" in source) == sequences
    assert "return_state=True" in source


def test_a_sentence_cannot_write_code() -> None:
    hostile = ["a\x00b", "x\n import os", '"""', "\\", "\u202e\u2028#", "'); y('"]
    source = pytorch(planned(**SMALL | {"input": {"text": hostile}}))
    names = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    assert not names & {"os", "y"}
    assert source.isprintable() or all(each.isprintable() or each == "\n" for each in source)


@pytest.mark.parametrize(
    ("model", "more", "word"),
    [({"hidden_size": 4, "proj_size": 2}, {}, "proj_size"), ({"num_layers": 2, "dropout": 0.5}, {"mode": "train"}, "")],
)
async def test_what_keras_cannot_do_is_null_with_the_reason(
    client: httpx.AsyncClient, model: dict[str, Any], more: dict[str, Any], word: str
) -> None:
    answer = await client.post("/api/v1/code", json=SMALL | {"model": SMALL["model"] | model} | more)
    assert answer.status_code in (200, 422)
    if answer.status_code == 200:
        found = answer.json()
        assert found["keras"] is None
        assert word in found["keras_why"]
        ast.parse(found["pytorch"])


async def test_code_is_written_at_any_size_at_once(client: httpx.AsyncClient) -> None:
    model = {"hidden_size": 10**9, "input_size": 10**9, "num_layers": 64}
    asked = {"model": model, "input": {"random": {"batch": 10**9, "seq_len": 10**9}}}
    answer = await client.post("/api/v1/code", json=asked)
    assert answer.status_code == 200
    assert "nn.LSTM(1000000000, 1000000000, num_layers=64)" in answer.json()["pytorch"]


async def test_given_weights_that_do_not_fit_are_refused(client: httpx.AsyncClient) -> None:
    asked = {"model": {"hidden_size": 10**9, "input_size": 1}, "input": {"random": {"batch": 1, "seq_len": 1}}}
    for values, kind in (({"rnn.weight_ih_l0": [[1.0]]}, "shape-mismatch"), ({"x": [1.0]}, "invalid-value")):
        answer = await client.post("/api/v1/code", json=asked | {"weights": {"values": values}})
        is_problem(answer, 422, kind)


async def test_code_that_was_read_can_be_traced(client: httpx.AsyncClient) -> None:
    source = "lstm = nn.LSTM(4, 3, 2, bidirectional=True)\nnn.Dropout(0.1)"
    answer = await client.post("/api/v1/code/read", json={"source": source})
    assert answer.status_code == 200
    found = answer.json()
    assert found["code"] == "lstm = nn.LSTM(4, 3, num_layers=2, bidirectional=True)"
    assert [each["what"] for each in found["unread"]] == ["nn.Dropout(0.1)"]
    assert all(each["why"] for each in found["unread"] + found["assumed"])
    assert (await client.post("/api/v1/traces", json=found["request"])).status_code == 201
    chinese = await client.post("/api/v1/code/read?lang=zh", json={"source": source})
    assert chinese.json()["unread"][0]["why"] != found["unread"][0]["why"]


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (b'{"source": "nn.LSTM("}', 422, "invalid-value"),
        (b'{"source": "x = 1"}', 422, "invalid-value"),
        (b'{"source": "nn.LSTM(0, 1)"}', 422, "invalid-value"),
        (b'{"source": ""}', 422, "invalid-value"),
        (b'{"source": "nn.LSTM(1, 2)", "source": "1"}', 400, "invalid-json"),
        (b'{"source": "\\ud800"}', 400, "invalid-json"),
        (b"{", 400, "invalid-json"),
        (json.dumps({"source": "-" * 3000 + "1"}).encode(), 422, "over-limit"),
    ],
)
async def test_source_that_is_none_is_a_problem(client: httpx.AsyncClient, body: bytes, status: int, kind: str) -> None:
    headers = {"Content-Type": "application/json"}
    is_problem(await client.post("/api/v1/code/read", content=body, headers=headers), status, kind)


async def test_source_is_sent_as_json(client: httpx.AsyncClient) -> None:
    is_problem(await client.post("/api/v1/code/read", content=b"nn.LSTM(1, 2)"), 415, "unsupported-media-type")


async def test_hostile_requests_never_break_the_writer(client: httpx.AsyncClient) -> None:
    for request in HOSTILE:
        answer = await client.post("/api/v1/code", json=request)
        if answer.status_code != 200:  # it has no size limits
            is_refused(answer, json.dumps(request)[:300])
        else:
            ast.parse(answer.json()["pytorch"])


@pytest.mark.parametrize("path", ["/api/v1/code", "/api/v1/code/read"])
async def test_raw_bodies_are_refused(client: httpx.AsyncClient, path: str) -> None:
    for name, body in BODIES.items():
        answer = await client.post(path, content=body, headers={"Content-Type": "application/json"})
        if answer.status_code != 200 or path.endswith("read"):
            is_refused(answer, name)


async def test_source_is_never_run(client: httpx.AsyncClient, tmp_path: Path) -> None:
    path = tmp_path / "ran"
    source = f"open({str(path)!r}, 'w').write('x')\nimport os; os.system('touch {path}')\nnn.LSTM(1, 2)"
    assert (await client.post("/api/v1/code/read", json={"source": source})).status_code == 200
    assert not path.exists()

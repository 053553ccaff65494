"""What can be taken along from the API: a tensor as CSV and the run as a Python file."""

import csv
import io
import sys
from pathlib import Path
from typing import Any

import anyio
import httpx
import numpy as np
import pytest

from app.recurrent.table import text
from app.settings import Settings
from tests.test_api import is_problem

pytestmark = pytest.mark.anyio
TRACES = "/api/v1/traces"
ASKED: dict[str, Any] = {
    "model": {"cell": "lstm", "input_size": 3, "hidden_size": 4, "batch_first": True, "bidirectional": True},
    "input": {"text": ["=2+5 @home -good", "+ok"]},
    "head": {"reads": "h_n", "activation": "sigmoid"},
}


async def rows(client: httpx.AsyncClient, name: str, **params: str) -> tuple[dict[str, Any], list[list[str]]]:
    trace = (await client.post(TRACES, json=ASKED)).json()
    got = await client.get(f"{TRACES}/{trace['id']}/tensors/{name}", params={"format": "csv", **params})
    assert got.status_code == 200, got.text
    assert got.headers["content-type"] == "text/csv; charset=utf-8"
    assert got.headers["content-disposition"] == f'attachment; filename="{name}.csv"'
    return trace, list(csv.reader(io.StringIO(got.text)))


@pytest.mark.parametrize("name", ["output", "l0_reverse.f", "h_n", "tokens", "prediction"])
async def test_a_tensor_as_csv_holds_each_number_at_its_place(client: httpx.AsyncClient, name: str) -> None:
    trace, (head, *lines) = await rows(client, name)
    told = trace["tensors"][name]
    assert [each for each in head if each != "token"] == [*told["axes"], "value"]
    rank = len(told["shape"])
    whole = np.full(told["shape"], np.nan, dtype=told["dtype"] if told["dtype"] == "float32" else np.float64)
    for line in lines:
        whole[tuple(map(int, line[:rank]))] = float(line[-1])
    assert whole.tolist() == told["values"]
    assert len(lines) == whole.size


async def test_words_that_look_like_formulas_are_kept_from_running_and_numbers_stay_numbers(
    client: httpx.AsyncClient,
) -> None:
    _, (head, *lines) = await rows(client, "output")
    assert head == ["N", "T", "D·H", "token", "value"]
    words = {line[3] for line in lines}
    assert {word for word in words if word[0] in "=+-@'"} == {word for word in words if word[0] == "'"} != set()
    values = [line[-1] for line in lines]
    assert any(value.startswith("-") for value in values)
    assert all(float(value) is not None for value in values)


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+ok", "'+ok"),
        ("-1", "'-1"),
        ("@a", "'@a"),
        ("\tx", "'\tx"),
        ("a=b", "a=b"),
        ("好", "好"),
        ("", ""),
    ],
)
def test_only_text_that_begins_like_a_formula_is_marked(cell: str, safe: str) -> None:
    assert text(cell) == safe


async def test_a_part_counts_its_places_in_the_whole(client: httpx.AsyncClient) -> None:
    trace, (_, *lines) = await rows(client, "output", index="1,:,2:4")
    values = np.array(trace["tensors"]["output"]["values"])
    assert len(lines) == 2 * trace["tensors"]["output"]["shape"][1]
    for n, t, u, _, value in lines:
        assert float(value) == np.float32(values[int(n), int(t), int(u)])
        assert int(n) == 1
        assert int(u) in (2, 3)


async def test_csv_can_be_asked_for_by_name_of_its_type_and_does_not_change(client: httpx.AsyncClient) -> None:
    trace = (await client.post(TRACES, json=ASKED)).json()
    url = f"{TRACES}/{trace['id']}/tensors/h_n"
    got = await client.get(url, headers={"Accept": "text/csv"})
    assert got.text.splitlines()[0] == "L·D,N,H,value"
    again = await client.get(url, headers={"Accept": "text/csv", "If-None-Match": got.headers["etag"]})
    assert again.status_code == 304
    weights = await client.get(f"{TRACES}/{trace['id']}/tensors/rnn.bias_ih_l0?format=csv")
    assert weights.text.splitlines()[0] == "out,value"


class TestSmallAnswers:
    """With a small limit of numbers in one answer."""

    @pytest.fixture
    def settings(self, tmp_path: Path) -> Settings:
        return Settings(data=tmp_path / "data", max_json_numbers=10)

    async def test_too_many_lines_are_refused_with_both_numbers(self, client: httpx.AsyncClient) -> None:
        trace = (await client.post(TRACES, json=ASKED)).json()
        got = await client.get(f"{TRACES}/{trace['id']}/tensors/output?format=csv")
        found = is_problem(got, 413, "answer-too-large")
        assert (found["expected"], found["got"] > 10) == (10, True)
        assert "CSV" in found["detail"]


async def test_the_python_file_runs_and_prints(client: httpx.AsyncClient, tmp_path: Path) -> None:
    trace = (await client.post(TRACES, json=ASKED)).json()
    got = await client.get(f"{TRACES}/{trace['id']}/code")
    assert got.headers["content-disposition"] == 'attachment; filename="unrolled_pytorch.py"'
    both = (await client.post("/api/v1/code", json=ASKED)).json()
    assert got.text == both["pytorch"]
    keras = await client.get(f"{TRACES}/{trace['id']}/code?framework=keras")
    assert keras.text == both["keras"]
    file = tmp_path / "run.py"
    file.write_text(got.text + "\nprint(tuple(output.shape))\n", encoding="utf-8")
    done = await anyio.run_process([sys.executable, str(file)], check=False)
    assert str(tuple(trace["tensors"]["output"]["shape"])) in done.stdout.decode(), done.stderr.decode()


async def test_where_keras_has_no_such_layer_the_refusal_says_why(client: httpx.AsyncClient) -> None:
    asked = {**ASKED, "model": {**ASKED["model"], "proj_size": 2}}
    trace = (await client.post(TRACES, json=asked)).json()
    found = is_problem(await client.get(f"{TRACES}/{trace['id']}/code?framework=keras"), 422, "invalid-value")
    assert found["detail"] == (await client.post("/api/v1/code", json=asked)).json()["keras_why"]
    is_problem(await client.get(f"{TRACES}/nothing/code"), 404, "not-found")

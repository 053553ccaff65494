"""The routes that take a trace apart, as a client meets them: answers, addresses, caching, refusals."""

from typing import Any

import httpx
import pytest

from app.settings import Settings

pytestmark = pytest.mark.anyio

TRACES, COMPARE = "/api/v1/traces", "/api/v1/compare"
LSTM: dict[str, Any] = {
    "model": {"cell": "lstm", "input_size": 3, "hidden_size": 4, "batch_first": True, "bidirectional": True},
    "input": {"random": {"batch": 2, "seq_len": 5}},
    "head": {"reads": "h_n", "out_features": 2, "activation": "softmax"},
}
GRU: dict[str, Any] = {"model": {"cell": "gru", "input_size": 3, "hidden_size": 4}, "input": LSTM["input"]}


async def made(client: httpx.AsyncClient, asked: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = (await client.post(TRACES, json=asked)).json()
    return answer


async def asked_of(client: httpx.AsyncClient, asked: dict[str, Any], part: str, **params: Any) -> httpx.Response:
    trace = await made(client, asked)
    return await client.get(f"{TRACES}/{trace['id']}/{part}", params=params)


async def test_every_value_of_a_trace_can_be_explained(client: httpx.AsyncClient) -> None:
    trace = await made(client, LSTM)
    for name, tensor in trace["tensors"].items():
        at = [size // 2 for size in tensor["shape"]]
        params = {"tensor": name, "index": ",".join(map(str, at))}
        found = (await client.get(f"{TRACES}/{trace['id']}/explain", params=params)).json()
        value: Any = tensor["values"]
        for place in at:
            value = value[place]
        assert found["value"] == value
        assert abs(found["recomputed"] - value) == pytest.approx(found["max_abs_diff"])
        assert found["max_abs_diff"] <= 1e-5
        assert found["formula"]
        assert found["says"]


async def test_the_terms_of_a_gate_stand_in_the_shape_of_the_contract(client: httpx.AsyncClient) -> None:
    found = (await asked_of(client, LSTM, "explain", tensor="l0.c", index="1,3,2")).json()
    assert found["formula"] == "c = f · c_prev + i · g"
    kept = next(term for term in found["terms"] if term["role"] == "kept")
    assert {"symbol", "value", "from", "factors", "role", "count"} == set(kept)
    assert [(each["symbol"], each["from"]["tensor"], each["from"]["index"]) for each in kept["factors"]] == [
        ("f", "l0.f", [1, 3, 2]),
        ("c_prev", "l0.c", [1, 2, 2]),
    ]


async def test_the_sentence_comes_in_the_readers_language_and_the_answer_is_kept(client: httpx.AsyncClient) -> None:
    trace = await made(client, LSTM)
    params, address = {"tensor": "l0.c", "index": "1,3,2"}, f"{TRACES}/{trace['id']}/explain"
    english, chinese = [
        await client.get(address, params=params, headers={"Accept-Language": lang}) for lang in ("en", "zh")
    ]
    assert "forget gate" in english.json()["says"]
    assert "遗忘门" in chinese.json()["says"]
    again = await client.get(
        address, params=params, headers={"Accept-Language": "en", "If-None-Match": english.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    other = await client.get(
        address, params=params, headers={"Accept-Language": "zh", "If-None-Match": english.headers["etag"]}
    )
    assert other.status_code == 200
    another = await client.get(
        address,
        params=params | {"index": "1,3,1"},
        headers={"Accept-Language": "en", "If-None-Match": english.headers["etag"]},
    )
    assert another.status_code == 200


async def test_wiring_with_a_unit_is_its_products_and_without_one_the_whole_matrix(client: httpx.AsyncClient) -> None:
    one = (await asked_of(client, LSTM, "wiring", row="l0", gate="f", unit=2, step=3, sample=0)).json()
    assert [len(one[part]) for part in ("inputs", "units", "biases")] == [3, 4, 2]
    assert sum(one["sums"].values()) == pytest.approx(one["inner"])
    whole = (await asked_of(client, LSTM, "wiring", row="l0", gate="f")).json()
    assert (len(whole["weights"]), whole["parameter"], whole["rows"]) == (4, "rnn.weight_hh_l0", [4, 8])
    plain = await asked_of(client, {**GRU, "model": {**GRU["model"], "cell": "rnn"}}, "wiring", row="l0", unit=0)
    assert plain.json()["gate"] == "h"


async def test_a_ledger_adds_up_over_the_wire(client: httpx.AsyncClient) -> None:
    trace = await made(client, LSTM)
    params: dict[str, Any] = {"sample": 1, "layer": "l0_reverse", "to": 1}
    found = (await client.get(f"{TRACES}/{trace['id']}/ledger", params=params)).json()
    assert len(found["rows"]) == 1 + 4
    for unit, c in enumerate(trace["tensors"]["l0_reverse.c"]["values"][1][1]):
        assert sum(line[unit] for line in found["rows"]) == pytest.approx(c, abs=1e-5)


async def test_gradients_come_for_every_row_and_step(client: httpx.AsyncClient) -> None:
    found = (await asked_of(client, LSTM, "gradients", sample=0, of="output", step=-1)).json()
    assert len(found["input"]) == 5
    assert set(found["rows"]) == {"l0", "l0_reverse"}
    assert found["max_abs_diff"] <= 1e-5
    cut = (await asked_of(client, LSTM, "gradients", of="prediction", unit=1, truncate=2)).json()
    assert cut["truncate"] == 2
    beside = (await asked_of(client, LSTM, "gradients/cells", of="output", step=-1)).json()
    assert [each["cell"] for each in beside["cells"]] == ["lstm", "gru", "rnn"]


async def test_two_requests_are_compared(client: httpx.AsyncClient) -> None:
    other = LSTM | {"weights": {"seed": 1}}
    found = (await client.post(COMPARE, json={"a": LSTM, "b": other})).json()
    assert [(each["name"], each["a"], each["b"]) for each in found["request"]] == [("weights.seed", 0, 1)]
    assert found["same"] is False
    assert next(each for each in found["values"] if each["name"] == "input")["max_abs_diff"] == 0
    ids = [(await made(client, asked))["id"] for asked in (LSTM, other)]
    assert [found["a"], found["b"]] == ids
    assert (await client.post(COMPARE, json={"a": LSTM, "b": LSTM})).json()["same"] is True


@pytest.mark.parametrize(
    ("asked", "part", "params", "status", "kind"),
    [
        (LSTM, "explain", {}, 422, "invalid-value"),
        (LSTM, "explain", {"tensor": "l0.q", "index": "0,0,0"}, 404, "not-found"),
        (LSTM, "explain", {"tensor": "l0.c", "index": "0,0"}, 422, "invalid-value"),
        (LSTM, "explain", {"tensor": "l0.c", "index": "0,0,99"}, 422, "invalid-value"),
        (LSTM, "explain", {"tensor": "l0.c", "index": "0,0,0", "limit": -1}, 422, "invalid-value"),
        (LSTM, "wiring", {}, 422, "invalid-value"),
        (LSTM, "wiring", {"row": "l9", "gate": "f"}, 404, "not-found"),
        (LSTM, "wiring", {"row": "l0", "gate": "z"}, 422, "invalid-value"),
        (LSTM, "wiring", {"row": "l0"}, 422, "invalid-value"),
        (LSTM, "wiring", {"row": "l0", "gate": "f", "unit": 4}, 422, "invalid-value"),
        (LSTM, "wiring", {"row": "l0", "gate": "f", "unit": "x"}, 422, "invalid-value"),
        (GRU, "ledger", {}, 422, "invalid-value"),
        (LSTM, "ledger", {"layer": "l1"}, 404, "not-found"),
        (LSTM, "ledger", {"to": 5}, 422, "invalid-value"),
        (LSTM, "ledger", {"sample": 2}, 422, "invalid-value"),
        (LSTM, "ledger", {"first": 4}, 422, "invalid-value"),
        (LSTM, "gradients", {"of": "loss"}, 422, "invalid-value"),
        (LSTM, "gradients", {"step": 5}, 422, "invalid-value"),
        (LSTM, "gradients", {"truncate": 0}, 422, "invalid-value"),
        (GRU, "gradients", {"of": "prediction"}, 422, "invalid-value"),
        (LSTM, "gradients/cells", {"of": "c_n"}, 422, "invalid-value"),
    ],
)
async def test_what_does_not_exist_is_a_problem_in_the_one_shape(
    client: httpx.AsyncClient, asked: dict[str, Any], part: str, params: dict[str, Any], status: int, kind: str
) -> None:
    answer = await asked_of(client, asked, part, **params)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{kind}")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("part", ["explain", "wiring", "ledger", "gradients", "gradients/cells"])
async def test_a_trace_that_does_not_exist_has_no_parts(client: httpx.AsyncClient, part: str) -> None:
    answer = await client.get(f"{TRACES}/rAAAA/{part}", params={"tensor": "output", "index": "0", "row": "l0"})
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b'{"a": {}}', 422),
        (b'{"a": 1, "a": 2, "b": 3}', 422),
        (b"[]", 422),
    ],
)
async def test_a_comparison_that_can_not_be_read_is_refused(
    client: httpx.AsyncClient, body: bytes, status: int
) -> None:
    answer = await client.post(COMPARE, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert (await client.post(COMPARE, content=body)).status_code == 415


class TestSmallAnswers:
    """With a small limit of numbers in one answer."""

    @pytest.fixture
    def settings(self, tmp_path: Any) -> Settings:
        return Settings(data=tmp_path / "data", max_json_numbers=12)

    async def test_a_large_ledger_is_asked_for_in_parts(self, client: httpx.AsyncClient) -> None:
        refused = await asked_of(client, LSTM, "ledger")
        assert (refused.status_code, refused.json()["got"], refused.json()["expected"]) == (413, 24, 12)
        found = (await asked_of(client, LSTM, "ledger", first=1, units=2)).json()
        assert (found["units"], len(found["rows"][0])) == ([1, 3], 2)

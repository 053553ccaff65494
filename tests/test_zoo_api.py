"""Trained weights over the API: the same numbers as plain torch with the shipped file, and what is refused."""

from typing import Any

import httpx
import pytest
import torch
from safetensors.torch import load
from torch import nn

from app.recurrent.errors import Refusal
from app.recurrent.shapes import plan
from app.recurrent.spec import TraceRequest
from app.web.store import canonical
from app.zoo.trained import bundled, bundled_names, file_of
from tests.test_api import TRACES, is_problem

pytestmark = pytest.mark.anyio

SENTENCES = ["a slow start but a truly wonderful ending", "the jokes are tired xyzzy"]


def asked(name: str = "sentiment-en", **parts: Any) -> dict[str, Any]:
    return {
        "weights": {"bundled": name},
        "model": {"batch_first": True},
        "input": {"text": SENTENCES},
        "packed": True,
    } | parts


def plain(name: str, text: str) -> torch.Tensor:
    """The logits after every step by torch alone: the shipped file, its vocabulary, no line of the core."""
    found = bundled(name)
    assert found is not None and found.vocabulary is not None
    held = {key: w.float() for key, w in load(file_of(name)).items()}
    words = {word: k for k, word in enumerate(found.vocabulary.words)}
    ids = torch.tensor([[words.get(token, 1) for token in found.vocabulary.tokens(text)]])
    rnn = nn.LSTM(found.model.input_size or 0, found.model.hidden_size, batch_first=True)
    rnn.load_state_dict({key.removeprefix("rnn."): w for key, w in held.items() if key.startswith("rnn.")})
    with torch.no_grad():
        output, _ = rnn(nn.functional.embedding(ids, held["embedding.weight"]))
        return nn.functional.linear(output, held["head.weight"], held["head.bias"])[0]


async def test_a_bundled_model_answers_as_plain_torch_with_the_shipped_weights_does(client: httpx.AsyncClient) -> None:
    answer = (await client.post(TRACES, json=asked())).json()
    wanted = [torch.sigmoid(plain("sentiment-en", text)[-1, 0]).item() for text in SENTENCES]
    assert answer["tensors"]["prediction"]["values"] == pytest.approx(wanted, abs=1e-6)
    assert answer["text"]["unknown"] == [[], [4]]
    assert answer["request"]["model"]["hidden_size"] == 16


async def test_the_running_prediction_is_the_head_on_every_h(client: httpx.AsyncClient) -> None:
    id = (await client.post(TRACES, json=asked())).json()["id"]
    for sample, text in enumerate(SENTENCES):
        found = (await client.get(f"{TRACES}/{id}/running", params={"sample": sample})).json()
        assert torch.tensor(found["logits"]) == pytest.approx(plain("sentiment-en", text), abs=1e-5)
        assert found["tokens"] == text.split() and found["trained"] == "sentiment-en"
    ledger = (await client.get(f"{TRACES}/{id}/ledger", params={"sample": 1})).json()
    assert found["left"] == pytest.approx([sum(map(abs, line)) for line in ledger["rows"][1:]])


async def test_a_request_that_does_not_fit_the_weights_is_refused_with_both_values(client: httpx.AsyncClient) -> None:
    answer = await client.post(TRACES, json=asked(model={"hidden_size": 20}))
    found = is_problem(answer, 422, "shape-mismatch")
    assert (found["field"], found["got"], found["expected"]) == ("model.hidden_size", 20, 16)
    is_problem(await client.post(TRACES, json=asked("no-such")), 422, "invalid-value")
    missing = is_problem(
        await client.post(TRACES, json={"input": {"random": {"batch": 1, "seq_len": 2}}}), 422, "invalid-value"
    )
    assert missing["field"] == "model"


@pytest.mark.parametrize("name", bundled_names())
async def test_every_model_is_listed_with_its_card_and_its_file(client: httpx.AsyncClient, name: str) -> None:
    listed = {each["id"]: each for each in (await client.get("/api/v1/models")).json()["models"]}
    found = (await client.get(f"/api/v1/models/{name}")).json()
    assert listed[name] == found and found["card"]["scores"]["each"] and found["card"]["baselines"]
    held = load((await client.get(f"/api/v1/models/{name}/weights")).content)
    assert sum(w.numel() for w in held.values()) == found["card"]["parameters"]
    is_problem(await client.get("/api/v1/models/none"), 404, "not-found")


async def test_the_words_near_a_word_are_those_of_the_largest_cosine(client: httpx.AsyncClient) -> None:
    found = (await client.get("/api/v1/models/sentiment-en/neighbours", params={"word": "Wonderful", "most": 5})).json()
    table = load(file_of("sentiment-en"))["embedding.weight"].float()
    unit = table / table.norm(dim=1, keepdim=True).clamp_min(1e-12)
    cosines = unit @ unit[found["id"]]
    assert [each["cosine"] for each in found["neighbours"]] == pytest.approx(
        [cosines[each["id"]].item() for each in found["neighbours"]], abs=1e-5
    )
    best = cosines.topk(8).values.tolist()
    assert found["neighbours"][0]["cosine"] == pytest.approx(best[1], abs=1e-5)  # best[0] is the word itself
    await_none = await client.get("/api/v1/models/sentiment-en/neighbours", params={"word": "xyzzy"})
    assert is_problem(await_none, 422, "invalid-value")["got"] == "xyzzy"


@pytest.mark.parametrize("head", [None, {"reads": "every_step"}, {"reads": "mean", "activation": None}])
async def test_a_request_with_trained_weights_reads_back_as_itself(head: dict[str, Any] | None) -> None:
    settled = plan(TraceRequest.model_validate(asked(head=head))).request
    text = canonical(settled)
    again = plan(TraceRequest.model_validate_json(text)).request
    assert again == settled and canonical(again) == text


async def test_without_trained_weights_the_model_says_its_own_size() -> None:
    with pytest.raises(Refusal) as caught:
        plan(TraceRequest.model_validate({"model": {"cell": "gru"}, "input": {"random": {"batch": 1, "seq_len": 1}}}))
    assert caught.value.field == "model.hidden_size"

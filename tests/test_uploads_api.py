"""Model files over the API: sent as raw bytes, kept by their hash, deleted; refused with the sentence that helps."""

import io
from typing import Any

import httpx
import pytest
import torch
from safetensors.torch import save
from torch import nn

MODELS = "/api/v1/models"


def saved(held: object, **how: Any) -> bytes:
    file = io.BytesIO()
    torch.save(held, file, **how)
    return file.getvalue()


async def sent(client: httpx.AsyncClient, body: bytes, name: str = "model.pt") -> httpx.Response:
    return await client.post(MODELS, params={"filename": name}, content=body)


@pytest.mark.anyio
async def test_a_checkpoint_is_read_and_what_it_holds_is_named(client: httpx.AsyncClient) -> None:
    net = nn.ModuleDict(
        {"emb": nn.Embedding(11, 4), "enc": nn.LSTM(4, 3, 2, bidirectional=True), "fc": nn.Linear(6, 2)}
    )
    body = saved({"epoch": 3, "model_state_dict": net.state_dict()})
    answer = await sent(client, body, "my checkpoint.ckpt")
    assert answer.status_code == 201
    made = answer.json()
    assert made["filename"] == "my checkpoint.ckpt"
    assert made["format"] == "pt"
    (stack,) = made["stacks"]
    assert stack["prefix"] == "model_state_dict.enc."
    sizes = {name: stack[name] for name in ("cell", "input_size", "hidden_size", "num_layers", "bidirectional", "bias")}
    assert sizes == {
        "cell": "lstm",
        "input_size": 4,
        "hidden_size": 3,
        "num_layers": 2,
        "bidirectional": True,
        "bias": True,
    }
    assert made["embedding"] == {"name": "model_state_dict.emb.weight", "num_embeddings": 11, "embedding_dim": 4}
    assert made["head"] == {"name": "model_state_dict.fc.weight", "in_features": 6, "out_features": 2}
    again = await sent(client, body, "other.pt")
    assert again.json()["id"] == made["id"]
    assert (await client.delete(f"{MODELS}/{made['id']}")).status_code == 204
    assert (await client.delete(f"{MODELS}/{made['id']}")).status_code == 404


@pytest.mark.anyio
async def test_a_whole_pickled_module_and_a_file_without_a_stack_are_refused_in_a_sentence(
    client: httpx.AsyncClient,
) -> None:
    pickled = await sent(client, saved(nn.LSTM(3, 4)))
    assert pickled.status_code == 422
    assert pickled.json()["type"] == "/problems/model-file"
    assert "torch.nn.modules.rnn.LSTM" in pickled.json()["detail"]
    assert "state_dict()" in pickled.json()["hint"]
    plain = await sent(client, save(nn.Linear(3, 4).state_dict()))
    assert plain.status_code == 422
    assert "weight" in plain.json()["detail"]
    form = await client.post(MODELS, files={"file": b"x"})
    assert form.status_code == 415
    assert "--data-binary" in form.json()["hint"]
    foreign = await client.post(MODELS, content=b"x", headers={"Origin": "http://evil.example"})
    assert foreign.status_code == 403

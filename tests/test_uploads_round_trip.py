"""What was saved, in any format and under any name, runs to the output that its own module gives."""

from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import torch
from torch import nn

from app.recurrent.errors import Refusal
from app.zoo.files import sniff
from app.zoo.files.content import Caps
from app.zoo.reading import stacks_of
from app.zoo.uploads import Upload, Uploads, open_here
from tests.core import traced
from tests.model_files import FORMATS, Made, made, pt

BOUND = 1e-5
MODELS = "/api/v1/models"
COUNT = {"keras": 16, "h5": 16}  # Keras takes long to write one


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return open_here(Uploads(tmp_path, 1 << 30, 30))


def kept(uploads: Uploads, data: bytes, number: int = 0) -> Upload:
    """A file read by the same function that the child runs, in this process."""
    content = sniff.read(data, Caps())
    return uploads.keep(f"{number:032x}", "model", content, stacks_of(content))


def asked(each: Made, upload: Upload) -> dict[str, Any]:
    model: dict[str, Any] = {"batch_first": True}
    if each.nonlinearity is not None and upload.stacks[0].nonlinearity is None:
        model["nonlinearity"] = each.nonlinearity  # a state_dict does not say it
    return {"weights": {"upload": upload.id}, "model": model, "input": {"values": each.x.tolist()}}


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_of_any_format_runs_as_its_module_does(kind: str, uploads: Uploads) -> None:
    write, projects = FORMATS[kind]
    seen: set[tuple[str, bool, bool, bool]] = set()
    for number in range(COUNT.get(kind, 40)):
        each = made(number, projected=projects)
        upload = kept(uploads, write(each), number)
        assert len(upload.stacks) == 1, (kind, number, upload.stacks)
        stack, module = upload.stacks[0], each.module
        sizes = (stack.input_size, stack.hidden_size, stack.num_layers, stack.bidirectional, stack.proj_size)
        assert sizes == (module.input_size, module.hidden_size, each.layers, module.bidirectional, module.proj_size)
        trace = traced(**asked(each, upload))
        assert (trace.done.tensors["output"] - each.output).abs().max() <= BOUND, (kind, number, module)
        seen.add((stack.cell, stack.num_layers > 1, stack.bidirectional, stack.bias))
    assert len(seen) >= (8 if kind in COUNT else 16)


def test_there_are_two_hundred_of_them() -> None:
    assert sum(COUNT.get(kind, 40) for kind in FORMATS) >= 200


@pytest.mark.anyio
async def test_over_the_api_a_child_reads_them_and_the_request_it_answers_runs(client: httpx.AsyncClient) -> None:
    for kind, (write, projects) in FORMATS.items():
        each = made(7, projected=projects)
        sent = await client.post(MODELS, params={"filename": f"model.{kind}"}, content=write(each))
        assert sent.status_code == 201, (kind, sent.text)
        request = sent.json()["stacks"][0]["request"] | {"input": {"values": each.x.tolist()}}
        if each.nonlinearity is not None:
            request["model"]["nonlinearity"] = each.nonlinearity
        trace = (await client.post("/api/v1/traces", json=request)).json()
        output = torch.tensor(trace["tensors"]["output"]["values"])
        assert (output - each.output).abs().max() <= BOUND, kind
        ready = await client.post("/api/v1/traces", json=sent.json()["stacks"][0]["request"])
        assert ready.status_code == 201
    listed = (await client.get(MODELS)).json()["uploads"]
    assert len(listed) == len(FORMATS)
    source = (await client.post("/api/v1/code", json=request)).json()["pytorch"]
    assert f"GET /api/v1/models/{listed[0]['id']}/weights" in source
    weights = await client.get(f"{MODELS}/{listed[0]['id']}/weights")
    assert weights.status_code == 200
    assert (await client.delete(f"{MODELS}/{listed[0]['id']}")).status_code == 204
    gone = await client.post("/api/v1/shapes", json={"weights": {"upload": listed[0]["id"]}, "input": ready_input()})
    assert gone.status_code == 422
    assert gone.json()["field"] == "weights.upload"


def ready_input() -> dict[str, Any]:
    return {"random": {"batch": 1, "seq_len": 2}}


def test_the_whole_net_runs_embedding_and_head_included(uploads: Uploads) -> None:
    torch.manual_seed(5)
    net = nn.ModuleDict({"words": nn.Embedding(9, 4), "rnn": nn.GRU(4, 3, batch_first=True), "out": nn.Linear(3, 2)})
    tokens = torch.tensor([[1, 2, 3], [8, 0, 5]])
    with torch.no_grad():
        expected = net["out"](net["rnn"](net["words"](tokens))[1][-1])
    upload = kept(uploads, pt({"net": net.half().float().state_dict(), "step": 1}))
    with torch.no_grad():
        expected = net["out"](net["rnn"](net["words"](tokens))[1][-1])
    trace = traced(
        weights={"upload": upload.id},
        model={"batch_first": True},
        head={"reads": "h_n", "out_features": 2},
        input={"tokens": tokens.tolist()},
    )
    assert (trace.done.tensors["logits"] - expected).abs().max() <= BOUND


def test_half_precision_is_read_exactly(uploads: Uploads) -> None:
    for number, dtype in enumerate((torch.float16, torch.bfloat16, torch.float64)):
        state = {name: value.to(dtype) for name, value in nn.LSTM(3, 4).state_dict().items()}
        upload = kept(uploads, pt(state), number)
        trained = uploads.trained(upload.id, None)
        assert trained is not None
        for name, value in trained.load().items():
            assert torch.equal(value.double(), state[name.removeprefix("rnn.")].double())


def test_several_stacks_are_found_and_one_is_chosen(uploads: Uploads) -> None:
    net = nn.ModuleDict({"encoder": nn.LSTM(3, 4), "decoder": nn.LSTM(3, 5, 2), "cell": nn.GRUCell(2, 3)})
    upload = kept(uploads, pt(net.state_dict()))
    assert [(each.prefix, each.cell, each.hidden_size) for each in upload.stacks] == [
        ("encoder.", "lstm", 4),
        ("decoder.", "lstm", 5),
        ("cell.", "gru", 3),
    ]
    asked = {"input": ready_input(), "weights": {"upload": upload.id, "prefix": "decoder."}}
    trace = traced(**asked)
    held = dict(net.named_parameters())["decoder.weight_hh_l1"]
    assert torch.equal(trace.done.modules.named()["rnn.weight_hh_l1"], held)
    with pytest.raises(Refusal) as caught:
        traced(**asked | {"weights": {"upload": upload.id, "prefix": "other."}})
    assert caught.value.say.key == "problem.upload_prefix"
    with pytest.raises(Refusal) as caught:
        traced(**asked, model={"hidden_size": 6})
    assert (caught.value.field, caught.value.got, caught.value.expected) == ("model.hidden_size", 6, 5)


def test_the_layout_of_cudnn_is_turned(uploads: Uploads) -> None:
    """Keras's CuDNNLSTM keeps each gate's matrix as cuDNN reads it, row by row, and two biases in a row."""
    import io

    module = nn.LSTM(3, 4)
    held = {name: value.detach().numpy() for name, value in module.named_parameters()}
    W_ih, W_hh = held["weight_ih_l0"], held["weight_hh_l0"]
    as_cudnn: dict[str, Any] = {
        "cu_dnnlstm/kernel": np.hstack([gate.reshape(3, 4) for gate in np.split(W_ih, 4)]),
        "cu_dnnlstm/recurrent_kernel": np.hstack(np.split(W_hh, 4)),
        "cu_dnnlstm/bias": np.concatenate([held["bias_ih_l0"], held["bias_hh_l0"]]),
    }
    file = io.BytesIO()
    np.savez(file, **as_cudnn)
    trained = uploads.trained(kept(uploads, file.getvalue()).id, None)
    assert trained is not None
    for name, value in trained.load().items():
        assert torch.equal(value, getattr(module, name.removeprefix("rnn.")))


def test_uploads_make_room_by_age_and_are_never_half_written(tmp_path: Path) -> None:
    import os
    import time

    data = pt(nn.LSTM(3, 4).state_dict())
    folder = open_here(Uploads(tmp_path, 1500, 30))
    first = kept(folder, data, 1)
    with pytest.raises(Refusal) as caught:  # the first was used just now
        kept(folder, data, 2)
    assert caught.value.kind == "over-limit"
    assert caught.value.expected == 1500
    os.utime(folder.folder / first.id, times=(time.time() - 7200,) * 2)
    (folder.folder / "rest.part").write_bytes(b"x")
    os.utime(folder.folder / "rest.part", times=(time.time() - 7200,) * 2)
    second = kept(folder, data, 2)
    assert [path.name for path in folder.folder.iterdir()] == [second.id]
    os.utime(folder.folder / second.id, times=(time.time() - 31 * 86400,) * 2)
    kept(folder, data, 3)
    assert folder.get(second.id) is None

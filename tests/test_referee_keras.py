"""Referee two: the same weights and input in Keras's own equations, on its torch backend."""

import os
from typing import Any

import numpy as np
import pytest
import torch

from app.recurrent.spec import TraceRequest
from tests.core import traced
from tests.keras_layers import judged, layer
from tests.referee import BOUND, Recurrent, apart, hold_against, recurrent

CONFIGURATIONS = int(os.environ.get("UNROLLED_TEST_CONFIGURATIONS", "1000"))
CELLS: list[dict[str, Any]] = [{"cell": "lstm"}, {"cell": "gru"}, {"cell": "rnn"}]


def beyond(request: TraceRequest) -> str | None:
    """Why Keras can't judge a configuration, or None when it can."""
    model = request.model
    if model.proj_size:
        return "proj_size (Keras's LSTM has no projection)"
    if request.mode == "train" and model.dropout and model.num_layers > 1:
        return "dropout in train mode (the mask is torch's)"
    return None


def small(**model: Any) -> Recurrent:
    return recurrent(
        traced(model={"input_size": 4, "hidden_size": 5} | model, input={"random": {"batch": 3, "seq_len": 6}})
    )


@pytest.mark.timeout(600)
def test_keras_finds_the_same_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    tally = hold_against("Keras", judged, beyond, CONFIGURATIONS)
    with capsys.disabled():
        print(f"\n{tally.text()}")
    for name in ("lstm", "gru", "rnn tanh", "rnn relu", "bidirectional", "several layers", "without biases"):
        assert tally.covered[name] >= CONFIGURATIONS // 20, name
    assert tally.covered["first state given"] >= CONFIGURATIONS // 20


@pytest.mark.parametrize("model", CELLS, ids=lambda model: model["cell"])
def test_return_sequences_and_return_state_are_output_and_h_n(model: dict[str, Any]) -> None:
    ours = small(**model)
    x = torch.from_numpy(np.ascontiguousarray(ours.x.swapaxes(0, 1)))  # Keras has the batch first
    with torch.no_grad():
        last = layer(ours, 0)(x)
        every = layer(ours, 0, return_sequences=True)(x)
        out, *states = layer(ours, 0, return_state=True)(x)
    assert apart(ours.last["h"][-1], last.numpy()) <= BOUND
    assert apart(ours.output.swapaxes(0, 1), every.numpy()) <= BOUND
    assert torch.equal(out, states[0]), "without return_sequences Keras's output is its h"
    for state, values in zip(ours.last, states, strict=True):
        assert apart(ours.last[state][-1], values.numpy()) <= BOUND


@pytest.mark.parametrize("model", CELLS, ids=lambda model: model["cell"])
def test_keras_joins_both_directions_as_cat_of_the_last_two_states(model: dict[str, Any]) -> None:
    ours = small(**model, bidirectional=True)
    with torch.no_grad():
        last = layer(ours, 0)(torch.from_numpy(np.ascontiguousarray(ours.x.swapaxes(0, 1))))
    assert apart(np.concatenate([ours.last["h"][-2], ours.last["h"][-1]], axis=1), last.numpy()) <= BOUND


@pytest.mark.parametrize(("cell", "gates"), [("lstm", "iofg"), ("lstm", "ifog"), ("gru", "rzn")])
def test_the_referee_sees_gates_in_another_order(cell: str, gates: str) -> None:
    ours = small(cell=cell)
    assert apart(ours.output, judged(ours)["output"]) <= BOUND
    assert apart(ours.output, judged(ours, gates)["output"]) > 1000 * BOUND


def test_no_kernel_of_torch_does_kerass_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """A referee on the same kernel would agree with anything."""
    recorded = [small(**model, bidirectional=both) for model in CELLS for both in (False, True)]

    def called(*_: object) -> None:
        pytest.fail("Keras called torch's fused kernel")

    for name in ("lstm", "gru", "rnn_tanh", "rnn_relu", "lstm_cell", "gru_cell", "rnn_tanh_cell"):
        monkeypatch.setattr(torch._VF, name, called, raising=False)
    for ours in recorded:
        judged(ours)
    with pytest.raises(pytest.fail.Exception):
        torch.nn.LSTM(2, 3)(torch.zeros(4, 1, 2))

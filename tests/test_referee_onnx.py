"""Referee one: the same weights and input in an ONNX graph, run by ONNX Runtime, which shares no code with torch."""

import os
from functools import partial
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from app.recurrent.spec import TraceRequest
from tests.core import traced
from tests.referee import BOUND, Array, Recurrent, Strand, apart, hold_against, recurrent, regate

CONFIGURATIONS = int(os.environ.get("UNROLLED_TEST_CONFIGURATIONS", "1000"))
TORCH_GATES = {"lstm": "ifgo", "gru": "rzn", "rnn": "h"}
# ONNX calls g "c" and n "h"; here each gate keeps torch's letter
ONNX_GATES = {"lstm": "iofg", "gru": "zrn", "rnn": "h"}


def beyond(request: TraceRequest) -> str | None:
    """Why ONNX Runtime can't judge a configuration, or None when it can."""
    model = request.model
    if model.proj_size:
        return "proj_size (the ONNX LSTM has no projection)"
    if request.mode == "train" and model.dropout and model.num_layers > 1:
        return "dropout in train mode (the mask is torch's)"
    return None


def judged(ours: Recurrent, gates: str | None = None) -> dict[str, Array]:
    """output, h and c by ONNX Runtime; `gates` is the order its weights are put in.

    Its cells know float32 alone: a float64 trace is rounded first, which costs 6e-8 of a value.
    """
    model = graph(ours, gates or ONNX_GATES[ours.request.model.cell])
    onnx.checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL  # as written
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = ["output", *ours.first]
    return dict(zip(names, session.run(names, {"x": np.ascontiguousarray(ours.x, dtype=np.float32)}), strict=True))


def graph(ours: Recurrent, gates: str) -> onnx.ModelProto:
    """One node a layer; between two nodes the directions are laid side by side, as torch does."""
    cell, H, D = ours.request.model.cell, ours.request.model.hidden_size, ours.directions
    nodes: list[onnx.NodeProto] = []
    constants: list[onnx.TensorProto] = []

    def constant(name: str, values: Array) -> str:
        values = values.astype(np.float32) if values.dtype == np.float64 else values
        constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    lengths = "" if ours.lengths is None else constant("lengths", ours.lengths)
    joined = constant("joined", np.array([0, 0, D * H], dtype=np.int64))  # a 0 keeps the axis
    order = partial(regate, ours=TORCH_GATES[cell], theirs=gates)
    reads = "x"
    for layer, strands in enumerate(ours.layers):
        inputs = [
            reads,
            constant(f"W{layer}", np.stack([order(each.W_ih) for each in strands])),
            constant(f"R{layer}", np.stack([order(each.W_hh) for each in strands])),
            constant(f"B{layer}", np.stack([biases(each, order) for each in strands]))
            if ours.request.model.bias
            else "",
            lengths,
            *(constant(f"{state}_0_{layer}", values[ours.rows(layer)]) for state, values in ours.first.items()),
        ]
        last = [f"{state}_n_{layer}" for state in ours.first]
        nodes += [
            helper.make_node(cell.upper(), inputs, [f"Y{layer}", *last], **attributes(ours)),
            helper.make_node("Transpose", [f"Y{layer}"], [f"turned{layer}"], perm=[0, 2, 1, 3]),  # (T, N, D, H)
            helper.make_node("Reshape", [f"turned{layer}", joined], [f"layer{layer}"]),
        ]
        reads = f"layer{layer}"
    nodes.append(helper.make_node("Identity", [reads], ["output"]))
    for state in ours.first:
        slabs = [f"{state}_n_{layer}" for layer in range(len(ours.layers))]
        nodes.append(helper.make_node("Concat", slabs, [state], axis=0))
    made = helper.make_graph(
        nodes,
        "recurrent",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ours.x.shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * 3) for name in ("output", *ours.first)],
        constants,
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)


def biases(strand: Strand, order: Any) -> Array:
    """Both biases in a row: (2·gates·H,)."""
    assert strand.b_ih is not None and strand.b_hh is not None
    return np.concatenate([order(strand.b_ih), order(strand.b_hh)])


def attributes(ours: Recurrent) -> dict[str, Any]:
    model = ours.request.model
    found: dict[str, Any] = {
        "hidden_size": model.hidden_size,
        "direction": "bidirectional" if model.bidirectional else "forward",
    }
    if model.cell == "gru":
        found["linear_before_reset"] = 1  # torch's reset gate acts on W_hn·h + b_hn, not on h
    if model.cell == "rnn":
        found["activations"] = [model.nonlinearity.capitalize()] * ours.directions
    return found


def test_onnx_runtime_finds_the_same_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    tally = hold_against("ONNX Runtime", judged, beyond, CONFIGURATIONS)
    with capsys.disabled():
        print(f"\n{tally.text()}")
    for name in ("lstm", "gru", "rnn tanh", "rnn relu", "bidirectional", "several layers", "without biases"):
        assert tally.covered[name] >= CONFIGURATIONS // 20, name
    assert tally.covered["first state given"] >= CONFIGURATIONS // 20


@pytest.mark.parametrize(("cell", "gates"), [("lstm", "ifgo"), ("lstm", "ifog"), ("gru", "rzn"), ("gru", "znr")])
def test_the_referee_sees_gates_in_another_order(cell: str, gates: str) -> None:
    trace = traced(
        model={"cell": cell, "input_size": 4, "hidden_size": 5}, input={"random": {"batch": 2, "seq_len": 6}}
    )
    ours = recurrent(trace)
    assert apart(ours.output, judged(ours)["output"]) <= BOUND
    assert apart(ours.output, judged(ours, gates)["output"]) > 1000 * BOUND

"""The ONNX package's own LSTM, GRU and RNN node cases, asked of our HTTP API with the numbers ONNX expects."""

import importlib
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from onnx import helper
from onnx.backend.test.case import node as node_cases
from onnx.backend.test.case.test_case import TestCase

from tests.referee import BOUND, Array, apart, regate

pytestmark = pytest.mark.anyio

TORCH_GATES = {"LSTM": "ifgo", "GRU": "rzn", "RNN": "h"}
ONNX_GATES = {"LSTM": "iofg", "GRU": "zrn", "RNN": "h"}  # by torch's letters
MODULES = ("lstm", "gru", "rnn")

# The cases that torch can't be asked for, each with its reason.
LISTED = {
    "test_lstm_with_peepholes": "peepholes: the gates read c too; torch's LSTM has none",
    "test_gru_seq_length": "linear_before_reset=0: r acts on h before the product; torch's GRU applies it after",
}
# Cases of the same old GRU that ask nothing that tells the two apart.
EITHER_RESET = {
    "test_gru_defaults": "one step from h = 0",
    "test_gru_with_initial_bias": "one step from h = 0, and no b_hn",
    "test_gru_batchwise": "one step from h = 0",
    "test_gru_reverse": "all units are alike, so r·(W h) = W (r·h)",
    "test_gru_bidirectional": "all units of a direction are alike, so r·(W h) = W (r·h)",
}


@lru_cache
def cases() -> dict[str, TestCase]:
    """Every case by name. Some of their numbers are drawn from numpy's global generator: always the same here."""
    kept = np.random.get_state()
    np.random.seed(0)
    for module in MODULES:
        importlib.import_module(f"onnx.backend.test.case.node.{module}")  # collects its cases as it is imported
    np.random.set_state(kept)
    found = [case for case in node_cases._NodeTestCases if case.model is not None]
    return {case.name: case for case in found if case.model.graph.node[0].op_type.lower() in MODULES}


def named(case: TestCase) -> tuple[str, dict[str, Any], dict[str, Array], dict[str, Array]]:
    """Operator, attributes, inputs and expected outputs of a case, each by ONNX's name."""
    assert case.model is not None and case.data_sets is not None
    node = case.model.graph.node[0]
    attributes = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    given, expected = case.data_sets[0]
    present = [name for name in node.input if name], [name for name in node.output if name]
    return (
        node.op_type,
        attributes,
        dict(zip(present[0], given, strict=True)),
        dict(zip(present[1], expected, strict=True)),
    )


def asked(case: TestCase) -> dict[str, Any]:
    """The trace request of a case. "reverse" is the backward half of a module with both directions."""
    op, attributes, given, _ = named(case)
    direction = attributes.get("direction", b"forward").decode()
    H, W, R = attributes["hidden_size"], given["W"], given["R"]
    B = given.get("B", np.zeros((len(W), 2 * W.shape[1]), dtype=np.float32))
    values: dict[str, Any] = {}
    for k, suffix in enumerate({"reverse": ["_reverse"], "bidirectional": ["", "_reverse"]}.get(direction, [""])):
        b_ih, b_hh = np.split(B[k], 2)
        parts = {"weight_ih": W[k], "weight_hh": R[k], "bias_ih": b_ih, "bias_hh": b_hh}
        values |= {f"rnn.{name}_l0{suffix}": order(op, part).tolist() for name, part in parts.items()}
    if direction == "reverse":  # what the forward half holds does not reach the other
        values |= {name.removesuffix("_reverse"): np.zeros_like(part).tolist() for name, part in values.items()}
    assert set(given) <= {"X", "W", "R", "B"}, "a case with an input that this file does not turn"
    return {
        "model": {
            "cell": op.lower(),
            "input_size": W.shape[2],
            "hidden_size": H,
            "bidirectional": direction != "forward",
            "batch_first": bool(attributes.get("layout", 0)),
        },
        "input": {"values": given["X"].tolist()},
        "weights": {"values": values},
    }


def order(op: str, stacked: Array) -> Array:
    return regate(stacked, ONNX_GATES[op], TORCH_GATES[op])


async def answered(client: httpx.AsyncClient, case: TestCase) -> dict[str, Array]:
    """Our output, h_n and c_n in ONNX's names and layout: Y (T, D, N, H), Y_h and Y_c (D, N, H)."""
    _, attributes, _, _ = named(case)
    response = await client.post("/api/v1/traces", json=asked(case))
    assert response.status_code == 201, response.text
    tensors = {name: np.array(tensor["values"]) for name, tensor in response.json()["tensors"].items()}
    output, H = tensors["output"], attributes["hidden_size"]
    batchwise = attributes.get("layout", 0) == 1
    found = {"Y": output.reshape(*output.shape[:2], -1, H), "Y_h": tensors["h_n"]}  # (·, ·, D, H)
    if not batchwise:
        found["Y"] = found["Y"].swapaxes(1, 2)
    if "c_n" in tensors:
        found["Y_c"] = tensors["c_n"]
    if attributes.get("direction") == b"reverse":
        found["Y"] = found["Y"][:, 1:]
        found |= {name: found[name][1:] for name in ("Y_h", "Y_c") if name in found}
    if batchwise:  # ONNX then has the batch first in the states too, torch never
        found |= {name: found[name].swapaxes(0, 1) for name in ("Y_h", "Y_c") if name in found}
    return found


COVERED = sorted(set(cases()) - set(LISTED))


def test_every_case_of_the_package_is_covered_or_listed_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(LISTED) | set(EITHER_RESET) <= set(cases())
    assert not set(LISTED) & set(EITHER_RESET)
    assert len(COVERED) + len(LISTED) == len(cases()) >= 18
    with capsys.disabled():
        reasons = "; ".join(f"{name}: {reason}" for name, reason in LISTED.items())
        print(f"\nONNX node cases: {len(COVERED)} of {len(cases())} through the API; not: {reasons}")


def test_no_other_file_of_the_package_has_such_cases() -> None:
    folder = Path(str(node_cases.__file__)).parent
    holders = {path.stem for path in folder.glob("*.py") if re.search(r'"(LSTM|GRU|RNN)"', path.read_text("utf-8"))}
    assert holders == set(MODULES)


@pytest.mark.parametrize("name", COVERED)
async def test_the_api_answers_what_onnx_expects(client: httpx.AsyncClient, name: str) -> None:
    case = cases()[name]
    op, attributes, _, expected = named(case)
    if op == "GRU" and not attributes.get("linear_before_reset", 0):
        assert name in EITHER_RESET
    ours = await answered(client, case)
    for output, values in expected.items():
        assert apart(ours[output], values) <= BOUND, output


async def test_a_gru_that_resets_before_the_product_gives_other_numbers(client: httpx.AsyncClient) -> None:
    """So its case is listed for what it is, and the same would be seen in any case that is covered."""
    case = cases()["test_gru_seq_length"]
    _, attributes, _, expected = named(case)
    assert not attributes.get("linear_before_reset", 0)
    ours = await answered(client, case)
    assert apart(ours["Y_h"], expected["Y_h"]) > 100 * BOUND


def test_the_listed_lstm_has_peepholes() -> None:
    _, _, given, _ = named(cases()["test_lstm_with_peepholes"])
    assert np.abs(given["P"]).max() > 0

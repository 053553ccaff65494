"""Ledgers add up to the cell state; wiring adds up to the gate; two runs show what differs."""

from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from app.recurrent.compare import compare
from app.recurrent.errors import Cancelled, Refusal
from app.recurrent.explain.ledger import ledger
from app.recurrent.explain.wiring import listening, wiring
from app.recurrent.index import whole
from tests.core import requests, traced

LSTM: dict[str, Any] = {
    "model": {"cell": "lstm", "input_size": 3, "hidden_size": 4, "bidirectional": True, "num_layers": 2},
    "input": {"random": {"batch": 2, "seq_len": 6}},
    "state": {"random": {"seed": 1}},
}
GRU: dict[str, Any] = {
    "model": {"cell": "gru", "input_size": 3, "hidden_size": 4},
    "input": {"random": {"batch": 2, "seq_len": 6}},
}


@settings(max_examples=80, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(requests(), st.data())
def test_a_ledger_adds_up_to_c_at_any_step_of_any_row(asked: dict[str, Any], data: st.DataObject) -> None:
    asked["model"].pop("nonlinearity", None)
    asked["model"]["cell"] = "lstm"
    trace = traced(**asked)
    plan = trace.plan
    row = data.draw(st.sampled_from(plan.rows))
    sample = data.draw(st.integers(0, plan.N - 1))
    steps = plan.packed[sample] if plan.packed else plan.T
    to = data.draw(st.integers(0, steps - 1))
    found = ledger(trace, row.suffix, sample, to)
    c = torch.tensor(whole(trace, f"{row.suffix}.c").array[sample, to], dtype=torch.float64)
    rows = torch.tensor(found.rows, dtype=torch.float64)
    assert rows.shape == (len(found.steps) + 1, plan.H)
    assert float((rows.sum(0) - c).abs().max()) <= 1e-5
    torch.testing.assert_close(torch.tensor(found.so_far, dtype=torch.float64), rows.cumsum(0))
    assert found.so_far[-1] == found.sum
    assert len(found.steps) == (to + 1 if row.direction == "forward" else steps - to)


@pytest.mark.parametrize("row", ["l0", "l0_reverse", "l1", "l1_reverse"])
def test_a_ledger_ends_at_the_rows_own_last_step(row: str) -> None:
    trace = traced(**LSTM)
    found = ledger(trace, row, 1)
    slab = [each.suffix for each in trace.plan.rows].index(row)
    c_n = trace.done.tensors["c_n"][slab, 1].double()
    assert float((torch.tensor(found.sum, dtype=torch.float64) - c_n).abs().max()) <= 1e-5
    assert found.to == (0 if row.endswith("reverse") else 5)
    assert ledger(trace, row, 1, -2).to == (1 if row.endswith("reverse") else 4)


def test_the_first_line_is_what_the_forget_gates_left_of_c_0() -> None:
    trace = traced(**LSTM)
    found = ledger(trace, "l0", 0, 3)
    f = torch.tensor(whole(trace, "l0.f").array[0, :4], dtype=torch.float64)
    expected = f.prod(0) * trace.done.tensors["c_0"][0, 0].double()
    torch.testing.assert_close(torch.tensor(found.rows[0], dtype=torch.float64), expected)
    some = ledger(trace, "l0", 0, 3, 1, 3)
    assert some.rows == [line[1:3] for line in found.rows]


@pytest.mark.parametrize(
    ("asked", "row", "sample", "to", "kind"),
    [
        (GRU, "l0", 0, -1, "invalid-value"),
        (LSTM, "l7", 0, -1, "not-found"),
        (LSTM, "l0", 2, -1, "invalid-value"),
        (LSTM, "l0", 0, 6, "invalid-value"),
    ],
)
def test_a_ledger_that_does_not_exist_is_refused(
    asked: dict[str, Any], row: str, sample: int, to: int, kind: str
) -> None:
    with pytest.raises(Refusal) as refused:
        ledger(traced(**asked), row, sample, to)
    assert refused.value.kind == kind


@settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(requests(), st.data())
def test_what_moves_a_gate_adds_up_to_it(asked: dict[str, Any], data: st.DataObject) -> None:
    trace = traced(**asked)
    plan = trace.plan
    row = data.draw(st.sampled_from(plan.rows))
    gate = data.draw(st.sampled_from({"lstm": "ifgo", "gru": "rzn", "rnn": "h"}[plan.request.model.cell]))
    sample, unit = data.draw(st.integers(0, plan.N - 1)), data.draw(st.integers(0, plan.H - 1))
    step = data.draw(st.integers(0, plan.T - 1))
    assume(plan.packed is None or step < plan.packed[sample])
    found = wiring(trace, row.suffix, gate, unit=unit, step=step, sample=sample)
    terms = [*found.inputs, *found.units, *found.biases]
    assert sum(term.value or 0 for term in terms) == pytest.approx(found.inner)
    assert len(found.units) == plan.P
    assert len(found.biases) == (2 if plan.request.model.bias else 0)
    for group in (found.inputs, found.units):
        sizes = [abs(term.value or 0) for term in group]
        assert sizes == sorted(sizes, reverse=True)


def test_who_listens_to_whom_is_the_gates_block_of_w_hh() -> None:
    trace = traced(**LSTM)
    found = listening(trace, "l1", "o")
    W = trace.done.modules.named()["rnn.weight_hh_l1"][12:16].double()
    assert found.weights is not None
    torch.testing.assert_close(torch.tensor(found.weights, dtype=torch.float64), W)
    torch.testing.assert_close(torch.tensor(found.hears, dtype=torch.float64), W.norm(dim=1))
    strongest = found.top[0]
    assert abs(strongest.weight) == pytest.approx(float(W.abs().max()))
    assert found.weights[strongest.listener][strongest.speaker] == strongest.weight


def test_a_large_block_is_summed_up_by_blocks_and_its_strongest_pairs() -> None:
    model = {"cell": "gru", "input_size": 2, "hidden_size": 100}
    trace = traced(model=model, input={"random": {"batch": 1, "seq_len": 2}})
    found = listening(trace, "l0", "z")
    W = trace.done.modules.named()["rnn.weight_hh_l0"][100:200].double()
    assert found.weights is None
    blocks = torch.tensor(found.blocks, dtype=torch.float64)
    assert blocks.shape == (32, 32)
    assert float(blocks.square().sum()) == pytest.approx(float(W.square().sum()))
    assert float(blocks[0, 0]) == pytest.approx(float(W[:3, :3].norm()))
    assert len(found.top) == 50


@pytest.mark.parametrize(("row", "gate", "kind"), [("l9", "f", "not-found"), ("l0", "z", "invalid-value")])
def test_wiring_that_does_not_exist_is_refused(row: str, gate: str, kind: str) -> None:
    with pytest.raises(Refusal) as refused:
        listening(traced(**LSTM), row, gate)
    assert refused.value.kind == kind


def test_a_run_beside_itself_does_not_differ() -> None:
    trace = traced(**LSTM)
    found = compare(trace, traced(**LSTM), ("a", "b"))
    assert found.same
    assert not found.request + found.code + found.shapes + found.parameters
    assert {each.name for each in found.values} == set(trace.plan.tensors)
    assert all(each.max_abs_diff == 0 for each in (*found.values, *found.weights))


def test_another_cell_differs_in_code_shapes_and_parameters_but_not_in_what_it_reads() -> None:
    lstm = {"model": {**GRU["model"], "cell": "lstm"}, "input": GRU["input"]}
    found = compare(traced(**GRU), traced(**lstm), ("a", "b"))
    assert [(each.name, each.a, each.b) for each in found.request] == [("model.cell", "gru", "lstm")]
    assert [each.name for each in found.code] == ["rnn"]
    assert ("rnn.weight_ih_l0", [12, 3], [16, 3]) in [(each.name, each.a, each.b) for each in found.parameters]
    assert ("c_n", None, [1, 2, 4]) in [(each.name, each.a, each.b) for each in found.shapes]
    values = {each.name: each.max_abs_diff for each in found.values}
    assert values["input"] == 0
    assert (values["output"] or 0) > 0
    assert found.parameter_count == (108, 144)


def test_the_largest_difference_is_where_it_says() -> None:
    a, b = traced(**GRU), traced(**GRU, weights={"seed": 1})
    found = next(each for each in compare(a, b, ("a", "b")).values if each.name == "output")
    apart = (a.done.tensors["output"].double() - b.done.tensors["output"].double()).abs()
    assert found.max_abs_diff == float(apart.max()) == float(apart[tuple(found.at)])


def test_comparing_ends_between_two_tensors_when_nobody_waits() -> None:
    trace, answers = traced(**LSTM), iter([False, True])
    with pytest.raises(Cancelled):
        compare(trace, trace, ("a", "b"), lambda: next(answers))

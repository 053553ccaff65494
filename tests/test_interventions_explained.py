"""What is said of a run with interventions: explain, wiring, ledger, gradients, its source, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from pydantic import ValidationError
from torch import Tensor

from app.recurrent.code.keras_source import reason
from app.recurrent.code.torch_source import pytorch
from app.recurrent.cost import Limits
from app.recurrent.errors import Refusal
from app.recurrent.explain.backward import Ask
from app.recurrent.explain.gradients import cells, gradients
from app.recurrent.explain.ledger import ledger
from app.recurrent.explain.value import explain
from app.recurrent.explain.wiring import wiring
from app.recurrent.settle_interventions import MOST_STEPS
from app.recurrent.shapes import plan
from app.recurrent.spec import TraceRequest
from app.recurrent.trace import Trace
from app.web.i18n import LANGUAGES, catalogue, sayer
from app.web.store import canonical
from tests.asking import named
from tests.clamping import clamped_requests
from tests.core import planned, traced
from tests.test_interventions import LONG, SIZES, clamp
from tests.written import run

english = sayer("en")
FAIR = settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=[*HealthCheck])


def test_a_clamped_value_says_that_it_is_clamped_and_nothing_else_goes_into_it() -> None:
    trace = traced(**LONG, interventions=[clamp("f", 1, first=3, units=[1])])
    found = explain(trace, "l0.f", "0,3,1", None, english)
    assert (found.kind, found.value, found.recomputed, found.terms) == ("clamped", 1.0, 1.0, [])
    assert found.formula == "f = 1: clamped here"
    assert "clamped" in found.says
    assert explain(trace, "l0.f", "0,3,2", None, english).kind == "lstm.f"
    assert explain(trace, "l0.f", "0,2,1", None, english).kind == "lstm.f"
    c = explain(trace, "l0.c", "0,3,1", None, english)
    kept = next(term for term in c.terms if term.role == "kept")
    assert kept.factors[0].value == 1.0
    assert (kept.factors[0].from_.tensor, kept.factors[0].from_.index) == ("l0.f", [0, 3, 1])


def test_nothing_moves_a_clamped_gate() -> None:
    trace = traced(**LONG, interventions=[clamp("f", 1, first=3)])
    found = wiring(trace, "l0", "f", unit=1, step=4, sample=0)
    assert (found.value, found.inner, found.sums) == (1.0, None, {})
    assert wiring(trace, "l0", "f", unit=1, step=2, sample=0).sums


@FAIR
@given(clamped_requests())
def test_the_ledger_of_a_clamped_run_adds_up_to_its_c(asked: dict[str, Any]) -> None:
    trace = traced(**asked)
    if trace.plan.request.model.cell != "lstm":
        return
    for row in trace.plan.rows:
        found = ledger(trace, row.suffix, 0)
        ends = trace.done.c_n[row.index, 0].double()
        assert np.allclose(np.array(found.sum, dtype=float), ends.numpy(), rtol=1e-5, atol=1e-5)


def test_a_clamped_c_forgets_all_before_it_in_the_ledger() -> None:
    found = ledger(traced(**LONG, interventions=[clamp("c", 0.5, first=4, stop=5, units=[2])]), "l0", 0)
    lines = np.array(found.rows)  # (9, 4): c_0, then steps 0 to 7
    assert not lines[:5, 2].any()
    assert lines[1:5, [0, 1, 3]].all()
    assert lines[5, 2] > 0


def stepped(x: Tensor, w: dict[str, Tensor], f_from: int) -> tuple[Tensor, list[Tensor]]:
    """h of a one-layer LSTM at the last step by autograd's own record, f = 1 from `f_from` on."""
    h, c = torch.zeros(4, dtype=torch.float64), torch.zeros(4, dtype=torch.float64)
    states = []
    for t in range(len(x)):
        z = w["weight_ih_l0"] @ x[t] + w["bias_ih_l0"] + w["weight_hh_l0"] @ h + w["bias_hh_l0"]
        i, f, g, o = z[:4].sigmoid(), z[4:8].sigmoid(), z[8:12].tanh(), z[12:].sigmoid()
        f = torch.ones_like(f) if t >= f_from else f
        c = f * c + i * g
        h = o * c.tanh()
        states.append(h)
    return h, states


def test_gradients_flow_around_a_clamped_gate_and_not_through_it() -> None:
    trace = traced(**LONG, interventions=[clamp("f", 1, first=3)])
    found = gradients(trace, Ask(of="output"), Limits())
    w = {name: value.detach().clone().double() for name, value in trace.done.modules.rnn.named_parameters()}
    x = trace.done.reads[0][:, 0].clone().double().requires_grad_()
    last, states = stepped(x, w, 3)
    into, *hs = torch.autograd.grad(last.sum(), [x, *states])
    assert found.input == pytest.approx(into.norm(dim=1).tolist(), rel=1e-6)
    assert found.rows["l0"].h == pytest.approx([float(each.norm()) for each in hs], rel=1e-6)


def test_no_gradient_passes_a_step_at_which_all_of_h_and_c_are_clamped() -> None:
    trace = traced(**LONG, interventions=[clamp(name, 0.5, first=4, stop=5) for name in "hc"])
    found = gradients(trace, Ask(of="output"), Limits())
    assert found.input[:5] == [0.0] * 5
    assert all(found.input[5:])


@FAIR
@given(clamped_requests())
def test_the_run_that_gradients_are_taken_from_gives_the_clamped_values(asked: dict[str, Any]) -> None:
    trace = traced(**asked)
    found = gradients(trace, Ask(of="h_n", row=trace.plan.rows[0].suffix), Limits())
    ends = trace.done.h_n[0, 0].double().sum()
    assert found.value == pytest.approx(float(ends), abs=1e-5 * trace.plan.P * max(1.0, abs(float(ends))))


def test_the_three_cells_are_not_set_beside_each_other_with_interventions() -> None:
    trace = traced(**LONG, interventions=[clamp("f", 1)])
    with pytest.raises(Refusal) as refused:
        cells(trace, Ask(), Limits())
    assert refused.value.say.key == "problem.cells_changed"


def collected(count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    @settings(FAIR, max_examples=count)
    @given(clamped_requests())
    def collect(asked: dict[str, Any]) -> None:
        found.append(asked)

    collect()
    return found


def test_the_source_of_a_clamped_run_gives_the_numbers_of_the_trace(tmp_path: Path) -> None:
    traces = [traced(**asked) for asked in collected(40)]
    traces += [
        traced(**LONG, interventions=[{"state": {"c_0": torch.full((1, 2, 4), 0.5).tolist()}}]),
        traced(**LONG, interventions=[{"input": {"step": 2, "values": [1.0, 2.0, 3.0]}}]),
        traced(
            model=SIZES,
            embedding={"num_embeddings": 5},
            input={"tokens": [1, 2, 3]},
            interventions=[{"token": {"step": 1, "token": 4}}],
        ),
    ]
    sources = [pytorch(trace.plan) for trace in traces]
    for trace, found in zip(traces, run(sources, tmp_path, "-W", "error"), strict=True):
        for name in ("output", "h_n", "c_n", "prediction"):
            if name in trace.done.tensors:
                ours = trace.done.tensors[name].numpy()
                assert found[name].shape == ours.shape
                assert np.all(np.abs(found[name] - ours) <= 1e-5 * np.maximum(1, np.abs(ours))), name


@pytest.mark.parametrize("lang", LANGUAGES)
def test_keras_says_why_it_has_no_clamp_and_writes_the_other_changes(lang: str) -> None:
    why = reason(planned(**LONG, interventions=[clamp("f", 1)]))
    assert why is not None
    assert sayer(lang)(why)
    assert reason(planned(**LONG, interventions=[{"input": {"step": 2, "values": [1.0, 2.0, 3.0]}}])) is None


@FAIR
@given(clamped_requests())
def test_a_settled_request_settles_to_itself_and_its_canonical_text_reads_back(asked: dict[str, Any]) -> None:
    settled = planned(**asked).request
    assert plan(settled).request == settled
    again = plan(TraceRequest.model_validate_json(canonical(settled))).request
    assert canonical(again) == canonical(settled)
    assert again.interventions == settled.interventions


def test_places_counted_from_the_end_and_all_places_by_name_are_one_request() -> None:
    ways = [
        clamp("f", 1, first=-5, stop=-1, units=[3, -1, 0], samples=[0, 1]),
        clamp("f", 1, first=3, stop=7, units=[0, 3]),
    ]
    texts = {canonical(planned(**LONG, interventions=[way]).request) for way in ways}
    assert len(texts) == 1


WRONG: list[tuple[dict[str, Any], str, str]] = [
    (clamp("f", 1, "l1"), "row_unknown", "clamp.row"),
    (clamp("r", 1), "clamp_quantity", "clamp.quantity"),
    (clamp("f", 1.5), "clamp_value", "clamp.value"),
    (clamp("g", -1.5), "clamp_value", "clamp.value"),
    (clamp("f", 1, first=8), "index_range", "clamp.from"),
    (clamp("f", 1, first=3, stop=3), "clamp_empty", "clamp.to"),
    (clamp("f", 1, stop=9), "index_range", "clamp.to"),
    (clamp("f", 1, units=[0, 4]), "index_range", "clamp.units[1]"),
    (clamp("f", 1, samples=[2]), "index_range", "clamp.samples[0]"),
    ({"token": {"step": 0, "token": 1}}, "change_token", "token"),
    ({"input": {"step": 9, "values": [1.0, 2.0, 3.0]}}, "index_range", "input.step"),
    ({"input": {"step": 0, "values": [1.0, 2.0]}}, "change_width", "input.values"),
    ({"input": {"step": 0, "values": [1.0, 2.0, "a"]}}, "not_number", "input.values[2]"),
    ({"state": {"h_0": [[[1.0]]]}}, "state_shape", "state.h_0"),
]


def refused(**asked: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        plan(TraceRequest.model_validate(asked), Limits())
    for lang in LANGUAGES:
        assert sayer(lang)(caught.value.say)
        if caught.value.say.key.startswith(("problem.clamp_", "problem.change_")):
            assert f"{caught.value.say.key}.hint" in catalogue(lang)
    return caught.value


@pytest.mark.parametrize(("change", "key", "field"), WRONG)
def test_what_can_not_be_changed_is_refused_where_it_stands(change: dict[str, Any], key: str, field: str) -> None:
    found = refused(**LONG, interventions=[clamp("f", 1), change])
    assert (found.say.key, found.field) == (f"problem.{key}", f"interventions[1].{field}")


def test_words_and_ids_that_are_not_there_are_refused_with_those_that_are() -> None:
    text = {"model": SIZES, "input": {"text": ["one two", "three"]}}
    new = refused(**text, interventions=[{"token": {"step": 0, "token": "four"}}])
    assert (new.say.key, new.expected) == ("problem.change_word", "one, two, three")
    assert refused(**text, interventions=[{"token": {"sample": 1, "step": 1, "token": "one"}}]).got == 1
    assert refused(**text, interventions=[{"token": {"step": 0, "token": 4}}]).expected == "0 … 3"
    ids = {"model": SIZES, "embedding": {"num_embeddings": 5}, "input": {"tokens": [1, 2]}}
    assert refused(**ids, interventions=[{"token": {"step": 0, "token": "one"}}]).say.key == "problem.change_id"
    far = refused(**ids, interventions=[{"token": {"step": 0, "token": 5}}])
    assert (far.got, far.torch) == (5, "IndexError: index out of range in self")
    values = {"step": 0, "values": [1.0, 2.0, 3.0]}
    assert refused(**ids, interventions=[{"input": values}]).say.key == "problem.change_input"
    gru = LONG | {"model": SIZES | {"cell": "gru"}}
    assert refused(**gru, interventions=[{"state": {"c_0": [[[1.0]]]}}]).say.key == "problem.c0_lstm_only"


def test_what_a_loop_chooses_and_what_an_encoder_hands_over_is_not_changed_by_hand() -> None:
    decoder = {"model": SIZES, "head": {"reads": "every_step", "out_features": 5}, "input": {"decode": {"steps": 4}}}
    assert refused(**decoder, interventions=[clamp("f", 1)]).say.key == "problem.change_decode"
    handed = LONG | {"state": {"encoder": LONG}}
    states = {"state": {"h_0": torch.zeros(1, 2, 4).tolist()}}
    assert refused(**handed, interventions=[states]).say.key == "problem.change_encoder"
    trace = traced(**handed, interventions=[clamp("f", 1, first=3)])  # the net that was handed its state can be
    assert trace.encoder is not None
    assert torch.equal(trace.done.tensors["h_0"], trace.encoder.done.tensors["h_n"])


def test_too_many_steps_one_at_a_time_are_refused_with_both_numbers() -> None:
    long = {"model": SIZES, "input": {"random": {"batch": 1, "seq_len": MOST_STEPS + 10}}}
    found = refused(**long, interventions=[clamp("f", 1, first=1), clamp("i", 1, first=5)])
    assert (found.kind, found.got, found.expected) == ("over-limit", MOST_STEPS + 9, MOST_STEPS)
    planned(**long, interventions=[clamp("f", 1, first=10), clamp("i", 1, first=10)])  # the same steps count once


@pytest.mark.parametrize(
    "wrong",
    [
        [{}],
        [clamp("f", 1) | {"token": {"step": 0, "token": 1}}],
        [clamp("x", 1)],
        [clamp("f", float("nan"))],
        [clamp("f", 1, units=[])],
        [clamp("f", 1, more=1)],
        [clamp("f", 1)] * 65,
    ],
)
def test_the_form_of_an_intervention_is_strict(wrong: list[Any]) -> None:
    with pytest.raises(ValidationError):
        TraceRequest.model_validate(LONG | {"interventions": wrong})


def test_a_large_clamped_run_is_proved_in_part() -> None:
    asked = {"model": {"input_size": 64, "hidden_size": 128}, "input": {"random": {"batch": 1, "seq_len": 3000}}}
    trace: Trace = traced(**asked, interventions=[clamp("f", 1, first=20, stop=40, units=[5])])
    assert trace.proof.checked.steps < 3000
    assert trace.proof.checked.units < 128
    assert torch.equal(named(trace, "l0.f")[0, 20:40, 5], torch.ones(20))

"""Step in and intervene: clamps, replaced tokens and inputs, other first states; beside a loop written out by hand."""

from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from torch import nn

from app.recurrent import clamped, proof_rows
from app.recurrent.changed import changed, original
from app.recurrent.errors import Refusal
from app.recurrent.index import whole
from app.recurrent.shapes import plan
from app.recurrent.trace import Trace, run
from tests.asking import named
from tests.clamping import by_hand, clamped_requests
from tests.core import plain, requests, traced

SIZES: dict[str, Any] = {"input_size": 3, "hidden_size": 4}
LONG: dict[str, Any] = {"model": SIZES, "input": {"random": {"batch": 2, "seq_len": 8}}}
FAIR = settings(max_examples=100, deadline=None, derandomize=True, database=None, suppress_health_check=[*HealthCheck])


def clamp(
    quantity: str, value: float, row: str = "l0", first: int = 0, stop: int | None = None, **where: Any
) -> dict[str, Any]:
    return {"clamp": {"row": row, "quantity": quantity, "value": value, "from": first, "to": stop} | where}


@FAIR
@given(clamped_requests())
def test_every_value_of_a_clamped_run_is_that_of_the_loop_by_hand(asked: dict[str, Any]) -> None:
    trace = traced(**asked)
    theirs = by_hand(trace)
    for name, value in theirs.items():
        size = max(1.0, float(value.abs().max()))
        assert float((named(trace, name) - value).abs().max()) <= 1e-6 * size, name
    rows = [row.suffix for row in trace.plan.rows]
    lengths = trace.plan.packed or (trace.plan.T,) * trace.plan.N
    for kind in ("h_n", "c_n"):
        if kind not in trace.done.tensors:
            continue
        ends = trace.done.tensors[kind].reshape(len(rows), trace.plan.N, -1)
        for k, row in enumerate(rows):
            for n, length in enumerate(lengths):
                last = theirs[f"{row}.{kind[0]}"][n, 0 if row.endswith("reverse") else length - 1]
                assert torch.allclose(ends[k, n], last, rtol=1e-6, atol=1e-6)
    top = torch.cat([theirs[f"{row}.h"] for row in rows[-trace.plan.D :]], dim=2)  # (N, T, D·P)
    assert torch.allclose(trace.done.h_top().transpose(0, 1), top, rtol=1e-6, atol=1e-6)


@FAIR
@given(requests())
def test_with_nothing_to_change_the_run_is_the_plain_one_to_the_last_bit(asked: dict[str, Any]) -> None:
    trace, without = traced(**asked, interventions=[]), traced(**asked)
    assert trace.plan.request == without.plan.request
    theirs = plain(trace)
    for name, value in trace.done.tensors.items():
        assert torch.equal(value, without.done.tensors[name]), name
        if name in ("output", "h_n"):
            assert float((value - theirs[name]).abs().max()) <= 1e-6 * max(1.0, float(value.abs().max()))


@pytest.mark.parametrize("steps", [8, 200])  # 200: long enough for the scan in blocks
def test_with_f_one_and_i_zero_from_step_three_c_stays_c_of_step_two_exactly(steps: int) -> None:
    asked = {"model": SIZES, "input": {"random": {"batch": 2, "seq_len": steps}}}
    trace = traced(**asked, interventions=[clamp("f", 1, first=3), clamp("i", 0, first=3)])
    c = named(trace, "l0.c")
    assert torch.equal(c[:, 3:], c[:, 2:3].expand(-1, steps - 3, -1))
    assert torch.allclose(trace.done.c_n[0], c[:, 2], rtol=0, atol=4e-7)  # c_n is the kernel's own c
    assert torch.equal(named(trace, "l0.f")[:, 3:], torch.ones(2, steps - 3, 4))
    assert not torch.equal(named(traced(**asked), "l0.c")[:, 3:], c[:, 3:])


def test_of_a_unit_that_is_zeroed_the_column_of_weight_hh_does_not_matter() -> None:
    first = traced(**LONG)
    values = {name: parameter.tolist() for name, parameter in first.done.modules.named().items()}
    other = {name: [list(row) for row in value] if "weight" in name else value for name, value in values.items()}
    for row in other["rnn.weight_hh_l0"]:
        row[2] = -7.0
    zeroed = [clamp("h", 0, units=[2])]
    runs = [traced(**LONG, weights={"values": each}, interventions=zeroed) for each in (values, other)]
    assert torch.equal(runs[0].done.tensors["output"], runs[1].done.tensors["output"])
    without = [traced(**LONG, weights={"values": each}) for each in (values, other)]
    assert not torch.equal(without[0].done.tensors["output"], without[1].done.tensors["output"])


@pytest.mark.parametrize("batch_first", [True, False])
def test_a_replaced_token_is_that_token_in_the_request(batch_first: bool) -> None:
    model = SIZES | {"batch_first": batch_first}
    tokens = [[1, 2, 3], [4, 5, 6]]  # (2, 3), whichever axis is the batch
    asked = {"model": model, "embedding": {"num_embeddings": 9}}
    change = {"token": {"sample": 1, "step": 0, "token": 8}}
    trace = traced(**asked, input={"tokens": tokens}, interventions=[change])
    written = [[1, 2, 3], [8, 5, 6]] if batch_first else [[1, 8, 3], [4, 5, 6]]
    assert trace.done.tensors["tokens"].tolist() == written
    for name, value in traced(**asked, input={"tokens": written}).done.tensors.items():
        assert torch.equal(trace.done.tensors[name], value), name


def test_a_word_of_the_text_can_stand_in_for_another() -> None:
    asked = {"model": SIZES | {"batch_first": True}}
    trace = traced(
        **asked, input={"text": ["one two three", "four"]}, interventions=[{"token": {"step": -1, "token": "Four"}}]
    )
    assert trace.plan.text is not None
    assert trace.plan.text.rows == [["one", "two", "four"], ["four"]]
    assert trace.done.tensors["tokens"].tolist() == [[1, 2, 4], [4, 0, 0]]
    table = trace.done.modules.named()["embedding.weight"]
    assert torch.equal(trace.done.tensors["input"][0, 2], table[4])
    assert trace.plan.request.interventions is not None
    assert trace.plan.request.interventions[0].token is not None
    assert trace.plan.request.interventions[0].token.token == 4  # its id, so both ways to ask are one run


def test_other_values_and_other_first_states_are_those_in_the_request() -> None:
    values = torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(0))
    h_0, c_0 = torch.full((1, 2, 4), 0.5), torch.full((1, 2, 4), -0.25)
    changes = [
        {"input": {"sample": 1, "step": 3, "values": [9.0, 8.0, 7.0]}},
        {"state": {"h_0": h_0.tolist()}},
        {"state": {"c_0": c_0.tolist()}},
    ]
    trace = traced(model=SIZES, input={"values": values.tolist()}, interventions=changes)
    values[3, 1] = torch.tensor([9.0, 8.0, 7.0])
    state = {"h_0": h_0.tolist(), "c_0": c_0.tolist()}
    for name, value in traced(model=SIZES, input={"values": values.tolist()}, state=state).done.tensors.items():
        assert torch.equal(trace.done.tensors[name], value), name


def test_rows_below_a_clamp_and_steps_before_it_are_those_of_the_plain_module_to_the_last_bit() -> None:
    asked = {"model": SIZES | {"num_layers": 3}, "input": {"random": {"batch": 2, "seq_len": 40}}}
    trace, before = traced(**asked, interventions=[clamp("o", 0, "l1", first=20, stop=25)]), traced(**asked)
    assert torch.equal(trace.done.h[0], before.done.h[0])
    assert torch.equal(trace.done.h[1][:20], before.done.h[1][:20])
    assert not trace.done.h[1][20:25].any()
    above = nn.LSTM(4, 4)
    weights = {name: value for name, value in trace.done.modules.rnn.state_dict().items() if name.endswith("l2")}
    above.load_state_dict({name.replace("_l2", "_l0"): value.clone() for name, value in weights.items()})
    with torch.no_grad():
        assert torch.equal(above(trace.done.h[1].clone())[0], trace.done.h[2])


def test_only_clamped_steps_go_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    step = clamped.step

    def counted(*args: Any) -> Any:
        taken.append(args[3])
        return step(*args)

    monkeypatch.setattr(clamped, "step", counted)
    asked = {"model": SIZES | {"num_layers": 2}, "input": {"random": {"batch": 2, "seq_len": 100}}}
    traced(**asked, interventions=[clamp("f", 1, first=3, stop=6), clamp("c", 0, first=-2)])
    assert taken == [3, 4, 5, 98, 99]


def test_a_clamp_beyond_the_end_of_a_packed_sample_holds_nothing() -> None:
    asked = LONG | {"lengths": [8, 3], "packed": True}
    trace = traced(**asked, interventions=[clamp("h", 0.5, samples=[1], first=3)])
    before = traced(**asked)
    for name in ("output", "h_n", "c_n"):
        assert torch.equal(trace.done.tensors[name], before.done.tensors[name])


def test_a_clamp_on_a_backward_row_holds_the_same_steps_of_the_sequence() -> None:
    asked = {"model": SIZES | {"bidirectional": True}, "input": LONG["input"]}
    trace = traced(**asked, interventions=[clamp("h", 0.5, "l0_reverse", first=2, stop=4)])
    now, before = named(trace, "l0_reverse.h"), named(traced(**asked), "l0_reverse.h")
    assert torch.equal(now[:, 2:4], torch.full((2, 2, 4), 0.5))
    assert torch.equal(now[:, 4:], before[:, 4:])  # it starts at the end
    assert not torch.equal(now[:, :2], before[:, :2])


def test_the_proof_says_what_a_clamped_run_was_compared_with_and_finds_a_wrong_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trace = traced(**LONG, interventions=[clamp("f", 1, first=3, stop=5)])
    assert trace.proof.by_rows
    assert not traced(**LONG).proof.by_rows
    held = trace.plan
    right = clamped.by_stretches

    def wrong(*args: Any) -> Any:
        every, h, c = right(*args)
        every = every.clone()
        every[off[-1]] += 1e-4
        return every, h, c

    monkeypatch.setattr("app.recurrent.forward.by_stretches", wrong)
    off: list[int] = []
    for step in (1, 4, 6, 7):  # before the clamp, in it, after it, the last
        off.append(step)
        with pytest.raises(Refusal) as refused:
            run(held)
        assert refused.value.kind == "proof-failed"


def test_the_stretch_after_a_clamp_is_held_against_the_plain_module() -> None:
    trace = traced(**LONG, interventions=[clamp("c", 0.25, first=3, stop=5)])
    with torch.inference_mode():
        pairs = list(proof_rows.stretches(trace.done, trace.plan.rows[0], [0, 1], 8, None))
    assert [len(theirs) for theirs, _ in pairs] == [3, 3]
    lstm = nn.LSTM(3, 4)
    lstm.load_state_dict({name: value.clone() for name, value in trace.done.modules.rnn.state_dict().items()})
    with torch.no_grad():
        states = (trace.done.h[0][4:5].clone(), named(trace, "l0.c")[:, 4].unsqueeze(0))
        again = lstm(trace.done.reads[0][5:].clone(), states)[0]
    assert torch.allclose(pairs[1][0], again, rtol=0, atol=1e-7)


@FAIR
@given(clamped_requests())
def test_claims_of_a_clamped_run_are_never_false_statements_about_it(asked: dict[str, Any]) -> None:
    trace = traced(**asked)
    mistakes = ("backward_half_at_last_step", "join_by_reshape", "h_n_batch_first", "last_is_padding", "forward_half")
    for claim in trace.claims:
        of_the_loss = claim.why.key.startswith("claim.loss")  # a wrong activation before it is a mistake of its own
        if claim.why.key.removeprefix("claim.") not in mistakes and not of_the_loss:
            assert claim.holds, claim


def beside(trace: Trace) -> Any:
    return changed(trace, run(plan(original(trace.plan.request))), ("now", "before"))


@FAIR
@given(clamped_requests())
def test_what_changed_is_the_difference_of_the_two_runs(asked: dict[str, Any]) -> None:
    trace = traced(**asked)
    without = traced(**{name: value for name, value in asked.items() if name != "interventions"})
    answer = beside(trace)
    assert {each.name for each in answer.tensors} == set(trace.plan.tensors)
    for each in answer.tensors:
        apart = (named(trace, each.name).double() - named(without, each.name).double()).abs()
        assert each.max_abs_diff == float(apart.max())
        assert each.mean_abs_diff == pytest.approx(float(apart.mean()))
        assert float(apart[tuple(each.at)]) == each.max_abs_diff
        axes = trace.plan.tensors[each.name].axes
        if "T" not in axes:
            assert each.per_step is None
            continue
        steps = (
            apart.movedim(axes.index("T"), 0).reshape(trace.plan.tensors[each.name].shape[axes.index("T")], -1).amax(1)
        )
        assert each.per_step == steps.tolist()
        first = [t for t, value in enumerate(steps) if value > 0]
        assert each.first_step == (first[0] if first else None)
    if "prediction" in trace.plan.tensors:
        assert answer.prediction.now == whole(trace, "prediction").array.tolist()
        assert answer.prediction.original == whole(without, "prediction").array.tolist()


def test_a_forward_clamp_changes_nothing_before_its_first_step() -> None:
    found = {each.name: each for each in beside(traced(**LONG, interventions=[clamp("f", 1, first=3)])).tensors}
    assert found["l0.f"].first_step == found["l0.c"].first_step == found["output"].first_step == 3
    assert found["l0.i"].first_step == 4  # it reads h of the step before
    assert found["input"].max_abs_diff == 0
    assert found["input"].first_step is None

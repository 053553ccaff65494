"""Gradients by step: beside torch.autograd on a plain module, beside finite differences, truncated and detached."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from app.recurrent.cost import Limits
from app.recurrent.errors import Cancelled, Refusal
from app.recurrent.explain.backward import Ask
from app.recurrent.explain.gradients import MOST_STEPS, GradientsAnswer, cells, gradients
from app.recurrent.trace import Trace
from tests.core import MODULES, requests, seeded, traced

LIMITS = Limits()
T = 6


def request_of(cell: str, **model: Any) -> dict[str, Any]:
    return {
        "model": {"cell": cell, "input_size": 3, "hidden_size": 4, **model},
        "input": {"random": {"batch": 2, "seq_len": T, "seed": 4}},
        "state": {"random": {"seed": 2}},
        "dtype": "float64",
    }


def reached(found: GradientsAnswer) -> list[bool]:
    """Which steps of the input have any part in the value."""
    return [norm is not None and norm > 0 for norm in found.input]


def plain_module(trace: Trace) -> Any:
    """A plain module with the same weights, time first."""
    model = trace.plan.request.model
    options: dict[str, Any] = {"nonlinearity": model.nonlinearity} if model.cell == "rnn" else {}
    if model.proj_size:
        options["proj_size"] = model.proj_size
    module = MODULES[model.cell](
        trace.plan.F,
        model.hidden_size,
        model.num_layers,
        bias=model.bias,
        bidirectional=model.bidirectional,
        dtype=getattr(torch, trace.plan.request.dtype),
        **options,
    )
    module.load_state_dict({name: value.clone() for name, value in trace.done.modules.rnn.named_parameters()})
    return module


def entering(trace: Trace, sample: int) -> tuple[Tensor, Any]:
    """x (t, F) of one sample without padding, and its first state as the module wants it."""
    steps = trace.plan.packed[sample] if trace.plan.packed else trace.plan.T
    x = trace.done.reads[0][:steps, sample].clone()
    h_0 = trace.done.feed.h_0[:, sample].clone()
    c_0 = trace.done.feed.c_0
    return x, h_0 if c_0 is None else (h_0, c_0[:, sample].clone())


@settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(requests())
def test_the_gradient_of_any_run_into_its_input_is_that_of_a_plain_module(asked: dict[str, Any]) -> None:
    asked = {name: part for name, part in asked.items() if name not in ("head", "loss")} | {"dtype": "float64"}
    trace = traced(**asked)
    plan, sample = trace.plan, trace.plan.N - 1
    x = trace.done.reads[0].clone().requires_grad_()  # (T, N, F): every sample, so that dropout draws as it did
    states = [state.clone() for state in (trace.done.feed.h_0, trace.done.feed.c_0) if state is not None]
    _, module, _ = seeded(trace)
    module.batch_first = False
    packed = pack_padded_sequence(x, torch.tensor(plan.packed), enforce_sorted=False) if plan.packed else x
    made, ends = module(packed, tuple(states) if len(states) == 2 else states[0])
    whole = pad_packed_sequence(made)[0] if plan.packed else made
    steps = plan.packed[sample] if plan.packed else plan.T
    output, h_n = whole[:steps, sample], (ends[0] if isinstance(ends, tuple) else ends)[:, sample]
    for ask, target in (
        (Ask(sample, "output", step=-1), output[-1].sum()),
        (Ask(sample, "output", step=0, unit=0), output[0, 0]),
        (Ask(sample, "h_n", row=trace.plan.rows[0].suffix), h_n[0].sum()),
    ):
        (into,) = torch.autograd.grad(target, x, retain_graph=True)
        expected = into[:steps, sample]
        found = gradients(trace, ask, LIMITS)
        assert found.value == pytest.approx(float(target.detach()))
        norms = torch.tensor(found.input[:steps], dtype=torch.float64)
        torch.testing.assert_close(norms, expected.norm(dim=1), rtol=1e-6, atol=1e-12)
        assert not any(found.input[steps:])


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_the_gradient_into_each_inner_state_is_that_of_a_module_started_there(cell: str) -> None:
    trace = traced(**request_of(cell))
    found = gradients(trace, Ask(1, "output", step=-1), LIMITS)
    module = plain_module(trace)
    x, state = entering(trace, 1)
    for t in range(T - 1):
        with torch.no_grad():
            _, held = module(x[: t + 1], state)
        parts = [each.clone().requires_grad_() for each in (held if cell == "lstm" else (held,))]
        output, _ = module(x[t + 1 :], tuple(parts) if cell == "lstm" else parts[0])
        into_h, *into_c = torch.autograd.grad(output[-1].sum(), parts)
        assert found.rows["l0"].h[t] == pytest.approx(float(into_h.norm()))
        if into_c:  # c also acts through the h of its own step, h = o · tanh(c)
            o, c = (trace.cell(trace.plan.rows[0], 1)[name][t] for name in "oc")
            through_h = into_h * o * (1 - c.tanh() ** 2)
            assert found.rows["l0"].c is not None
            assert found.rows["l0"].c[t] == pytest.approx(float((into_c[0] + through_h).norm()))
    assert found.rows["l0"].h[-1] == pytest.approx(4**0.5)  # a sum of four units, each once


def nudged(trace: Trace, row: int, step: int, nudge: Tensor) -> Tensor:
    """`output` of sample 0 by a plain loop of cells in which h of one row at one step is moved by `nudge`."""
    plan, weights = trace.plan, trace.done.modules.named()
    x = trace.done.reads[0][:, 0]
    for layer in range(plan.L):
        halves = []
        for k in range(plan.D):
            number = layer * plan.D + k
            suffix = plan.rows[number].suffix
            W_ih, W_hh = weights[f"rnn.weight_ih_{suffix}"], weights[f"rnn.weight_hh_{suffix}"]
            b = weights[f"rnn.bias_ih_{suffix}"] + weights[f"rnn.bias_hh_{suffix}"]
            assert trace.done.feed.c_0 is not None
            h, c = trace.done.feed.h_0[number, 0], trace.done.feed.c_0[number, 0]
            kept: dict[int, Tensor] = {}
            for t in range(T) if k == 0 else reversed(range(T)):
                i, f, g, o = (W_ih @ x[t] + W_hh @ h + b).chunk(4)
                c = f.sigmoid() * c + i.sigmoid() * g.tanh()
                h = o.sigmoid() * c.tanh()
                h = h + nudge if (number, t) == (row, step) else h
                kept[t] = h
            halves.append(torch.stack([kept[t] for t in range(T)]))
        x = torch.cat(halves, dim=1)
    return x


@pytest.mark.parametrize(("row", "step"), [(0, 1), (1, 4), (2, 3), (3, 5), (1, 0)])
def test_the_gradient_into_h_of_a_deep_bidirectional_net_is_the_finite_difference(row: int, step: int) -> None:
    trace = traced(**request_of("lstm", num_layers=2, bidirectional=True))
    found = gradients(trace, Ask(0, "output", step=3), LIMITS)
    small, differences = 1e-6, []
    for unit in range(4):
        nudge = torch.zeros(4, dtype=torch.float64)
        nudge[unit] = small
        high, low = (nudged(trace, row, step, sign * nudge)[3].sum() for sign in (1, -1))
        differences.append(float(high - low) / (2 * small))
    expected = float(torch.tensor(differences).norm())
    assert found.rows[trace.plan.rows[row].suffix].h[step] == pytest.approx(expected, rel=1e-5, abs=1e-9)


def test_the_norm_of_the_whole_jacobian_is_that_of_torch() -> None:
    trace = traced(**request_of("gru", bidirectional=True))
    found = gradients(trace, Ask(0, "output", step=2, how="jacobian"), LIMITS)
    module = plain_module(trace)
    x, state = entering(trace, 0)
    x.requires_grad_()
    rows = [torch.autograd.grad(each, x, retain_graph=True)[0] for each in module(x, state)[0][2]]
    expected = torch.stack(rows, dim=1).flatten(1).norm(dim=1)  # (T, 8·F)
    torch.testing.assert_close(torch.tensor(found.input, dtype=torch.float64), expected)


@pytest.mark.parametrize("reads", ["every_step", "last_step", "h_n", "mean"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_prediction_reaches_back_through_its_head(reads: str, packed: bool) -> None:
    head = {"reads": reads, "out_features": 2, "activation": "softmax"}
    asked = request_of("lstm", batch_first=True) | {"head": head, "lengths": [T, T], "packed": packed}
    trace = traced(**asked)
    found = gradients(trace, Ask(1, "prediction", unit=1), LIMITS)
    module = plain_module(trace)
    x, state = entering(trace, 1)
    x.requires_grad_()
    output, (h_n, _) = module(x, state)
    read = {"h_n": h_n[-1], "mean": output.mean(0)}.get(reads, output[-1])
    named = trace.done.modules.named()
    logits = nn.functional.linear(read, named["head.weight"].clone(), named["head.bias"].clone())
    (expected,) = torch.autograd.grad(logits.softmax(-1)[1], x)
    torch.testing.assert_close(torch.tensor(found.input, dtype=torch.float64), expected.norm(dim=1))


def test_truncated_the_way_back_ends_after_so_many_steps() -> None:
    trace = traced(**request_of("lstm", num_layers=2))
    whole = gradients(trace, Ask(0), LIMITS)
    for count in (1, 3, T + 5):
        found = gradients(trace, Ask(0, truncate=count), LIMITS)
        assert reached(found) == [t >= T - count for t in range(T)]
        assert found.value == whole.value
        if count >= T:
            assert found.input == pytest.approx(whole.input)
    module = plain_module(trace)
    x, state = entering(trace, 0)
    with torch.no_grad():
        _, held = module(x[: T - 3], state)
    late = x[T - 3 :].clone().requires_grad_()
    (expected,) = torch.autograd.grad(module(late, held)[0][-1].sum(), late)
    cut = gradients(trace, Ask(0, truncate=3), LIMITS).input[T - 3 :]
    torch.testing.assert_close(torch.tensor(cut, dtype=torch.float64), expected.norm(dim=1))


def test_a_backward_row_is_cut_on_its_own_side() -> None:
    trace = traced(**request_of("gru", bidirectional=True))
    found = gradients(trace, Ask(0, step=2, truncate=2), LIMITS)
    assert reached(found) == [False, True, True, True, False, False]


def test_detached_states_leave_only_the_steps_own_input() -> None:
    trace = traced(**request_of("lstm"))
    everything, once = (gradients(trace, ask, LIMITS) for ask in (Ask(0, detach="true"), Ask(0, truncate=1)))
    assert everything.input == pytest.approx(once.input)
    assert reached(everything) == [False] * (T - 1) + [True]


def test_with_h_detached_c_still_carries_the_gradient_through_the_forget_gates() -> None:
    trace = traced(**request_of("lstm"))
    through_c = gradients(trace, Ask(0, "c_n", unit=1, detach="h"), LIMITS).rows["l0"].c
    row = trace.plan.rows[0]
    f = trace.cell(row, 0)["f"][:, 1].double()
    assert through_c is not None
    for t in range(T):  # without the way through h, what is left is the product of the forget gates
        assert through_c[t] == pytest.approx(float(f[t + 1 :].prod()))


def test_lstm_gru_and_rnn_stand_beside_each_other_with_the_same_sizes_and_seed() -> None:
    asked: dict[str, Any] = {
        "model": {"cell": "gru", "input_size": 8, "hidden_size": 16},
        "input": {"random": {"batch": 2, "seq_len": 60}},
    }
    found = {each.cell: each for each in cells(traced(**asked), Ask(1), LIMITS).cells}
    assert list(found) == ["lstm", "gru", "rnn"]
    for cell, each in found.items():
        model = {**asked["model"], "cell": cell}
        alone = gradients(traced(model=model, input=asked["input"]), Ask(1), LIMITS)
        assert each.input == pytest.approx(alone.input)
    first, last = found["rnn"].input[0], found["rnn"].input[-1]
    assert first is not None
    assert last is not None
    assert first / last < 1e-6  # vanished


@pytest.mark.parametrize("source", ["text", "tokens"])
def test_every_cell_reads_the_same_words(source: str) -> None:
    entering: dict[str, Any] = {"input": {"text": ["one two three", "four"]}}
    if source == "tokens":
        entering = {"input": {"tokens": [[1, 2], [3, 4]]}, "embedding": {"num_embeddings": 9}}
    model = {"cell": "lstm", "input_size": 3, "hidden_size": 4}
    found = cells(traced(model=model, **entering), Ask(0), LIMITS).cells
    alone = gradients(traced(model=model | {"cell": "rnn"}, **entering), Ask(0), LIMITS)
    assert found[2].input == pytest.approx(alone.input)


def test_beyond_the_end_of_a_packed_sequence_nothing_reaches_anything() -> None:
    trace = traced(**request_of("lstm"), lengths=[T, 2], packed=True)
    found = gradients(trace, Ask(1, step=4), LIMITS)
    assert (found.value, found.input) == (0.0, [0.0] * T)
    assert reached(gradients(trace, Ask(1, "h_n"), LIMITS)) == [True, True] + [False] * 4


LSTM, GRU = request_of("lstm"), request_of("gru")


@pytest.mark.parametrize(
    ("asked", "ask", "field"),
    [
        (LSTM, Ask(2), "sample"),
        (LSTM, Ask(0, step=6), "step"),
        (LSTM, Ask(0, unit=4), "unit"),
        (LSTM, Ask(0, "prediction"), "of"),
        (LSTM, Ask(0, "h_n", row="l1"), "row"),
        (GRU, Ask(0, "c_n"), "of"),
        (GRU, Ask(0, detach="c"), "detach"),
    ],
)
def test_a_gradient_that_does_not_exist_is_refused(asked: dict[str, Any], ask: Ask, field: str) -> None:
    with pytest.raises(Refusal) as refused:
        gradients(traced(**asked), ask, LIMITS)
    assert refused.value.field == field


def test_what_would_cost_too_much_is_refused_with_both_numbers() -> None:
    long = {
        "model": {"cell": "rnn", "input_size": 1, "hidden_size": 1},
        "input": {"random": {"batch": 1, "seq_len": 20_001}},
    }
    with pytest.raises(Refusal) as refused:
        gradients(traced(**long), Ask(0), LIMITS)
    assert (refused.value.kind, refused.value.got, refused.value.expected) == ("over-limit", 20_001, MOST_STEPS)
    with pytest.raises(Refusal) as refused:
        gradients(traced(**LSTM), Ask(0, how="jacobian"), replace(LIMITS, multiply_adds=5_000))
    # 4 copies, 6 steps, 16 rows of weights, 3 + 4 columns, there and back
    assert (refused.value.got, refused.value.expected) == (2 * 4 * 6 * 16 * 7, 5_000)


@pytest.mark.parametrize("ask", [Ask(0, "c_n"), Ask(0, detach="h")])
def test_cells_are_not_asked_for_what_one_of_them_lacks(ask: Ask) -> None:
    with pytest.raises(Refusal):
        cells(traced(**LSTM), ask, LIMITS)


def test_cells_need_a_seed() -> None:
    trace = traced(**GRU)
    weights = {name: value.tolist() for name, value in trace.done.modules.named().items()}
    with pytest.raises(Refusal) as refused:
        cells(traced(**GRU | {"weights": {"values": weights}}), Ask(0), LIMITS)
    assert refused.value.field == "weights"


def test_a_run_that_is_not_the_traced_one_is_never_answered() -> None:
    trace = traced(**GRU)
    trace.done.tensors["output"] = trace.done.tensors["output"] + 1
    with pytest.raises(Refusal) as refused:
        gradients(trace, Ask(0), LIMITS)
    assert refused.value.kind == "proof-failed"


def test_gradients_end_on_the_way_there_and_on_the_way_back_when_nobody_waits() -> None:
    trace = traced(**request_of("lstm", num_layers=2))
    looks = []

    def counted() -> bool:
        looks.append(False)
        return False

    gradients(trace, Ask(0), LIMITS, counted)
    assert len(looks) == 4  # each of two rows, there and back
    for number in range(len(looks)):
        answers = iter([False] * number + [True])
        with pytest.raises(Cancelled):
            gradients(trace, Ask(0), LIMITS, lambda answers=answers: next(answers))  # type: ignore[misc]

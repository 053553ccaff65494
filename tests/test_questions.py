"""The 25 questions people ask about recurrent modules, each answered by a run: 1 to 12, what comes out and where."""

import re
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from app.recurrent.trace import Trace
from tests import test_questions_more
from tests.asking import NUDGE, fed, lstm, named, refusal, said, touched
from tests.core import traced


def test_q01_output_is_the_top_layer_at_every_step_and_h_n_is_every_layer_at_its_last() -> None:
    trace = lstm(4, 6, 2, batch_first=True)
    output, h_n = named(trace, "output"), named(trace, "h_n")
    assert torch.equal(output, named(trace, "l1.h"))
    assert torch.equal(h_n, torch.stack([named(trace, "l0.h")[:, -1], named(trace, "l1.h")[:, -1]]))
    assert torch.equal(output[:, -1], h_n[-1]), "the corner that both share"
    assert not torch.equal(output[:, -1], h_n[0])


def test_q02_batch_first_turns_input_and_output_and_no_state() -> None:
    turned, straight = (lstm(10, 20, 2, batch_first=both).plan.tensors for both in (True, False))
    for name in ("input", "output"):
        assert turned[name].shape[:2] == straight[name].shape[1::-1] == (3, 5)
    for name in ("h_0", "c_0", "h_n", "c_n"):
        assert turned[name].shape == straight[name].shape == (2, 3, 20)
    wrong = torch.zeros(3, 2, 20)
    text = said(lambda: nn.LSTM(10, 20, 2, batch_first=True)(torch.zeros(3, 5, 10), (wrong, wrong)))
    assert text == "RuntimeError: Expected hidden[0] size (2, 3, 20), got [3, 2, 20]"
    ours = refusal(
        model={"input_size": 10, "hidden_size": 20, "num_layers": 2, "batch_first": True},
        input={"random": {"batch": 3, "seq_len": 5}},
        state={"h_0": wrong.tolist()},
    )
    assert (ours.torch, ours.field) == (text, "state.h_0")


def test_q03_a_batch_fed_along_the_wrong_axis_runs_and_mixes_its_samples() -> None:
    x = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(0))  # (N, T, F)
    nudged = x.clone()
    nudged[0] += NUDGE
    wrong = touched(named(fed(x), "output"), named(fed(nudged), "output"))
    right = touched(named(fed(x, batch_first=True), "output"), named(fed(nudged, batch_first=True), "output"))
    assert wrong == [0, 1, 2], "sample 0 was read as the first step of all that follow"
    assert right == [0]


def test_q04_hidden_size_is_the_length_of_h_and_the_data_say_how_many_steps() -> None:
    short, long = lstm(4, 7, random=(2, 3)), lstm(4, 7, random=(2, 300))
    assert short.plan.parameters == long.plan.parameters
    for trace, T in ((short, 3), (long, 300)):
        assert trace.plan.tensors["l0.h"].shape == (2, T, 7)
        assert trace.plan.tensors["h_n"].shape == (1, 2, 7)
    wider = lstm(4, 8, random=(2, 3))
    assert wider.plan.tensors["l0.h"].shape == (2, 3, 8)
    assert wider.plan.parameter_count > short.plan.parameter_count


def test_q05_num_layers_adds_rows_and_steps_add_columns() -> None:
    for L in (1, 2, 3):
        for T in (2, 6):
            plan = lstm(4, 5, L, random=(2, T)).plan
            assert len(plan.rows) == L
            assert {plan.tensors[f"{row.suffix}.h"].shape[1] for row in plan.rows} == {T}
            assert plan.parameter_count == lstm(4, 5, L).plan.parameter_count


def test_q06_the_last_output_of_a_bilstm_is_the_last_state_of_its_forward_half_only() -> None:
    x = torch.randn(2, 6, 4, generator=torch.Generator().manual_seed(0))
    trace = fed(x, H=3, batch_first=True, bidirectional=True)
    output, h_n = named(trace, "output"), named(trace, "h_n")
    assert torch.equal(output[:, -1, :3], h_n[-2])
    assert torch.equal(output[:, 0, 3:], h_n[-1])
    assert not torch.equal(output[:, -1, 3:], h_n[-1])
    earlier = x.clone()
    earlier[:, :-1] += NUDGE  # every step but the last
    again = named(fed(earlier, H=3, batch_first=True, bidirectional=True), "output")
    assert torch.equal(output[:, -1, 3:], again[:, -1, 3:]), "the backward half has read the last token only"
    assert not torch.equal(output[:, 0, 3:], again[:, 0, 3:])


def test_q07_joining_the_two_last_states_by_view_mixes_samples() -> None:
    x = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(0))
    nudged = x.clone()
    nudged[0] += NUDGE
    before, after = (named(fed(each, batch_first=True, bidirectional=True), "h_n") for each in (x, nudged))
    assert touched(torch.cat([before[-2], before[-1]], 1), torch.cat([after[-2], after[-1]], 1)) == [0]
    assert touched(before.transpose(0, 1).reshape(3, -1), after.transpose(0, 1).reshape(3, -1)) == [0]
    assert touched(before.view(3, -1), after.view(3, -1)) != [0]


def test_q08_with_one_step_the_recurrence_is_never_used() -> None:
    def output(steps: int, features: int, recurrent: float) -> Tensor:
        model = {"cell": "rnn", "input_size": features, "hidden_size": 2, "batch_first": True, "bias": False}
        x = torch.arange(6, dtype=torch.float32).view(2, steps, features) / 10
        weights = {"rnn.weight_ih_l0": [[0.5] * features] * 2, "rnn.weight_hh_l0": [[recurrent] * 2] * 2}
        return named(traced(model=model, input={"values": x.tolist()}, weights={"values": weights}), "output")

    assert output(3, 1, 0.7).shape == (2, 3, 2)
    assert output(1, 3, 0.7).shape == (2, 1, 2), "both run"
    assert torch.equal(output(1, 3, 0.7), output(1, 3, -0.2)), "W_hh has nothing to act on but zeros"
    assert touched(output(3, 1, 0.7), output(3, 1, -0.2), axis=1) == [1, 2], "T - 1 arrows"


def test_q09_c_stays_inside_and_only_h_leaves_the_layer() -> None:
    trace = lstm(4, 5, 2, batch_first=True)
    for row in ("l0", "l1"):
        h, o, c = (named(trace, f"{row}.{name}") for name in "hoc")
        assert torch.allclose(h, o * c.tanh(), rtol=0, atol=1e-6)
    assert torch.equal(trace.done.reads[1].transpose(0, 1), named(trace, "l0.h")), "the next layer reads h"
    assert torch.equal(named(trace, "output"), named(trace, "l1.h"))
    assert torch.allclose(named(trace, "c_n")[1], named(trace, "l1.c")[:, -1], rtol=0, atol=1e-6)
    for cell in ("gru", "rnn"):
        assert not {"c_0", "c_n", "l0.c"} & set(lstm(4, 5, cell=cell).plan.tensors)


def test_q10_the_last_output_of_a_padded_sample_has_drifted_and_packing_ends_it() -> None:
    lengths = [6, 4, 2]
    x = torch.randn(3, 6, 4, generator=torch.Generator().manual_seed(0))
    for sample, length in enumerate(lengths):
        x[sample, length:] = 0
    model = {"input_size": 4, "hidden_size": 5, "batch_first": True, "bidirectional": True}

    def run(values: Tensor, **also: Any) -> Trace:
        return traced(model=model, input={"values": values.tolist()}, **also)

    padded, packed = run(x), run(x, lengths=lengths, packed=True)
    alone = [named(run(x[k : k + 1, :length]), "h_n") for k, length in enumerate(lengths)]
    true = torch.cat(alone, 1)  # (2, N, H): each sample without any padding
    drift = (named(padded, "output")[:, -1, :5] - true[0]).abs().amax(1)
    assert drift[0] <= 1e-6, "only the longest is right"
    assert drift[2] > drift[1] > 0.01
    backward = (named(padded, "h_n")[1] - true[1]).abs().amax(1)
    assert backward[1:].min() > 1e-3, "the backward half began in the padding"
    assert torch.allclose(named(packed, "h_n"), true, rtol=0, atol=1e-6)


def test_q11_a_packed_sequence_is_cut_by_time_and_its_sort_is_undone() -> None:
    lengths = [2, 6, 4]
    x = torch.arange(18, dtype=torch.float32).view(3, 6, 1) + 1
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    assert packed.batch_sizes.tolist() == [3, 3, 2, 2, 1, 1], "how many samples are still running at each step"
    assert packed[0] is packed.data, "an index takes a field, not a sample: it is a tuple"
    model = {"input_size": 1, "hidden_size": 2, "batch_first": True}
    trace = traced(model=model, input={"values": x.tolist()}, lengths=lengths, packed=True)
    assert torch.equal(named(trace, "packed"), packed.data)
    assert torch.equal(named(trace, "batch_sizes"), packed.batch_sizes)
    back, true = pad_packed_sequence(packed, batch_first=True)
    assert true.tolist() == lengths, "in the order they came"
    for sample, length in enumerate(lengths):
        assert torch.equal(back[sample, :length], x[sample, :length])
        assert [end.step[sample] for end in trace.plan.positions.h_n] == [length - 1]
    text = said(lambda: pack_padded_sequence(x, lengths, batch_first=True))
    assert text.startswith("RuntimeError: `lengths` array must be sorted in decreasing order when `enforce_sorted`")


def test_q12_the_smaller_last_batch_does_not_fit_the_first_state_of_a_full_one() -> None:
    full = torch.zeros(2, 3, 20)
    text = said(lambda: nn.LSTM(10, 20, 2)(torch.zeros(5, 2, 10), (full, full)))
    assert text == "RuntimeError: Expected hidden[0] size (2, 2, 20), got [2, 3, 20]"
    ours = refusal(
        model={"input_size": 10, "hidden_size": 20, "num_layers": 2},
        input={"random": {"batch": 2, "seq_len": 5}},
        state={"h_0": full.tolist(), "c_0": full.tolist()},
    )
    assert ours.torch == text
    assert isinstance(ours.got, list) and isinstance(ours.expected, list)
    assert [k for k, (got, expected) in enumerate(zip(ours.got, ours.expected, strict=True)) if got != expected] == [1]


def test_every_question_is_answered() -> None:
    names = (*globals(), *vars(test_questions_more))
    numbers = [int(match[1]) for name in names if (match := re.match(r"test_q(\d\d)_", name))]
    assert sorted(set(numbers)) == list(range(1, 26))

"""Every value against plain PyTorch, over generated configurations: `make proof` tries as many as it is told."""

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.recurrent import kernel as kernel_of_rows
from app.recurrent.errors import Refusal
from app.recurrent.index import read, select, whole
from app.recurrent.trace import Trace
from tests.core import plain, requests, traced, true_lengths
from tests.stepwise import stepwise

CONFIGURATIONS = int(os.environ.get("UNROLLED_TEST_CONFIGURATIONS", "1000"))
generated = settings(
    max_examples=CONFIGURATIONS,
    deadline=None,
    derandomize=CONFIGURATIONS <= 1000,  # a longer run is for what the usual one does not see
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """The tensors are small: a second thread only waits."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def apart(ours: Any, theirs: Any) -> float:
    """The largest difference; another shape is a difference too."""
    ours, theirs = torch.as_tensor(ours), torch.as_tensor(theirs)
    assert ours.dtype == theirs.dtype
    assert ours.shape == theirs.shape
    return float((ours - theirs).abs().max())


@pytest.mark.timeout(600)
@given(asked=requests(), data=st.data())
@generated
def test_any_configuration_equals_plain_pytorch(asked: dict[str, Any], data: st.DataObject) -> None:
    trace = traced(**asked)  # the costly part, so it is made once for all that is said of it
    every_result_equals_the_plain_modules(trace)
    every_gate_equals_a_step_by_step_loop(trace)
    the_plan_said_beforehand_what_the_run_holds(trace)
    the_positions_say_where_each_result_sits(trace)
    a_part_of_a_tensor_is_what_numpy_would_cut_out(trace, data)


def every_result_equals_the_plain_modules(trace: Trace) -> None:
    theirs = plain(trace)
    for name in ("input", "packed", "batch_sizes", "output", "h_n", "c_n", "prediction", "loss"):
        assert (name in theirs) == (name in trace.done.tensors)
        if name == "loss" and name in theirs and theirs[name].isnan():  # every target is left out
            assert np.isnan(whole(trace, name).array)
            continue
        if name in theirs:
            limit = 1e-6 * max(1.0, float(theirs[name].abs().max()))
            assert apart(whole(trace, name).array, theirs[name]) <= limit, name
    for name, weight in trace.done.modules.named().items():
        if name.startswith("rnn."):
            assert torch.equal(weight, theirs[name]), f"{name} is not what torch.manual_seed gives"


def every_gate_equals_a_step_by_step_loop(trace: Trace) -> None:
    theirs = stepwise(trace)
    assert set(theirs) == {name for name in trace.plan.tensors if "." in name}
    for name, expected in theirs.items():
        limit = 1e-6 * max(1.0, float(expected.abs().max()))
        assert apart(whole(trace, name).array, expected) <= limit, name


def the_plan_said_beforehand_what_the_run_holds(trace: Trace) -> None:
    for name, tensor in trace.done.tensors.items():
        assert tuple(tensor.shape) == trace.plan.tensors[name].shape, name
    for name, parameter in trace.done.modules.named().items():
        assert tuple(parameter.shape) == trace.plan.parameters[name].shape, name
    assert set(trace.done.tensors) == {name for name in trace.plan.tensors if "." not in name}
    assert trace.plan.parameter_count == sum(p.numel() for p in trace.done.modules.named().values())
    made = {name for stage in trace.plan.stages for name in stage.outputs}
    assert made <= set(trace.plan.tensors)
    for stage in trace.plan.stages:
        assert set(stage.inputs) <= set(trace.plan.tensors), stage.name


def the_positions_say_where_each_result_sits(trace: Trace) -> None:
    output = trace.done.h_top().transpose(0, 1).numpy()
    suffixes = {(row.layer, row.direction): row.suffix for row in trace.plan.rows}
    for strand in trace.plan.positions.output:
        row = whole(trace, f"{suffixes[strand.layer, strand.direction]}.h").array
        assert np.array_equal(output[:, :, slice(*strand.features)], row)
    for state, ends in (("h", trace.plan.positions.h_n), ("c", trace.plan.positions.c_n)):
        for end in ends:
            row = whole(trace, f"{suffixes[end.layer, end.direction]}.{state}").array
            slab = (trace.done.h_n if state == "h" else trace.done.c_n)[end.index].numpy()
            for sample, step in enumerate(end.step):
                assert apart(row[sample, step], slab[sample]) <= (0 if state == "h" else 1e-5)


def a_part_of_a_tensor_is_what_numpy_would_cut_out(trace: Trace, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(trace.plan.tensors)))
    array = whole(trace, name).array
    texts: list[str] = []
    index: list[int | slice] = []
    for size in array.shape[: data.draw(st.integers(0, array.ndim))]:
        if data.draw(st.booleans()):
            place = data.draw(st.integers(-size, size - 1))
            texts.append(str(place))
            index.append(place)
        else:
            first, stop = sorted(data.draw(st.tuples(st.integers(0, size), st.integers(0, size))))
            texts.append(f"{first}:{stop}")
            index.append(slice(first, stop))
    try:
        selection = select(trace.plan, name, ",".join(texts))
    except Refusal:
        assert array[tuple(index)].size == 0
        return
    assert selection.shape == array[tuple(index)].shape
    # a loss of targets that are all ignored is NaN in torch, too; it must stand in the same places
    assert np.array_equal(read(trace, selection).array, array[tuple(index)], equal_nan=True)


def test_a_long_narrow_sequence_is_scanned_in_blocks_to_the_same_numbers() -> None:
    trace = traced(model={"input_size": 3, "hidden_size": 4}, input={"random": {"batch": 2, "seq_len": 401}})
    theirs = stepwise(trace)
    for name, expected in theirs.items():
        assert apart(whole(trace, name).array, expected) <= 2e-6, name


def test_a_seed_gives_the_same_trace_whatever_ran_before() -> None:
    asked: dict[str, Any] = {
        "model": {"input_size": 4, "hidden_size": 3, "num_layers": 2, "bidirectional": True},
        "input": {"random": {"batch": 2, "seq_len": 6, "seed": 5}},
        "weights": {"seed": 7},
    }
    first = traced(**asked)
    torch.manual_seed(123)
    torch.randn(10)
    second = traced(**asked)
    for name in first.plan.tensors:
        assert np.array_equal(whole(first, name).array, whole(second, name).array), name


def test_a_trace_does_not_touch_torchs_global_generator() -> None:
    torch.manual_seed(9)
    before = torch.get_rng_state()
    traced(model={"input_size": 4, "hidden_size": 3}, input={"text": ["one two"]}, head={"reads": "h_n"})
    assert torch.equal(before, torch.get_rng_state())


def test_given_weights_are_used_as_they_are() -> None:
    trace = traced(
        model={"input_size": 1, "hidden_size": 1, "cell": "rnn", "bias": False},
        input={"values": [[[1.0]], [[2.0]]]},
        weights={"values": {"rnn.weight_ih_l0": [[0.5]], "rnn.weight_hh_l0": [[0.25]]}},
    )
    first = np.tanh(0.5)
    expected = [[[first]], [[np.tanh(1.0 + 0.25 * first)]]]
    assert apart(whole(trace, "output").array, np.array(expected, dtype=np.float32)) <= 1e-7


def test_batch_first_turns_the_cube_and_no_number() -> None:
    def made(batch_first: bool) -> Trace:
        return traced(
            model={"input_size": 4, "hidden_size": 3, "batch_first": batch_first},
            input={"random": {"batch": 2, "seq_len": 5}},
        )

    turned, straight = made(True), made(False)
    for name in ("input", "output"):
        assert apart(whole(turned, name).array.swapaxes(0, 1), whole(straight, name).array) <= 1e-7
    assert np.array_equal(whole(turned, "h_n").array, whole(straight, "h_n").array)


@given(asked=requests())
@settings(generated, max_examples=max(1, CONFIGURATIONS // 10))
def test_a_row_in_pieces_of_time_gives_what_the_plain_module_gives(asked: dict[str, Any]) -> None:
    calls = []
    kernel = kernel_of_rows._kernel

    def counted(*given: Any) -> torch.Tensor:
        calls.append(given[2])
        return kernel(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel_of_rows, "AT_A_TIME", 1)  # one step a call
        patch.setattr(kernel_of_rows, "_kernel", counted)
        trace = traced(**asked)
    steps = max(true_lengths(trace)) if trace.plan.packed else trace.plan.T
    assert calls == [row for row in trace.plan.rows for _ in range(steps)]
    every_result_equals_the_plain_modules(trace)


def test_every_h_is_kept_once_and_a_flat_view_of_it_is_no_copy() -> None:
    for batch_first in (True, False):
        trace = traced(
            model={
                "input_size": 4,
                "hidden_size": 3,
                "num_layers": 2,
                "bidirectional": True,
                "batch_first": batch_first,
            },
            input={"random": {"batch": 5, "seq_len": 7}},
            head={"reads": "every_step"},
        )
        held = [*trace.done.h, trace.done.tensors["output"], trace.done.tensors["flattened"]]
        storages = {each.untyped_storage().data_ptr(): each.untyped_storage().nbytes() for each in held}
        assert sum(storages.values()) == 2 * (5 * 7 * 2 * 3) * 4  # layers, (N, T, D·H), bytes

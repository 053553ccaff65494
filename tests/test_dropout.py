"""Dropout in train mode: the masks and every number behind them are those of torch's own seeded module."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from app.recurrent import dropout
from app.recurrent.code.torch_source import pytorch
from app.recurrent.diagnose.silent import of_plan
from app.recurrent.errors import Refusal
from app.recurrent.explain.value import explain
from app.recurrent.index import whole
from app.recurrent.proof import prove
from app.recurrent.trace import Trace
from app.web import i18n
from tests.core import masks, plain, planned, requests, seeded, traced
from tests.test_core_values import CONFIGURATIONS, apart, generated
from tests.written import run

MODEL: dict[str, Any] = {"input_size": 3, "hidden_size": 4, "num_layers": 3, "dropout": 0.5, "bidirectional": True}
TRAIN: dict[str, Any] = {"model": MODEL, "input": {"random": {"batch": 3, "seq_len": 5}}, "mode": "train"}

some = settings(generated, max_examples=max(1, CONFIGURATIONS // 10))  # each of them also runs the plain modules


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """The tensors are small: a second thread only waits."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@st.composite
def training(draw: st.DrawFn) -> dict[str, Any]:
    """Any request of the surface with at least two layers, in train mode."""
    asked = draw(requests())
    model = asked["model"]
    model["num_layers"] = max(2, model["num_layers"])
    model["dropout"] = draw(st.one_of(st.sampled_from([1e-9, 0.3, 0.5, 1.0]), st.floats(0, 1)))
    return asked | {"mode": "train"}


@given(asked=training())
@some
def test_a_run_in_train_mode_equals_the_seeded_module_in_train_mode(asked: dict[str, Any]) -> None:
    trace = traced(**asked)
    theirs = plain(trace)
    for name in ("output", "h_n", "c_n", "prediction"):
        if name in theirs:
            limit = 1e-6 * max(1.0, float(theirs[name].abs().max()))
            assert apart(whole(trace, name).array, theirs[name]) <= limit, name


@given(asked=training())
@some
def test_every_mask_is_bit_for_bit_what_torch_draws(asked: dict[str, Any]) -> None:
    trace = traced(**asked)
    expected = masks(trace)
    assert [name for name in trace.plan.tensors if name.startswith("dropout_l")] == [
        f"dropout_l{layer}" for layer in range(len(expected))
    ]
    for layer, (theirs, ours) in enumerate(zip(expected, trace.done.modules.masks, strict=True)):
        assert torch.equal(ours.transpose(0, 1), theirs)
        p = trace.plan.request.model.dropout
        scale = float(torch.ones((), dtype=ours.dtype) / (1 - p)) if p < 1 else 0.0
        assert set(ours.flatten().tolist()) <= {0.0, scale}
        shown, dropped = (torch.from_numpy(whole(trace, f"{name}_l{layer}").array) for name in ("dropout", "dropped"))
        rows = [trace.done.h[row.index] for row in trace.plan.rows if row.layer == layer]
        below = laid_out(trace, torch.cat(rows, dim=2))
        assert torch.equal(dropped, below * shown)
        assert torch.equal(shown, laid_out(trace, ours))


def laid_out(trace: Trace, x: torch.Tensor) -> torch.Tensor:
    """(T, N, ·) as `output` is laid out."""
    if "N" not in trace.plan.tensors["output"].axes:
        return x[:, 0]
    return x.transpose(0, 1) if trace.plan.request.model.batch_first else x


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_a_stage_is_the_very_line_that_torch_runs(cell: str) -> None:
    trace = traced(**TRAIN | {"model": MODEL | {"cell": cell}})
    assert [stage.name for stage in trace.plan.stages] == ["rnn", "dropout_l0", "dropout_l1"]
    seeded(trace)  # leaves the global generator where the call finds it
    for layer, stage in enumerate(trace.plan.stages[1:]):
        output = torch.cat([trace.done.h[2 * layer], trace.done.h[2 * layer + 1]], dim=2)
        line, _, call = stage.code.partition(" = ")
        assert call == f"torch.dropout(output_l{layer}, 0.5, train=True)"
        assert torch.equal(trace.done.tensors[line], torch.dropout(output, 0.5, train=True))


def test_given_weights_take_their_masks_from_seed_0() -> None:
    first = traced(**TRAIN | {"weights": {"seed": 7}})
    values = {name: value.tolist() for name, value in first.done.modules.named().items()}
    given_ = traced(**TRAIN | {"weights": {"values": values}})
    _, rnn, _ = seeded(first)
    torch.manual_seed(0)
    with torch.no_grad():
        output, _ = rnn(given_.done.tensors["input"])
    assert torch.equal(output, given_.done.tensors["output"])
    assert not torch.equal(output, first.done.tensors["output"])


def test_written_source_gives_the_same_numbers_in_train_mode(tmp_path: Path) -> None:
    first = traced(**TRAIN | {"head": {"reads": "mean"}, "weights": {"seed": 3}})
    values = {name: value.tolist() for name, value in first.done.modules.named().items()}
    second = traced(**TRAIN | {"head": {"reads": "mean"}, "weights": {"values": values}})
    found = run([pytorch(first.plan), pytorch(second.plan)], tmp_path, "-W", "error")
    for trace, theirs in zip((first, second), found, strict=True):
        for name in ("output", "h_n", "c_n", "prediction"):
            assert apart(trace.done.tensors[name], torch.from_numpy(theirs[name])) <= 1e-6
    assert apart(first.done.tensors["output"], second.done.tensors["output"]) > 1e-3


def test_an_encoder_drops_with_masks_of_its_own_seed(tmp_path: Path) -> None:
    encoder = {"model": MODEL, "input": {"random": {"batch": 3, "seq_len": 4}}, "weights": {"seed": 5}}
    trace = traced(**TRAIN | {"state": {"encoder": encoder}, "weights": {"seed": 6}})
    alone = traced(**encoder | {"mode": "train"})
    assert torch.equal(trace.done.tensors["h_0"], alone.done.tensors["h_n"])
    (found,) = run([pytorch(trace.plan)], tmp_path, "-W", "error")
    for name in ("output", "h_n", "c_n"):
        assert apart(trace.done.tensors[name], torch.from_numpy(found[name])) <= 1e-6


def test_a_large_run_is_proved_on_some_samples_with_their_own_masks() -> None:
    model = MODEL | {"input_size": 16, "hidden_size": 96, "num_layers": 2}
    trace = traced(model=model, input={"random": {"batch": 40, "seq_len": 60}}, mode="train")
    assert 1 <= len(trace.proof.checked.samples) < 40
    assert apart(trace.done.tensors["output"], plain(trace)["output"]) <= 1e-6


def test_a_very_long_single_sequence_is_proved_on_its_first_steps() -> None:
    model = {"input_size": 8, "hidden_size": 128, "num_layers": 2, "dropout": 0.25}
    trace = traced(model=model, input={"random": {"batch": 1, "seq_len": 1500}}, mode="train")
    assert trace.proof.checked.steps < 1500
    assert apart(trace.done.tensors["output"], plain(trace)["output"]) <= 1e-6


def test_another_mask_fails_the_proof() -> None:
    trace = traced(**TRAIN)
    moved = tuple(mask.roll(1, dims=2) for mask in trace.done.modules.masks)
    assert not torch.equal(moved[0], trace.done.modules.masks[0])
    with pytest.raises(Refusal) as caught, torch.inference_mode():
        prove(replace(trace.done, modules=replace(trace.done.modules, masks=moved)))
    assert caught.value.kind == "proof-failed"


def test_runs_beside_one_another_and_other_draws_change_nothing() -> None:
    expected = traced(**TRAIN).done.tensors["output"]
    found: list[torch.Tensor] = []

    def work() -> None:
        for _ in range(4):
            torch.rand(1000)  # somebody else draws from the global generator
            found.append(traced(**TRAIN).done.tensors["output"])

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(found) == 16
    assert all(torch.equal(each, expected) for each in found)


def test_a_run_leaves_the_global_generator_as_it_was() -> None:
    before = torch.get_rng_state()
    traced(**TRAIN)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(
    ("model", "mode"),
    [({"dropout": 0.5}, "eval"), ({"dropout": 0.0}, "train"), ({"dropout": 0.5, "num_layers": 1}, "train")],
)
def test_where_dropout_does_not_act_nothing_is_drawn(model: dict[str, Any], mode: str) -> None:
    trace = traced(**TRAIN | {"model": MODEL | model, "mode": mode})
    without = traced(**TRAIN | {"model": MODEL | model | {"dropout": 0.0}, "mode": "eval"})
    assert torch.equal(trace.done.tensors["output"], without.done.tensors["output"])
    assert trace.plan.tensors.keys() == without.plan.tensors.keys()
    assert [stage.op for stage in trace.plan.stages] == ["LSTM"]


def verdicts(trace: Trace) -> dict[str, bool]:
    return {claim.why.key: claim.holds for claim in trace.claims if claim.why.key.startswith("claim.dropout")}


def test_the_claims_say_where_dropout_acts_and_that_eval_has_none() -> None:
    trace = traced(**TRAIN)
    assert verdicts(trace) == {
        "claim.dropout_between": True,
        "claim.dropout_eval": True,
        "claim.dropout_train": False,
    }
    between = next(claim for claim in trace.claims if claim.why.key == "claim.dropout_between")
    zeros = sum(int((mask == 0).sum()) for mask in masks(trace))
    assert (between.why.params["zeros"], between.why.params["numbers"]) == (zeros, 2 * 3 * 5 * 8)
    assert verdicts(traced(**TRAIN | {"mode": "eval"})) == {"claim.dropout_eval": True}


def test_the_claim_of_where_it_acts_turns_false_when_the_layers_read_something_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    right = dropout._one
    monkeypatch.setattr(dropout, "_one", lambda *given: right(*given) * 0.9)
    assert verdicts(traced(**TRAIN))["claim.dropout_between"] is False


def test_a_packed_run_counts_its_true_steps_only() -> None:
    trace = traced(**TRAIN | {"lengths": [5, 2, 1], "packed": True})
    between = next(claim for claim in trace.claims if claim.why.key == "claim.dropout_between")
    assert between.why.params["numbers"] == 2 * (5 + 2 + 1) * 8
    assert not trace.done.tensors["dropout_l0"][2:, 1:].any()


def test_the_layer_above_reads_what_is_left() -> None:
    trace = traced(**TRAIN)
    english = i18n.sayer("en")
    gate = explain(trace, "l1.f", "1,3,2", None, english)
    read = {factor.from_.tensor for term in gate.terms if term.role == "input" for factor in term.factors}
    assert read == {None, "dropped_l0"}  # a weight and a number of what is left, each time
    left = explain(trace, "dropped_l0", "3,1,6", None, english)
    (term,) = left.terms
    assert [(factor.from_.tensor, factor.from_.index) for factor in term.factors] == [
        ("l0_reverse.h", [1, 3, 2]),
        ("dropout_l0", [3, 1, 6]),
    ]


def test_a_silent_mistake_is_measured_without_the_masks() -> None:
    asked = {
        "model": {"input_size": 2, "hidden_size": 4, "num_layers": 2, "batch_first": True},
        "input": {"random": {"batch": 3, "seq_len": 5}},
        "lengths": [5, 3, 2],
        "head": {"reads": "last_step"},
    }
    still = of_plan(planned(**asked), asked, lambda: False)
    noisy = asked | {"model": {**asked["model"], "dropout": 0.9}, "mode": "train"}  # type: ignore[dict-item]
    found = of_plan(planned(**noisy), noisy, lambda: False)
    assert [each.measured for each in found] == [each.measured for each in still]
    assert found


@pytest.mark.anyio
async def test_the_api_gives_the_masks_and_what_they_leave(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/traces", json=TRAIN)
    assert answer.status_code == 201
    found = answer.json()
    for name in ("dropout_l0", "dropped_l0", "dropout_l1", "dropped_l1"):
        assert (found["tensors"][name]["shape"], found["tensors"][name]["axes"]) == ([5, 3, 8], ["T", "N", "D·H"])
    mask = (await client.get(f"/api/v1/traces/{found['id']}/tensors/dropout_l1?index=0,:,3")).json()["values"]
    assert set(mask) <= {0.0, 2.0}
    limits = (await client.get("/api/v1/limits")).json()
    assert "model.dropout" not in limits["not_yet"]

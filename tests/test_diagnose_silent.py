"""Mistakes that raise nothing, each proved by numbers that plain PyTorch gives as well."""

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from app.recurrent.diagnose.finding import Finding
from app.recurrent.diagnose.reshape import reshaped
from tests.test_diagnose_request import looked_at, numbers

SMALL: dict[str, Any] = {"cell": "lstm", "input_size": 2, "hidden_size": 4}
WORDS = ["a b c d e f", "a b c d", "a b"]  # lengths 6, 4, 2


def first(raw: dict[str, Any]) -> Finding:
    return looked_at(raw)[0]


def plain(seed: int = 0, **changed: Any) -> nn.LSTM:
    torch.manual_seed(seed)
    return nn.LSTM(2, 4, **changed).requires_grad_(False)


def test_a_batch_first_input_fed_to_a_default_lstm_contaminates_the_other_samples() -> None:
    found = first({"model": SMALL, "input": {"values": numbers(3, 5, 2)}})
    assert (found.kind, found.sure, found.axis, found.question) == ("layout", True, "N", 3)
    x, lstm = torch.tensor(numbers(3, 5, 2)), plain()
    nudged = x.clone()
    nudged[0] += 1
    moved = (lstm(nudged)[0] - lstm(x)[0]).abs().amax((1, 2)).tolist()
    assert found.measured is not None
    assert found.measured["max_abs_change_as_sent"] == pytest.approx(moved, abs=1e-6)
    assert min(found.measured["max_abs_change_as_sent"]) > 0.01  # also in samples nobody touched
    assert found.measured["max_abs_change_batch_first"][1:] == [0.0, 0.0]
    assert found.fixed is not None
    assert found.fixed["model"]["batch_first"]
    assert looked_at(found.fixed)[0].kind == "fine"


def test_tokens_in_the_wrong_layout_are_found_too() -> None:
    raw = {"model": SMALL, "embedding": {"num_embeddings": 9}, "input": {"tokens": [[1, 2, 3], [4, 5, 6]]}}
    found = first(raw)
    assert found.kind == "layout"
    assert found.measured is not None
    assert found.measured["max_abs_change_as_sent"][1] > 0


def test_a_written_out_batch_first_false_may_be_meant() -> None:
    raw = {"model": SMALL | {"batch_first": False}, "input": {"values": numbers(3, 5, 2)}}
    assert (first(raw).kind, first(raw).sure) == ("layout", False)


def test_many_samples_of_one_step_are_read_as_one_long_sample() -> None:
    found = first({"model": SMALL, "input": {"values": numbers(6, 1, 2)}})
    assert (found.kind, found.sure) == ("layout", False)
    assert found.measured is not None
    assert min(found.measured["max_abs_change_as_sent"]) > 0


@pytest.mark.parametrize(
    "raw",
    [
        {"model": SMALL | {"batch_first": True}, "input": {"values": numbers(3, 5, 2)}},
        {"model": SMALL, "input": {"values": numbers(3, 5, 2)}, "lengths": [3] * 5},
        {"model": SMALL, "input": {"values": numbers(3, 5, 2)}, "state": {"h_0": numbers(1, 5, 4)}},
        {"model": SMALL, "input": {"values": numbers(5, 2)}},
        {"model": SMALL, "input": {"random": {"batch": 3, "seq_len": 5}}},
    ],
)
def test_a_layout_that_is_right_or_proved_by_other_sizes_is_left_alone(raw: dict[str, Any]) -> None:
    assert first(raw).kind == "fine"


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("reads", ["last_step", "h_n"])
def test_padding_drifts_in_all_but_the_longest_sample(reads: str, bidirectional: bool) -> None:
    model = SMALL | {"batch_first": True, "bidirectional": bidirectional}
    values = numbers(3, 6, 2)
    raw = {"model": model, "input": {"values": values}, "lengths": [6, 4, 2], "head": {"reads": reads}}
    found = first(raw)
    assert (found.kind, found.axis, found.question) == ("padding-drift", "T", 10)
    x, lstm = torch.tensor(values), plain(batch_first=True, bidirectional=bidirectional)
    output, (h_n, _) = lstm(x)
    packed, (true_h_n, _) = lstm(pack_padded_sequence(x, torch.tensor([6, 4, 2]), True, enforce_sorted=False))
    used, right = output[:, -1], nn.utils.rnn.pad_packed_sequence(packed, True)[0][range(3), [5, 3, 1]]
    if reads == "h_n":
        used, right = (torch.cat([*h[-2:]], 1) if bidirectional else h[-1] for h in (h_n, true_h_n))
    assert found.measured is not None
    drift = found.measured["max_abs_drift"]
    assert drift == pytest.approx((used - right).abs().amax(1).tolist(), abs=1e-6)
    assert drift[0] < 1e-6
    assert min(drift[1:]) > 1e-3
    assert found.fixed is not None
    assert found.fixed["packed"]
    assert looked_at(found.fixed)[0].kind == "fine"


def test_words_bring_their_own_lengths() -> None:
    raw = {"model": SMALL | {"batch_first": True}, "input": {"text": WORDS}, "head": {"reads": "last_step"}}
    found = first(raw)
    assert found.kind == "padding-drift"
    assert found.measured is not None
    assert found.measured["lengths"] == [6, 4, 2]


def test_padding_that_nothing_reads_is_only_worth_a_look() -> None:
    raw: dict[str, Any] = {"model": SMALL | {"batch_first": True}, "input": {"text": WORDS}}
    assert (first(raw).kind, first(raw).sure) == ("padding-drift", False)
    assert first(raw | {"head": {"reads": "mean"}}).kind == "fine"


def test_the_last_step_of_a_packed_run_is_zero_for_the_shorter_samples() -> None:
    raw = {"model": SMALL | {"batch_first": True}, "input": {"text": WORDS}, "packed": True}
    found = first(raw | {"head": {"reads": "last_step"}})
    assert (found.kind, found.question) == ("packed-last", 11)
    assert found.measured is not None
    assert [size > 0 for size in found.measured["max_abs_of_what_is_read"]] == [True, False, False]


@pytest.mark.parametrize("batch_first", [True, False])
def test_the_last_step_of_a_bidirectional_lstm_is_not_its_last_state(batch_first: bool) -> None:
    model = SMALL | {"batch_first": batch_first, "bidirectional": True}
    raw = {"model": model, "input": {"random": {"batch": 3, "seq_len": 5}}, "head": {"reads": "last_step"}}
    found = first(raw)
    assert (found.kind, found.sure, found.question) == ("bidirectional-last", True, 6)
    generator = torch.Generator().manual_seed(0)
    x, lstm = torch.randn(3, 5, 2, generator=generator), plain(batch_first=True, bidirectional=True)
    output, (h_n, _) = lstm(x)
    assert found.measured is not None
    diff = float((output[:, -1, 4:] - h_n[-1]).abs().max())
    assert found.measured["max_abs_diff"] == pytest.approx(diff, abs=1e-6)
    assert diff > 0.01
    assert found.fixed is not None
    assert found.fixed["head"]["reads"] == "h_n"


def test_several_silent_mistakes_are_all_named() -> None:
    model = SMALL | {"batch_first": True, "bidirectional": True, "dropout": 0.5}
    found = looked_at({"model": model, "input": {"text": WORDS}, "head": {"reads": "last_step"}})
    assert [each.kind for each in found] == ["padding-drift", "bidirectional-last", "dropout-one-layer"]


def test_dropout_with_one_layer_does_nothing_and_torch_warns() -> None:
    found = first({"model": SMALL | {"dropout": 0.25}, "input": {"random": {"batch": 3, "seq_len": 5}}})
    assert (found.kind, found.question) == ("dropout-one-layer", 19)
    assert found.measured is not None
    assert found.measured["max_abs_diff"] == 0.0
    with pytest.warns(UserWarning, match="dropout option") as caught:
        nn.LSTM(2, 4, dropout=0.25)
    assert found.torch == f"UserWarning: {caught[0].message}"


def test_with_one_step_the_recurrent_weights_change_nothing() -> None:
    found = first({"model": SMALL | {"batch_first": True, "input_size": 3}, "input": {"values": numbers(4, 1, 3)}})
    assert (found.kind, found.sure, found.question) == ("one-step", False, 8)
    assert found.measured is not None
    assert found.measured["max_abs_change"] == 0.0
    assert found.fixed is not None
    turned = torch.tensor(found.fixed["input"]["values"])
    assert torch.equal(turned, torch.tensor(numbers(4, 1, 3)).transpose(1, 2))
    time_first = first({"model": SMALL | {"input_size": 3}, "input": {"values": numbers(1, 4, 3)}}).fixed
    assert time_first is not None
    assert torch.tensor(time_first["input"]["values"]).shape == (3, 4, 1)


def test_a_batch_first_state_that_fits_by_chance_is_worth_a_look() -> None:
    model = SMALL | {"batch_first": True, "num_layers": 3}
    raw = {"model": model, "input": {"values": numbers(3, 5, 2)}, "state": {"h_0": numbers(3, 3, 4)}}
    found = first(raw)
    assert (found.kind, found.sure, found.question) == ("hidden-square", False, 2)
    assert found.measured is not None
    assert found.measured["max_abs_change"] > 0.01


@pytest.mark.parametrize("rows", [2, 4])
def test_a_reshaped_h_n_mixes_samples(rows: int) -> None:
    found = reshaped(rows)
    assert all(len(samples) > 1 for samples in found["rows_hold_samples"])
    assert found["max_abs_diff"] > 0.01


def test_one_row_can_be_reshaped_as_one_likes() -> None:
    assert reshaped(1)["rows_hold_samples"] == [[0], [1], [2]]
    assert reshaped(1)["max_abs_diff"] == 0.0


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_cell_and_type_is_looked_at(cell: str, dtype: str) -> None:
    model = {"cell": cell, "input_size": 2, "hidden_size": 4, "batch_first": True, "bidirectional": True}
    raw = {"model": model | {"num_layers": 2}, "input": {"text": WORDS}, "head": {"reads": "last_step"}}
    found = looked_at(raw | {"dtype": dtype, "state": {"random": {}}})
    assert [each.kind for each in found] == ["padding-drift", "bidirectional-last"]


def test_one_sequence_without_a_batch_is_looked_at() -> None:
    model = SMALL | {"batch_first": True, "bidirectional": True}
    raw = {"model": model, "input": {"values": numbers(5, 2)}, "head": {"reads": "last_step"}}
    assert first(raw).kind == "bidirectional-last"


def test_a_projected_state_is_looked_at() -> None:
    model = SMALL | {"batch_first": True, "bidirectional": True, "proj_size": 2}
    found = looked_at({"model": model, "input": {"text": WORDS}, "head": {"reads": "last_step"}})
    assert [each.kind for each in found] == ["padding-drift", "bidirectional-last"]


@pytest.mark.parametrize(("kind", "activation"), [("cross_entropy", "softmax"), ("nll", "softmax"), ("nll", None)])
def test_a_loss_on_the_wrong_numbers_is_shown_beside_the_right_one(kind: str, activation: str | None) -> None:
    raw = {
        "model": SMALL | {"batch_first": True},
        "input": {"values": numbers(3, 5, 2)},
        "head": {"reads": "last_step", "out_features": 3, "activation": activation},
        "loss": {"kind": kind, "target": [0, 2, 1]},
    }
    found = first(raw)
    assert found.kind == ("loss-activation" if kind == "cross_entropy" else "loss-nll")
    lstm, linear = plain(batch_first=True), nn.Linear(4, 3)
    logits = linear(lstm(torch.tensor(numbers(3, 5, 2)))[0][:, -1]).detach()
    given = logits if activation is None else torch.softmax(logits, dim=-1)
    call = nn.functional.cross_entropy if kind == "cross_entropy" else nn.functional.nll_loss
    target = torch.tensor([0, 2, 1])
    assert found.measured == {
        "loss": pytest.approx(float(call(given, target)), abs=1e-6),
        "cross_entropy_of_logits": pytest.approx(float(nn.functional.cross_entropy(logits, target)), abs=1e-6),
    }
    assert found.fixed is not None
    assert looked_at(found.fixed)[0].kind == "fine"

"""A request that is refused gets its reason, PyTorch's own text and a request that runs."""

import copy
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from app.recurrent.diagnose import answer as diagnose
from app.recurrent.diagnose.finding import Finding, answered
from app.recurrent.errors import Refusal
from app.recurrent.examples import EXAMPLES
from app.recurrent.spec import TraceRequest
from app.recurrent.trace import run
from app.web import i18n
from app.web.i18n import LANGUAGES
from tests.test_diagnose_texts import limited, said

GOOD: dict[str, Any] = {
    "model": {"cell": "lstm", "input_size": 10, "hidden_size": 20, "num_layers": 2},
    "input": {"random": {"batch": 3, "seq_len": 5}},
}


def looked_at(raw: dict[str, Any]) -> list[Finding]:
    """Everything found in a request, after checking that the answer reads well and its fix runs."""
    before = copy.deepcopy(raw)
    found = diagnose.of_request(raw, limited)
    assert raw == before  # what was sent is not changed
    for lang in LANGUAGES:
        answer = answered(found, i18n.sayer(lang), lambda say, lang=lang: i18n.hint(lang, say))  # type: ignore[misc]
        assert answer.why
        assert "{" not in answer.why + (answer.fix or "")
    for each in found:
        if each.fixed is not None:
            run(limited(TraceRequest.model_validate(each.fixed)))
    return found


def numbers(*shape: int) -> Any:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0)).tolist()


def model(**changed: Any) -> dict[str, Any]:
    return {"model": GOOD["model"] | changed}


LSTM = nn.LSTM(10, 20, 2)
GRU = nn.GRU(10, 20, 2)
X = torch.zeros(5, 3, 10)

# what is changed, its kind, the field, the axis, the question, and the call that torch refuses in the same way
REFUSED: list[tuple[dict[str, Any], str, str, str | None, int | None, Any]] = [
    (
        {"state": {"h_0": numbers(3, 2, 20), "c_0": numbers(2, 3, 20)}},
        "hidden-batch-first",
        "state.h_0",
        "N",
        2,
        lambda: LSTM(X, (torch.zeros(3, 2, 20), torch.zeros(2, 3, 20))),
    ),
    (
        {"state": {"c_0": numbers(3, 2, 20)}},
        "hidden-batch-first",
        "state.c_0",
        "N",
        2,
        lambda: LSTM(X, (torch.zeros(2, 3, 20), torch.zeros(3, 2, 20))),
    ),
    (
        {"state": {"h_0": numbers(2, 64, 20), "c_0": numbers(2, 64, 20)}},
        "hidden-batch",
        "state.h_0",
        "N",
        12,
        lambda: LSTM(X, (torch.zeros(2, 64, 20), torch.zeros(2, 64, 20))),
    ),
    (
        model(cell="gru") | {"state": {"h_0": numbers(1, 3, 20)}},
        "hidden-rows",
        "state.h_0",
        "L·D",
        20,
        lambda: GRU(X, torch.zeros(1, 3, 20)),
    ),
    ({"state": {"h_0": numbers(2, 3, 21)}}, "hidden-width", "state.h_0", "H", 4, None),
    (
        {"state": {"h_0": numbers(2, 20)}},
        "batched-state",
        "state.h_0",
        "rank",
        15,
        lambda: LSTM(X, (torch.zeros(2, 20), torch.zeros(2, 20))),
    ),
    ({"state": numbers(2, 3, 20)}, "tuple-missing", "state", "rank", 15, lambda: LSTM(X, torch.zeros(2, 3, 20))),
    (
        model(num_layers=1) | {"state": numbers(1, 3, 20)},
        "tuple-missing",
        "state",
        "L·D",
        15,
        lambda: nn.LSTM(10, 20)(X, torch.zeros(1, 3, 20)),
    ),
    (
        model(cell="gru") | {"state": {"h_0": numbers(2, 3, 20), "c_0": numbers(2, 3, 20)}},
        "tuple-into-rnn",
        "state.c_0",
        None,
        15,
        lambda: GRU(X, (torch.zeros(2, 3, 20), torch.zeros(2, 3, 20))),
    ),
    ({"input": {"values": numbers(5, 3, 7)}}, "input-width", "input.values[0][0]", "F", 8, lambda: LSTM(X[:, :, :7])),
    ({"input": {"values": numbers(3, 10, 7)}}, "input-axes", "input.values[0][0]", "F", 8, lambda: LSTM(X[:, :, :7])),
    (
        {"input": {"values": numbers(1, 5, 3, 10)}},
        "input-rank",
        "input.values",
        "rank",
        14,
        lambda: LSTM(torch.zeros(1, 5, 3, 10)),
    ),
    ({"input": {"values": numbers(10)}}, "input-rank", "input.values", "rank", 14, lambda: LSTM(torch.zeros(10))),
    (model(proj_size=20), "proj-large", "model.proj_size", "H", 25, lambda: nn.LSTM(10, 20, proj_size=20)),
    (model(proj_size=-1), "proj-negative", "model.proj_size", "H", 25, lambda: nn.LSTM(10, 20, proj_size=-1)),
    (model(cell="gru", proj_size=3), "proj-cell", "model.proj_size", "H", 25, lambda: nn.GRU(10, 20, proj_size=3)),
    (model(dropout=1.5), "dropout-range", "model.dropout", None, 19, lambda: nn.LSTM(10, 20, dropout=1.5)),
    (model(hidden_size=0), "size-zero", "model.hidden_size", "H", 4, lambda: nn.LSTM(10, 0)),
    (model(num_layers=0), "size-zero", "model.num_layers", "L·D", 5, lambda: nn.LSTM(10, 20, 0)),
    (model(input_size=-3), "size-zero", "model.input_size", "F", 8, lambda: nn.LSTM(-3, 20)),
    (model(hidden_size=20.0), "size-type", "model.hidden_size", "H", 4, lambda: nn.LSTM(10, 20.0)),
    (
        model(cell="rnn", nonlinearity="sigmoid"),
        "nonlinearity",
        "model.nonlinearity",
        None,
        None,
        lambda: nn.RNN(10, 20, nonlinearity="sigmoid"),
    ),
    (model(cell="LSTM"), "cell-name", "model.cell", None, None, None),
    ({"input": {"text": "the film"}}, "text-alone", "input.text", "N", None, None),
    (
        {"input": {"random": {"batch": 3, "seq_len": 0}}},
        "empty-sequence",
        "input.random.seq_len",
        "T",
        8,
        lambda: LSTM(torch.zeros(0, 3, 10)),
    ),
    (
        {"embedding": {"num_embeddings": 5}, "input": {"tokens": [[1, 2], [5, 0]]}},
        "token-range",
        "input.tokens[1][0]",
        None,
        None,
        lambda: nn.Embedding(5, 10)(torch.tensor([5])),
    ),
    (
        {"embedding": {"num_embeddings": 5, "padding_idx": 5}, "input": {"tokens": [[1, 2]]}},
        "padding-index",
        "embedding.padding_idx",
        None,
        None,
        lambda: nn.Embedding(5, 10, padding_idx=5),
    ),
    (
        {"lengths": [5, 4]},
        "lengths-count",
        "lengths",
        "N",
        11,
        lambda: nn.utils.rnn.pack_padded_sequence(X, torch.tensor([5, 4])),
    ),
    (
        {"lengths": [5, 4, 0]},
        "lengths-zero",
        "lengths[2]",
        "T",
        11,
        lambda: nn.utils.rnn.pack_padded_sequence(X, torch.tensor([5, 4, 0])),
    ),
    ({"lengths": [9, 4, 3]}, "lengths-long", "lengths[0]", "T", 11, None),
    ({"input": {"tokens": [[1, 2]]}}, "tokens-need-embedding", "embedding", None, None, None),
    ({"input": {"values": [[[1.0] * 10], [[1.0] * 9]]}}, "ragged", "input.values[1][0]", "T", 10, None),
    ({"packed": True}, "packed-needs-lengths", "lengths", "T", 11, None),
    ({"state": {"random": {}, "h_0": numbers(2, 3, 20)}}, "state-twice", "state", None, 9, None),
    (
        {"weights": {"values": {"rnn.weight_ih_l0": [[1.0]]}}},
        "weights-shape",
        "weights.values.rnn.weight_ih_l0",
        None,
        18,
        None,
    ),
]


@pytest.mark.parametrize(
    ("changed", "kind", "field", "axis", "question", "call"),
    REFUSED,
    ids=[f"{k}-{e[1]}" for k, e in enumerate(REFUSED)],
)
def test_what_does_not_run_is_told_with_torchs_own_text_and_a_request_that_runs(
    changed: dict[str, Any], kind: str, field: str, axis: str | None, question: int | None, call: Any
) -> None:
    found = looked_at(GOOD | changed)[0]
    assert (found.kind, found.at, found.axis, found.question) == (kind, field, axis, question)
    assert found.sure
    assert found.fixed is not None
    if call is not None:
        assert found.torch == said(call)


def test_lengths_that_fit_the_other_axis_mean_that_batch_first_is_missing() -> None:
    raw = {"model": {"input_size": 2, "hidden_size": 4}, "input": {"values": numbers(3, 5, 2)}, "lengths": [5, 4, 2]}
    found = looked_at(raw)[0]
    assert found.kind == "lengths-count"
    assert found.fixed is not None
    assert found.fixed["model"]["batch_first"]


def test_a_state_made_batch_first_is_turned_not_replaced() -> None:
    h_0 = numbers(3, 2, 20)
    found = looked_at(GOOD | {"state": {"h_0": h_0}})[0]
    assert found.fixed is not None
    assert torch.equal(torch.tensor(found.fixed["state"]["h_0"]), torch.tensor(h_0).transpose(0, 1))


def test_a_state_of_the_full_batch_is_cut_for_the_smaller_last_one() -> None:
    h_0 = numbers(2, 4, 20)
    found = looked_at(GOOD | {"state": {"h_0": h_0}})[0]
    assert found.fixed is not None
    assert torch.equal(torch.tensor(found.fixed["state"]["h_0"]), torch.tensor(h_0)[:, :3])


def test_exchanged_axes_are_turned_back_without_mixing_numbers() -> None:
    values = numbers(3, 10, 7)
    found = looked_at(GOOD | {"input": {"values": values}})[0]
    assert found.fixed is not None
    assert torch.equal(torch.tensor(found.fixed["input"]["values"]), torch.tensor(values).transpose(1, 2))


def test_several_faults_are_mended_one_after_the_other() -> None:
    raw = {
        "model": {"cell": "GRU", "input_size": 2.0, "hidden_size": 0, "proj_size": 4},
        "input": {"text": "good"},
    }
    assert looked_at(raw)[0].fixed == {
        "model": {"cell": "gru", "input_size": 2, "hidden_size": 1},
        "input": {"text": ["good"]},
    }


@pytest.mark.parametrize(
    "raw", [{}, {"model": 7}, GOOD | {"extra": 1}, GOOD | {"input": {}}, GOOD | {"model": {"hidden_size": True}}]
)
def test_a_request_broken_in_no_known_way_is_refused_as_everywhere(raw: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        diagnose.of_request(raw, limited)


def test_a_request_that_is_only_too_large_is_refused_as_everywhere() -> None:
    with pytest.raises(Refusal) as caught:
        diagnose.of_request(GOOD | {"input": {"random": {"batch": 100_000, "seq_len": 5}}}, limited)
    assert caught.value.kind == "over-limit"


def test_a_good_request_is_called_good() -> None:
    found = looked_at(GOOD)
    assert [each.kind for each in found] == ["fine"]
    assert found[0].fixed == GOOD


KNOWN_TO_TEACH = {"padding-drift", "one-step", "bidirectional-last"}  # what some examples are there to show


@pytest.mark.parametrize("example", [each for each in EXAMPLES if each.request], ids=lambda each: str(each.key))
def test_the_built_in_examples_have_no_mistake_but_those_they_teach(example: Any) -> None:
    for request in (example.request, *(variant.request for variant in example.variants)):
        kinds = {each.kind for each in diagnose.of_request(request, limited)}
        assert kinds <= KNOWN_TO_TEACH | {"fine"}


JUDGED: dict[str, Any] = GOOD | {"model": GOOD["model"] | {"batch_first": True}}
CE = torch.nn.functional.cross_entropy


@pytest.mark.parametrize(
    ("head", "loss", "kind", "call"),
    [
        (None, {"kind": "cross_entropy", "target": [0, 4, 1]}, "loss-head", None),
        ({"out_features": 5}, {"kind": "cross_entropy", "target": [0, 7, 1]}, "target-class", ((3, 5), [0, 7, 1])),
        ({"out_features": 5}, {"kind": "cross_entropy", "target": [0, 1]}, "target-batch", ((3, 5), [0, 1])),
        ({"out_features": 5}, {"kind": "nll", "target": [[0], [1], [2]]}, "target-rank", ((3, 5), [[0], [1], [2]])),
        ({"out_features": 5}, {"kind": "cross_entropy", "target": numbers(3, 5)}, "not-integer", None),
        ({"out_features": 4}, {"kind": "mse", "target": numbers(3, 5)}, "loss-shape", None),
        ({"reads": "every_step", "out_features": 2}, {"kind": "nll", "target": [[0] * 3] * 5}, "loss-turned", None),
        ({"activation": "tanh"}, {"kind": "bce", "target": [0, 1, 1]}, "loss-range", None),
        ({"activation": "sigmoid"}, {"kind": "bce", "target": [0, 1, 3]}, "loss-target-range", None),
    ],
)
def test_a_wrong_target_gets_torchs_text_and_a_request_with_a_loss(
    head: dict[str, Any] | None, loss: dict[str, Any], kind: str, call: Any
) -> None:
    found = looked_at(JUDGED | {"head": head and {"reads": "h_n"} | head, "loss": loss})[0]
    assert found.kind == kind
    assert found.fixed is not None
    assert found.fixed["loss"]["kind"] in (loss["kind"], "mse")
    if call is not None:
        assert found.torch == said(lambda: CE(torch.zeros(call[0]), torch.tensor(call[1])))


def test_targets_a_step_are_mended_by_a_head_over_every_step() -> None:
    asked = JUDGED | {
        "head": {"reads": "last_step", "out_features": 4},
        "loss": {"kind": "cross_entropy", "target": [[1] * 5] * 3},
    }
    found = looked_at(asked)[0]
    assert found.torch == said(lambda: CE(torch.zeros(3, 4), torch.ones(3, 5, dtype=torch.long)))
    assert found.fixed is not None
    assert found.fixed["head"]["reads"] == "every_step"
    assert found.fixed["loss"] == asked["loss"]

"""Every recorded message is the very text torch prints today, and is recognised in every wording."""

import re
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from app.recurrent.cost import Limits
from app.recurrent.diagnose import answer as diagnose
from app.recurrent.diagnose import narrow as diagnose_narrow
from app.recurrent.diagnose.finding import Finding, answered
from app.recurrent.diagnose.match import Match, recognise
from app.recurrent.diagnose.texts import TEXTS
from app.recurrent.shapes import Plan, plan
from app.recurrent.spec import TraceRequest
from app.recurrent.trace import run
from app.web import i18n
from app.web.i18n import LANGUAGES


def limited(asked: TraceRequest) -> Plan:
    """A plan within the limits of a server as it comes."""
    return plan(asked, Limits())


def of(text: str) -> Finding:
    """The one finding of a pasted message, which reads well in every language."""
    found = diagnose.of_traceback(text, limited)
    for lang in LANGUAGES:
        answer = answered(found, i18n.sayer(lang), lambda say, lang=lang: i18n.hint(lang, say))  # type: ignore[misc]
        assert answer.why
        assert "{" not in answer.why + (answer.fix or "")
    assert len(found) == 1
    return found[0]


def zeros(*shape: int) -> Tensor:
    return torch.zeros(shape)


def ids(*shape: int) -> Tensor:
    return torch.zeros(shape, dtype=torch.long)


def packed() -> Any:
    return pack_padded_sequence(zeros(5, 3, 10), torch.tensor([5, 4, 3]))


def warns() -> None:
    """A warning as an error, so that it is printed like one."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nn.LSTM(10, 20, dropout=0.5)


def unequal() -> None:
    """The same for a loss over two shapes."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nn.MSELoss()(zeros(3, 1), zeros(3))


def twice() -> None:
    lstm, state = nn.LSTM(2, 3), None
    for _ in range(2):
        output, state = lstm(zeros(2, 1, 2), state)
        output.sum().backward()


def unpack_two(state: Tensor) -> None:
    _, _ = state


LSTM, GRU, RNN = nn.LSTM(10, 20, 2), nn.GRU(10, 20, 2), nn.RNN(10, 20, 2)
X = zeros(5, 3, 10)
Call = Callable[[], Any]

# What fails, the kind it is told to be, the axis, the question. Each call is made, on sizes of our own.
CALLS: list[tuple[Call, str, str | None, int | None]] = [
    (lambda: LSTM(X, (zeros(3, 2, 20), zeros(3, 2, 20))), "hidden-batch-first", "N", 2),
    (lambda: LSTM(X, (zeros(2, 3, 20), zeros(3, 2, 20))), "hidden-batch-first", "N", 2),
    (lambda: GRU(X, zeros(3, 2, 20)), "hidden-batch-first", "N", 2),
    (lambda: LSTM(zeros(5, 2, 10), (zeros(2, 3, 20), zeros(2, 3, 20))), "hidden-batch", "N", 12),
    (lambda: LSTM(X, (zeros(1, 3, 20), zeros(1, 3, 20))), "hidden-rows", "L·D", 20),
    (lambda: RNN(X, zeros(2, 3, 21)), "hidden-width", "H", 4),
    (lambda: RNN(X, zeros(1, 4, 21)), "hidden-size", "N", 2),
    (lambda: LSTM(zeros(5, 3, 7)), "input-width", "F", 8),
    (lambda: LSTM(zeros(1, 5, 3, 10)), "input-rank", "rank", 14),
    (lambda: GRU(zeros(10)), "input-rank", "rank", 14),
    (lambda: RNN(zeros(1, 5, 3, 10)), "input-rank", "rank", 14),
    (lambda: LSTM(zeros(5, 10), (zeros(2, 3, 20), zeros(2, 3, 20))), "unbatched-state", "rank", 14),
    (lambda: GRU(zeros(5, 10), zeros(2, 3, 20)), "unbatched-state", "rank", 14),
    (lambda: LSTM(X, (zeros(2, 20), zeros(2, 20))), "batched-state", "rank", 15),
    (lambda: LSTM(X, zeros(2, 3, 20)), "batched-state", "rank", 15),  # one tensor in place of the pair
    (lambda: GRU(X, zeros(2, 20)), "batched-state", "rank", 15),
    (lambda: nn.LSTM(10, 20)(X, zeros(1, 3, 20)), "tuple-missing", "L·D", 15),
    (lambda: nn.Sequential(nn.LSTM(10, 20), nn.Linear(20, 2))(X), "tuple-into-module", None, 13),
    (lambda: nn.Sequential(nn.LSTM(10, 20), nn.ReLU())(X), "tuple-into-module", None, 13),
    (lambda: nn.Linear(20, 2)(nn.LSTM(10, 20)(packed())[0]), "packed-into-module", None, 11),
    (lambda: nn.Sequential(nn.LSTM(10, 20), nn.LSTM(20, 2))(X), "tuple-into-rnn", None, 15),
    (lambda: GRU(X, (zeros(2, 3, 20), zeros(2, 3, 20))), "tuple-into-rnn", None, 15),
    (lambda: LSTM(X)[1].detach(), "tuple-detach", None, 22),
    (lambda: LSTM(X)[:, -1], "tuple-index", None, 13),
    (lambda: unpack_two(nn.GRU(10, 20, 3)(X)[1]), "state-unpack", "L·D", 9),
    (lambda: nn.Linear(20, 2)(zeros(3, 100)), "linear-flattened", "T", 23),
    (lambda: nn.Linear(20, 2)(zeros(5, 3, 40)), "linear-both", "H", 23),
    (lambda: nn.Linear(20, 2)(zeros(5, 3, 10)), "linear-size", "H", 23),
    (lambda: pack_padded_sequence(X, torch.tensor([3, 5, 4])), "lengths-sorted", "N", 11),
    (lambda: pack_padded_sequence(X, torch.tensor([5, 4, 0])), "lengths-zero", "T", 11),
    (lambda: pack_padded_sequence(zeros(5, 5, 10), torch.tensor([5, 4, 3])), "lengths-count", "N", 11),
    (lambda: LSTM(pack_padded_sequence(X, torch.tensor([7, 4, 3]))), "lengths-long", "T", 11),
    (warns, "dropout-one-layer", "L·D", 19),
    (lambda: nn.LSTM(10, 20, dropout=1.5), "dropout-range", None, 19),
    (lambda: nn.LSTM(10, 20, proj_size=20), "proj-large", "H", 25),
    (lambda: nn.GRU(10, 20, proj_size=3), "proj-cell", "H", 25),
    (lambda: nn.LSTM(10, 20, proj_size=-1), "proj-negative", "H", 25),
    (lambda: LSTM(ids(5, 3, 10)), "input-tokens", "F", None),
    (lambda: LSTM(X.double()), "input-dtype", None, None),
    (lambda: nn.Embedding(5, 10)(torch.tensor([5])), "token-range", None, None),
    (lambda: nn.Embedding(5, 10, padding_idx=5), "padding-index", None, None),
    (lambda: nn.Embedding(5, 10)(zeros(2)), "tokens-float", None, None),
    (lambda: LSTM(zeros(0, 3, 10)), "empty-sequence", "T", 8),
    (lambda: nn.CrossEntropyLoss()(zeros(3, 5, 7), ids(3, 5)), "target-size", "T", 23),
    (lambda: nn.CrossEntropyLoss()(zeros(1, 7), ids(3)), "target-batch", "N", 23),
    (lambda: nn.CrossEntropyLoss()(zeros(3, 5), torch.tensor([1, 2, 7])), "target-class", None, None),
    (lambda: nn.NLLLoss()(zeros(3, 5), ids(3, 7)), "target-rank", "rank", 23),
    (lambda: nn.CrossEntropyLoss()(zeros(3, 5), ids(3, 5)), "target-probabilities", "rank", 23),
    (lambda: nn.CrossEntropyLoss()(zeros(3, 5), zeros(3)), "target-dtype", None, None),
    (lambda: nn.CrossEntropyLoss()(zeros(5), ids(3)), "target-one", "N", 14),
    (lambda: nn.BCELoss()(zeros(3, 1), zeros(3)), "target-broadcast", "N", None),
    (unequal, "target-broadcast", "N", None),
    (lambda: nn.BCELoss()(zeros(3) - 1, zeros(3)), "loss-range", None, None),
    (lambda: nn.BCELoss()(zeros(3), zeros(3) + 2), "loss-target-range", None, None),
    (twice, "backward-twice", "T", 22),
    (lambda: nn.LSTM(10, 0), "size-zero", "H", 4),
    (lambda: nn.LSTM(10, 20, 0), "size-zero", "L·D", 5),
    (lambda: nn.GRU(10, 20.0), "size-type", "H", 4),
    (lambda: nn.RNN(10, 20, nonlinearity="sigmoid"), "nonlinearity", None, None),
]
# The same in the words of earlier versions, out of old issues; only recorded, no such torch is here.
OLDER: list[tuple[str, str, str | None]] = [
    ("Expected hidden[0] size (2, 3, 20), got (3, 2, 20)", "hidden-batch-first", "got [3, 2, 20]"),
    ("RuntimeError: Expected hidden size (2, 2, 20), got (2, 3, 20)", "hidden-batch", "got [2, 3, 20]"),
    ("RuntimeError: input must have 3 dimensions, got 4", "input-rank", "LSTM: Expected input to be 2D or 3D, got 4D"),
    ("RuntimeError: input must have 3 dimensions, got 2", "input-unbatched", None),
    (
        "RuntimeError: size mismatch, m1: [3 x 100], m2: [20 x 2] at ../aten/src/TH/generic/THTensorMath.cpp:41",
        "linear-flattened",
        "(3x100 and 20x2)",
    ),
    ("RuntimeError: size mismatch, m1: [15 x 40], m2: [20 x 2] at x.cu:1", "linear-both", "(15x40 and 20x2)"),
    ("RuntimeError: mat1 dim 1 must match mat2 dim 0", "linear-size", None),
    ("AttributeError: 'tuple' object has no attribute 'size'", "tuple-into-rnn", "attribute 'dim'"),
    ("AttributeError: 'PackedSequence' object has no attribute 'size'", "packed-into-module", None),
    ("ValueError: lengths array has to be sorted in decreasing order", "lengths-sorted", "enforce_sorted"),
    ("RuntimeError: 'lengths' array has to be sorted in decreasing order", "lengths-sorted", "enforce_sorted"),
    (
        "ValueError: length of all samples has to be greater than 0, but found an element in 'lengths' that is <=0",
        "lengths-zero",
        "<= 0",
    ),
    ("ValueError: lengths array has incorrect size", "lengths-count", None),
    ("ValueError: input must have the type torch.float32, got type torch.int64", "input-tokens", "dtype (torch.int64)"),
    ("RuntimeError: expected scalar type Float but found Double", "input-dtype", "dtype (torch.float64)"),
    (
        "RuntimeError: Expected object of type torch.FloatTensor but found type torch.LongTensor for argument #4",
        "input-tokens",
        "dtype (torch.int64)",
    ),
    (
        "RuntimeError: index out of range: Tried to access index 5 out of table with 4 rows. at ../aten/x.cpp:418",
        "token-range",
        "index out of range in self",
    ),
    ("ValueError: Expected target size (3, 7), got torch.Size([3, 5])", "target-size", "[3, 7], got [3, 5]"),
    ("RuntimeError: multi-target not supported at /tmp/x/ClassNLLCriterion.cpp:22", "target-rank", "0D or 1D target"),
    (
        "RuntimeError: Assertion `x >= 0. && x <= 1.' failed. input value should be between 0~1, but got -0.9",
        "loss-range",
        "all elements of input",
    ),
    (
        "RuntimeError: Trying to backward through the graph a second time, but the buffers have already been freed. "
        "Specify retain_graph=True when calling backward the first time.",
        "backward-twice",
        "a second time (or directly",
    ),
    ("ValueError: not enough values to unpack (expected 2, got 1)\n h_n, c_n = gru(x)[1]", "state-unpack", None),
]


def said(call: Call) -> str:
    """What torch prints for a call that fails."""
    with pytest.raises((Exception, UserWarning)) as caught:
        call()
    return f"{type(caught.value).__name__}: {caught.value}"


@pytest.mark.parametrize(("call", "kind", "axis", "question"), CALLS, ids=[f"{k}-{c[1]}" for k, c in enumerate(CALLS)])
def test_what_torch_prints_today_is_recorded_word_for_word(
    call: Call, kind: str, axis: str | None, question: int | None
) -> None:
    text = said(call)
    near = "" if recognise(text) else "  File 'lstm_gru.py'\n"  # some texts need a recurrent net nearby
    found = of(near + text)
    assert (found.kind, found.axis, found.question) == (kind, axis, question)
    assert found.torch == text
    assert found.fixed is not None
    run(limited(TraceRequest.model_validate(found.fixed)))


@pytest.mark.parametrize(("text", "kind", "today"), OLDER, ids=[each[0][:40] for each in OLDER])
def test_an_older_wording_is_told_in_todays_words(text: str, kind: str, today: str | None) -> None:
    found = of(text)
    assert found.kind == kind
    if today is not None:
        assert found.torch is not None
        assert today in found.torch
    if found.fixed is not None:
        run(limited(TraceRequest.model_validate(found.fixed)))
    assert found.fixed is not None


def filled_with_anything(wording: str) -> str:
    """A wording with something in each place."""
    anything = {
        "int": "7",
        "dims": "2, 3, 20",
        "word": "hidden_size",
        "type": "torch.int64",
        "number": "0.5",
        "rest": "x",
    }
    return re.sub(r"\{\w+:(\w+)\}", lambda place: anything.get(place[1], ""), wording)


WORDINGS = [(text.kind, wording) for text in TEXTS for wording in (text.today, *text.knows, *text.older)]


@pytest.mark.parametrize(("kind", "wording"), WORDINGS)
def test_every_wording_of_the_table_is_recognised_as_its_own(kind: str, wording: str) -> None:
    found = recognise(filled_with_anything(wording) + " in lstm.py, pack hidden")
    assert found is not None
    assert found.text.kind == kind


def test_every_text_of_the_table_is_made_by_a_real_call_or_says_why_not() -> None:
    made = {recognise(f"{said(call)} lstm hidden pack").text.kind for call, *_ in CALLS}  # type: ignore[union-attr]
    # needs a GPU; comes out of load_state_dict and is compared in test_core_refusals.py
    assert {text.kind for text in TEXTS} - made == {"lengths-device", "weights-shape"}


def test_weights_of_another_size_are_told_as_torch_tells_them() -> None:
    small, large = nn.LSTM(10, 20), nn.LSTM(10, 21)
    text = said(lambda: large.load_state_dict(small.state_dict()))
    found = of(text)
    assert (found.kind, found.question) == ("weights-shape", 18)
    assert found.torch is not None
    assert found.torch.removeprefix("RuntimeError: ") in text


def test_the_numbers_of_the_message_stand_in_the_answer_and_in_the_fixed_request() -> None:
    found = of("Expected hidden[0] size (4, 6, 32), got [6, 4, 32]")
    assert (found.got, found.expected) == ([6, 4, 32], [4, 6, 32])
    assert found.fixed is not None
    fixed = limited(TraceRequest.model_validate(found.fixed))
    assert (fixed.L * fixed.D, fixed.N, fixed.H) == (4, 6, 32)
    found = of("mat1 and mat2 shapes cannot be multiplied (64x256 and 128x10)")
    assert found.fixed is not None
    assert found.fixed["model"]["bidirectional"]
    assert found.fixed["head"]["out_features"] == 10


@pytest.mark.parametrize("kind", sorted(diagnose_narrow.MAKERS))
def test_every_maker_gives_a_request_that_runs_also_without_numbers(kind: str) -> None:
    option = diagnose.runs(diagnose_narrow.candidates(kind, None), limited)
    assert option is not None
    run(limited(TraceRequest.model_validate(option)))


def test_numbers_beyond_this_server_give_no_request() -> None:
    assert of("Expected hidden[0] size (999999999, 999999999, 999999999), got [1, 1, 1]").fixed is None
    assert isinstance(recognise("input.size(-1) must be equal to input_size. Expected 10, got 7"), Match)

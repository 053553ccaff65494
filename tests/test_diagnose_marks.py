"""The marked shapes against the tensors of a real call: what torch refuses is marked where it really differs."""

import json

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn

from app.recurrent.diagnose import answer as diagnose
from app.recurrent.diagnose.finding import Finding
from app.recurrent.diagnose.kind import kind_of
from app.recurrent.diagnose.marks import MarkedShape
from app.recurrent.diagnose.samples import SAMPLES
from app.web.diagnose import EXAMPLES
from tests.test_diagnose_code import CODES
from tests.test_diagnose_code import HOSTILE as HOSTILE_CODE
from tests.test_diagnose_texts import limited, said
from tests.test_diagnose_traceback import HOSTILE as HOSTILE_TEXT
from tests.test_diagnose_traceback import TRACEBACK

sizes = st.integers(1, 4)


def sized(shape: MarkedShape) -> list[int | str | None]:
    return [axis.size for axis in shape.axes]


def faults(shape: MarkedShape) -> list[int]:
    return [k for k, axis in enumerate(shape.axes) if axis.fault]


def of(text: str) -> Finding:
    return diagnose.of_traceback(text, limited)[0]


@given(
    N=sizes, T=sizes, F=sizes, H=sizes, L=st.integers(1, 3), both=st.booleans(), given_=st.tuples(sizes, sizes, sizes)
)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_the_marked_axes_of_a_state_are_those_that_differ(
    N: int, T: int, F: int, H: int, L: int, both: bool, given_: tuple[int, int, int]
) -> None:
    lstm = nn.LSTM(F, H, L, bidirectional=both)
    right = (L * (2 if both else 1), N, H)
    assume(given_ != right)
    wrong = torch.zeros(given_)
    text = said(lambda: lstm(torch.zeros(T, N, F), (wrong, torch.zeros(right))))
    got, expected = of(text).shapes
    assert sized(got) == list(wrong.shape)
    assert sized(expected) == list(right)
    assert faults(got) == faults(expected) == [k for k in range(3) if given_[k] != right[k]]
    assert [axis.axis for axis in expected.axes] == ["L·D", "N", "H"]
    lstm(torch.zeros(T, N, F), (torch.zeros([int(str(size)) for size in sized(expected)]), torch.zeros(right)))


@given(F=sizes, other=sizes, H=sizes)
@settings(max_examples=50, deadline=None, derandomize=True)
def test_the_marked_width_is_that_of_the_input(F: int, other: int, H: int) -> None:
    assume(other != F)
    x = torch.zeros(2, 3, other)
    got, expected = of(said(lambda: nn.GRU(F, H)(x))).shapes
    assert (got.axes[2].axis, got.axes[2].size, faults(got)) == ("F", x.shape[2], [2])
    assert (expected.name, expected.argument, sized(expected)) == ("input_size", True, [F])


@given(H=sizes, both=st.booleans(), width=sizes)
@settings(max_examples=50, deadline=None, derandomize=True)
def test_the_marked_width_before_a_linear_layer_is_what_the_module_gives(H: int, both: bool, width: int) -> None:
    output, _ = nn.LSTM(2, H, bidirectional=both)(torch.zeros(5, 3, 2))
    assume(output.shape[2] != width)
    got, expected = of(said(lambda: nn.Linear(width, 7)(output))).shapes
    assert got.axes[-1].size == output.shape[2]
    assert (expected.name, sized(expected)) == ("in_features", [width])


@given(N=sizes, T=st.integers(2, 5), F=sizes, other=sizes, batch_first=st.booleans())
@settings(max_examples=50, deadline=None, derandomize=True)
def test_a_requests_own_sizes_stand_in_the_shape_in_their_order(
    N: int, T: int, F: int, other: int, batch_first: bool
) -> None:
    assume(F not in (other, T, N))
    x = torch.zeros((N, T, other) if batch_first else (T, N, other))
    raw = {
        "model": {"input_size": F, "hidden_size": 3, "batch_first": batch_first},
        "input": {"values": x.tolist()},
    }
    found = diagnose.of_request(raw, limited)[0]
    assert sized(found.shapes[0]) == list(x.shape)
    assert [axis.axis for axis in found.shapes[0].axes] == (["N", "T", "F"] if batch_first else ["T", "N", "F"])
    assert faults(found.shapes[0]) == [2]


def test_a_silent_mistake_has_the_shape_of_the_run() -> None:
    raw = {
        "model": {"input_size": 4, "hidden_size": 3, "bidirectional": True},
        "head": {"reads": "last_step"},
        "input": {"random": {"batch": 2, "seq_len": 5}},
    }
    found = diagnose.of_request(raw, limited)[0]
    output, _ = nn.LSTM(4, 3, bidirectional=True)(torch.zeros(5, 2, 4))
    (shape,) = found.shapes
    assert [axis.axis for axis in shape.axes] == ["T", "N", "2·H"]
    assert [axis.size for axis in shape.axes[:2]] == list(output.shape[:2])
    assert faults(shape) == [0]


# --- what a pasted text is ---------------------------------------------------------------------------


@pytest.mark.parametrize("code", [code for code, *_ in CODES] + [f">>> {CODES[0][0]}"])
def test_code_is_recognised(code: str) -> None:
    assert kind_of(code) == "code"
    assert kind_of(f"\n\n{code}\n# RuntimeError: it failed\n") == "code"


@pytest.mark.parametrize(
    "text",
    [
        TRACEBACK,
        "RuntimeError: input.size(-1) must be equal to input_size. Expected 10, got 7",
        "input.size(-1) must be equal to input_size. Expected 10, got 7",
        "ValueError: proj_size has to be smaller than hidden_size",
        "UserWarning: dropout option adds dropout after all but last recurrent layer, so …",
        "hello there",
        "it does not work",
    ],
)
def test_a_message_is_recognised(text: str) -> None:
    assert kind_of(text) == "traceback"


def test_a_request_is_recognised_also_a_broken_one() -> None:
    for example in EXAMPLES.values():
        if "request" in example["value"]:
            assert kind_of(json.dumps(example["value"]["request"], indent=2)) == "request"
    assert kind_of('{"model": {"hidden_size": 4},') == "request"
    assert kind_of("x = {'model': 4}") == "code"


def test_code_that_is_broken_is_still_code() -> None:
    assert kind_of("lstm = nn.LSTM(10, 20\nout = lstm(x)") == "code"


@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")
def test_no_text_whatever_fails() -> None:
    for text in (*HOSTILE_CODE, *HOSTILE_TEXT, "{" * 5000, '{"a":' * 3000, "\x00", "(" * 9000):
        assert kind_of(text[: diagnose.MOST_TEXT]) in ("request", "traceback", "code")


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda each: each.key)
def test_each_sample_is_a_mistake_with_a_run_that_does_it_right(sample: object) -> None:
    text = next(each.text for each in SAMPLES if each is sample)
    found = (diagnose.of_code if kind_of(text) == "code" else diagnose.of_traceback)(text, limited)
    assert found[0].sure
    assert found[0].fixed is not None

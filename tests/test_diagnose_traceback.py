"""A pasted traceback: its last error counts, the reader's own line is named, and the unknown is called unknown."""

import time

import pytest

from app.recurrent.diagnose import answer as diagnose
from app.recurrent.errors import Refusal
from tests.test_diagnose_texts import limited, of

TRACEBACK = """
Epoch 1: 100%|██████████| 312/312 [00:04<00:00]
Traceback (most recent call last):
  File "/home/me/train.py", line 88, in <module>
    main()
  File "/home/me/train.py", line 61, in main
    out, (h_n, c_n) = model.lstm(x, (h_0, c_0))
  File "/opt/venv/lib/python3.11/site-packages/torch/nn/modules/module.py", line 1751, in _call_impl
    return forward_call(*args, **kwargs)
  File "/opt/venv/lib/python3.11/site-packages/torch/nn/modules/rnn.py", line 1120, in forward
    self.check_forward_args(input, hx, batch_sizes)
RuntimeError: Expected hidden[0] size (2, 17, 20), got [2, 64, 20]
"""


def test_a_whole_traceback_names_the_readers_own_line() -> None:
    found = of(TRACEBACK)
    assert (found.kind, found.question) == ("hidden-batch", 12)
    assert (found.line, found.code_line) == (61, "out, (h_n, c_n) = model.lstm(x, (h_0, c_0))")


def test_the_last_error_counts() -> None:
    first = "RuntimeError: input.size(-1) must be equal to input_size. Expected 10, got 7\n"
    assert of(first + TRACEBACK).kind == "hidden-batch"
    assert of(TRACEBACK + "\n" + first).kind == "input-width"


def test_an_unknown_error_after_a_known_one_is_unknown() -> None:
    found = of(TRACEBACK + "\nKeyError: 'weights'\n")
    assert (found.kind, found.sure, found.got) == ("unknown", False, "KeyError: 'weights'")
    assert found.fixed is None


def test_an_error_raised_while_a_known_one_was_handled_leads_to_the_known_one() -> None:
    text = TRACEBACK + "\nDuring handling of the above exception, another exception occurred:\n\nTrainError: failed\n"
    assert of(text).kind == "hidden-batch"


def test_an_error_goes_before_a_warning_printed_after_it() -> None:
    warning = (
        "UserWarning: dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects "
        "num_layers greater than 1, but got dropout=0.5 and num_layers=1\n"
    )
    assert of(warning).kind == "dropout-one-layer"
    assert of(TRACEBACK + warning).kind == "hidden-batch"


@pytest.mark.parametrize(
    "dress",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\n".join("E       " + line for line in text.splitlines()),
        lambda text: "\n".join("> " + line for line in text.splitlines()),
        lambda text: text.replace("RuntimeError", "\x1b[31mRuntimeError\x1b[0m"),
        lambda text: text.strip().replace("\n", "\\n"),
        lambda text: text.replace("size (2, 17, 20), got", "size\n(2, 17, 20), got"),
        lambda text: text.upper(),
        lambda text: text + "\n\nAny ideas?\n",
        lambda text: text.replace("RuntimeError", "torch.errors.RuntimeError"),
    ],
)
def test_it_is_recognised_however_it_was_copied(dress: object) -> None:
    assert callable(dress)
    assert of(dress(TRACEBACK)).kind == "hidden-batch"


def test_a_notebooks_traceback_is_read() -> None:
    text = (
        "---------------------------------------------------------------------------\n"
        "IndexError                                Traceback (most recent call last)\n"
        "Cell In[7], line 3\n"
        "      1 model.eval()\n"
        "----> 3 out = model(torch.tensor([[1, 5000]]))\n\n"
        "IndexError: index out of range in self\n"
    )
    found = of(text)
    assert (found.kind, found.code_line) == ("token-range", "out = model(torch.tensor([[1, 5000]]))")


@pytest.mark.parametrize("text", ["", " ", "hello", "no error here", "{why}", "{0.__class__}", "%s"])
def test_a_text_without_an_error_is_said_to_have_none(text: str) -> None:
    found = of(text)
    assert (found.kind, found.sure) == ("unreadable", False)


def test_what_others_print_too_needs_a_recurrent_net_nearby() -> None:
    text = "ValueError: too many values to unpack (expected 2)"
    assert of(text).kind == "unknown"
    assert of('  File "x.py", line 3, in f\n    out, (h, c) = self.gru(x)\n' + text).kind == "state-unpack"


HOSTILE = [
    "(" * 20_000,
    "[" * 20_000,
    "9" * 20_000,
    "9, " * 6_600,
    "a" * 20_000,
    "a." * 10_000,
    "Error" * 4_000,
    "Error: " * 2_800,
    "\n" * 20_000,
    " " * 20_000,
    "\x1b[" * 10_000,
    "\x1b[" + "0;" * 9_000,
    'File "' * 3_300,
    'File "' + "x" * 19_000,
    "-" * 20_000,
    "Expected hidden[0] size (" * 800,
    "Expected hidden[0] size (2, 3, 20), got [" * 480,
    "expected scalar type " + "a" * 19_000,
    "size mismatch, m1: [" + "1 x " * 4_900,
    "'lengths' argument should be a 1D CPU int64 tensor, but got " + "x " * 9_000,
    "size mismatch for " + "a." * 9_900,
    "RuntimeError: " + "Expected input to be 2D or 3D, got 4D" * 500,
    "During handling of the above exception " * 500,
    "\u0000" * 20_000,
    "１２" * 3_000,
    "Expected target size [" + "1, " * 6_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_text_made_to_be_slow_is_answered_at_once(text: str) -> None:
    started = time.perf_counter()
    of(text[:20_000] if len(text.encode()) <= 20_000 else text[:6_000])
    assert time.perf_counter() - started < 1.0


def test_more_than_twenty_thousand_bytes_are_refused_with_both_numbers() -> None:
    with pytest.raises(Refusal) as caught:
        diagnose.of_traceback("字" * 7_000, limited)
    assert (caught.value.field, caught.value.got, caught.value.expected) == ("traceback", 21_000, 20_000)

"""Mistakes in pasted code: seen in its tree, with the line they stand in; the code is never run."""

import contextlib
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from app.recurrent.diagnose import answer as diagnose
from app.recurrent.diagnose.finding import Finding, answered
from app.recurrent.errors import Refusal
from app.recurrent.spec import TraceRequest
from app.recurrent.trace import run
from app.web import i18n
from app.web.i18n import LANGUAGES
from tests.test_diagnose_texts import limited, said


def read(code: str) -> list[Finding]:
    """Everything found in code, after checking that the answer reads well and its fix runs."""
    found = diagnose.of_code(code, limited)
    for lang in LANGUAGES:
        answer = answered(found, i18n.sayer(lang), lambda say, lang=lang: i18n.hint(lang, say))  # type: ignore[misc]
        assert "{" not in answer.why + (answer.fix or "")
    for each in found:
        if each.fixed is not None:
            run(limited(TraceRequest.model_validate(each.fixed)))
    return found


BOTH = "lstm = nn.LSTM(10, 20, bidirectional=True, batch_first=True)\noutput, (h_n, c_n) = lstm(x)\n"
TWO = "lstm = nn.LSTM(10, 20, 2)\n"
NET = """
class Net(nn.Module):
    def __init__(self, features=10, hidden=20, layers=2):
        super().__init__()
        self.lstm = nn.LSTM(features, hidden, layers, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(hidden, 2)

    def forward(self, x):
        out, (h, c) = self.lstm(x)
        last = out[:, -1, :]
        return self.fc(last)
"""

# code, kind, question, line
CODES: list[tuple[str, str, int | None, int]] = [
    ("net = nn.Sequential(nn.LSTM(10, 20), nn.Linear(20, 2))", "sequential", 13, 1),
    ("net = torch.nn.Sequential(*[nn.GRU(10, 20), nn.ReLU()])", "sequential", 13, 1),
    ("net = nn.Sequential(OrderedDict([('a', nn.RNN(10, 20)), ('b', nn.Linear(20, 2))]))", "sequential", 13, 1),
    ("net = nn.Sequential(\n    nn.LSTM(10, 20),\n    nn.LSTM(20, 2),\n)", "sequential-stack", 13, 2),
    ("net = nn.Sequential(nn.Linear(5, 10), nn.LSTM(10, 20))", "sequential-last", 13, 1),
    ("lstm = nn.LSTM(10, 20, dropout=0.5)", "dropout-one-layer", 19, 1),
    ("lstm = nn.LSTM(10, 20, proj_size=20)", "proj-large", 25, 1),
    ("gru = nn.GRU(10, 20, proj_size=5)", "proj-cell", 25, 1),
    ("lstm, fc = None, None\nlstm = nn.LSTM(10, 20)\nfc = nn.Linear(20, 2)\ny = fc(lstm(x))", "tuple-passed-on", 13, 4),
    ("rnn = nn.RNN(10, 20)\nout = rnn(x)\ny = F.relu(out)", "tuple-passed-on", 13, 3),
    ("a = nn.LSTM(10, 20)\nb = nn.LSTM(20, 2)\ny = b(a(x))", "tuple-passed-on", 13, 3),
    (TWO + "h0 = torch.zeros(2, 3, 20)\nout, _ = lstm(x, h0)", "tuple-missing", 15, 3),
    ("lstm = nn.LSTM(10, 20)\nout, _ = lstm(x, hx=torch.zeros(1, 3, 20))", "tuple-missing", 15, 2),
    ("gru = nn.GRU(10, 20)\nh, c = torch.zeros(1, 3, 20), 0\nout, _ = gru(x, (h, c))", "tuple-into-rnn", 15, 3),
    (TWO + "h0 = torch.zeros(x.size(0), 2, 20)\nout, _ = lstm(x, (h0, h0))", "hidden-batch-first", 2, 3),
    (
        "self.lstm = nn.LSTM(f, h, num_layers, batch_first=True)\nh0 = torch.zeros(batch, self.num_layers, h)\n"
        "out, _ = self.lstm(x, (h0, h0))",
        "hidden-batch-first",
        2,
        3,
    ),
    (TWO + "h0 = torch.zeros(2, 64, 20)\nout, _ = lstm(x, (h0, h0))", "hidden-batch", 12, 3),
    (TWO + "h0 = torch.zeros(2, self.batch_size, 20)\nout, _ = lstm(x, (h0, h0))", "hidden-batch", 12, 3),
    (BOTH + "z = h_n.view(x.size(0), -1)", "reshape-mixes", 7, 3),
    (BOTH + "z = h_n.reshape(-1, 40)", "reshape-mixes", 7, 3),
    ("gru = nn.GRU(10, 20, 3)\n_, h = gru(x)\nz = h.flatten(1)", "reshape-mixes", 7, 3),
    (BOTH + "y = output[:, -1]", "code-bidirectional-last", 6, 3),
    (BOTH + "y = output[:, -1, :]", "code-bidirectional-last", 6, 3),
    ("gru = nn.GRU(10, 20)\nout, h = gru(x)\ny = out[:, -1]", "last-sample", 3, 3),
    ("gru = nn.GRU(10, 20, batch_first=True)\nout, h = gru(x)\ny = out[-1]", "last-sample", 3, 3),
    (NET, "code-bidirectional-last", 6, 10),
]


@pytest.mark.parametrize(("code", "kind", "question", "line"), CODES, ids=[f"{k}-{c[1]}" for k, c in enumerate(CODES)])
def test_each_mistake_is_named_with_its_line_and_a_request_that_runs(
    code: str, kind: str, question: int | None, line: int
) -> None:
    found = {each.kind: each for each in read(code)}
    assert kind in found
    assert (found[kind].question, found[kind].line) == (question, line)
    assert found[kind].code_line == code.splitlines()[line - 1].strip()
    assert found[kind].fixed is not None


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("nn.Sequential(nn.LSTM(10, 20), nn.Linear(20, 2))", None),
        ("nn.Sequential(nn.LSTM(10, 20), nn.ReLU())", None),
        ("nn.Sequential(nn.LSTM(10, 20), nn.LSTM(20, 2))", None),
        ("nn.LSTM(10, 20, proj_size=20)", lambda: nn.LSTM(10, 20, proj_size=20)),
        ("nn.GRU(10, 20, proj_size=5)", lambda: nn.GRU(10, 20, proj_size=5)),
        (
            "lstm = nn.LSTM(10, 20, 2)\nlstm(x, torch.zeros(2, 3, 20))",
            lambda: nn.LSTM(10, 20, 2)(torch.zeros(5, 3, 10), torch.zeros(2, 3, 20)),
        ),
    ],
)
def test_the_text_is_what_torch_prints_for_that_code(code: str, call: Any) -> None:
    follower = nn.ReLU() if "ReLU" in code else nn.LSTM(20, 2) if code.count("LSTM") == 2 else nn.Linear(20, 2)
    call = call or (lambda: nn.Sequential(nn.LSTM(10, 20), follower)(torch.zeros(5, 3, 10)))
    assert read(code)[0].torch == said(call)


def test_what_raises_goes_before_what_may_be_meant() -> None:
    found = read(NET)
    assert {each.kind for each in found} == {"code-bidirectional-last", "linear-both"}
    assert next(each for each in found if each.kind == "linear-both").expected == 20


def test_a_mixing_reshape_is_shown_with_numbers() -> None:
    found = read(BOTH + "z = h_n.view(3, -1)")[0]
    assert found.measured is not None
    assert found.measured["rows_hold_samples"][0] == [0, 1]


@pytest.mark.parametrize(
    "code",
    [
        "lstm = nn.LSTM(10, 20, batch_first=True)\nout, (h, c) = lstm(x)\ny = out[:, -1]",
        "gru = nn.GRU(10, 20)\nout, h = gru(x)\ny = out[-1]\nz = h.view(-1, 20)",
        BOTH
        + "z = torch.cat([h_n[-2], h_n[-1]], dim=1)\ny = h_n.transpose(0, 1).reshape(3, -1)\nw = h_n.view(1, 2, 3, 20)",
        "lstm = nn.LSTM(10, 20, 2, dropout=0.5)\nb = x.size(1)\nh0 = torch.zeros(2, b, 20)\nout, _ = lstm(x, (h0, h0))",
        "net = nn.Sequential(nn.Linear(10, 20), nn.ReLU())\nlstm = nn.LSTM(20, 5)\nout, _ = lstm(net(x))",
        "lstm = nn.LSTM(*sizes, **options)",
        "lstm = nn.LSTM(input_size=a.b.c, hidden_size=f(3))",
    ],
)
def test_code_that_is_right_is_left_alone(code: str) -> None:
    found = read(code)
    assert [each.kind for each in found] == ["fine"]
    assert found[0].fixed is not None


@pytest.mark.parametrize("code", ["x = 1", "import os", "", "def f(): pass", "nn.Linear(2, 3)"])
def test_code_without_a_recurrent_module_is_not_judged(code: str) -> None:
    found = read(code)
    assert (found[0].kind, found[0].sure) == ("no-module", False)


@pytest.mark.parametrize(
    "code", ["def (", "lstm = nn.LSTM(10,", "RuntimeError: x y", "  x\n y", "'", "print 3", "\x00"]
)
def test_what_is_not_python_is_said_to_be_none(code: str) -> None:
    assert (read(code)[0].kind, read(code)[0].sure) == ("not-python", False)


def test_code_is_never_run(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    code = f"open({str(mark)!r}, 'w').write('x')\n__import__('os')._exit(3)\nlstm = nn.LSTM(10, 20)\nwhile True: pass\n"
    assert read(code)[0].kind == "fine"
    assert not mark.exists()


def test_what_strings_hold_does_not_make_python_warn() -> None:
    assert read("lstm = nn.LSTM(10, 20)  # x\ns = '\\d \\' \\\\'\nr = r'\\w'\nt = '\\N{BAD}'\n")[0].kind == "fine"


HOSTILE = [
    "(" * 20_000,
    "[" * 10_000 + "]" * 10_000,
    "-" * 19_000 + "1",
    "not " * 4_900 + "1",
    "a" + ".b" * 9_900,
    "a" + "[0]" * 6_600,
    "a" + "()" * 9_900,
    "+".join(["1"] * 9_900),
    "1" + "**1" * 6_600,
    "lambda: " * 2_400 + "1",
    "if x:\n" + "".join(" " * k + "if x:\n" for k in range(1, 180)) + " " * 180 + "pass",
    "x = " + "9" * 19_000,
    "x = 0x" + "f" * 19_000,
    "x = 1e" + "9" * 10_000,
    "x = 9**9**9**9",
    "nn.LSTM(" + "9" * 5_000 + ", 20)",
    "nn.LSTM(1e999, 1e999, dropout=1e999)",
    "nn.LSTM(10, 20, dropout=-1e999)",
    "h = 10**9\nlstm = nn.LSTM(10, h * h * h * h)",
    "lstm = nn.LSTM(" + "nn.LSTM(" * 50 + ")" * 51,
    "nn.Sequential(" + "nn.LSTM(1, 1), " * 1_300 + ")",
    "lstm = nn.LSTM(1, 1)\n" + "lstm(lstm(x))\n" * 1_400,
    "f'" + "{x" * 50 + "}" * 50 + "'",
    "f'{" * 3_000,
    "\\" * 20_000,
    "'" * 20_000,
    '"""' * 6_000,
    "#" * 20_000,
    "\t" * 20_000,
    "\x0c" * 20_000,
    "\ufeffx = 1",
    "é" * 10_000,
    "x: " * 6_000,
    "@" * 20_000,
    "async " * 3_000,
    "match x:\n case " + "[" * 90 + "]" * 90 + ": pass",
    "nn.LSTM(True, None, 'x', dropout={}, bidirectional=7, batch_first='no')",
    "nn.LSTM(-1, 0, -5)",
    "nn.LSTM(**{'a': 1}, *[1, 2])",
    "del nn.LSTM(1, 2)",
    "lstm = nn.LSTM(1, 2)\no, (h, c) = lstm(x)\nh.view()\nh.view(*a)\no[()]\no[...]\no[:, -1:]\no[-1.5]",
    "lstm = nn.LSTM(1, 2)\nlstm(x, ())\nlstm(x, torch.zeros())\nlstm(*x)\nlstm()",
    "1if 1else 0",
    "\x00",
]


@pytest.mark.parametrize("code", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")
def test_code_made_to_break_the_reader_is_refused_or_answered_at_once(code: str) -> None:
    started = time.perf_counter()
    with contextlib.suppress(Refusal):
        assert diagnose.of_code(code[:20_000], limited)
    assert time.perf_counter() - started < 3.0


def test_too_much_code_is_refused() -> None:
    with pytest.raises(Refusal) as caught:
        diagnose.of_code("x = 1\n" * 4_000, limited)
    assert caught.value.kind == "over-limit"

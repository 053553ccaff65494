"""Source that is read: constructor lines, classes, Keras; what can't be read is named, and nothing is run."""

import json
import random
import re
import subprocess
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from app.recurrent.code.parse import MOST_CHARACTERS
from app.recurrent.code.read import Reading, read
from app.recurrent.code.torch_source import pytorch
from app.recurrent.errors import Refusal
from tests.core import planned
from tests.written import generated


def stated(reading: Reading) -> dict[str, Any]:
    """The model as it differs from torch's defaults."""
    return reading.request.model.model_dump(exclude_defaults=True)


def unread(reading: Reading) -> list[tuple[str, str]]:
    return [(each.what, each.why) for each in reading.unread]


@pytest.mark.parametrize(
    ("source", "model"),
    [
        ("nn.LSTM(10, 20, 2)", {"input_size": 10, "hidden_size": 20, "num_layers": 2}),
        ("torch.nn.GRU(10, 20)", {"cell": "gru", "input_size": 10, "hidden_size": 20}),
        ("RNN(10, 20, 1, 'relu')", {"cell": "rnn", "input_size": 10, "hidden_size": 20, "nonlinearity": "relu"}),
        (
            "lstm = nn.LSTM(input_size=3, hidden_size=4, bidirectional=True, batch_first=True)",
            {"input_size": 3, "hidden_size": 4, "bidirectional": True, "batch_first": True},
        ),
        ("nn.LSTM(10, 20, 2, False, True)", {"input_size": 10, "hidden_size": 20, "num_layers": 2}
         | {"bias": False, "batch_first": True}),
        ("nn.LSTM(10, 20, proj_size=5)", {"input_size": 10, "hidden_size": 20, "proj_size": 5}),
        ("H = 4 * 5\nnn.LSTM(10, H // 2)", {"input_size": 10, "hidden_size": 10}),
        ("from torch.nn import LSTM as Net\nNet(1, 2)", {"input_size": 1, "hidden_size": 2}),
        ("N, T, F = 2, 5, 8\nx = nn.GRU(F, 3)", {"cell": "gru", "input_size": 8, "hidden_size": 3}),
    ],
)  # fmt: skip
def test_a_constructor_line_is_a_model(source: str, model: dict[str, Any]) -> None:
    reading = read(source)
    assert stated(reading) == model
    assert reading.unread == []
    assert reading.framework == "pytorch"


@pytest.mark.parametrize(
    ("source", "model"),
    [
        ("layers.LSTM(32, return_sequences=True)", {"input_size": 8, "hidden_size": 32, "batch_first": True}),
        ("LSTM(32)", {"input_size": 8, "hidden_size": 32, "batch_first": True}),
        ("tf.keras.layers.SimpleRNN(4, activation='relu', input_shape=(7, 3))", {"cell": "rnn", "input_size": 3}
         | {"hidden_size": 4, "batch_first": True, "nonlinearity": "relu"}),
        ("Bidirectional(GRU(units=4, use_bias=False))", {"cell": "gru", "input_size": 8, "hidden_size": 4}
         | {"batch_first": True, "bidirectional": True, "bias": False}),
    ],
)  # fmt: skip
def test_a_keras_layer_is_a_model_with_the_batch_first(source: str, model: dict[str, Any]) -> None:
    reading = read(source)
    assert stated(reading) == model
    assert reading.framework == "keras"
    assert reading.unread == []


CLASS = """
import torch
import torch.nn as nn
import torch.nn.functional as F

class Net(nn.Module):
    def __init__(self, vocabulary, width, hidden=16, layers=2):
        super().__init__()
        self.hidden = hidden
        self.embedding = nn.Embedding(vocabulary, width, padding_idx=0)
        self.rnn = nn.{cell}(width, hidden, layers, batch_first=True, bidirectional={both})
        self.fc = nn.Linear(hidden * (2 if {both} else 1), 3)

    def forward(self, x):
        e = self.embedding(x)
        output, h_n = self.rnn(e)
        return F.softmax(self.fc({read}), dim=1)

net = Net(50, width=9)
"""


@pytest.mark.parametrize(
    ("read_by", "both", "reads"),
    [
        ("output[:, -1]", False, "last_step"),
        ("output[:, -1, :]", True, "last_step"),
        ("h_n[-1]", False, "h_n"),
        ("torch.cat([h_n[-2], h_n[-1]], dim=1)", True, "h_n"),
        ("torch.cat((h_n[-2, :, :], h_n[-1, :, :]), 1)", True, "h_n"),
        ("output", False, "every_step"),
        ("output.contiguous().view(-1, self.hidden)", False, "every_step"),
        ("output.mean(dim=1)", False, "mean"),
        ("output.transpose(0, 1)[-1]", False, "last_step"),
    ],
)
def test_a_class_is_read_with_what_its_head_reads(read_by: str, both: bool, reads: str) -> None:
    source = CLASS.replace("{cell}", "GRU").replace("{both}", str(both)).replace("{read}", read_by)
    request = read(source).request
    assert request.model.model_dump(exclude_defaults=True) == {
        "cell": "gru",
        "input_size": 9,
        "hidden_size": 16,
        "num_layers": 2,
        "batch_first": True,
    } | ({"bidirectional": True} if both else {})
    assert request.embedding is not None
    assert request.embedding.model_dump() == {"num_embeddings": 50, "embedding_dim": 9, "padding_idx": 0}
    assert request.head is not None
    assert (request.head.reads, request.head.out_features, request.head.activation) == (reads, 3, "softmax")
    assert read(source).unread == []


@pytest.mark.parametrize(
    ("read_by", "both", "named"),
    [
        ("output[-1]", False, ("output[-1]", "layout")),
        ("h_n[-1]", True, ("self.fc(h_n[-1])", "half")),
        ("torch.cat([h_n[-1], h_n[-2]], 1)", True, ("torch.cat([h_n[-1], h_n[-2]], 1)", "order")),
        ("h_n.view(2, -1)", True, ("h_n.view(2, -1)", "mixed")),
        ("self.attention(output)", False, ("self.attention(output)", "call")),
        ("F.relu(output[:, -1])", False, ("F.relu(output[:, -1])", "before")),
    ],
)
def test_what_a_head_does_wrong_or_unknown_is_named(read_by: str, both: bool, named: tuple[str, str]) -> None:
    source = CLASS.replace("{cell}", "GRU").replace("{both}", str(both)).replace("{read}", read_by)
    assert named in unread(read(source))


def test_what_the_documentation_shows_is_read_with_its_sizes() -> None:
    reading = read(
        "rnn = nn.LSTM(10, 20, 2)\ninput = torch.randn(5, 3, 10)\n"
        "h0 = torch.randn(2, 3, 20)\nc0 = torch.randn(2, 3, 20)\noutput, (hn, cn) = rnn(input, (h0, c0))\n"
    )
    random = reading.request.input.random
    assert random is not None
    assert (random.batch, random.seq_len) == (3, 5)
    assert reading.request.state is not None
    assert reading.unread == []
    assert [each.what for each in reading.assumed] == ["input.random.seed"]


def test_sizes_the_source_does_not_say_are_assumed_and_listed() -> None:
    source = CLASS.replace("{cell}", "GRU").replace("{both}", "False").replace("{read}", "h_n[-1]")
    reading = read(source.replace("net = Net(50, width=9)", ""))
    assert {"vocabulary", "width"} <= {each.what for each in reading.assumed}
    assert reading.request.model.hidden_size == 16


def test_a_keras_network_is_read_whole() -> None:
    reading = read(
        "model = keras.Sequential([layers.Embedding(5000, 32, input_length=500, mask_zero=True),\n"
        "  layers.Bidirectional(layers.LSTM(64, return_sequences=True)), layers.Bidirectional(layers.LSTM(64)),\n"
        "  layers.Dropout(0.5), layers.Dense(1, activation='sigmoid')])\nmodel.compile(loss='mse')\n"
    )
    request = reading.request
    assert (request.model.num_layers, request.model.bidirectional, request.model.input_size) == (2, True, 32)
    assert request.head is not None
    assert (request.head.reads, request.head.activation) == ("h_n", "sigmoid")
    assert request.input.random is not None
    assert request.input.random.seq_len == 500
    assert unread(reading) == [("mask_zero=True", "mask_zero"), ("layers.Dropout(0.5)", "module")]


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("nn.LSTM(1, 2, device='cuda')\nnn.GRU(1, 2)", "second"),
        ("nn.LSTM(1, 2)\nnn.Dropout(0.1)", "module"),
        ("nn.LSTM(1, 2, depth=3)", "argument"),
        ("nn.LSTM(2, 3)\nnn.Linear(9, 1)", "in_features"),
        ("lstm = nn.LSTM(4, 3)\nlstm(torch.randn(5, 2, 7))", "width"),
        ("layers.GRU(4, reset_after=False)", "reset_after"),
        ("layers.LSTM(4)\nlayers.LSTM(4)", "sequences"),
        ("layers.LSTM(4, go_backwards=True)", "argument"),
        ("for k in range(3):\n    nn.LSTM(1, 2)", "loop"),
    ],
)
def test_what_is_not_read_is_named_with_its_reason(source: str, why: str) -> None:
    assert why in [each.why for each in read(source).unread]


@pytest.mark.parametrize("one", generated(120))
def test_what_was_written_is_read_back(one: dict[str, Any]) -> None:
    """The whole request but text, which comes back as its token ids."""
    plan = planned(**one)
    source = pytorch(plan)
    if len(source) > MOST_CHARACTERS:  # weights as numbers can be long
        with pytest.raises(Refusal):
            read(source)
        return
    reading = read(source)
    before, after = plan.request, reading.request
    assert after.model == before.model
    assert after.embedding == before.embedding
    assert after.head == before.head
    assert after.weights == before.weights
    assert after.dtype == before.dtype
    assert after.packed == before.packed
    if before.input.text is None:
        assert after.input == before.input
    else:
        assert plan.text is not None
        rows = plan.text.ids
        assert after.input.tokens == (
            rows if before.model.batch_first else [list(row) for row in zip(*rows, strict=True)]
        )
    assert reading.unread == []


@pytest.mark.parametrize(
    "source",
    ["", "x = 1", "nn.Linear(1, 2)", "nn.LSTM(", "class", "nn.LSTM(10, 20", "\0", "nn.LSTM(-1, 2)", "\ud800", "  x"],
)
def test_what_is_no_model_is_refused(source: str) -> None:
    with pytest.raises((Refusal, ValueError)):
        read(source)


DEEP = {
    "brackets": "[" * 5000 + "]" * 5000,
    "signs": "-" * 50_000 + "1",
    "sums": "1+" * 40_000 + "1",
    "powers": "2**" * 30_000 + "2",
    "attributes": "a" + ".a" * 40_000,
    "calls": "f" + "()" * 40_000,
    "indices": "a" + "[0]" * 30_000,
    "nots": "not " * 20_000 + "1",
    "lambdas": "lambda a, b: " * 5000 + "1",
    "choices": "1 if 1 else " * 8000 + "1",
    "branches": "if 1:\n  1\n" + "elif 1:\n  1\n" * 5000,
    "blocks": "".join(" " * k + "if 1:\n" for k in range(90)) + " " * 90 + "1",
    "text": 'f"{' + "-" * 5000 + '1}"',
    "calls of calls": "a(0, " * 5000 + ")" * 5000,
    "assignments": "a = " * 20_000 + "1",
    "steps": "a = nn.LSTM(1, 2)\n" + "a.b.c.d()\n" * 5000,
    "long": "x" * (MOST_CHARACTERS + 1),
    "numbers": "nn.LSTM(" + "9" * 5000 + ", 1)",
    "awaits": "await " * 10_000 + "x",
    "stars": "f(" + "*" * 9000 + "a)",
    "comparisons": "1<" * 30_000 + "1",
    "strings": "'a'" * 30_000,
    "decorators": "@a\n" * 20_000 + "def f(): pass",
    "doubling": "\n".join(f"class C{k}:\n def __init__(s):\n  C{k + 1}(); C{k + 1}()" for k in range(60)) + "\nC0()",
}


def test_deep_and_long_sources_end_nothing() -> None:
    """In a process of its own: a parser that runs out of stack would end it."""
    program = (
        "import json, sys, threading\n"
        "from app.recurrent.code.read import read\n"
        "from app.recurrent.errors import Refusal\n"
        "def all():\n"
        "    for name, source in json.load(sys.stdin).items():\n"
        "        try:\n"
        "            read(source)\n"
        "        except (Refusal, ValueError) as error:\n"
        "            pass\n"
        "        print(name)\n"
        "worker = threading.Thread(target=all); worker.start(); worker.join()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(DEEP),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split("\n")[:-1] == list(DEEP), done.stderr[-2000:]


def test_a_thousand_broken_sources_are_read_or_refused() -> None:
    """Words of good sources replaced, dropped and doubled: nothing but a refusal comes of it."""
    good = [pytorch(planned(**one)) for one in generated(20)]
    good = [source for source in good if len(source) < 5000] + [CLASS.replace("{cell}", "LSTM")]
    words = [
        "None",
        "-1",
        "()",
        "{}",
        "lambda: 0",
        "*x",
        "self",
        "[1, 'a']",
        "torch.randn(2)",
        "h_n",
        "nn.LSTM(2, 3)",
        "1j",
    ]
    chosen = random.Random(0)
    read_well = 0
    for _ in range(1000):
        pieces = re.findall(r"\w+|\s+|[^\w\s]", chosen.choice(good))
        for _ in range(chosen.randint(1, 3)):
            pieces[chosen.randrange(len(pieces))] = chosen.choice([*words, "", chosen.choice(pieces)])
        try:
            read("".join(pieces))
        except (Refusal, ValidationError):
            continue
        read_well += 1
    assert read_well > 100

"""Hostile requests, made by hand and generated from a seed, and a corpus of raw bodies that are no request."""

import json
import random
from collections.abc import Iterator
from typing import Any

from app.web.docs import TEXT_EXAMPLE

GOOD: dict[str, Any] = {
    "model": {"cell": "lstm", "input_size": 3, "hidden_size": 4, "batch_first": True},
    "input": {"values": [[[0.1, 0.2, 0.3]] * 5] * 2},
}
HUGE = 10**30

BAD_SIZES: tuple[Any, ...] = (0, -1, -(2**63), HUGE, 2**63, 1.5, "8", True, [], {}, [8], 1e300)
BAD_LISTS: tuple[Any, ...] = (
    [],
    [[]],
    [[[]]],
    [1.0],
    [[[[1.0]]]],
    [[[[[1.0]]]]],
    [[[1.0, 2.0, 3.0], [1.0, 2.0]]],
    [[[1.0, 2.0, "3"]]],
    [[[1.0, 2.0, None]]],
    [[[1.0, 2.0, True]]],
    [[[1.0, 2.0, {}]]],
    [[[1.0, 2.0, 1e39]]],
    [[[1.0, 2.0, HUGE**10]]],
    [[[1.0] * 7]],
    [[1.0], [[1.0]]],
    "text",
    7,
    {"a": 1},
    True,
)
BAD_TEXTS: tuple[Any, ...] = ([], [""], ["  "], [7], [None], "a string", [["nested"]], ["ok", ""], [{}])


def listed() -> Iterator[dict[str, Any]]:
    """Hostile requests made by hand: one thing wrong in each."""
    for field in ("input_size", "hidden_size", "num_layers"):
        for value in BAD_SIZES:
            yield GOOD | {"model": GOOD["model"] | {field: value}}
    for field in ("bias", "batch_first", "bidirectional"):
        for value in (1, 0, "true", "", [], {}, 1.0):
            yield GOOD | {"model": GOOD["model"] | {field: value}}
    for value in ("LSTM", "", "transformer", 7, None, ["lstm"], "lstm\u0000", "x" * 5000):
        yield GOOD | {"model": GOOD["model"] | {"cell": value}}
    for value in (-0.1, 1.1, 1e300, "0.5", [], True):
        yield GOOD | {"model": GOOD["model"] | {"dropout": value}}
    for value in (-1, 4, 5, HUGE, "2", 1.5):
        yield GOOD | {"model": GOOD["model"] | {"proj_size": value}}
    yield GOOD | {"model": GOOD["model"] | {"cell": "gru", "proj_size": 2}}
    for value in ("sigmoid", "", 3, None, []):
        yield GOOD | {"model": GOOD["model"] | {"nonlinearity": value}}
    for values in BAD_LISTS:
        yield GOOD | {"input": {"values": values}}
        yield GOOD | {"input": {"tokens": values}, "embedding": {"num_embeddings": 5, "embedding_dim": 3}}
        yield GOOD | {"state": {"h_0": values}}
        yield GOOD | {"state": {"c_0": values}}
        yield GOOD | {"lengths": values}
    for tokens in ([[-1]], [[5]], [[HUGE]], [[0.5]], [[1, 2], [3]], [[1e3]]):
        yield GOOD | {"input": {"tokens": tokens}, "embedding": {"num_embeddings": 5, "embedding_dim": 3}}
    for text in BAD_TEXTS:
        yield TEXT_EXAMPLE | {"input": {"text": text}}
    for batch, steps in ((0, 5), (5, 0), (-1, 5), (HUGE, 5), (5, HUGE), (1.5, 2), ("2", 2), (None, 2), (10**9, 10**9)):
        yield GOOD | {"input": {"random": {"batch": batch, "seq_len": steps, "seed": -1}}}
    for seed in (-1, HUGE, 1.5, "0", None, 2**53):
        yield GOOD | {"input": {"random": {"batch": 1, "seq_len": 1, "seed": seed}}}
        yield GOOD | {"weights": {"seed": seed}}
    for extra in ("", "__proto__", "__class__", "model ", "Model", "x" * 10_000, "\u202e", "\u0000"):
        yield GOOD | {extra: 1}
        yield GOOD | {"model": GOOD["model"] | {extra: 1}}
    for part in ("model", "input", "weights", "mode", "packed"):
        for value in (None, 7, "x", [], [[]], {}, False if part != "packed" else "no"):
            yield GOOD | {part: value}
    for two in ({"text": ["a"], "values": [[[1.0]]]}, {"random": None}, {"values": None, "tokens": None}):
        yield GOOD | {"input": two}
    for head in ({}, {"reads": "all"}, {"reads": "h_n", "out_features": 0}, {"reads": "h_n", "activation": "gelu"}, 3):
        yield GOOD | {"head": head}
    embeddings: tuple[Any, ...] = (
        {"num_embeddings": 0},
        {"num_embeddings": 5, "embedding_dim": 9},
        {"padding_idx": 99},
        [],
        3,
    )
    for embedding in embeddings:
        yield TEXT_EXAMPLE | {"embedding": embedding, "input": {"tokens": [[1, 2]]}}
    for loss in ({"kind": "hinge"}, {"kind": "mse"}, {"kind": "mse", "target": [[1]]}, 3):
        yield GOOD | {"loss": loss}
    yield GOOD | {"weights": {"bundled": "../../etc/passwd"}}
    yield GOOD | {"weights": {"upload": "x"}}
    yield GOOD | {"input": {"dataset": "weather"}}
    yield GOOD | {"packed": True}


def generated(count: int) -> Iterator[dict[str, Any]]:
    """Hostile requests from a seed: a good one with one leaf replaced by something that fits nowhere."""
    source = random.Random(20261121)
    nowhere: tuple[Any, ...] = (
        -1,
        -0.5,
        "x",
        {"x": 1},
        [[[["x"]]]],
        [None],
        HUGE,
        -HUGE,
        1e308,
        "\u0000",
        "９",
        {"": {}},
        "A" * 3000,
        [-1],
        [[]],
    )
    base = {
        "model": {"cell": "lstm", "input_size": 3, "hidden_size": 4, "num_layers": 1, "bidirectional": False},
        "embedding": {"num_embeddings": 5, "embedding_dim": 3, "padding_idx": 0},
        "head": {"reads": "h_n", "out_features": 1, "activation": "sigmoid"},
        "input": {"tokens": [[1, 2], [3, 4]]},
        "weights": {"seed": 0},
        "mode": "eval",
    }
    made = 0
    while made < count:
        request = json.loads(json.dumps(base))
        part = source.choice(list(request))
        value = source.choice(nowhere)
        if isinstance(request[part], dict) and source.random() < 0.8:
            leaf = source.choice(list(request[part]))
            request[part][leaf] = value
            if leaf == "padding_idx" and value == -1:  # the last row: good
                continue
        else:
            request[part] = value
        made += 1
        yield request


LISTED = list(listed())
HOSTILE = LISTED + list(generated(max(250, 500 - len(LISTED))))


START = b'{"model":{"input_size":1,"hidden_size":2},"input":'
VALUES = START + b'{"values":[[[%s]]]}}'
WHOLE = json.dumps(GOOD).encode()


def bodies() -> Iterator[tuple[str, bytes]]:
    """Bytes that are no request, by name."""
    for name, number in {
        "nan": b"NaN",
        "nan-lower": b"nan",
        "infinity": b"Infinity",
        "minus-infinity": b"-Infinity",
        "inf": b"inf",
        "1e400": b"1e400",
        "minus-1e400": b"-1e400",
        "1e39": b"1e39",
        "exponent-huge": b"1e99999999999999999999",
        "int-400-digits": b"9" * 400,
        "int-5000-digits": b"9" * 5000,
        "int-100000-digits": b"9" * 100_000,
        "minus-int-5000-digits": b"-" + b"9" * 5000,
        "leading-zero": b"01",
        "plus": b"+1",
        "dot-first": b".5",
        "dot-last": b"5.",
        "hex": b"0x10",
        "minus-only": b"-",
        "two-numbers": b"1 2",
        "trailing-comma": b"1,",
        "double-comma": b"1,,2",
        "comment": b"1/*x*/",
        "line-comment": b"1//x\n",
        "true": b"true",
        "null": b"null",
        "string": b'"1"',
        "single-quotes": b"'1'",
        "bare-word": b"one",
        "object": b"{}",
        "underscores": b"1_000",
        "full-width-digit": "９".encode(),
        "control-character": b"1\x00",
        "nul-in-string": b'"\x00"',
        "deeper": b"[[[[1]]]]",
    }.items():
        yield f"number-{name}", VALUES % number
    for name, string in {
        "lone-high": rb'"\ud800"',
        "lone-low": rb'"\udc00"',
        "swapped": rb'"\udc00\ud800"',
        "half-escape": rb'"\ud8"',
        "bad-escape": rb'"\x41"',
        "bad-u": rb'"\u00zz"',
        "raw-newline": b'"a\nb"',
        "raw-tab": b'"a\tb"',
        "unclosed": b'"a',
        "utf8-truncated": b'"\xe4\xb8"',
        "utf8-overlong": b'"\xc0\xaf"',
        "utf8-surrogate": b'"\xed\xa0\x80"',
        "utf8-above": b'"\xf5\x80\x80\x80"',
        "utf8-continuation": b'"\x80"',
        "latin-1": b'"caf\xe9"',
        "empty": b'""',
        "spaces": b'"   "',
        "number": b"5",
        "long": b'"' + b"a " * 60_000 + b'"',
    }.items():
        yield f"text-{name}", START + b'{"text":[' + string + b"]}}"
    yield "empty", b""
    yield "space", b" "
    yield "newline", b"\n"
    yield "nul", b"\x00"
    yield "null", b"null"
    yield "true", b"true"
    yield "number", b"0"
    yield "string", b'"model"'
    yield "list", b"[]"
    yield "object", b"{}"
    yield "list-of-requests", b"[" + WHOLE + b"]"
    yield "two-requests", WHOLE + WHOLE
    yield "trailing-junk", WHOLE + b"x"
    yield "trailing-nul", WHOLE + b"\x00"
    yield "truncated", WHOLE[:-1]
    yield "half", WHOLE[: len(WHOLE) // 2]
    yield "bom-utf8", b"\xef\xbb\xbf" + WHOLE
    yield "utf16", WHOLE.decode().encode("utf-16")
    yield "utf16-le", WHOLE.decode().encode("utf-16-le")
    yield "utf32", WHOLE.decode().encode("utf-32")
    yield "form", b"model=lstm&input=1"
    yield "xml", b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
    yield "yaml", b"model:\n  hidden_size: 2\n"
    yield "pickle", b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94."
    yield "gzip", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"
    yield "zip", b"PK\x03\x04" + b"\x00" * 26
    yield "random-bytes", random.Random(1).randbytes(2000)
    yield "depth-lists", b"[" * 1_000_000
    yield "depth-lists-closed", b"[" * 500_000 + b"]" * 500_000
    yield "depth-objects", b'{"a":' * 700_000
    yield "depth-in-values", START + b'{"values":' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}}"
    yield "depth-200", START + b'{"values":' + b"[" * 190 + b"1" + b"]" * 190 + b"}}"
    yield "depth-in-target", WHOLE[:-1] + b',"loss":{"kind":"mse","target":' + b"[" * 300 + b"]" * 300 + b"}}"
    yield "twice-top", WHOLE[:-1] + b',"model":' + json.dumps(GOOD["model"]).encode() + b"}"
    yield "twice-inside", START.replace(b'"input_size":1', b'"input_size":1,"input_size":1') + b'{"values":[[[1]]]}}'
    yield (
        "twice-escaped",
        START.replace(b'"input_size":1', rb'"input_size":1,"input\u005fsize":1') + (b'{"values":[[[1]]]}}'),
    )
    yield "proto", WHOLE[:-1] + b',"__proto__":{"a":1}}'
    yield "surrogate-name", WHOLE[:-1] + rb',"\ud800":1}'
    yield "long-name", WHOLE[:-1] + b',"' + b"n" * 1_000_000 + b'":1}'
    yield "many-names", WHOLE[:-1] + b"".join(b',"n%d":1' % k for k in range(100_000)) + b"}"
    yield "bad-items", START + b'{"text":[' + b",".join([b"7"] * 200_000) + b"]}}"
    yield "bad-items-nested", START + b'{"values":[' + b",".join([b'["x"]'] * 150_000) + b"]}}"
    yield "bad-items-800kB", WHOLE[:-1] + b',"lengths":[' + b",".join([b'"x"'] * 200_000) + b"]}"
    yield "nan-many", START + b'{"values":[[' + b",".join([b"[NaN]"] * 100_000) + b"]]}}"
    yield "too-large", b" " * ((4 << 20) + 1)
    yield "too-large-good", WHOLE + b" " * (4 << 20)


BODIES = dict(bodies())

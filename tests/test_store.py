"""What is kept of traces: how much it weighs, what makes room, what an id stands for."""

import base64
import gc
import hashlib
import os
import random
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.recurrent import shapes, trace
from app.recurrent.spec import TraceRequest
from app.web.store import Cache, Shelf, canonical, id_of, request_of
from app.web.weight import weight
from tests.test_api import RANDOM


def traced(asked: dict[str, Any]) -> trace.Trace:
    return trace.run(shapes.plan(TraceRequest.model_validate(asked)))


def many_numbers() -> dict[str, Any]:
    source = random.Random(0)
    return RANDOM | {
        "input": {"values": [[[source.random() for _ in range(3)] for _ in range(4000)] for _ in range(2)]}
    }


def many_words() -> dict[str, Any]:
    source = random.Random(0)
    text = [" ".join(f"{source.getrandbits(16):x}" for _ in range(1000)) for _ in range(3)]
    return RANDOM | {"input": {"text": text}}


@pytest.mark.parametrize(
    "make", [lambda: dict(RANDOM), many_numbers, many_words], ids=["small", "many numbers", "many words"]
)
def test_a_trace_weighs_at_least_what_it_takes_of_python(make: Callable[[], dict[str, Any]]) -> None:
    traced(make())  # what is loaded once belongs to no trace
    tracemalloc.start()
    try:
        held = [traced(make()) for _ in range(3)]
        for each in held:
            each.cell(each.plan.rows[0], 0)
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken <= sum(weight(each) - each.nbytes for each in held)


def test_the_slices_a_trace_may_keep_are_counted() -> None:
    held = traced(RANDOM | {"input": {"random": {"batch": 4, "seq_len": 500}}})
    inside = 6 * 4 * 500 * 4 * 4  # six quantities, N, T, H, bytes
    assert weight(held) >= held.nbytes + inside
    for sample in range(4):
        held.cell(held.plan.rows[0], sample)


def test_the_cache_holds_so_many_bytes_and_drops_what_was_used_longest_ago() -> None:
    cache: Cache[bytes] = Cache(10, len)
    cache.put("a", b"1234")
    cache.put("b", b"1234")
    assert cache.get("a") == b"1234"
    cache.put("c", b"1234")
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (b"1234", None, b"1234")
    cache.put("d", b"x" * 11)
    assert cache.get("d") is None
    cache.put("a", b"12")
    assert cache.bytes == 6


def test_the_shelf_holds_so_many_bytes_and_drops_the_oldest(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, 250)
    texts = [bytes([65 + k]) * 100 for k in range(4)]
    ids = ["h" + hashlib.sha256(text).hexdigest() for text in texts]
    for age, (id, text) in enumerate(zip(ids, texts, strict=True)):
        shelf.keep(id, text)
        os.utime(shelf.folder / id, (1000 + age, 1000 + age))
    assert [shelf.find(id) is not None for id in ids] == [False, False, True, True]
    assert not list(tmp_path.rglob("*.part"))
    (shelf.folder / ids[3]).write_bytes(b"something else")
    assert shelf.find(ids[3]) is None


def test_a_folder_that_cannot_be_written_is_logged_and_the_answer_still_given(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "requests").write_text("a file where the folder should be")
    Shelf(tmp_path, 1000).keep("h" + "0" * 64, b"x")
    assert "could not be kept" in caplog.text


def test_a_text_too_long_for_an_id_is_only_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zlib, "compress", lambda *_: pytest.fail("a long text was packed"))
    assert id_of(b"x" * ((64 << 10) + 1))[0] == "h"


def test_an_id_unpacks_to_a_bounded_size(tmp_path: Path) -> None:
    bomb = zlib.compress(b'{"model":{"hidden_size":1' + b" " * 600_000 + b"}}", 9)
    id = "r" + base64.urlsafe_b64encode(bomb).rstrip(b"=").decode()
    assert len(id) < 1200
    assert request_of(id, Shelf(tmp_path, 1000)) is None


def test_an_id_gives_back_its_request(tmp_path: Path) -> None:
    asked = shapes.plan(TraceRequest.model_validate(RANDOM)).request
    assert request_of(id_of(canonical(asked)), Shelf(tmp_path, 1000)) == asked

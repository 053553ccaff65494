"""Training while somebody watches: real runs, over the API, to their end or not."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import torch
from safetensors.torch import load
from torch import nn

from app.settings import Settings
from app.training.live.learn import Snapshot, race, task_of
from app.training.live.spec import TrainingRequest
from app.training.live.tasks import baseline_of
from tests.conftest import LiveServer

TRAININGS = "/api/v1/trainings"
LONG = {"task": {"kind": "adding", "seq_len": 100}, "steps": 3000, "hidden_size": 64, "cells": ["lstm", "gru", "rnn"]}
SHORT = {"task": {"kind": "copying", "delay": 3}, "steps": 30, "snapshots": 3, "cells": ["lstm", "rnn"]}


@pytest.fixture
def http(live_server: LiveServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=live_server.url, timeout=120) as made:
        yield made


def started(http: httpx.Client, asked: dict[str, Any]) -> dict[str, Any]:
    """A run, as soon as the one before it has ended."""
    for _ in range(200):
        answer = http.post(TRAININGS, json=asked)
        if answer.status_code != 429:
            break
        time.sleep(0.3)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"{TRAININGS}/{found['id']}"
    return found


def events(http: httpx.Client, id: str, **headers: str) -> list[tuple[int, str, dict[str, Any]]]:
    """All of them, to the end of the stream."""
    found, number, name = [], 0, ""
    with http.stream("GET", f"{TRAININGS}/{id}/events", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            kind, _, text = line.partition(": ")
            if kind == "id":
                number = int(text)
            elif kind == "event":
                name = text
            elif kind == "data":
                found.append((number, name, json.loads(text)))
    return found


def ended(http: httpx.Client, id: str, seconds: float = 30) -> dict[str, Any]:
    """What a run says of itself once it has ended. Asking counts as looking, so ask seldom."""
    ends = time.monotonic() + seconds
    while True:
        found: dict[str, Any] = http.get(f"{TRAININGS}/{id}").json()
        if found["outcome"] != "running" or time.monotonic() > ends:
            return found
        time.sleep(3)


# --- the race itself, without a server -----------------------------------------------------------------


def trained(**asked: Any) -> tuple[list[Snapshot], float]:
    request = TrainingRequest.model_validate(asked)
    task = task_of(request)
    return [each for each in race(request, task) if isinstance(each, Snapshot)], baseline_of(task)


@pytest.mark.parametrize(
    ("task", "share"),
    [({"kind": "adding", "seq_len": 8}, 0.3), ({"kind": "copying", "delay": 3}, 0.5), ({"kind": "names"}, 0.75)],
    ids=lambda each: each["kind"] if isinstance(each, dict) else "",
)
def test_a_gru_learns_each_task_far_below_what_needs_no_input(task: dict[str, Any], share: float) -> None:
    snapshots, baseline = trained(task=task, cells=["gru"], steps=250, hidden_size=24, snapshots=2, seed=1)
    assert snapshots[-1].loss < share * baseline
    assert snapshots[-1].loss < snapshots[0].loss


def test_the_next_value_of_a_sine_is_learnt_to_a_hundredth_of_its_variance() -> None:
    snapshots, variance = trained(task={"kind": "sine"}, cells=["rnn"], steps=250, snapshots=1)
    assert snapshots[-1].loss < 0.02 * variance


def test_the_same_seed_gives_the_same_weights_and_another_one_others() -> None:
    asked = {"task": {"kind": "copying"}, "steps": 5, "snapshots": 1}
    first, again, other = (trained(**asked, seed=seed)[0][-1].weights for seed in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["head.weight"], other["head.weight"])


def test_the_runners_of_a_race_do_not_disturb_one_another() -> None:
    asked = {"task": {"kind": "adding"}, "steps": 5, "snapshots": 1}
    alone = trained(**asked, cells=["gru"])[0][-1].weights
    beside = next(e for e in trained(**asked, cells=["lstm", "gru"])[0][::-1] if e.cell == "gru").weights
    assert all(torch.equal(alone[name], beside[name]) for name in alone)


def test_one_step_is_what_plain_torch_does() -> None:
    request = TrainingRequest.model_validate({"task": {"kind": "adding"}, "steps": 1, "snapshots": 1})
    task = task_of(request)
    before, after = (each for each in race(request, task) if isinstance(each, Snapshot))
    batch = task.draw(request.batch, torch.Generator().manual_seed(request.seed + 1))
    lstm, head = nn.LSTM(2, 16, batch_first=True), nn.Linear(16, 1)
    lstm.load_state_dict({k.removeprefix("rnn."): v for k, v in before.weights.items() if k.startswith("rnn.")})
    head.load_state_dict({k.removeprefix("head."): v for k, v in before.weights.items() if k.startswith("head.")})
    parameters = [*lstm.parameters(), *head.parameters()]
    rule = torch.optim.Adam(parameters, lr=0.01)
    nn.functional.mse_loss(head(lstm(batch.x)[0][:, -1])[:, 0], batch.target).backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(parameters, 1.0)
    rule.step()
    assert torch.equal(lstm.get_parameter("weight_hh_l0"), after.weights["rnn.weight_hh_l0"])
    assert torch.equal(head.weight, after.weights["head.weight"])


# --- over the API ----------------------------------------------------------------------------------------


def test_a_run_tells_its_steps_and_each_snapshot_opens_as_a_trace(http: httpx.Client) -> None:
    run = started(http, SHORT)
    told = events(http, run["id"])
    names = [name for _, name, _ in told]
    assert [number for number, _, _ in told] == list(range(1, len(told) + 1))
    assert (names[0], names[-1], names.count("snapshot")) == ("start", "end", 8)
    assert told[-1][2] == {"outcome": "done", "reason": None, "step": 30}
    progress = [data for _, name, data in told if name == "progress"]
    assert progress[-1]["step"] == 30
    assert progress[-1]["left"] == 0
    assert events(http, run["id"], **{"Last-Event-ID": str(len(told) - 1)}) == told[-1:]

    address = f"{TRAININGS}/{run['id']}/snapshots/lstm/30"
    asked = http.get(address).json()
    trace = http.post("/api/v1/traces", json=asked).json()
    weights = load(http.get(address, params={"format": "safetensors"}).content)
    lstm, head = nn.LSTM(8, 16, batch_first=True), nn.Linear(16, 6)
    lstm.load_state_dict({k.removeprefix("rnn."): v for k, v in weights.items() if k.startswith("rnn.")})
    head.load_state_dict({k.removeprefix("head."): v for k, v in weights.items() if k.startswith("head.")})
    theirs = head(lstm(torch.tensor(asked["input"]["values"]))[0]).detach()
    got = http.get(f"/api/v1/traces/{trace['id']}/tensors/logits").json()["values"]
    assert torch.allclose(torch.tensor(got).view_as(theirs), theirs, rtol=0, atol=1e-6)
    held = [each for each in http.get(f"{TRAININGS}/{run['id']}").json()["snapshots"] if each["cell"] == "lstm"]
    assert [each["step"] for each in held] == [0, 10, 20, 30]
    assert http.get(f"{TRAININGS}/{run['id']}/snapshots/lstm/11").status_code == 404


def test_a_run_is_ended_by_who_started_it_and_then_forgotten(http: httpx.Client) -> None:
    http.get("/")  # a session
    run = started(http, LONG)
    busy = http.post(TRAININGS, json=SHORT)
    assert (busy.status_code, busy.json()["type"]) == (429, "/problems/training-busy")
    assert int(busy.headers["retry-after"]) >= 1
    assert [each["id"] for each in http.get(TRAININGS).json()["trainings"]][:1] == [run["id"]]
    assert http.delete(f"{TRAININGS}/{run['id']}").status_code == 204
    found = http.get(f"{TRAININGS}/{run['id']}").json()
    assert (found["outcome"], found["reason"]) == ("cancelled", "asked")
    assert events(http, run["id"])[-1][1] == "end"
    assert http.delete(f"{TRAININGS}/{run['id']}").status_code == 204
    assert http.get(f"{TRAININGS}/{run['id']}").status_code == 404


def test_leaving_ends_a_run_and_so_does_its_time(server_with: Any) -> None:
    server = server_with(UNROLLED_TRAINING_IDLE_SECONDS="1", UNROLLED_TRAINING_SECONDS="4", UNROLLED_KEPT_TRAININGS="1")
    with httpx.Client(base_url=server.url, timeout=60) as http:
        run = started(http, LONG)
        with http.stream("GET", f"{TRAININGS}/{run['id']}/events") as answer:
            next(answer.iter_lines())
        assert ended(http, run["id"])["reason"] == "nobody"
        watched = started(http, LONG)
        assert events(http, watched["id"])[-1][2]["reason"] == "time"
        started(http, SHORT)
        assert http.get(f"{TRAININGS}/{run['id']}").status_code == 404, "only one that has ended is kept"
    own = next((server.log_path.parent / "data" / "trainings").glob("*-*"))
    assert len(list(own.iterdir())) == 2


def test_the_end_of_the_server_ends_runs_and_streams_and_leaves_nothing(server_with: Any) -> None:
    server: LiveServer = server_with()
    data = server.log_path.parent / "data" / "trainings"
    with httpx.Client(base_url=server.url, timeout=60) as http:
        run = started(http, LONG)
        with http.stream("GET", f"{TRAININGS}/{run['id']}/events") as answer:
            next(answer.iter_lines())
            assert server.stop() < 8
    assert not list(data.glob("*-*"))


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for the child in /proc")
def test_a_server_that_is_killed_takes_its_run_along_and_the_next_one_cleans_up(server_with: Any) -> None:
    server: LiveServer = server_with()
    data = server.log_path.parent / "data"
    with httpx.Client(base_url=server.url, timeout=60) as http:
        started(http, LONG)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
    mark = f"{data}/trainings"
    ends = time.monotonic() + 20
    while (left := children(mark)) and time.monotonic() < ends:
        time.sleep(0.2)
    assert not left
    assert list((data / "trainings").glob("*-*"))
    again: LiveServer = server_with(UNROLLED_DATA=str(data))
    assert not list((data / "trainings").glob("*-*"))
    with httpx.Client(base_url=again.url, timeout=60) as http:
        assert events(http, started(http, SHORT)["id"])[-1][2]["outcome"] == "done"


def children(mark: str) -> list[int]:
    """Processes whose command line has `mark` in it."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = each.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if mark in text and "live.child" in text:
            found.append(int(each.parent.name))
    return [pid for pid in found if pid != os.getpid()]


# --- the asker's own data ----------------------------------------------------------------------------------

CSV = "a,b,c,label\n" + "\n".join(f"{k % 7},{k % 3},{k % 5},{'up' if k % 7 > 3 else 'down'}" for k in range(40))


@pytest.mark.parametrize(
    ("task", "field", "part"),
    [
        ({"kind": "csv", "csv": "a,b\n1,x"}, "task.csv", "1 samples"),
        ({"kind": "csv", "csv": "a,label\n1,x\n2,y\n3\n4,y"}, "task.csv", "Line 4 has 1 cells"),
        ({"kind": "csv", "csv": "a,label\n1,x\n2,y\nw,x\n4,y"}, "task.csv", "Line 4: w in column a"),
        ({"kind": "csv", "csv": "a,label\n1,x\n1e999,y\n2,x\n4,y"}, "task.csv", "1e999"),
        ({"kind": "csv", "csv": "a,label\n1,x\n2,x\n3,x\n4,x"}, "task.csv", "1 different values"),
        ({"kind": "csv", "csv": CSV, "label": "d"}, "task.label", "no column d"),
        ({"kind": "sentences", "rows": [{"text": " ", "label": "x"}] * 4}, "task.rows", "no word"),
    ],
)
def test_data_that_is_no_task_is_refused_with_the_place(task: dict[str, Any], field: str, part: str) -> None:
    from app.recurrent.errors import Refusal
    from app.web.errors import problem

    with pytest.raises(Refusal) as refused:
        task_of(TrainingRequest.model_validate({"task": task}))
    found = problem(refused.value, "en")
    assert found["field"] == field
    assert part in found["detail"]


def test_a_refusal_of_the_child_comes_back_as_one_of_ours(http: httpx.Client) -> None:
    for _ in range(100):
        answer = http.post(
            TRAININGS, json={"task": {"kind": "csv", "csv": "a\n" * 9}}, headers={"Accept-Language": "zh"}
        )
        if answer.status_code != 429:
            break
        time.sleep(0.3)
    assert answer.status_code == 422
    assert answer.json()["field"] == "task.csv"


def test_given_numbers_and_given_words_are_learnt() -> None:
    rows = [
        {"text": f"{word} film {k}", "label": label} for k in range(20) for word, label in (("good", "+"), ("bad", "-"))
    ]
    for task in ({"kind": "csv", "csv": CSV}, {"kind": "sentences", "rows": rows}):
        snapshots, baseline = trained(task=task, cells=["lstm"], steps=120, snapshots=1, learning_rate=0.03)
        assert snapshots[-1].loss < 0.6 * baseline
        assert snapshots[-1].accuracy is not None
        assert snapshots[-1].accuracy >= 0.75


def test_steps_over_the_limit_are_refused_with_both_numbers(http: httpx.Client) -> None:
    found = http.post(TRAININGS, json={"task": {"kind": "sine"}, "steps": 5000}).json()
    limit = Settings().max_training_steps
    assert (found["type"], found["got"], found["expected"]) == ("/problems/over-limit", 5000, limit)

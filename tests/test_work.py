"""Heavy work: shared, bounded, timed, given up when nobody waits, and never on the event loop."""

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import torch
from fastapi import FastAPI

from app.recurrent import shapes, trace
from app.recurrent.errors import Cancelled
from app.settings import Settings
from app.web.errors import Later
from app.web.work import Turns, Work
from tests.test_api import RANDOM, TRACES, is_problem

pytestmark = pytest.mark.anyio


class Somebody:
    """Waits, and leaves when `leave` is set."""

    def __init__(self, session: str | None = "session1", address: str = "192.0.2.1") -> None:
        self.session = session
        self.address = address
        self.leave = asyncio.Event()

    async def gone(self) -> None:
        await self.leave.wait()


class Slow:
    """A job that waits for `let_go`, looks at `cancelled` meanwhile, and counts its runs."""

    def __init__(self) -> None:
        self.started = threading.Event()
        self.let_go = threading.Event()
        self.ended = threading.Event()
        self.runs = 0

    def __call__(self, cancelled: Callable[[], bool]) -> str:
        self.runs += 1
        self.started.set()
        try:
            while not self.let_go.wait(0.005):
                if cancelled():
                    raise Cancelled
            return "done"
        finally:
            self.ended.set()


async def until(happened: threading.Event) -> None:
    """Wait for a thread without holding the event loop."""
    assert await asyncio.to_thread(happened.wait, 10)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """One worker, so that the order is known."""
    return Settings(data=tmp_path, workers=1, queue=2, per_session=3, per_address=50)


@pytest.fixture
async def work(settings: Settings) -> Work:
    """The executor of one server."""
    return Work(settings)


async def test_a_worker_uses_one_thread_of_torch(work: Work) -> None:
    assert await work.run(lambda _: torch.get_num_threads(), Somebody()) == 1


async def test_the_same_question_at_the_same_time_is_computed_once(work: Work) -> None:
    job = Slow()
    asked = [asyncio.create_task(work.run(job, Somebody(f"session{k}"), "same")) for k in range(5)]
    await until(job.started)
    job.let_go.set()
    assert await asyncio.gather(*asked) == ["done"] * 5
    assert job.runs == 1


async def test_a_run_goes_on_while_one_still_waits_and_ends_with_the_last(work: Work) -> None:
    job, first, second = Slow(), Somebody("session1"), Somebody("session2")
    waits = [asyncio.create_task(work.run(job, who, "same")) for who in (first, second)]
    await until(job.started)
    first.leave.set()
    with pytest.raises(Cancelled):
        await waits[0]
    assert not job.ended.is_set()
    second.leave.set()
    with pytest.raises(Cancelled):
        await waits[1]
    await until(job.ended)
    assert not job.let_go.is_set()


async def test_a_question_after_a_given_up_one_is_computed_anew(work: Work) -> None:
    job, who = Slow(), Somebody()
    wait = asyncio.create_task(work.run(job, who, "same"))
    await until(job.started)
    who.leave.set()
    with pytest.raises(Cancelled):
        await wait
    assert await work.run(lambda _: "fresh", Somebody(), "same") == "fresh"


async def test_over_the_queue_the_answer_is_come_again(work: Work) -> None:
    job = Slow()
    waits = [asyncio.create_task(work.run(job, Somebody(f"session{k}"))) for k in range(3)]
    await until(job.started)
    with pytest.raises(Later, match="busy") as refused:
        await work.run(job, Somebody("session9"))
    assert refused.value.retry_after >= 1
    job.let_go.set()
    assert await asyncio.gather(*waits) == ["done"] * 3
    assert await work.run(lambda _: "room again", Somebody()) == "room again"


async def test_one_session_has_a_share_and_others_go_on(work: Work) -> None:
    job = Slow()
    waits = [asyncio.create_task(work.run(job, Somebody("greedy"), "same")) for _ in range(3)]
    await until(job.started)
    with pytest.raises(Later, match="too-many-requests"):
        await work.run(job, Somebody("greedy"), "same")
    other = asyncio.create_task(work.run(job, Somebody("modest"), "same"))
    await asyncio.sleep(0)
    job.let_go.set()
    assert await asyncio.gather(*waits, other) == ["done"] * 4
    assert not work._held


async def test_an_address_has_a_high_ceiling_whatever_its_sessions(settings: Settings) -> None:
    work, job = Work(replace(settings, per_address=2)), Slow()
    waits = [asyncio.create_task(work.run(job, Somebody(f"session{k}"), "same")) for k in range(2)]
    await until(job.started)
    with pytest.raises(Later, match="too-many-requests"):
        await work.run(job, Somebody("session9"), "same")
    job.let_go.set()
    await asyncio.gather(*waits)


async def test_a_run_that_takes_too_long_is_stopped(settings: Settings) -> None:
    work, job = Work(replace(settings, deadline_seconds=0.1)), Slow()
    with pytest.raises(Later, match="deadline"):
        await work.run(job, Somebody())
    await until(job.ended)


async def test_stop_ends_what_runs_and_takes_no_more(work: Work) -> None:
    job = Slow()
    wait = asyncio.create_task(work.run(job, Somebody()))
    await until(job.started)
    work.stop()
    with pytest.raises(Cancelled):
        await wait
    with pytest.raises(Later, match="busy"):
        await work.run(job, Somebody())


async def test_what_a_job_raises_reaches_everybody_who_waits(work: Work) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError

    for result in await asyncio.gather(
        *(work.run(broken, Somebody(), "same") for _ in range(2)), return_exceptions=True
    ):
        assert isinstance(result, ZeroDivisionError)


@pytest.fixture
def slow_trace(monkeypatch: pytest.MonkeyPatch) -> Slow:
    """trace.run that waits to be let go."""
    job, real = Slow(), trace.run

    def run(plan: shapes.Plan, cancelled: Callable[[], bool]) -> trace.Trace:
        job(cancelled)
        return real(plan, cancelled)

    monkeypatch.setattr(trace, "run", run)
    return job


async def test_health_answers_while_a_trace_is_computed(client: httpx.AsyncClient, slow_trace: Slow) -> None:
    asked = asyncio.create_task(client.post(TRACES, json=RANDOM))
    await until(slow_trace.started)
    health = await client.get("/healthz")
    assert health.json()["waiting"] == 1
    assert not asked.done()
    slow_trace.let_go.set()
    assert (await asked).status_code == 201


async def test_two_who_ask_the_same_get_the_same_from_one_run(client: httpx.AsyncClient, slow_trace: Slow) -> None:
    asked = [asyncio.create_task(client.post(TRACES, json=RANDOM)) for _ in range(2)]
    await until(slow_trace.started)
    slow_trace.let_go.set()
    first, second = await asyncio.gather(*asked)
    assert first.content == second.content
    assert slow_trace.runs == 1


class TestImpatient:
    """A server with a short deadline, one place in the queue."""

    @pytest.fixture
    def settings(self, tmp_path: Path) -> Settings:
        return Settings(data=tmp_path, workers=1, deadline_seconds=0.2, queue=0)

    async def test_a_slow_run_and_a_full_queue_say_when_to_come_again(
        self, client: httpx.AsyncClient, app: FastAPI, slow_trace: Slow
    ) -> None:
        asked = asyncio.create_task(client.post(TRACES, json=RANDOM))
        await until(slow_trace.started)
        full = await client.post(TRACES, json=RANDOM | {"weights": {"seed": 1}})
        is_problem(full, 503, "busy")
        late = await asked
        is_problem(late, 503, "deadline")
        assert int(full.headers["retry-after"]) >= 1
        assert int(late.headers["retry-after"]) >= 1


class TestCrowded:
    """A server that holds a little of all requests that were read and wait."""

    @pytest.fixture
    def settings(self, tmp_path: Path) -> Settings:
        return Settings(data=tmp_path, workers=1, max_bodies_bytes=400_000)

    async def test_what_was_read_and_waits_is_counted_as_the_lists_it_became(
        self, client: httpx.AsyncClient, app: FastAPI, slow_trace: Slow
    ) -> None:
        def given(seed: int) -> dict[str, Any]:
            """About 25 kB of JSON, which is 6000 numbers."""
            return RANDOM | {"input": {"values": [[[0.5] * 3] * 1000] * 2}, "weights": {"seed": seed}}

        first = asyncio.create_task(client.post(TRACES, json=given(0)))
        await until(slow_trace.started)
        is_problem(await client.post(TRACES, json=given(1)), 503, "busy")
        slow_trace.let_go.set()
        made = await first
        assert made.status_code == 201
        assert (await client.post(TRACES, json=given(2))).status_code == 201
        app.state.traces._traces._held.clear()
        assert (await client.get(f"{made.headers['location']}/tensors/h_n")).status_code == 200


async def test_different_questions_about_one_trace_wait_for_one_pass(settings: Settings) -> None:
    work = Work(replace(settings, workers=3))
    turns, runs, held = Turns(), 0, threading.Event()

    def ask(cancelled: Callable[[], bool]) -> None:
        nonlocal runs
        with turns.of("id", cancelled):
            if not held.is_set():
                time.sleep(0.1)
                runs += 1
                held.set()

    await asyncio.gather(*(work.run(ask, Somebody(f"session{k}"), k) for k in range(3)))
    assert (runs, turns._turns) == (1, {})


async def test_what_only_reads_does_not_wait_for_a_pass(work: Work) -> None:
    job = Slow()
    wait = asyncio.create_task(work.run(job, Somebody()))
    await until(job.started)
    assert await work.run(lambda _: "at once", Somebody("session2"), light=True) == "at once"
    assert not wait.done()
    job.let_go.set()
    assert await wait == "done"

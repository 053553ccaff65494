"""Work off the event loop: few threads, a bounded queue, a deadline, one run for the same question."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Hashable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, cast

import torch

from app.recurrent.errors import Cancelled
from app.settings import Settings
from app.web.errors import later

T = TypeVar("T")
Job = Callable[[Callable[[], bool]], T]  # is given `cancelled`, to be asked now and then


class Asker(Protocol):
    """Who waits for a job: the session and address to count, and a way to notice that they left."""

    session: str | None
    address: str

    async def gone(self) -> None:
        """Returns when the client has closed the connection."""


@dataclass(eq=False)
class _Flight:
    """One run that goes on, and how many wait for it."""

    future: "Future[Any]"
    stop: threading.Event
    landed: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: int = 0


@dataclass(eq=False)
class _Lane:
    """Threads and what runs or waits for them."""

    threads: int
    pool: ThreadPoolExecutor
    running: set[_Flight] = field(default_factory=set)
    seconds: float = 0.05  # a running mean of one job, for Retry-After

    @property
    def wait(self) -> float:
        """Seconds until a job that comes now would begin, about."""
        return self.seconds * len(self.running) / self.threads


@dataclass
class Work:
    """The executor of one server process. Use it from the event loop only.

    Two lanes: forward passes, and what only reads and writes (parsing, planning, templates). The second
    has one thread of its own, so that nobody waits for somebody else's pass to see a page that is ready.
    """

    settings: Settings
    _flights: dict[Hashable, _Flight] = field(default_factory=dict)
    _held: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Take work; again after `stop`, when the application is started anew."""
        self.stopped = False
        self._passes = self._lane(self.settings.threads, "unrolled-work")
        self._light = self._lane(1, "unrolled-work-light")

    def _lane(self, threads: int, name: str) -> _Lane:
        pool = ThreadPoolExecutor(threads, thread_name_prefix=name, initializer=lambda: torch.set_num_threads(1))
        return _Lane(threads, pool)

    @property
    def waiting(self) -> int:
        """Jobs that run or wait."""
        return len(self._passes.running) + len(self._light.running)

    async def run(self, job: Job[T], asker: Asker, key: Hashable = None, *, light: bool = False) -> T:
        """What `job` returns. Jobs with the same `key` at the same time are one; `light` ones run no pass.

        Raises Later when the queue is full, the session has too much going on, or time is up;
        raises Cancelled when the client left.
        """
        async with self._share_of(asker):
            flight = self._flights.get(key) if key is not None else None
            lane = self._light if light else self._passes
            if flight is None:
                flight = self._start(job, key, lane)
            flight.waiting += 1
            try:
                return cast(T, await self._wait(flight, asker, lane))
            finally:
                flight.waiting -= 1
                if flight.waiting == 0 and not flight.future.done():
                    self._drop(flight, key)

    def ahead(self, job: Callable[[], object]) -> None:
        """Run `job` on a worker; nobody waits for it."""
        self._passes.pool.submit(job)

    def _start(self, job: Job[Any], key: Hashable, lane: _Lane) -> _Flight:
        if self.stopped or len(lane.running) >= self.settings.queue + lane.threads:
            raise later("busy", lane.wait)
        loop, stop = asyncio.get_running_loop(), threading.Event()

        def timed() -> Any:
            started = time.perf_counter()
            if stop.is_set():
                raise Cancelled
            result = job(stop.is_set)
            lane.seconds += 0.1 * (time.perf_counter() - started - lane.seconds)
            return result

        flight = _Flight(lane.pool.submit(timed), stop)
        lane.running.add(flight)
        if key is not None:
            self._flights[key] = flight

        def done(_: object) -> None:
            with suppress(RuntimeError):  # the loop is closed: the server has ended
                loop.call_soon_threadsafe(self._landed, flight, key, lane)

        flight.future.add_done_callback(done)
        return flight

    async def _wait(self, flight: _Flight, asker: Asker, lane: _Lane) -> Any:
        landed = asyncio.create_task(flight.landed.wait())
        gone = asyncio.create_task(asker.gone())
        try:
            await asyncio.wait(
                {landed, gone},
                timeout=self.settings.deadline_seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            landed.cancel()
            gone.cancel()
        if flight.landed.is_set():
            if flight.future.cancelled():
                raise Cancelled
            return flight.future.result()
        if gone.done():
            raise Cancelled
        raise later("deadline", max(lane.seconds, lane.wait))

    def _drop(self, flight: _Flight, key: Hashable) -> None:
        """Nobody waits any more: end it, and let nobody join it."""
        flight.stop.set()
        flight.future.cancel()
        if self._flights.get(key) is flight:
            del self._flights[key]

    def _landed(self, flight: _Flight, key: Hashable, lane: _Lane) -> None:
        lane.running.discard(flight)
        flight.landed.set()
        if self._flights.get(key) is flight:
            del self._flights[key]

    @asynccontextmanager
    async def _share_of(self, asker: Asker) -> AsyncIterator[None]:
        """Count this wait against the session, and against its address as a high ceiling."""
        shares = {f"address {asker.address}": self.settings.per_address}
        if asker.session is not None:
            shares[f"session {asker.session}"] = self.settings.per_session
        if any(self._held[who] >= most for who, most in shares.items()):
            raise later("too-many-requests", 2 * self._passes.seconds)
        self._held.update(shares.keys())
        try:
            yield
        finally:
            for who in shares:
                self._held[who] -= 1
                if self._held[who] <= 0:
                    del self._held[who]

    def stop(self) -> None:
        """Ask every run to end and take no more; returns at once."""
        self.stopped = True
        for lane in (self._passes, self._light):
            for flight in list(lane.running):
                flight.stop.set()
            lane.pool.shutdown(wait=False, cancel_futures=True)


@dataclass
class _Turn:
    lock: threading.Lock = field(default_factory=threading.Lock)
    users: int = 0


class Turns:
    """One at a time for each id, in worker threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns: dict[str, _Turn] = {}

    @contextmanager
    def of(self, id: str, cancelled: Callable[[], bool]) -> Iterator[None]:
        """Wait for the turn of `id`, unless nobody waits for the answer any more."""
        with self._lock:
            turn = self._turns.setdefault(id, _Turn())
            turn.users += 1
        try:
            while not turn.lock.acquire(timeout=0.05):
                if cancelled():
                    raise Cancelled
            try:
                yield
            finally:
                turn.lock.release()
        finally:
            with self._lock:
                turn.users -= 1
                if turn.users == 0:
                    del self._turns[id]

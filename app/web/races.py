"""Training runs that go on: each a child process, its events in a ring, ended when nobody watches any more."""

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import sys
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from app.recurrent.errors import Refusal, Say
from app.settings import Settings
from app.training.live.spec import TrainingRequest
from app.web.errors import fault, later

Outcome = Literal["running", "done", "cancelled", "failed"]
MOST_EVENTS = 4000  # kept of one run; more than one within the limits tells
LINE_BYTES = 8 << 20  # the first line has some samples in it
START_SECONDS = 60.0  # until the child has imported torch and read its task
BEAT_SECONDS = 10.0  # between two signs of life on a stream with nothing to say
KILL_SECONDS = 2.0


@dataclass(eq=False)
class Race:
    """One run: what was asked, what happened so far, and who looks."""

    id: str
    asked: TrainingRequest
    folder: Path
    session: str | None
    outcome: Outcome = "running"
    reason: str | None = None  # why it was cancelled or failed: nobody, asked, time, died, diverged
    about: dict[str, Any] = field(default_factory=dict)  # what the child said at its start
    snapshots: list[dict[str, Any]] = field(default_factory=list)
    last: dict[str, Any] = field(default_factory=dict)  # its latest progress
    events: deque[tuple[int, dict[str, Any]]] = field(default_factory=lambda: deque(maxlen=MOST_EVENTS))
    process: asyncio.subprocess.Process | None = None
    watchers: int = 0
    seen: float = field(default_factory=time.monotonic)  # when somebody last asked about it
    began: float = field(default_factory=time.monotonic)
    _told: asyncio.Event = field(default_factory=asyncio.Event)
    refused: Refusal | None = None

    def tell(self, event: dict[str, Any]) -> None:
        """Add one event; never waits for who reads."""
        number = self.events[-1][0] + 1 if self.events else 1
        self.events.append((number, event))
        told, self._told = self._told, asyncio.Event()
        told.set()

    async def following(self, after: int) -> AsyncIterator[tuple[int, dict[str, Any]] | None]:
        """Every event with a number above `after`, to the end of the run; None when there was none for a while.

        Who reads slowly misses what has left the ring, and holds nobody up.
        """
        while True:
            told = self._told
            for number, event in list(self.events):
                if number > after:
                    after = number
                    yield number, event
            if self.outcome != "running":
                return
            try:
                await asyncio.wait_for(told.wait(), BEAT_SECONDS)
            except TimeoutError:
                yield None


class Races:
    """All runs of this server. Use it from the event loop only."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._home = settings.data / "trainings"
        self._own = self._home / f"{os.getpid()}-{secrets.token_hex(4)}"
        self._races: dict[str, Race] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.stopped = False

    def clean(self) -> None:
        """Remove what servers that have ended left behind."""
        for each in self._home.glob("*-*"):
            pid = each.name.partition("-")[0]
            if each != self._own and not (pid.isdigit() and _alive(int(pid))):
                shutil.rmtree(each, ignore_errors=True)

    def find(self, id: str) -> Race:
        """The run with this id; asking for it counts as looking. Raises Refusal."""
        if id not in self._races:
            raise fault("not-found", field="id")
        race = self._races[id]
        race.seen = time.monotonic()
        return race

    def of(self, session: str | None) -> list[Race]:
        """The runs that a session started, the newest first."""
        return [race for race in reversed(self._races.values()) if session and race.session == session]

    async def start(self, asked: TrainingRequest, session: str | None) -> Race:
        """Start a run and wait until it is under way. Raises Refusal: too large, no task, or too many at once."""
        settings = self._settings
        if asked.steps > settings.max_training_steps:
            say = Say(
                "problem.over_limit.training_steps",
                {"got": asked.steps, "expected": settings.max_training_steps, "setting": "UNROLLED_MAX_TRAINING_STEPS"},
            )
            raise Refusal("over-limit", say, field="steps", got=asked.steps, expected=settings.max_training_steps)
        running = [race for race in self._races.values() if race.outcome == "running"]
        if self.stopped or len(running) >= settings.trainings:
            raise later("training-busy", min((race.last.get("left", 5) for race in running), default=5))
        race = Race(secrets.token_urlsafe(12), asked, self._own / secrets.token_hex(8), session)
        self._races[race.id] = race
        self._forget_old()
        race.folder.mkdir(parents=True, mode=0o700)
        race.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app.training.live.child", str(race.folder), str(int(settings.training_seconds))),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={"PATH": os.defpath, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
            limit=LINE_BYTES,
        )
        for work in (self._read(race), self._watch(race)):
            task = asyncio.create_task(work)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_SECONDS):
                async for told in race.following(0):
                    if told is not None:  # nothing for a while: a busy machine
                        break
        if race.refused is not None:
            self._forget(race)
            raise race.refused
        if not race.about:
            self.end(race, "failed", "died")
            self._forget(race)
            raise fault("training-failed")
        return race

    def end(self, race: Race, outcome: Outcome, reason: str | None = None) -> None:
        """Stop a run that goes on; what it has left stays until it is forgotten."""
        if race.outcome != "running":
            return
        race.outcome, race.reason = outcome, reason
        race.tell({"event": "end", "outcome": outcome, "reason": reason, "step": race.last.get("step", 0)})
        process = race.process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()

    def cancel(self, race: Race) -> None:
        """End it; or, when it has ended, forget it."""
        if race.outcome == "running":
            self.end(race, "cancelled", "asked")
        else:
            self._forget(race)

    def stop(self) -> None:
        """End every run, so that every stream ends; the server is closing."""
        self.stopped = True
        for race in list(self._races.values()):
            self.end(race, "cancelled", "closing")
        shutil.rmtree(self._own, ignore_errors=True)

    async def _read(self, race: Race) -> None:
        """What the child says, until it ends."""
        process = race.process
        assert process is not None and process.stdin is not None and process.stdout is not None
        with contextlib.suppress(ConnectionError):
            process.stdin.write(race.asked.model_dump_json().encode() + b"\n")
            await process.stdin.drain()  # it stays open: its end tells the child that we are gone
        with contextlib.suppress(ValueError):  # a line longer than LINE_BYTES
            async for line in process.stdout:
                if race.outcome == "running":
                    self._hear(race, json.loads(line))
        await process.wait()
        self.end(race, "failed", "died")

    def _hear(self, race: Race, said: dict[str, Any]) -> None:
        event = said["event"]
        if event == "refused":
            say = Say(said["say"]["key"], said["say"]["params"])
            race.refused = Refusal(said["kind"], say, field=said["field"], got=said["got"], expected=said["expected"])
            self.end(race, "failed", "refused")
        elif event == "done":
            race.last = race.last | {"step": said["step"], "left": 0}
            self.end(race, "done", "diverged" if said["diverged"] else None)
        else:
            if event == "start":
                race.about = {name: value for name, value in said.items() if name != "event"}
                race.began = race.seen = time.monotonic()  # until here torch was imported
            elif event == "snapshot":
                race.snapshots.append({name: value for name, value in said.items() if name != "event"})
            else:
                race.last = said
            race.tell(said)

    async def _watch(self, race: Race) -> None:
        """Ends it when its time is up, or nobody has looked for a while."""
        settings = self._settings
        while race.outcome == "running":
            await asyncio.sleep(min(0.25, settings.training_idle_seconds / 4))
            now = time.monotonic()
            if race.watchers:
                race.seen = now
            if now - race.began > settings.training_seconds + START_SECONDS * (not race.about):
                self.end(race, "cancelled", "time")
            elif race.about and now - race.seen > settings.training_idle_seconds:
                self.end(race, "cancelled", "nobody")

    def _forget_old(self) -> None:
        ended = [race for race in self._races.values() if race.outcome != "running"]
        for race in ended[: max(0, len(ended) - self._settings.kept_trainings)]:
            self._forget(race)

    def _forget(self, race: Race) -> None:
        self._races.pop(race.id, None)
        shutil.rmtree(race.folder, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True

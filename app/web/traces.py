"""Every trace this server can answer for: planned, run once, kept while there is room."""

import hashlib
import importlib.metadata
import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel
from starlette.requests import Request

from app import __version__
from app.recurrent import answer, index, shapes, trace
from app.recurrent.spec import TraceRequest
from app.settings import Settings
from app.web import i18n
from app.web.errors import fault
from app.web.guard import session_of
from app.web.store import Cache, Shelf, canonical, id_of, request_of
from app.web.work import Work

Format = Literal["json", "f32", "npy"]
TORCH = importlib.metadata.version("torch")
NUMBER_BYTES = {"f32": 4, "npy": 8}


class Client:
    """Who asks: what Work counts, and how it notices that nobody waits any more."""

    def __init__(self, request: Request) -> None:
        self._receive = request.receive
        self.session = session_of(request)
        self.address = request.client.host if request.client else "-"

    async def gone(self) -> None:
        """Returns when the connection is closed; the body has been read before."""
        while (await self._receive())["type"] != "http.disconnect":
            pass


@dataclass(frozen=True)
class Answered:
    """The JSON of a trace; `seconds` of computing, None when it was at hand."""

    id: str
    body: bytes
    seconds: float | None

    @property
    def timing(self) -> str:
        """For the Server-Timing header, which keeps the body the same for the same request."""
        return "kept" if self.seconds is None else f"compute;dur={self.seconds * 1000:.3f}"


@dataclass(frozen=True)
class Block:
    """A part of a tensor, ready to send."""

    body: bytes
    mime: str
    shape: tuple[int, ...]
    axes: tuple[str, ...]


class Traces:
    """Questions about traces. The event loop only plans; everything longer is Work."""

    def __init__(self, settings: Settings, work: Work) -> None:
        self.settings = settings
        self.limits = settings.limits
        self._work = work
        self._shelf = Shelf(settings.data, settings.store_bytes)
        self._traces: Cache[trace.Trace] = Cache(settings.cache_bytes, lambda held: held.nbytes)
        self._answers: Cache[bytes] = Cache(settings.answers_bytes, len)

    def plan(self, asked: TraceRequest) -> shapes.Plan:
        """Lay out a run within this server's limits; raises Refusal."""
        self._check_text(asked)
        return shapes.plan(asked, self.limits)

    def plan_at_any_size(self, asked: TraceRequest) -> shapes.Plan:
        """Lay out a run of any size; only text is bounded, because its sizes come from reading it."""
        self._check_text(asked)
        return shapes.plan(asked)

    def _check_text(self, asked: TraceRequest) -> None:
        """Before it is read: every sentence is filled up to the longest, so a small body could ask
        for gigabytes of padding."""
        if asked.input.text is not None:
            self.limits.check("sentences", len(asked.input.text), "input.text")
            self.limits.check("text_chars", sum(map(len, asked.input.text)), "input.text")

    def warm_up(self, asked: TraceRequest) -> None:
        """Run `asked` while nobody waits: torch loads parts of itself on its first run, which takes a second."""

        def compute() -> None:
            plan = self.plan(asked)
            self._traces.put(id_of(canonical(plan.request)), trace.run(plan))

        self._work.ahead(compute)

    async def answer(self, plan: shapes.Plan, asker: Client, lang: str) -> Answered:
        """The answer to a trace request in the asker's language."""
        text = canonical(plan.request)
        id = id_of(text)
        kept = self._answers.get((id, lang))
        if kept is not None:
            return Answered(id, kept, None)
        started = time.perf_counter()
        done = await self._trace(id, text, plan, asker)

        def describe(_: Callable[[], bool]) -> bytes:
            return answer.describe(done, id, i18n.sayer(lang)).model_dump_json().encode()

        body = await self._work.run(describe, asker, ("answer", id, lang))
        self._answers.put((id, lang), body)
        return Answered(id, body, time.perf_counter() - started)

    async def planned(self, id: str, asker: Client) -> tuple[str, shapes.Plan]:
        """The run that `id` stands for, and the id in its one canonical form; raises Refusal (not-found)."""
        found = await self._find(id, asker) if id[:1] == "h" else request_of(id, self._shelf)
        if found is None:
            raise fault("not-found", field="id")
        plan = self.plan(found)
        return id_of(canonical(plan.request)), plan

    async def block(self, id: str, plan: shapes.Plan, wanted: index.Selection, form: Format, asker: Client) -> Block:
        """A part of a tensor; refused before any computing when it is too large for its format."""
        self._check_size(wanted, form)
        done = await self._trace(id, canonical(plan.request), plan, asker)

        def read(_: Callable[[], bool]) -> Block:
            return _encoded(index.read(done, wanted), form)

        return await self._work.run(read, asker, ("block", id, wanted, form))

    async def _trace(self, id: str, text: bytes, plan: shapes.Plan, asker: Client) -> trace.Trace:
        held = self._traces.get(id)
        if held is not None:
            return held

        def compute(cancelled: Callable[[], bool]) -> trace.Trace:
            made = trace.run(plan, cancelled)
            self._shelf.keep(id, text)
            self._traces.put(id, made)
            return made

        return await self._work.run(compute, asker, ("trace", id))

    async def _find(self, id: str, asker: Client) -> TraceRequest | None:
        return await self._work.run(lambda _: request_of(id, self._shelf), asker, ("find", id))

    def _check_size(self, wanted: index.Selection, form: Format) -> None:
        if form == "json":
            got, most = wanted.numbers, self.settings.max_json_numbers
        else:
            got, most = wanted.numbers * NUMBER_BYTES[form], self.settings.max_binary_bytes
        if got > most:
            refusal = fault("answer-too-large", field="index", got=got, expected=most)
            refusal.say = refusal.say._replace(key=f"problem.answer-too-large.{'json' if form == 'json' else 'binary'}")
            raise refusal


def etag(*parts: object) -> str:
    """Changes whenever the bytes of an answer could: with the question, with torch, with this program."""
    text = "\0".join(map(str, (*parts, __version__, TORCH)))
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def _encoded(reading: index.Reading, form: Format) -> Block:
    array: Any = reading.array
    if form == "npy":
        file = io.BytesIO()
        np.save(file, array, allow_pickle=False)
        return Block(file.getvalue(), "application/x-npy", reading.shape, reading.axes)
    if form == "f32":
        return Block(array.astype("<f4", copy=False).tobytes(), "application/octet-stream", reading.shape, reading.axes)
    found = TensorBlock(
        name=reading.name,
        shape=list(reading.shape),
        axes=list(reading.axes),
        index=reading.index,
        values=answer.listed(array),
        nonfinite=answer.nonfinite(array),
    )
    return Block(found.model_dump_json().encode(), "application/json", reading.shape, reading.axes)


class TensorBlock(BaseModel):
    """A part of a tensor. What is not finite is null in `values`, and stands in `nonfinite`."""

    name: str
    shape: list[int]
    axes: list[str]
    index: str
    values: Any
    nonfinite: list[dict[str, Any]]

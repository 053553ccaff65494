"""Every trace this server can answer for: planned, run once, kept while there is room."""

import hashlib
import importlib.metadata
import io
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np
from pydantic import BaseModel
from starlette.requests import Request

from app import __version__
from app.recurrent import answer, index, shapes, table, trace
from app.recurrent.spec import TraceRequest
from app.settings import Settings
from app.web import i18n
from app.web.bodies import parsed
from app.web.errors import fault
from app.web.guard import HOLD, session_of
from app.web.store import Cache, Shelf, canonical, id_of, inline_text, is_hash, request_of
from app.web.weight import TRACE_BYTES, item_bytes, listed_bytes, weight
from app.web.work import Turns, Work
from app.zoo.uploads import Uploads, open_here

Format = Literal["json", "f32", "f64", "npy", "csv"]
TORCH = importlib.metadata.version("torch")
INLINE_BYTES = 4 << 10  # a request of more JSON takes over a millisecond to read, so not on the event loop
PLANS_BYTES = 32 << 20  # of requests that were read, for the next question about the same id

T = TypeVar("T")
Question = Callable[[trace.Trace, Callable[[], bool]], T]  # is given `cancelled`, to be asked now and then


class Client:
    """Who asks: what Work counts, and how it notices that nobody waits any more."""

    def __init__(self, request: Request) -> None:
        self._receive = request.receive
        self.session = session_of(request)
        self.address = request.client.host if request.client else "-"
        self._hold: Callable[[int], None] = request.scope.get(HOLD, lambda _: None)

    def hold(self, plan: shapes.Plan) -> None:
        """Count a request that was read, until it is answered; raises Later when all hold too much."""
        self._hold(listed_bytes(plan))

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
    """Questions about traces. The event loop only plans small requests; everything longer is Work."""

    def __init__(self, settings: Settings, work: Work) -> None:
        self.settings = settings
        self.limits = settings.limits
        self._work = work
        self._shelf = Shelf(settings.data, settings.store_bytes)
        self.uploads = open_here(Uploads(settings.data, settings.uploads_bytes, settings.uploads_days))
        self._traces: Cache[trace.Trace] = Cache(settings.cache_bytes, weight)
        self._plans: Cache[tuple[str, shapes.Plan]] = Cache(
            PLANS_BYTES, lambda known: TRACE_BYTES + listed_bytes(known[1])
        )
        self._turns = Turns()
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
        inputs = {"input.text": asked.input}
        if asked.state is not None and asked.state.encoder is not None:
            inputs["state.encoder.input.text"] = asked.state.encoder.input
        for field, each in inputs.items():
            if each.text is not None:
                self.limits.check("sentences", len(each.text), field)
                self.limits.check("text_chars", sum(map(len, each.text)), field)

    def warm_up(self, asked: TraceRequest) -> None:
        """Run `asked` while nobody waits: torch loads parts of itself on its first run, which takes a second."""

        def compute() -> None:
            plan = self.plan(asked)
            self._traces.put(id_of(canonical(plan.request)), trace.run(plan))

        self._work.ahead(compute)

    async def posted(self, body: bytes, asker: Client) -> tuple[str, shapes.Plan]:
        """The id and the plan of a request as it was sent; raises Refusal or ValidationError."""

        def read(_: object) -> tuple[str, shapes.Plan]:
            return self.named(self.plan(parsed(TraceRequest, body)))

        if len(body) <= INLINE_BYTES:
            return read(None)
        known = await self._work.run(read, asker, light=True)
        asker.hold(known[1])
        return known

    def named(self, plan: shapes.Plan) -> tuple[str, shapes.Plan]:
        """A plan under its id."""
        known = id_of(canonical(plan.request)), plan
        self._plans.put(known[0], known)
        return known

    async def planned(self, id: str, asker: Client) -> tuple[str, shapes.Plan]:
        """The run that `id` stands for, and the id in its one canonical form; raises Refusal (not-found)."""
        held = self._traces.get(id)
        known = (id, held.plan) if held is not None else self._plans.get(id)
        if known is not None:
            return known
        text = None if is_hash(id) else inline_text(id)
        if text is not None and len(text) <= INLINE_BYTES:
            return self._read(id)
        if text is None and not is_hash(id):
            raise fault("not-found", field="id")
        known = await self._work.run(lambda _: self._read(id), asker, ("find", id), light=True)
        asker.hold(known[1])
        return known

    def _read(self, id: str) -> tuple[str, shapes.Plan]:
        found = request_of(id, self._shelf)
        if found is None:
            raise fault("not-found", field="id")
        plan = self.plan(found)
        known = (id, plan) if is_hash(id) else self.named(plan)  # what lies under its hash is canonical
        self._plans.put(id, known)
        return known

    async def answer(self, id: str, plan: shapes.Plan, asker: Client, lang: str) -> Answered:
        """The answer to a trace request in the asker's language."""
        kept = self._answers.get((id, lang))
        if kept is not None:
            return Answered(id, kept, None)
        started = time.perf_counter()

        def describe(done: trace.Trace, _: object) -> bytes:
            return answer.describe(done, _name, i18n.sayer(lang)).model_dump_json().encode()

        body = await self.ask(id, plan, asker, ("answer", id, lang), describe)
        self._answers.put((id, lang), body)
        return Answered(id, body, time.perf_counter() - started)

    async def block(self, id: str, plan: shapes.Plan, wanted: index.Selection, form: Format, asker: Client) -> Block:
        """A part of a tensor; refused before any computing when it is too large for its format."""
        self.check_size(plan, wanted, form)

        def read(done: trace.Trace, _: object) -> Block:
            if form == "csv":
                return Block(table.table(done, wanted), "text/csv; charset=utf-8", wanted.shape, wanted.axes)
            return encoded(index.read(done, wanted), form)

        return await self.ask(id, plan, asker, ("block", id, wanted, form), read)

    async def ask(self, id: str, plan: shapes.Plan, asker: Client, key: Hashable, question: Question[T]) -> T:
        """What `question` makes of the trace. The pass, where it is not at hand, and the question are one job:
        a trace that waited in between for its question would be held beyond the bound of the cache."""
        return await self._work.run(
            lambda cancelled: question(self._computed(id, plan, cancelled), cancelled), asker, key
        )

    async def ask_beside(
        self,
        id: str,
        plan: shapes.Plan,
        other: TraceRequest,
        asker: Client,
        key: Hashable,
        question: Callable[[trace.Trace, trace.Trace, Callable[[], bool]], T],
    ) -> T:
        """What `question` makes of the trace and another run beside it; both runs and the question are one job."""

        def both(cancelled: Callable[[], bool]) -> T:
            beside, its_plan = self.named(self.plan(other))
            held = self._computed(id, plan, cancelled)
            return question(held, self._computed(beside, its_plan, cancelled), cancelled)

        return await self._work.run(both, asker, key)

    def _computed(self, id: str, plan: shapes.Plan, cancelled: Callable[[], bool]) -> trace.Trace:
        with self._turns.of(id, cancelled):  # different questions about one trace wait for one pass
            held = self._traces.get(id)
            if held is None:
                held = trace.run(plan, cancelled)
                if is_hash(id):
                    self._shelf.keep(id, canonical(plan.request))
                self._traces.put(id, held)
                if held.encoder is not None:
                    self._keep_encoder(held.encoder)
            return held

    def _keep_encoder(self, encoder: trace.Trace) -> None:
        """An encoder is a trace of its own: whoever reads of it in the answer may ask for it."""
        text = canonical(encoder.plan.request)
        id = id_of(text)
        if is_hash(id):
            self._shelf.keep(id, text)
        self._traces.put(id, encoder)

    def check_size(self, plan: shapes.Plan, wanted: index.Selection, form: Format) -> None:
        """Refuse a part of a tensor that is too large for its format."""
        if form in ("json", "csv"):
            got, most = wanted.numbers, self.settings.max_json_numbers
        else:
            got, most = wanted.numbers * item_bytes(plan, wanted.name, form), self.settings.max_binary_bytes
        if got > most:
            refusal = fault("answer-too-large", field="index", got=got, expected=most)
            refusal.say = refusal.say._replace(
                key=f"problem.answer-too-large.{form if form in ('json', 'csv') else 'binary'}"
            )
            raise refusal


def _name(plan: shapes.Plan) -> str:
    return id_of(canonical(plan.request))


def etag(*parts: object) -> str:
    """Changes whenever the bytes of an answer could: with the question, with torch, with this program."""
    text = "\0".join(map(str, (*parts, __version__, TORCH)))
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def encoded(reading: index.Reading, form: Format) -> Block:
    """A part of a tensor as it is sent."""
    array: Any = reading.array
    if form == "npy":
        file = io.BytesIO()
        np.save(file, array, allow_pickle=False)
        return Block(file.getvalue(), "application/x-npy", reading.shape, reading.axes)
    if form != "json":
        raw = array.astype("<f4" if form == "f32" else "<f8", copy=False).tobytes()
        return Block(raw, "application/octet-stream", reading.shape, reading.axes)
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

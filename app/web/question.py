"""A question about a trace, or about two: checked from the plan, answered once, and not again for who holds it."""

from collections.abc import Callable, Hashable
from typing import Annotated, Literal

from fastapi import Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from app.recurrent.compare import compare
from app.recurrent.shapes import Plan
from app.recurrent.trace import Trace
from app.web.assets import IMMUTABLE
from app.web.errors import lang_of
from app.web.negotiate import holds
from app.web.traces import Client, Format, Question, Traces, etag

FORMATS: dict[str, Format] = {
    "application/json": "json",
    "application/octet-stream": "f32",
    "application/x-npy": "npy",
}

At = Annotated[
    str | None,
    Query(alias="index", max_length=200, examples=["0,:,3:10"], description="Per axis a place or first:stop."),
]
Form = Annotated[
    Literal["json", "f32", "f64", "npy"] | None,
    Query(description="json, f32, f64 (little-endian), npy; else the Accept header says."),
]
Id = Annotated[str, Path(min_length=1, max_length=1300, description="What POST /traces answered as `id`.")]


async def ask(
    request: Request,
    id: str,
    name: str,
    check: Callable[[Plan], object],
    question: Question[BaseModel | bytes],
    *about: Hashable,
    mime: str = "application/json",
) -> Response:
    """The answer to `question`; `check` refuses, from the plan alone, what need not be run first."""
    traces: Traces = request.app.state.traces
    client, lang = Client(request), lang_of(request)
    id, plan = await traces.planned(id, client)
    key = (name, id, lang, str(check(plan)), *about)
    headers = {"ETag": etag(*key), "Cache-Control": IMMUTABLE, "Vary": "Accept-Language", "Content-Language": lang}
    if holds(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)

    def answer(trace: Trace, cancelled: Callable[[], bool]) -> bytes:
        found = question(trace, cancelled)
        return found if isinstance(found, bytes) else found.model_dump_json(by_alias=True).encode()

    body = await traces.ask(id, plan, client, key, answer)
    return Response(body, media_type=mime, headers=headers)


async def compared(request: Request, a: Plan, b: Plan) -> bytes:
    """What differs between two runs, as JSON."""
    traces: Traces = request.app.state.traces
    (first, a), (second, _) = traces.named(a), traces.named(b)

    def question(one: Trace, other: Trace, cancelled: Callable[[], bool]) -> bytes:
        return compare(one, other, (first, second), cancelled).model_dump_json().encode()

    return await traces.ask_beside(first, a, b.request, Client(request), ("compare", first, second), question)

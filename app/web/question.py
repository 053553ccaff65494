"""One question about a trace: checked from its plan, answered once, and never again for who holds the answer."""

from collections.abc import Callable, Hashable
from typing import Annotated

from fastapi import Path, Request
from fastapi.responses import Response
from pydantic import BaseModel

from app.recurrent.shapes import Plan
from app.recurrent.trace import Trace
from app.web.assets import IMMUTABLE
from app.web.errors import lang_of
from app.web.negotiate import holds
from app.web.traces import Client, Traces, etag

Id = Annotated[str, Path(min_length=1, max_length=1300, description="What POST /traces answered as `id`.")]


async def ask(
    request: Request,
    id: str,
    name: str,
    check: Callable[[Plan], object],
    question: Callable[[Trace], BaseModel | bytes],
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

    def answer(trace: Trace) -> bytes:
        found = question(trace)
        return found if isinstance(found, bytes) else found.model_dump_json(by_alias=True).encode()

    body = await traces.ask(id, plan, client, key, answer)
    return Response(body, media_type=mime, headers=headers)

"""The JSON API, version 1: each route parses, calls one function, answers."""

import json
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from app.recurrent import index, shapes
from app.recurrent.answer import ShapesAnswer, TraceAnswer, describe_plan
from app.recurrent.errors import Say
from app.recurrent.examples import BY_KEY, EXAMPLES, Example
from app.recurrent.spec import TraceRequest
from app.settings import Settings
from app.web import i18n
from app.web.docs import BODY, answers
from app.web.errors import fault, lang_of
from app.web.traces import Client, Format, TensorBlock, Traces, etag
from app.web.work import Work

router = APIRouter(prefix="/api/v1")

INLINE_BYTES = 64 << 10  # a longer body is parsed off the event loop
IMMUTABLE = "public, max-age=31536000, immutable"
FORMATS: dict[str, Format] = {
    "application/json": "json",
    "application/octet-stream": "f32",
    "application/x-npy": "npy",
}

Id = Annotated[str, Path(min_length=1, max_length=1300, description="What POST /traces answered as `id`.")]


@router.post(
    "/traces",
    status_code=201,
    tags=["traces"],
    summary="Run one forward pass",
    responses=answers({201: TraceAnswer}, 400, 403, 408, 413, 415, 422, 429),
    openapi_extra=BODY,
)
async def post_traces(request: Request) -> Response:
    """Every stage's shape and values, the proof against the plain module, and the claims it settles."""
    traces: Traces = request.app.state.traces
    plan = await _planned(request, traces.plan)
    lang = lang_of(request)
    made = await traces.answer(plan, Client(request), lang)
    headers = {"Location": f"/api/v1/traces/{made.id}", "Server-Timing": made.timing, "Content-Language": lang}
    return Response(made.body, status_code=201, media_type="application/json", headers=headers)


@router.get(
    "/traces/{id}",
    tags=["traces"],
    summary="The same answer again",
    responses=answers({200: TraceAnswer, 304: None}, 404, 422, 429),
)
async def get_trace(request: Request, id: Id) -> Response:
    """Computed again when it is no longer held: an id describes its request, also after a restart."""
    traces: Traces = request.app.state.traces
    client, lang = Client(request), lang_of(request)
    id, plan = await traces.planned(id, client)
    headers = {
        "ETag": etag(id, lang),
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Language",
        "Content-Language": lang,
    }
    if _holds(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    made = await traces.answer(plan, client, lang)
    return Response(made.body, media_type="application/json", headers=headers)


@router.get(
    "/traces/{id}/tensors/{name}",
    tags=["traces"],
    summary="The numbers of a tensor, or of a part of it",
    responses=answers({200: TensorBlock, 304: None}, 404, 413, 422, 429)
    | {
        200: {
            "description": "The numbers",
            "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/TensorBlock"}},
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
                "application/x-npy": {"schema": {"type": "string", "format": "binary"}},
            },
            "headers": {
                "X-Shape": {"schema": {"type": "string"}, "description": "e.g. 2,5,6"},
                "X-Axes": {"schema": {"type": "string"}, "description": "e.g. N,T,H"},
            },
        }
    },
)
async def get_tensor(
    request: Request,
    id: Id,
    name: Annotated[str, Path(min_length=1, max_length=64, examples=["output"], description="e.g. output, l0.c")],
    at: Annotated[
        str | None,
        Query(alias="index", max_length=200, examples=["0,:,3:10"], description="Per axis a place or first:stop."),
    ] = None,
    format: Annotated[
        Format | None, Query(description="json, f32 (little-endian float32) or npy; else the Accept header says.")
    ] = None,
) -> Response:
    """Gates and c are derived here, for the part asked for. The answer never changes."""
    traces: Traces = request.app.state.traces
    client, form = Client(request), format or _accepted(request)
    id, plan = await traces.planned(id, client)
    wanted = index.select(plan, name, at)
    headers = {"ETag": etag(id, wanted, form), "Cache-Control": IMMUTABLE, "Vary": "Accept"}
    if _holds(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    block = await traces.block(id, plan, wanted, form, client)
    headers |= {"X-Shape": ",".join(map(str, block.shape)), "X-Axes": ",".join(block.axes)}
    return Response(block.body, media_type=block.mime, headers=headers)


@router.post(
    "/shapes",
    tags=["shapes"],
    summary="Every shape, without running anything",
    responses=answers({200: ShapesAnswer}, 400, 403, 408, 413, 415, 422, 429),
    openapi_extra=BODY,
)
async def post_shapes(request: Request) -> Response:
    """At any size, at once: shapes, parameters, positions, bytes and multiply-adds."""
    traces: Traces = request.app.state.traces
    plan = await _planned(request, traces.plan_at_any_size)
    lang = lang_of(request)
    body = describe_plan(plan, i18n.sayer(lang)).model_dump_json().encode()
    return Response(body, media_type="application/json", headers={"Content-Language": lang})


class VariantAnswer(BaseModel):
    """An example with one thing changed."""

    key: str
    title: str
    request: dict[str, Any]


class ExampleAnswer(BaseModel):
    """A ready request; without one it is announced, not yet there."""

    key: str
    title: str
    says: str
    available: bool
    request: dict[str, Any] | None
    variants: list[VariantAnswer]


class ExamplesAnswer(BaseModel):
    """All examples."""

    examples: list[ExampleAnswer]


@router.get("/examples", tags=["examples"], summary="Ready requests", responses=answers({}))
async def get_examples(request: Request) -> ExamplesAnswer:
    """The built-in examples, in the order in which the page lists them."""
    lang = lang_of(request)
    return ExamplesAnswer(examples=[_example(example, lang) for example in EXAMPLES])


@router.get("/examples/{key}", tags=["examples"], summary="One ready request", responses=answers({}, 404, 422))
async def get_example(
    request: Request, key: Annotated[str, Path(min_length=1, max_length=64, examples=["rnn-hello"])]
) -> ExampleAnswer:
    """Its `request` can be sent to POST /traces as it stands."""
    if key not in BY_KEY:
        raise fault("not-found", field="key", expected=", ".join(BY_KEY))
    return _example(BY_KEY[key], lang_of(request))


@router.get("/limits", tags=["server"], summary="Every limit of this server", responses=answers({}))
async def get_limits(request: Request) -> dict[str, int | float]:
    """Sizes in numbers or bytes, times in seconds. Each is a setting: UNROLLED_ and the name in capitals."""
    return limits_answer(request.app.state.settings)


class Health(BaseModel):
    """The server answers."""

    status: str = "ok"
    version: str
    waiting: int


@router.get("/healthz", tags=["server"], summary="Whether the server answers", responses=answers({}))
async def get_health(request: Request) -> Health:
    """Answers also while every worker is busy; `waiting` is how many runs are going on or queued."""
    work: Work = request.app.state.work
    return Health(version=request.app.version, waiting=work.waiting)


def limits_answer(settings: Settings) -> dict[str, int | float]:
    """Every limit by the name of its setting."""
    shown = ("queue", "per_session", "per_address", "body_seconds", "deadline_seconds")
    return {name: value for name, value in vars(settings).items() if name.startswith("max_") or name in shown}


def parse(body: bytes) -> TraceRequest:
    """A request from the bytes of its JSON; raises ValidationError, or Refusal for a name given twice."""
    asked = TraceRequest.model_validate_json(body)
    # parse_int: Python would refuse whole numbers of over 4300 digits in its own way
    json.loads(body, object_pairs_hook=_refuse_twice, parse_int=len)
    return asked


def _refuse_twice(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) < len(pairs):
        raise fault("invalid-json", got="a name that stands twice in one object")


async def _planned(request: Request, plan: Callable[[TraceRequest], shapes.Plan]) -> shapes.Plan:
    """The body of a JSON write as a plan; large ones are read off the event loop."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json":
        raise fault("unsupported-media-type", field="Content-Type", expected="application/json")
    body = await request.body()

    def read(_: object) -> shapes.Plan:
        return plan(parse(body))

    if len(body) <= INLINE_BYTES:
        return read(None)
    work: Work = request.app.state.work
    return await work.run(read, Client(request))


def _example(example: Example, lang: str) -> ExampleAnswer:
    say = i18n.sayer(lang)
    key = f"example.{example.key}"
    return ExampleAnswer(
        key=example.key,
        title=say(Say(f"{key}.title")),
        says=say(Say(f"{key}.says")),
        available=example.available,
        request=example.request,
        variants=[
            VariantAnswer(key=variant.key, title=say(Say(f"{key}.variant.{variant.key}")), request=variant.request)
            for variant in example.variants
        ],
    )


def _accepted(request: Request) -> Format:
    """The first format the Accept header names; JSON when it names none of ours."""
    for part in request.headers.get("accept", "").split(","):
        media = part.partition(";")[0].strip().lower()
        if media in FORMATS:
            return FORMATS[media]
    return "json"


def _holds(request: Request, tag: str) -> bool:
    """Whether the client says that it has this very answer."""
    sent = request.headers.get("if-none-match", "")
    return tag in (part.strip().removeprefix("W/") for part in sent.split(","))

"""The JSON API, version 1: each route parses, calls one function, answers."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from app.recurrent import index
from app.recurrent.answer import SMALL, ShapesAnswer, TraceAnswer, describe_plan
from app.recurrent.errors import Say
from app.recurrent.examples import BY_KEY, EXAMPLES, Example
from app.recurrent.settle import NOT_YET
from app.recurrent.spec import ModelSpec, TraceRequest
from app.settings import Settings
from app.web import i18n
from app.web.assets import IMMUTABLE
from app.web.bodies import json_bytes, parsed
from app.web.docs import BODY, answers
from app.web.errors import fault, lang_of
from app.web.keys import MOST_CHARACTERS
from app.web.negotiate import holds, names, preferred
from app.web.question import FORMATS, At
from app.web.traces import PLANS_BYTES, Client, Format, TensorBlock, Traces, etag
from app.web.work import Work

router = APIRouter(prefix="/api/v1")

TAKEN: dict[str, Format] = FORMATS | {"text/csv": "csv"}
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
    client, lang = Client(request), lang_of(request)
    id, plan = await traces.posted(await json_bytes(request), client)
    made = await traces.answer(id, plan, client, lang)
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
    headers = {"Cache-Control": "private, no-cache", "Vary": "Accept-Language", "Content-Language": lang}
    if names(request, etag(id, lang)):  # only an answer of ours has this tag
        return Response(status_code=304, headers=headers | {"ETag": etag(id, lang)})
    id, plan = await traces.planned(id, client)
    headers["ETag"] = etag(id, lang)
    if holds(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    made = await traces.answer(id, plan, client, lang)
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
                "text/csv": {"schema": {"type": "string"}},
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
    at: At = None,
    format: Annotated[
        Format | None, Query(description="json, f32, f64 (little-endian), npy or csv; else Accept says.")
    ] = None,
) -> Response:
    """Gates and c are derived here, for the part asked for. The answer never changes."""
    traces: Traces = request.app.state.traces
    client, form = Client(request), format or TAKEN[preferred(request, list(TAKEN))]
    id, plan = await traces.planned(id, client)
    wanted = index.select(plan, name, at)
    headers = {"ETag": etag(id, wanted, form), "Cache-Control": IMMUTABLE, "Vary": "Accept"}
    if holds(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    block = await traces.block(id, plan, wanted, form, client)
    headers |= {"X-Shape": ",".join(map(str, block.shape)), "X-Axes": ",".join(block.axes)}
    if form == "csv":
        headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
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
    work: Work = request.app.state.work
    lang = lang_of(request)
    sent = await json_bytes(request)

    def describe(_: object) -> bytes:
        plan = traces.plan_at_any_size(parse(sent))
        return describe_plan(plan, i18n.sayer(lang)).model_dump_json().encode()

    body = await work.run(describe, Client(request), light=True)
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
async def get_limits(request: Request) -> dict[str, int | float | list[str]]:
    """Sizes in numbers or bytes, times in seconds. Those of the server are settings: UNROLLED_ and the name in
    capitals. Those of the schema and of the page are the same everywhere; `not_yet` names the fields that are
    understood but not run by this version."""
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


def limits_answer(settings: Settings) -> dict[str, int | float | list[str]]:
    """Every limit: by the name of its setting, and what no setting changes."""
    numbers = {name: value for name, value in vars(settings).items() if isinstance(value, int | float)}
    return {
        **{name: value for name, value in numbers.items() if name != "port"},
        "workers": settings.threads,
        "plans_bytes": PLANS_BYTES,
        "values_with_trace": SMALL,
        "page_sentence_chars": MOST_CHARACTERS,
        "schema_num_layers": _upper_bound(ModelSpec, "num_layers"),
        "not_yet": list(NOT_YET),
    }


def _upper_bound(model: type[BaseModel], name: str) -> int:
    """What the schema allows at most in a field."""
    return next(int(rule.le) for rule in model.model_fields[name].metadata if hasattr(rule, "le"))


def parse(body: bytes) -> TraceRequest:
    """A request from the bytes of its JSON; raises ValidationError, or Refusal for a name given twice."""
    return parsed(TraceRequest, body)


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

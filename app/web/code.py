"""POST /code and POST /code/read: a request as source that runs, and source as a request."""

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from app.recurrent.answer import Speak
from app.recurrent.code.keras_source import keras, reason
from app.recurrent.code.read import Reading, read
from app.recurrent.code.torch_source import pytorch
from app.recurrent.errors import Refusal, Say
from app.recurrent.shapes import Plan
from app.recurrent.spec import Strict, TraceRequest
from app.web import i18n
from app.web.assets import IMMUTABLE
from app.web.bodies import json_bytes, parsed
from app.web.docs import BODY, answers
from app.web.errors import lang_of
from app.web.negotiate import holds
from app.web.question import Id
from app.web.traces import Client, Traces, etag
from app.web.work import Work

router = APIRouter(prefix="/api/v1")

Model = TypeVar("Model", bound=BaseModel)

MOST_SOURCE = 100_000  # characters; recurrent/code/parse.py refuses more with a sentence of its own


class CodeAnswer(BaseModel):
    """Two sources, each runs as it stands. `keras` is null where Keras has no such layer; `keras_why` says why."""

    pytorch: str
    keras: str | None
    keras_why: str | None


class CodeRequest(Strict):
    """Python with a recurrent module in it; it is parsed, never run."""

    source: Annotated[str, Field(min_length=1, max_length=MOST_SOURCE, examples=["nn.LSTM(10, 20, 2)"])]


class UnreadAnswer(BaseModel):
    """A piece of the source that is not in the request, and why."""

    what: str
    line: int
    why: str


class AssumedAnswer(BaseModel):
    """What the source leaves open, what stands in the request instead, and why."""

    what: str
    value: Any
    why: str


class ReadAnswer(BaseModel):
    """A request that can be sent to /traces as it stands."""

    request: TraceRequest
    code: str
    framework: str
    unread: list[UnreadAnswer]
    assumed: list[AssumedAnswer]


def written(plan: Plan, speak: Speak) -> CodeAnswer:
    """The answer of POST /code."""
    why = reason(plan)
    return CodeAnswer(
        pytorch=pytorch(plan),
        keras=keras(plan) if why is None else None,
        keras_why=None if why is None else speak(why),
    )


def understood(reading: Reading, speak: Speak) -> ReadAnswer:
    """The answer of POST /code/read."""
    return ReadAnswer(
        request=reading.request,
        code=reading.code,
        framework=reading.framework,
        unread=[
            UnreadAnswer(what=each.what, line=each.line, why=speak(Say(f"code.unread.{each.why}")))
            for each in reading.unread
        ],
        assumed=[AssumedAnswer(what=each.what, value=each.value, why=speak(Say(each.why))) for each in reading.assumed],
    )


@router.post(
    "/code",
    tags=["code"],
    summary="The run as PyTorch and as Keras source",
    responses=answers({}, 400, 403, 408, 413, 415, 422, 429),
    response_model=CodeAnswer,
    openapi_extra=BODY,
)
async def post_code(request: Request) -> Response:
    """A seed reproduces the very weights; given weights stand in the source as numbers."""
    traces: Traces = request.app.state.traces
    lang = lang_of(request)

    def write(asked: bytes) -> BaseModel:
        return written(traces.plan_at_any_size(parsed(TraceRequest, asked)), i18n.sayer(lang))

    return await _answered(request, write, lang)


@router.post(
    "/code/read",
    tags=["code"],
    summary="Source as a request",
    responses=answers({}, 400, 403, 408, 413, 415, 422, 429),
    response_model=ReadAnswer,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": CodeRequest.model_json_schema(),
                    "examples": {
                        "line": {"summary": "One line", "value": {"source": "nn.LSTM(10, 20, 2)"}},
                        "keras": {
                            "summary": "Keras",
                            "value": {"source": "layers.LSTM(32, return_sequences=True, input_shape=(20, 8))"},
                        },
                    },
                }
            },
        }
    },
)
async def post_code_read(request: Request) -> Response:
    """A constructor's line, a small class or a script. What can't be read is named in `unread`."""
    lang = lang_of(request)

    def follow(asked: bytes) -> BaseModel:
        return understood(read(parsed(CodeRequest, asked).source), i18n.sayer(lang))

    return await _answered(request, follow, lang)


@router.get(
    "/traces/{id}/code",
    tags=["code"],
    summary="The run as a Python file",
    responses=answers({304: None}, 404, 422, 429)
    | {200: {"description": "The source", "content": {"text/x-python": {"schema": {"type": "string"}}}}},
    response_class=Response,
)
async def get_code(
    request: Request,
    id: Id,
    framework: Annotated[Literal["pytorch", "keras"], Query(description="Whose layers it is written in.")] = "pytorch",
) -> Response:
    """It runs as it stands and gives the same numbers. Where Keras has no such layer, the refusal says why."""
    traces: Traces = request.app.state.traces
    work: Work = request.app.state.work
    client = Client(request)
    id, plan = await traces.planned(id, client)
    tag = etag("code", id, framework)
    headers = {"ETag": tag, "Cache-Control": IMMUTABLE}
    if holds(request, tag):
        return Response(status_code=304, headers=headers)
    why = reason(plan) if framework == "keras" else None
    if why is not None:
        raise Refusal("invalid-value", why, field="framework", got=framework, expected="pytorch")
    source = await work.run(lambda _: (keras if framework == "keras" else pytorch)(plan), client, light=True)
    headers["Content-Disposition"] = f'attachment; filename="unrolled_{framework}.py"'
    return Response(source, media_type="text/x-python; charset=utf-8", headers=headers)


async def _answered(request: Request, make: Callable[[bytes], BaseModel], lang: str) -> Response:
    """The answer to a JSON body, made off the event loop."""
    body = await json_bytes(request)
    work: Work = request.app.state.work
    made = await work.run(lambda _: make(body).model_dump_json().encode(), Client(request))
    return Response(made, media_type="application/json", headers={"Content-Language": lang})

"""POST /diagnose: what is wrong with a request, an error message or a piece of code, and what would be right."""

import json
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.recurrent.diagnose import answer as diagnose
from app.recurrent.diagnose.finding import DiagnoseAnswer, Finding, answered
from app.recurrent.spec import Strict
from app.web import i18n
from app.web.bodies import json_bytes
from app.web.docs import answers
from app.web.errors import fault, lang_of
from app.web.traces import Client, Traces
from app.web.work import Work

router = APIRouter(prefix="/api/v1")

Pasted = Annotated[str, Field(min_length=1, max_length=diagnose.MOST_TEXT)]


class DiagnoseRequest(Strict):
    """Exactly one thing to look at."""

    request: dict[str, Any] | None = Field(default=None, description="A request for /traces, also a broken one.")
    traceback: Pasted | None = Field(default=None, description="What PyTorch printed; its last error counts.")
    code: Pasted | None = Field(default=None, description="Python with a recurrent module in it; it is never run.")

    @model_validator(mode="after")
    def _exactly_one(self) -> "DiagnoseRequest":
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            raise PydanticCustomError(
                "exactly_one", "give exactly one of request, traceback, code", {"given": ", ".join(given) or "none"}
            )
        return self


EXAMPLES: dict[str, Any] = {
    "traceback": {
        "summary": "An error message",
        "value": {"traceback": "RuntimeError: Expected hidden[0] size (2, 3, 20), got [3, 2, 20]"},
    },
    "code": {
        "summary": "A line of code",
        "value": {"code": "net = nn.Sequential(nn.LSTM(10, 20), nn.Linear(20, 2))"},
    },
    "request": {
        "summary": "A request that runs and is not what was meant",
        "value": {
            "request": {
                "model": {"cell": "lstm", "hidden_size": 4},
                "input": {"values": [[[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]], [[0.7, 0.8], [0.9, 1.0], [1.1, 1.2]]]},
            }
        },
    },
}


@router.post(
    "/diagnose",
    tags=["diagnose"],
    summary="Why it fails, or what it does silently",
    responses=answers({}, 400, 403, 408, 413, 415, 422, 429),
    response_model=DiagnoseAnswer,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": DiagnoseRequest.model_json_schema(), "examples": EXAMPLES},
            },
        }
    },
)
async def post_diagnose(request: Request) -> Response:
    """PyTorch's own text, the axis at fault, the reason, the fix, and a request that runs."""
    body, lang = await json_bytes(request), lang_of(request)
    traces: Traces = request.app.state.traces
    work: Work = request.app.state.work

    def look(cancelled: Callable[[], bool]) -> bytes:
        found = _found(parse(body), traces, cancelled)
        answer = answered(found, i18n.sayer(lang), lambda say: i18n.hint(lang, say))
        return answer.model_dump_json().encode()

    made = await work.run(look, Client(request))
    return Response(made, media_type="application/json", headers={"Content-Language": lang})


def parse(body: bytes) -> DiagnoseRequest:
    """A question from the bytes of its JSON; raises ValidationError, or Refusal for what JSON does not have."""
    asked = DiagnoseRequest.model_validate_json(body)
    # parse_int: Python would refuse whole numbers of over 4300 digits in its own way
    json.loads(body, object_pairs_hook=_refuse_twice, parse_int=len, parse_constant=_refuse_constant)
    return asked


def _found(asked: DiagnoseRequest, traces: Traces, cancelled: Callable[[], bool]) -> list[Finding]:
    if asked.traceback is not None:
        return diagnose.of_traceback(asked.traceback, traces.plan)
    if asked.code is not None:
        return diagnose.of_code(asked.code, traces.plan)
    assert asked.request is not None  # the model holds exactly one
    return diagnose.of_request(asked.request, traces.plan, cancelled)


def _refuse_twice(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) < len(pairs):
        raise fault("invalid-json", got="a name that stands twice in one object")


def _refuse_constant(name: str) -> None:
    raise fault("invalid-json", got=name)

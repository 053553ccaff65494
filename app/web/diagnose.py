"""POST /diagnose: what is wrong with a request, an error message or a piece of code, and what would be right."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.recurrent.diagnose.finding import DiagnoseAnswer
from app.web.bodies import json_bytes
from app.web.diagnosing import DiagnoseRequest, look, parse
from app.web.docs import answers
from app.web.errors import lang_of
from app.web.traces import Client, Traces
from app.web.work import Work

router = APIRouter(prefix="/api/v1")

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

    def found(cancelled: Callable[[], bool]) -> bytes:
        return look(parse(body), traces, lang, cancelled).model_dump_json().encode()

    made = await work.run(found, Client(request))
    return Response(made, media_type="application/json", headers={"Content-Language": lang})

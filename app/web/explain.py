"""Routes that take a trace apart: explain, wiring, ledger, gradients, padding; and compare, which holds two."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from app.recurrent.compare import CompareAnswer, CompareRequest
from app.recurrent.errors import Refusal, Say
from app.recurrent.explain.backward import Ask, Detach, How, Of
from app.recurrent.explain.gradients import (
    CellsAnswer,
    GradientsAnswer,
    cells,
    checked,
    gradients,
)
from app.recurrent.explain.ledger import LedgerAnswer, ledger, lines
from app.recurrent.explain.padding import PaddingAnswer, check_lengths, padding
from app.recurrent.explain.value import ExplainAnswer, explain, one_place
from app.recurrent.explain.wiring import ListeningAnswer, WiringAnswer, listening, wiring
from app.recurrent.nested import within
from app.recurrent.shapes import Plan
from app.recurrent.spec import TraceRequest
from app.recurrent.trace import Trace
from app.settings import Settings
from app.web import i18n
from app.web.bodies import json_bytes, parsed
from app.web.docs import TEXT_EXAMPLE, answers
from app.web.errors import lang_of
from app.web.question import Id, ask, compared
from app.web.traces import Client, Traces
from app.web.work import Work

router = APIRouter(prefix="/api/v1")

Whole = Annotated[int, Query(ge=-1_000_000_000, le=1_000_000_000)]
Sample = Annotated[int, Query(ge=-1_000_000_000, le=1_000_000_000, description="Place in the batch.")]
RowName = Annotated[str, Query(min_length=1, max_length=32, examples=["l0"], description="l0, l0_reverse, l1, …")]
Limit = Annotated[int | None, Query(ge=1, le=1_000_000, description="Keep the largest; the rest is summed.")]
Products = Annotated[
    int | None, Query(ge=0, le=1_000_000, description="Keep the largest; the rest is summed. 0: only the sums.")
]
Unit = Annotated[int | None, Query(ge=-1_000_000_000, le=1_000_000_000)]
Gate = Annotated[str | None, Query(min_length=1, max_length=1, examples=["f"], description="i f g o, r z n, or none.")]


def documented(*models: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """What such a route can answer."""
    model: Any = models[0] if len(models) == 1 else models[0] | models[1]
    text = " Or: ".join((each.__doc__ or "").strip() for each in models)
    return answers({304: None}, 404, 422, 429) | {200: {"model": model, "description": text}}


@router.get(
    "/traces/{id}/explain",
    tags=["explain"],
    summary="How one value was made",
    responses=documented(ExplainAnswer),
    response_class=Response,
)
async def get_explain(
    request: Request,
    id: Id,
    tensor: Annotated[str, Query(min_length=1, max_length=64, examples=["l0.c"])],
    at: Annotated[str, Query(alias="index", max_length=200, examples=["1,3,2"], description="One place an axis.")] = "",
    limit: Products = None,
) -> Response:
    """Down to every product of a gate. `recomputed` comes from the terms, and is compared on every call."""
    lang = lang_of(request)
    say = i18n.sayer(lang)

    def check(plan: Plan) -> object:
        return one_place(plan, tensor, at), limit

    return await ask(request, id, "explain", check, lambda trace, _: explain(trace, tensor, at, limit, say), tensor)


@router.get(
    "/traces/{id}/wiring",
    tags=["explain"],
    summary="What moves a gate, or who listens to whom",
    responses=documented(WiringAnswer, ListeningAnswer),
    response_class=Response,
)
async def get_wiring(
    request: Request,
    id: Id,
    row: RowName,
    gate: Gate = None,
    unit: Unit = None,
    step: Whole = -1,
    sample: Sample = 0,
    limit: Limit = None,
) -> Response:
    """With a unit: its signed products at one step, the largest first. Without: the whole W_hh of the gate."""

    def question(trace: Trace, _: object) -> BaseModel:
        if unit is None:
            return listening(trace, row, gate)
        return wiring(trace, row, gate, unit=unit, step=step, sample=sample, limit=limit)

    return await ask(request, id, "wiring", lambda _: None, question, row, gate, unit, step, sample, limit)


@router.get(
    "/traces/{id}/ledger",
    tags=["explain"],
    summary="What each step left in a cell state",
    responses=answers({304: None}, 404, 413, 422, 429)
    | {200: {"model": LedgerAnswer, "description": (LedgerAnswer.__doc__ or "").strip()}},
    response_class=Response,
)
async def get_ledger(
    request: Request,
    id: Id,
    layer: RowName = "l0",
    sample: Sample = 0,
    to: Annotated[
        int,
        Query(ge=-1_000_000_000, le=1_000_000_000, description="A step; below 0 from the end of the row's own run."),
    ] = -1,
    first: Annotated[int, Query(ge=-1_000_000_000, le=1_000_000_000, description="First unit.")] = 0,
    units: Annotated[int | None, Query(ge=1, le=1_000_000_000, description="How many units; else all.")] = None,
) -> Response:
    """Exact: the lines, first what is left of c_0, add up to c at that step."""
    settings: Settings = request.app.state.settings

    def span(plan: Plan) -> tuple[int, int]:
        start = within(first, plan.H, "first", "H")
        return start, plan.H if units is None else min(plan.H, start + units)

    def check(plan: Plan) -> object:
        _, steps = lines(plan, layer, sample, to)
        start, stop = span(plan)
        numbers = (len(steps) + 1) * (stop - start)
        if numbers > settings.max_json_numbers:
            raise Refusal(
                "answer-too-large",
                Say("problem.ledger_large"),
                field="units",
                got=numbers,
                expected=settings.max_json_numbers,
            )
        return start, stop

    def question(trace: Trace, _: object) -> BaseModel:
        return ledger(trace, layer, sample, to, *span(trace.plan))

    return await ask(request, id, "ledger", check, question, layer, sample, to)


def asked(
    sample: Sample = 0,
    of: Annotated[Of, Query(description="The value whose gradient is asked for.")] = "output",
    step: Annotated[int, Query(ge=-1_000_000_000, le=1_000_000_000, description="Of `output`.")] = -1,
    row: Annotated[str | None, Query(min_length=1, max_length=32, description="Of h_n and c_n; else the last.")] = None,
    unit: Annotated[
        int | None, Query(ge=-1_000_000_000, le=1_000_000_000, description="Left out: all of them, see `how`.")
    ] = None,
    how: Annotated[
        How, Query(description="All units: the gradient of their sum, or the whole Jacobian's norm.")
    ] = "sum",
    truncate: Annotated[
        int | None, Query(ge=1, le=1_000_000_000, description="Cut the states once, so many steps back.")
    ] = None,
    detach: Annotated[
        Detach, Query(description="Cut the states between all steps: true, or only h, or only c.")
    ] = "false",
) -> Ask:
    return Ask(sample, of, step, row, unit, how, truncate, detach)


@router.get(
    "/traces/{id}/gradients",
    tags=["explain"],
    summary="How far a value reaches back",
    responses=documented(GradientsAnswer),
    response_class=Response,
)
async def get_gradients(request: Request, id: Id, asked: Annotated[Ask, Depends(asked)]) -> Response:
    """‖∂ of / ∂ input[t]‖ and ‖∂ of / ∂ h[t]‖ for every step and row, by autograd on one sample."""
    traces: Traces = request.app.state.traces

    def question(trace: Trace, cancelled: Callable[[], bool]) -> BaseModel:
        return gradients(trace, asked, traces.limits, cancelled)

    return await ask(request, id, "gradients", lambda plan: checked(plan, asked, traces.limits), question)


@router.get(
    "/traces/{id}/gradients/cells",
    tags=["explain"],
    summary="The same for LSTM, GRU and RNN beside each other",
    responses=documented(CellsAnswer),
    response_class=Response,
)
async def get_cells(request: Request, id: Id, asked: Annotated[Ask, Depends(asked)]) -> Response:
    """Same sizes, same seed, same input: vanishing gradients made visible."""
    traces: Traces = request.app.state.traces

    def question(trace: Trace, cancelled: Callable[[], bool]) -> BaseModel:
        return cells(trace, asked, traces.limits, cancelled)

    return await ask(request, id, "cells", lambda plan: checked(plan, asked, traces.limits), question)


@router.get(
    "/traces/{id}/padding",
    tags=["explain"],
    summary="Padded beside packed",
    responses=documented(PaddingAnswer),
    response_class=Response,
)
async def get_padding(request: Request, id: Id) -> Response:
    """How far the last step of `output` is from each sample's true last state, padded and packed."""
    return await ask(request, id, "padding", check_lengths, lambda trace, _: padding(trace))


@router.post(
    "/compare",
    tags=["explain"],
    summary="Two runs side by side",
    responses=answers({}, 400, 403, 408, 413, 415, 422, 429)
    | {200: {"model": CompareAnswer, "description": (CompareAnswer.__doc__ or "").strip()}},
    response_class=Response,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["a", "b"],
                        "additionalProperties": False,
                        "properties": {name: {"$ref": "#/components/schemas/TraceRequest"} for name in "ab"},
                    },
                    "example": {"a": TEXT_EXAMPLE, "b": TEXT_EXAMPLE | {"weights": {"seed": 1}}},
                }
            },
        }
    },
)
async def post_compare(request: Request) -> Response:
    """What differs in the request, code, shapes and parameters, and max |a − b| of all that both have."""
    traces: Traces = request.app.state.traces
    work: Work = request.app.state.work
    body = await json_bytes(request)
    plans = await work.run(lambda _: [traces.plan(asked) for asked in _pair(body)], Client(request))
    return Response(await compared(request, plans[0], plans[1]), media_type="application/json")


def _pair(body: bytes) -> tuple[TraceRequest, TraceRequest]:
    asked = parsed(CompareRequest, body)
    return asked.a, asked.b

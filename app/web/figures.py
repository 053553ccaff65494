"""Figures of a trace as Plotly JSON: what the page draws, and what plotly.io.from_json opens in a notebook."""

from collections.abc import Callable
from typing import Annotated, Any

import plotly.graph_objects as go
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from app.figures.backward import cells_figure, gradients_figure
from app.figures.look import Look, Theme
from app.figures.memory import ledger_figure
from app.figures.values import cube_figure, cube_part, gates_figure, gates_parts
from app.figures.wiring import listening_figure, wiring_figure
from app.recurrent.errors import Refusal, Say
from app.recurrent.explain.backward import Ask
from app.recurrent.explain.gradients import cells, checked, gradients
from app.recurrent.explain.ledger import ledger, lines
from app.recurrent.explain.wiring import listening, wiring
from app.recurrent.nested import within
from app.recurrent.shapes import Plan
from app.recurrent.trace import Trace
from app.settings import Settings
from app.web import i18n
from app.web.docs import answers
from app.web.errors import lang_of
from app.web.explain import Gate, RowName, Sample, Whole, asked
from app.web.question import Id, ask
from app.web.traces import Question, Traces

router = APIRouter(prefix="/api/v1/traces/{id}/figures", tags=["figures"])

ShownAs = Annotated[Theme, Query(description="Colours for a light or a dark page.")]
Unit = Annotated[int, Query(ge=-1_000_000_000, le=1_000_000_000, description="Place in a gate.")]


class Figure(BaseModel):
    """A Plotly figure: `plotly.io.from_json(text)`, or `Plotly.newPlot(element, data, layout)`."""

    data: list[dict[str, Any]]
    layout: dict[str, Any]


DOCUMENTED: dict[int | str, dict[str, Any]] = answers({304: None}, 404, 413, 422, 429) | {
    200: {"model": Figure, "description": (Figure.__doc__ or "").strip()}
}


@router.get("/ledger", summary="What the memory is made of", responses=DOCUMENTED, response_class=Response)
async def get_ledger(
    request: Request,
    id: Id,
    layer: RowName = "l0",
    sample: Sample = 0,
    to: Annotated[Whole, Query(description="A step; below 0 from the end of the row's own run.")] = -1,
    unit: Unit = 0,
    theme: ShownAs = "light",
) -> Response:
    """What each step left in every unit, as a picture; and of one unit as bars that add up to its c."""

    def check(plan: Plan) -> object:
        _, steps = lines(plan, layer, sample, to)
        _fits(request, (len(steps) + 1) * plan.H, "to")
        return within(unit, plan.H, "unit", "H")

    def question(trace: Trace, _: object) -> go.Figure:
        place = within(unit, trace.plan.H, "unit", "H")
        return ledger_figure(ledger(trace, layer, sample, to), trace.plan, place, look(request, theme))

    return await draw(request, id, "ledger", check, question, layer, sample, to, theme)


@router.get("/gradients", summary="How far a value reaches back", responses=DOCUMENTED, response_class=Response)
async def get_gradients(
    request: Request, id: Id, of: Annotated[Ask, Depends(asked)], theme: ShownAs = "light"
) -> Response:
    """‖∂ of / ∂ input[t]‖ and ‖∂ of / ∂ h[t]‖ on a logarithmic axis; what is exactly 0 has no place on it."""
    limits = request.app.state.traces.limits

    def check(plan: Plan) -> object:
        _fits(request, plan.T * (1 + 2 * len(plan.rows)), "of")
        return checked(plan, of, limits)

    def question(trace: Trace, cancelled: Callable[[], bool]) -> go.Figure:
        return gradients_figure(gradients(trace, of, limits, cancelled), trace.plan, look(request, theme))

    return await draw(request, id, "gradients", check, question, theme)


@router.get("/cells", summary="LSTM, GRU and RNN beside each other", responses=DOCUMENTED, response_class=Response)
async def get_cells(request: Request, id: Id, of: Annotated[Ask, Depends(asked)], theme: ShownAs = "light") -> Response:
    """‖∂ of / ∂ input[t]‖ for the three cells, same sizes, same seed: vanishing gradients made visible."""
    traces: Traces = request.app.state.traces

    def question(trace: Trace, cancelled: Callable[[], bool]) -> go.Figure:
        return cells_figure(cells(trace, of, traces.limits, cancelled), trace.plan, look(request, theme))

    return await draw(request, id, "cells", lambda plan: checked(plan, of, traces.limits), question, theme)


@router.get("/wiring", summary="What moves a gate", responses=DOCUMENTED, response_class=Response)
async def get_wiring(
    request: Request,
    id: Id,
    row: RowName,
    gate: Gate = None,
    unit: Unit = 0,
    step: Whole = -1,
    sample: Sample = 0,
    theme: ShownAs = "light",
) -> Response:
    """The signed products in one gate's sum at one step, the largest first."""

    def question(trace: Trace, _: object) -> go.Figure:
        found = wiring(trace, row, gate, unit=unit, step=step, sample=sample)
        return wiring_figure(found, trace.plan, look(request, theme))

    return await draw(request, id, "wiring", lambda _: None, question, row, gate, unit, step, sample, theme)


@router.get("/listening", summary="Who listens to whom", responses=DOCUMENTED, response_class=Response)
async def get_listening(
    request: Request, id: Id, row: RowName, gate: Gate = None, theme: ShownAs = "light"
) -> Response:
    """One gate's block of W_hh as a picture; of a large one the norm of each block of units."""

    def question(trace: Trace, _: object) -> go.Figure:
        return listening_figure(listening(trace, row, gate), trace.plan, look(request, theme))

    return await draw(request, id, "listening", lambda _: None, question, row, gate, theme)


@router.get("/gates", summary="The gates of one row and sample", responses=DOCUMENTED, response_class=Response)
async def get_gates(request: Request, id: Id, row: RowName, sample: Sample = 0, theme: ShownAs = "light") -> Response:
    """A T×H picture a quantity, time to the right, units down."""

    def check(plan: Plan) -> object:
        parts = gates_parts(plan, row, sample)
        _fits(request, sum(part.numbers for part in parts.values()), "row")
        return [part.text for part in parts.values()]

    def question(trace: Trace, _: object) -> go.Figure:
        return gates_figure(trace, row, sample, look(request, theme))

    return await draw(request, id, "gates", check, question, row, theme)


@router.get("/cube", summary="A small tensor as a cube", responses=DOCUMENTED, response_class=Response)
async def get_cube(
    request: Request,
    id: Id,
    tensor: Annotated[str, Query(min_length=1, max_length=64, description="Any tensor of three axes.")] = "input",
    theme: ShownAs = "light",
) -> Response:
    """For small tensors only: each value is a marker of its own. The page's own scene has no such limit."""
    return await draw(
        request,
        id,
        "cube",
        lambda plan: cube_part(plan, tensor),
        lambda trace, _: cube_figure(trace, tensor, look(request, theme)),
        theme,
    )


async def draw(
    request: Request,
    id: str,
    kind: str,
    check: Callable[[Plan], object],
    question: Question[go.Figure],
    *about: Any,
) -> Response:
    """A figure as JSON."""

    def drawn(trace: Trace, cancelled: Callable[[], bool]) -> bytes:
        text: str = question(trace, cancelled).to_json()
        return text.encode()

    return await ask(request, id, f"figure {kind}", check, drawn, *about)


def look(request: Request, theme: Theme) -> Look:
    """The theme asked for, in the reader's language."""
    return Look(theme, i18n.sayer(lang_of(request)))


def _fits(request: Request, numbers: int, field: str) -> None:
    settings: Settings = request.app.state.settings
    if numbers > settings.max_json_numbers:
        say = Say("problem.figure_large", {"got": numbers, "expected": settings.max_json_numbers})
        raise Refusal("answer-too-large", say, field=field, got=numbers, expected=settings.max_json_numbers)

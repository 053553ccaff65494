"""Training while somebody watches: start a run, follow its events, open any of its snapshots, end it."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path as File
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, Field

from app.recurrent.spec import Cell
from app.training.live.opened import read_weights, trace_request
from app.training.live.spec import TrainingRequest
from app.web.bodies import json_bytes, parsed
from app.web.docs import answers
from app.web.errors import fault
from app.web.guard import session_of
from app.web.negotiate import preferred
from app.web.races import Outcome, Race, Races

router = APIRouter(prefix="/api/v1")
Id = Annotated[str, Path(min_length=1, max_length=64, description="What POST /trainings answered as `id`.")]


class SnapshotAnswer(BaseModel):
    """One cell's weights after so many steps, and how it does on what is held out."""

    cell: Cell
    step: int
    loss: float | None = Field(description="null: no number any more")
    accuracy: float | None = Field(description="between 0 and 1; null for a regression")


class TrainingAnswer(BaseModel):
    """A training run: what was asked, what it is about, how far it is."""

    id: str
    outcome: Outcome
    reason: str | None = Field(description="why it ended early: asked, nobody, time, died, diverged, closing")
    request: TrainingRequest
    step: int
    left: float | None = Field(description="seconds, from the pace so far")
    classes: list[str]
    baseline: float = Field(description="the held-out loss of the best answer that does not look at the input")
    held_out: int
    parameters: dict[str, int]
    tokens: list[list[str]] = Field(description="the samples of the snapshots as words, where they are words")
    targets: list[str]
    snapshots: list[SnapshotAnswer]


class TrainingsAnswer(BaseModel):
    """The runs of this session, the newest first."""

    trainings: list[TrainingAnswer]


def _answer(race: Race) -> TrainingAnswer:
    about = {name: race.about[name] for name in ("classes", "baseline", "held_out", "parameters", "tokens", "targets")}
    return TrainingAnswer(
        id=race.id,
        outcome=race.outcome,
        reason=race.reason,
        request=race.asked,
        step=race.last.get("step", 0),
        left=race.last.get("left"),
        snapshots=[SnapshotAnswer(**each) for each in race.snapshots],
        **about,
    )


@router.post(
    "/trainings",
    status_code=201,
    tags=["trainings"],
    summary="Start a training run",
    responses=answers({201: TrainingAnswer}, 400, 403, 408, 413, 415, 422, 429),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/TrainingRequest"}}},
        }
    },
)
async def post_trainings(request: Request) -> Response:
    """A real run in a process of its own. It ends by itself when nobody follows its events for a while."""
    races: Races = request.app.state.races
    asked = parsed(TrainingRequest, await json_bytes(request))
    race = await races.start(asked, session_of(request))
    headers = {"Location": f"/api/v1/trainings/{race.id}"}
    return Response(_answer(race).model_dump_json(), 201, headers, media_type="application/json")


@router.get("/trainings", tags=["trainings"], summary="The runs of this session", responses=answers({}))
async def get_trainings(request: Request) -> TrainingsAnswer:
    """Those that go on, and those that have ended and are still kept."""
    races: Races = request.app.state.races
    return TrainingsAnswer(trainings=[_answer(race) for race in races.of(session_of(request)) if race.about])


@router.get("/trainings/{id}", tags=["trainings"], summary="How far a run is", responses=answers({}, 404, 422))
async def get_training(request: Request, id: Id) -> TrainingAnswer:
    """Asking counts as looking: a run that is asked about now and then goes on."""
    races: Races = request.app.state.races
    return _answer(races.find(id))


@router.delete(
    "/trainings/{id}",
    status_code=204,
    tags=["trainings"],
    summary="End a run, or forget one that has ended",
    responses=answers({}, 403, 404, 422),
)
async def delete_training(request: Request, id: Id) -> Response:
    """The snapshots of a run that is ended stay until it is forgotten."""
    races: Races = request.app.state.races
    races.cancel(races.find(id))
    return Response(status_code=204)


@router.get(
    "/trainings/{id}/events",
    tags=["trainings"],
    summary="What happens, as it happens",
    response_class=StreamingResponse,
    responses=answers({}, 404, 422)
    | {200: {"description": "Server-sent events", "content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def get_events(
    request: Request,
    id: Id,
    after: Annotated[int | None, Query(ge=0, le=1 << 53, description="Only events with a higher number.")] = None,
) -> Response:
    """`start`, `progress`, `snapshot` and at last `end`, each with its number; `Last-Event-ID` goes on where it broke
    off. When the last reader has left, the run ends."""
    races: Races = request.app.state.races
    race = races.find(id)
    last = request.headers.get("last-event-id", "")
    if after is None:
        after = int(last) if last.isascii() and last.isdigit() and len(last) < 16 else 0
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_stream(race, after), media_type="text/event-stream", headers=headers)


async def _stream(race: Race, after: int) -> AsyncIterator[str]:
    race.watchers += 1
    try:
        yield "retry: 2000\n\n"
        async for told in race.following(after):
            if told is None:
                yield ": still here\n\n"
                continue
            number, event = told
            data = {name: value for name, value in event.items() if name not in ("event", "input", "lengths")}
            yield f"id: {number}\nevent: {event['event']}\ndata: {json.dumps(data)}\n\n"
    finally:
        race.watchers -= 1


@router.get(
    "/trainings/{id}/snapshots/{cell}/{step}",
    tags=["trainings"],
    summary="A snapshot as a trace request, or its weights as a file",
    response_class=Response,
    responses=answers({}, 404, 422)
    | {
        200: {
            "description": "A trace request with these weights and some held-out samples",
            "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/TraceRequest"}},
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            },
        }
    },
)
async def get_snapshot(
    request: Request,
    id: Id,
    cell: Cell,
    step: Annotated[int, Path(ge=0, le=1 << 53)],
    format: Annotated[Literal["json", "safetensors"] | None, Query(description="else the Accept header says")] = None,
) -> Response:
    """Post the request to /traces to see inside the net at that step; the file opens anywhere."""
    races: Races = request.app.state.races
    race = races.find(id)
    if not any(each["cell"] == cell and each["step"] == step for each in race.snapshots):
        raise fault("not-found", field="step", expected=", ".join(str(each["step"]) for each in race.snapshots[:12]))
    file: File = race.folder / f"{cell}-{step}.safetensors"
    offers = ("application/json", "application/octet-stream")
    if format == "safetensors" or (format is None and preferred(request, offers) == offers[1]):
        headers = {"Content-Disposition": f'attachment; filename="{race.asked.task.kind}-{cell}-{step}.safetensors"'}
        return Response(await asyncio.to_thread(file.read_bytes), headers=headers, media_type=offers[1])

    def opened() -> str:
        return json.dumps(trace_request(race.asked, race.about, cell, read_weights(file)))

    return Response(await asyncio.to_thread(opened), media_type=offers[0])

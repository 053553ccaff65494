"""GET /traces/{id}/difference?minus={id}: one run minus another, as a whole or a part of one tensor."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from app.recurrent.difference import DifferenceAnswer, both, difference, minus
from app.recurrent.trace import Trace
from app.web.assets import IMMUTABLE
from app.web.docs import answers
from app.web.explain import documented
from app.web.negotiate import holds, preferred
from app.web.question import FORMATS, At, Form, Id
from app.web.traces import Block, Client, TensorBlock, Traces, encoded, etag

router = APIRouter(prefix="/api/v1/traces/{id}/difference", tags=["explain"])

Minus = Annotated[str, Query(min_length=1, max_length=1300, description="The run that is taken away, by its `id`.")]


@router.get("", summary="One run minus another", responses=documented(DifferenceAnswer), response_class=Response)
async def get_difference(request: Request, id: Id, minus: Minus) -> Response:
    """Tensors of one shape and one order of axes, subtracted; of every other the axis that does not agree."""
    traces: Traces = request.app.state.traces
    client = Client(request)
    (id, plan), (other, other_plan) = [await traces.planned(each, client) for each in (id, minus)]
    headers = {"ETag": etag("difference", id, other), "Cache-Control": IMMUTABLE}
    if holds(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)

    def question(a: Trace, b: Trace, cancelled: Callable[[], bool]) -> bytes:
        return difference(a, b, (id, other), cancelled).model_dump_json().encode()

    body = await traces.ask_beside(id, plan, other_plan.request, client, ("difference", id, other), question)
    return Response(body, media_type="application/json", headers=headers)


@router.get(
    "/{name}",
    summary="A part of one tensor minus the same part of another run's",
    responses=answers({200: TensorBlock, 304: None}, 404, 413, 422, 429),
    response_class=Response,
)
async def get_part(
    request: Request,
    id: Id,
    name: Annotated[str, Path(min_length=1, max_length=64, examples=["output"])],
    minus_: Annotated[str, Query(alias="minus", min_length=1, max_length=1300)],
    at: At = None,
    format: Form = None,
) -> Response:
    """As JSON, f32, f64 or npy."""
    traces: Traces = request.app.state.traces
    client, form = Client(request), format or FORMATS[preferred(request, list(FORMATS))]
    (id, plan), (other, other_plan) = [await traces.planned(each, client) for each in (id, minus_)]
    wanted = both(plan, other_plan, name, at)
    headers = {"ETag": etag("difference", id, other, wanted, form), "Cache-Control": IMMUTABLE, "Vary": "Accept"}
    if holds(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    traces.check_size(plan, wanted, form)

    def question(a: Trace, b: Trace, _: object) -> Block:
        return encoded(minus(a, b, wanted), form)

    key = ("difference", id, other, wanted, form)
    block = await traces.ask_beside(id, plan, other_plan.request, client, key, question)
    headers |= {"X-Shape": ",".join(map(str, block.shape)), "X-Axes": ",".join(block.axes)}
    return Response(block.body, media_type=block.mime, headers=headers)

"""GET /traces/{id}/changed: a run beside the same request without its interventions."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.recurrent.changed import ChangedAnswer, changed, original
from app.recurrent.trace import Trace
from app.web.assets import IMMUTABLE
from app.web.explain import documented
from app.web.negotiate import holds
from app.web.question import Id
from app.web.store import canonical, id_of
from app.web.traces import Client, Traces, etag

router = APIRouter(prefix="/api/v1")


@router.get(
    "/traces/{id}/changed",
    tags=["explain"],
    summary="What the interventions changed",
    responses=documented(ChangedAnswer),
    response_class=Response,
)
async def get_changed(request: Request, id: Id) -> Response:
    """Per tensor: max and mean |Δ|, where, the first step that differs, and max |Δ| at every step."""
    traces: Traces = request.app.state.traces
    client = Client(request)
    id, plan = await traces.planned(id, client)
    headers = {"ETag": etag("changed", id), "Cache-Control": IMMUTABLE}
    if holds(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)

    def question(now: Trace, before: Trace, _: object) -> bytes:
        return changed(now, before, (id, id_of(canonical(before.plan.request)))).model_dump_json().encode()

    body = await traces.ask_beside(id, plan, original(plan.request), client, ("changed", id), question)
    return Response(body, media_type="application/json", headers=headers)

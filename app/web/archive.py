"""One file with every tensor of a trace, or with those named."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.recurrent.archive import Form, archive, parts
from app.recurrent.shapes import Plan
from app.settings import Settings
from app.web.docs import answers
from app.web.question import Id, ask

router = APIRouter(prefix="/api/v1")

MIME: dict[Form, str] = {"npz": "application/zip", "safetensors": "application/octet-stream"}
BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}


@router.get(
    "/traces/{id}/archive",
    tags=["traces"],
    summary="Every tensor in one file",
    responses=answers({304: None}, 404, 413, 422, 429)
    | {200: {"description": "The file", "content": dict.fromkeys(MIME.values(), BINARY)}},
    response_class=Response,
)
async def get_archive(
    request: Request,
    id: Id,
    format: Annotated[Form, Query(description="npz for numpy.load, or safetensors.")] = "npz",
    name: Annotated[list[str], Query(max_length=512, description="Once a tensor or parameter; left out: all.")] = [],  # noqa: B006 - never written to
) -> Response:
    """Tensors and parameters as PyTorch holds them, bit for bit. A large trace is asked for in parts, by name."""
    settings: Settings = request.app.state.settings

    def check(plan: Plan) -> object:
        return [part.name for part in parts(plan, name, settings.max_binary_bytes)]

    answer = await ask(
        request,
        id,
        "archive",
        check,
        lambda trace, _: archive(trace, parts(trace.plan, name, settings.max_binary_bytes), format),
        format,
        mime=MIME[format],
    )
    if answer.status_code == 200:
        answer.headers["Content-Disposition"] = f'attachment; filename="trace.{format}"'
    return answer

"""The OpenAPI schema as it really is, and /docs: Swagger UI out of a Python package, nothing from a CDN."""

from functools import partial
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from swagger_ui_bundle import swagger_ui_path

from app.recurrent.answer import TraceAnswer
from app.recurrent.examples import EXAMPLES
from app.recurrent.spec import TraceRequest
from app.training.live.spec import TrainingRequest
from app.web.assets import IMMUTABLE, Assets
from app.web.errors import MEDIA_TYPE, fault
from app.web.i18n import text
from app.web.traces import TensorBlock

SWAGGER_FILES = {"swagger-ui-bundle.js": "text/javascript; charset=utf-8", "swagger-ui.css": "text/css; charset=utf-8"}
SWAGGER_VERSION = swagger_ui_path.name

# What any route may answer besides its own: host, length of the address, a mistake of ours, overload.
ALWAYS = (400, 414, 500, 503)
SAYS = {
    400: "Not understood: no JSON, no HTTP, or a host name that is not this server's",
    403: "Asked by a page of another site",
    404: "There is nothing here",
    408: "The body came too slowly",
    413: "Larger than this server's limit; `got` and `expected` say both numbers",
    414: "The address is too long",
    415: "The body must be application/json",
    422: "Understood, but it can't be done; `detail` says what would work",
    429: "This session has too much going on; `Retry-After` says when to come again",
    500: "A mistake of the server's own",
    503: "Busy; `Retry-After` says when to come again",
}

TEXT_EXAMPLE: dict[str, Any] = {
    "model": {"cell": "lstm", "input_size": 8, "hidden_size": 6, "batch_first": True},
    "head": {"reads": "h_n", "activation": "sigmoid"},
    "input": {"text": ["the film was not good", "i loved it"]},
}
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/TraceRequest"},
                "examples": {
                    "two-sentences": {"summary": "Two sentences", "value": TEXT_EXAMPLE},
                    "rnn-hello": {
                        "summary": "The documentation's nn.RNN(10, 20)",
                        "value": next(each.request for each in EXAMPLES if each.key == "rnn-hello"),
                    },
                },
            }
        },
    }
}


class Fault(BaseModel):
    """One of several things wrong with a request."""

    detail: str
    field: str | None = None
    got: Any = None
    expected: Any = None


class Problem(BaseModel):
    """Every error of this API (RFC 9457). `type` is a page that explains it."""

    type: str
    title: str
    status: int
    detail: str
    field: str | None = None
    got: Any = None
    expected: Any = None
    torch: str | None = None
    hint: str | None = None
    errors: list[Fault] = []


def answers(models: dict[int, type[BaseModel] | None], *statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route can answer, for the schema: its own models and the statuses of its problems."""
    found: dict[int | str, dict[str, Any]] = {}
    for status in sorted({*statuses, *ALWAYS}):
        found[status] = {
            "description": SAYS[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        if status in (429, 503):
            found[status]["headers"] = {"Retry-After": {"schema": {"type": "string"}, "description": "seconds"}}
    for status, model in models.items():
        found[status] = (
            {"description": "Not modified"}
            if model is None
            else {
                "description": (model.__doc__ or "").strip(),
                "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}},
            }
        )
    return found


def install(app: FastAPI) -> None:
    """Replace the schema FastAPI would guess by one that knows the raw bodies and the one error shape."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _schema(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
    app.router.routes += [Route("/docs", docs), Route("/docs/{version}/{name}", swagger)]


def _schema(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    for model in (TraceRequest, TraceAnswer, TensorBlock, TrainingRequest, Problem):
        own = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= own.pop("$defs", {})
        schemas[model.__name__] = own
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    return found


async def docs(request: Request) -> Response:
    """GET /docs."""
    assets: Assets = request.app.state.assets
    page = assets.render(
        "docs.html",
        lang="en",
        say=partial(text, "en"),
        swagger=f"/docs/{SWAGGER_VERSION}",
        openapi_url=request.app.openapi_url,
    )
    return HTMLResponse(page)


async def swagger(request: Request) -> Response:
    """Two files of the package, by name; nothing else can be asked for."""
    name = request.path_params["name"]
    if name not in SWAGGER_FILES or request.path_params["version"] != SWAGGER_VERSION:
        raise fault("not-found")
    body = (swagger_ui_path / name).read_bytes()
    return Response(body, media_type=SWAGGER_FILES[name], headers={"Cache-Control": IMMUTABLE})

"""One shape for everything that goes wrong: RFC 9457, in the asker's language, at most 4 kB."""

import json
import logging
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import compile_path

from app.recurrent.errors import Cancelled, Refusal, Say
from app.web import i18n

log = logging.getLogger("unrolled")

MEDIA_TYPE = "application/problem+json"
MOST_BYTES = 4096
MOST_FAULTS = 20

# Every kind of problem and its status; /problems/{kind} explains each.
STATUS: dict[str, int] = {
    "invalid-http": 400,
    "invalid-json": 400,
    "unknown-host": 400,
    "foreign-origin": 403,
    "not-found": 404,
    "method-not-allowed": 405,
    "slow-body": 408,
    "body-too-large": 413,
    "answer-too-large": 413,
    "address-too-long": 414,
    "unsupported-media-type": 415,
    "invalid-value": 422,
    "shape-mismatch": 422,
    "over-limit": 422,
    "model-file": 422,
    "not-yet": 422,
    "proof-failed": 422,
    "training-failed": 422,
    "too-many-requests": 429,
    "training-busy": 429,
    "internal": 500,
    "busy": 503,
    "deadline": 503,
    "cancelled": 503,
}
# What Starlette's router says by status alone.
BY_STATUS = {404: "not-found", 405: "method-not-allowed", 413: "body-too-large", 415: "unsupported-media-type"}


class Later(Refusal):
    """A refusal that ends by itself: `retry_after` seconds from now it may work."""

    def __init__(self, kind: str, say: Say, retry_after: float) -> None:
        super().__init__(kind, say)
        self.retry_after = max(1, math.ceil(retry_after))


def fault(kind: str, *, field: str | None = None, got: Any = None, expected: Any = None) -> Refusal:
    """A refusal of the web edge; its sentence is the catalogue's "problem.{kind}.says"."""
    return Refusal(kind, Say(f"problem.{kind}.says"), field=field, got=got, expected=expected)


def later(kind: str, retry_after: float) -> Later:
    """A refusal of the web edge that is worth trying again."""
    return Later(kind, Say(f"problem.{kind}.says", {"seconds": max(1, math.ceil(retry_after))}), retry_after)


def problem(refusal: Refusal, lang: str) -> dict[str, Any]:
    """The one shape, as plain data."""
    numbers = {"field": refusal.field, "got": _plain(refusal.got), "expected": _plain(refusal.expected)}
    say = Say(refusal.say.key, numbers | refusal.say.params)
    return {
        "type": f"/problems/{refusal.kind}",
        "title": i18n.text(lang, f"problem.{refusal.kind}"),
        "status": STATUS.get(refusal.kind, 422),
        "detail": _short(i18n.sayer(lang)(say), 600),
        "field": _short(_clean(refusal.field), 120),
        "got": numbers["got"],
        "expected": numbers["expected"],
        "torch": _short(_clean(refusal.torch), 500),
        "hint": _short(i18n.hint(lang, say), 600),
    }


def problem_response(refusals: Sequence[Refusal], lang: str, headers: Mapping[str, str] | None = None) -> Response:
    """The answer for one refusal, or for several at once (the first leads)."""
    first = refusals[0]
    body = problem(first, lang)
    if len(refusals) > 1:
        body["errors"] = []
        for each in refusals[:MOST_FAULTS]:
            found = problem(each, lang)
            body["errors"].append({key: found[key] for key in ("detail", "field", "got", "expected")})
            if len(_encode(body)) > MOST_BYTES:
                body["errors"].pop()
                break
    extra = dict(headers or {})
    if isinstance(first, Later):
        extra["Retry-After"] = str(first.retry_after)
    return Response(_encode(body), status_code=body["status"], headers=extra, media_type=MEDIA_TYPE)


def refusals_of(error: ValidationError | RequestValidationError) -> list[Refusal]:
    """What pydantic found, as refusals: the place and a sentence, never what was sent."""
    if isinstance(error, ValidationError):
        faults: Sequence[Any] = error.errors(include_url=False, include_input=False)
    else:
        faults = error.errors()
    if faults and faults[0]["type"] == "json_invalid":
        return [fault("invalid-json", got=_short(str(faults[0].get("ctx", {}).get("error", "")), 120))]
    return [_refusal_of(each) for each in faults[:MOST_FAULTS]]


def _refusal_of(found: Mapping[str, Any]) -> Refusal:
    kind, ctx = str(found["type"]), dict(found.get("ctx") or {})
    expected = next(
        (ctx[k] for k in ("expected", "ge", "gt", "le", "lt", "max_length", "min_length") if k in ctx), None
    )
    got = ctx.get("actual_length", ctx.get("given"))
    key = f"problem.invalid.{kind}"
    if key not in i18n.catalogue("en"):
        key = "problem.invalid.other"
    field = place(found.get("loc", ()))
    return Refusal("invalid-value", Say(key), field=field, got=got, expected=expected)


def place(location: Sequence[Any]) -> str | None:
    """("body", "input", "values", 0) → "input.values[0]"; a name that can't be one of ours is cut."""
    found = ""
    for step in location:
        if isinstance(step, int):
            found += f"[{step}]"
        elif found or step not in ("body", "query", "path", "header"):
            name = str(step)
            name = name if re.fullmatch(r"[A-Za-z_][\w.\-]{0,39}", name, re.ASCII) else "…"
            found += f".{name}" if found else name
    return found or None


def _plain(value: Any) -> Any:
    """Something short that JSON can hold."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 1 << 53 else "> 2^53" if value > 0 else "< -2^53"
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, list | tuple):
        short = [_plain(each) for each in value[:8]]
        return [*short, "…"] if len(value) > 8 else short
    return _short(i18n.plain(str(value)), 200)


def _clean(text: str | None) -> str | None:
    return text if text is None else "\n".join(map(i18n.plain, text.split("\n")))


def _short(text: str | None, most: int) -> str | None:
    return text if text is None or len(text) <= most else text[: most - 1] + "…"


def _encode(body: Mapping[str, Any]) -> bytes:
    # "replace": a lone surrogate has no UTF-8 form
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def lang_of(request: Request) -> str:
    """The asker's language; English when even that can't be read."""
    try:
        return i18n.pick(request)
    except (UnicodeDecodeError, ValueError):
        return "en"


def install(app: FastAPI) -> None:
    """Answer every refusal and every mistake of the web edge in the one shape."""
    handlers: dict[type[Exception], Callable[[Request, Any], Response]] = {
        Refusal: lambda request, refusal: problem_response([refusal], lang_of(request)),
        ValidationError: lambda request, error: problem_response(refusals_of(error), lang_of(request)),
        RequestValidationError: lambda request, error: problem_response(refusals_of(error), lang_of(request)),
        HTTPException: _http,
        Cancelled: lambda request, _: problem_response([later("cancelled", 2)], lang_of(request)),
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, _awaitable(handler))


def _awaitable(handler: Callable[[Request, Any], Response]) -> Callable[[Request, Exception], Any]:
    # a plain function would be sent to a thread by Starlette
    async def answer(request: Request, error: Exception) -> Response:
        return handler(request, error)

    return answer


def _http(request: Request, error: HTTPException) -> Response:
    kind = BY_STATUS.get(error.status_code, "invalid-http" if error.status_code < 500 else "internal")
    headers = dict(error.headers or {})
    if error.status_code == 405:
        first = headers.get("Allow", headers.get("allow", "")).replace(" ", "").split(",")
        headers = {"Allow": ", ".join(sorted({*filter(None, first), *_allowed(request)}))}
    return problem_response(
        [fault(kind, got=request.method if error.status_code == 405 else None)], lang_of(request), headers
    )


def _allowed(request: Request) -> list[str]:
    """Every documented method of this address: the router names those of the first route alone."""
    paths = request.app.openapi()["paths"].items()
    found = [methods for template, methods in paths if compile_path(template)[0].match(request.url.path)]
    return sorted({method.upper() for methods in found for method in methods})

"""A question to the diagnosis and its answer: what the API and the page about it share."""

import json
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from app.recurrent.diagnose import answer as diagnose
from app.recurrent.diagnose.finding import DiagnoseAnswer, answered
from app.recurrent.diagnose.kind import Kind, bare, kind_of
from app.recurrent.errors import Refusal
from app.recurrent.spec import Strict, TraceRequest
from app.web import i18n
from app.web.errors import fault
from app.web.state import state_of
from app.web.traces import Traces

Pasted = Annotated[str, Field(min_length=1, max_length=diagnose.MOST_TEXT)]


class DiagnoseRequest(Strict):
    """Exactly one thing to look at."""

    request: dict[str, Any] | None = Field(default=None, description="A request for /traces, also a broken one.")
    traceback: Pasted | None = Field(default=None, description="What PyTorch printed; its last error counts.")
    code: Pasted | None = Field(default=None, description="Python with a recurrent module in it; it is never run.")
    text: Pasted | None = Field(default=None, description="Any of the three as text; which one is recognised.")

    @model_validator(mode="after")
    def _exactly_one(self) -> "DiagnoseRequest":
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            raise PydanticCustomError(
                "exactly_one", "give exactly one of request, traceback, code, text", {"given": ", ".join(given)}
            )
        return self


def parse(body: bytes) -> DiagnoseRequest:
    """A question from the bytes of its JSON; raises ValidationError, or Refusal for what JSON does not have."""
    asked = DiagnoseRequest.model_validate_json(body)
    _strict_json(body)
    return asked


def of_text(text: str, kind: Kind | None) -> tuple[Kind, DiagnoseRequest]:
    """What a pasted text is, or is said to be, as a question; raises Refusal."""
    diagnose.check_size("text", text)
    kind = kind or kind_of(text)
    if kind == "traceback":
        return kind, DiagnoseRequest(traceback=text)
    if kind == "code":
        return kind, DiagnoseRequest(code=bare(text))
    try:
        found = _strict_json(text)
    except json.JSONDecodeError as error:
        raise fault("invalid-json", got=str(error)[:120]) from None
    except (ValueError, RecursionError):
        raise fault("invalid-json", got="…") from None
    if not isinstance(found, dict):
        raise fault("invalid-json", got=type(found).__name__)
    # read once more by the parser of the API, which takes no half characters
    return kind, DiagnoseRequest.model_validate_json(f'{{"request": {text}}}')


def look(asked: DiagnoseRequest, traces: Traces, lang: str, cancelled: Callable[[], bool]) -> DiagnoseAnswer:
    """Everything found, in the reader's language; raises Refusal or ValidationError for a request that says itself
    what is wrong with it."""
    if asked.text is not None:
        _, asked = of_text(asked.text, None)
    if asked.traceback is not None:
        read_as, found = "traceback", diagnose.of_traceback(asked.traceback, traces.plan)
    elif asked.code is not None:
        read_as, found = "code", diagnose.of_code(asked.code, traces.plan)
    else:
        assert asked.request is not None  # the model holds exactly one
        read_as, found = "request", diagnose.of_request(asked.request, traces.plan, cancelled)
    most = traces.settings.max_target_bytes // 2  # the link has to pass, also with a language and a place in it
    return answered(
        found,
        i18n.sayer(lang),
        lambda say: i18n.hint(lang, say),
        read_as=read_as,
        page=lambda request: page_of(request, most),
    )


def page_of(request: dict[str, Any], most: int) -> str | None:
    """The page's address that runs `request`; None when it has no control for something in it, or is over `most`."""
    try:
        state = state_of(TraceRequest.model_validate(request))
    except (Refusal, ValidationError):
        return None
    if state is None:
        return None
    query = state.query()
    return (f"/?{query}" if query else "/") if len(query) <= most else None


def _strict_json(text: str | bytes) -> Any:
    # parse_int: Python would refuse whole numbers of over 4300 digits in its own way
    return json.loads(text, object_pairs_hook=_each_once, parse_int=len, parse_constant=_refuse_constant)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise fault("invalid-json", got="a name that stands twice in one object")
    return found


def _refuse_constant(name: str) -> None:
    raise fault("invalid-json", got=name)

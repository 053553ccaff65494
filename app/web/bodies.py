"""The JSON body of a write as a model: each name once, and what is wrong with it named without reading it all."""

import json
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from app.recurrent.errors import Refusal, Say
from app.web.errors import fault

Model = TypeVar("Model", bound=BaseModel)

MOST_NAMES = 600  # in one object: given weights have at most 512
MANY = 1000  # faults; pydantic makes a record of each before the first can be read


async def json_bytes(request: Request) -> bytes:
    """The body, if it says that it is JSON."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json":
        raise fault("unsupported-media-type", field="Content-Type", expected="application/json")
    return await request.body()


def parsed(model: type[Model], body: bytes) -> Model:
    """`body` as `model`; raises ValidationError, or Refusal for an object with a name twice or too many names."""
    try:
        asked = model.model_validate_json(body)
    except ValidationError as error:
        if error.error_count() <= MANY:
            raise
    else:
        # parse_int: Python would refuse whole numbers of over 4300 digits in its own way
        json.loads(body, object_pairs_hook=_each_once, parse_int=len)
        return asked
    # a list of a million bad items: the same faults, of the beginning of every list
    model.model_validate_json(json.dumps(json.loads(body, object_pairs_hook=_beginning, parse_int=_short)))
    raise Refusal("invalid-value", Say("problem.invalid.other"))


def _each_once(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) < len(pairs):
        raise fault("invalid-json", got="a name that stands twice in one object")


def _beginning(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MOST_NAMES:
        raise Refusal("invalid-value", Say("problem.invalid.names"), got=len(pairs), expected=MOST_NAMES)
    return {name: value[:MANY] if isinstance(value, list) else value for name, value in pairs}


def _short(digits: str) -> int:
    return int(digits[:400])

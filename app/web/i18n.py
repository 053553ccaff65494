"""Every text in the reader's language, out of one catalogue a language (static/i18n/*.json)."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from starlette.requests import HTTPConnection

from app.recurrent.errors import Say
from app.web.assets import folder

LANGUAGES = ("en", "zh")
DEFAULT = "en"


@cache
def catalogue(lang: str) -> Mapping[str, str]:
    """All texts of one language by key."""
    loaded: dict[str, str] = json.loads((folder("static") / "i18n" / f"{lang}.json").read_text(encoding="utf-8"))
    return loaded


def text(lang: str, key: str, **params: Any) -> str:
    """The sentence under `key`, its {places} filled; a missing key is a bug and raises KeyError."""
    return catalogue(lang)[key].format(**{name: _shown(value) for name, value in params.items()})


def sayer(lang: str) -> Callable[[Say], str]:
    """What renders the core's sentences in `lang`."""
    return lambda say: text(lang, say.key, **say.params)


def hint(lang: str, say: Say) -> str | None:
    """The way out that belongs to a refusal's sentence, where there is one."""
    key = f"{say.key}.hint"
    return text(lang, key, **say.params) if key in catalogue(lang) else None


def pick(connection: HTTPConnection) -> str:
    """The reader's language: ?lang=, then what the browser prefers, then English."""
    asked = connection.query_params.get("lang", "")
    if asked in LANGUAGES:
        return asked
    for part in connection.headers.get("accept-language", "")[:200].split(","):
        name = part.split(";")[0].strip().lower().split("-")[0]
        if name in LANGUAGES:
            return name
    return DEFAULT


def _shown(value: Any) -> str:
    """Numbers with a thin grouping, shapes as (2, 3, 4), the rest as it is."""
    if isinstance(value, bool) or not isinstance(value, int | list):
        return str(value)
    if isinstance(value, list):
        return f"({', '.join(map(str, value))})"
    return f"{value:,}".replace(",", " ") if abs(value) >= 10_000 else str(value)

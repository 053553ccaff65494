"""Every text in the reader's language, out of one catalogue a language (static/i18n/*.json)."""

import json
import unicodedata
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from starlette.requests import HTTPConnection

from app.recurrent.errors import Say
from app.web.assets import folder

LANGUAGES = ("en", "zh")
DEFAULT = "en"
FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"
# What would turn the text behind it: embeddings, overrides, isolates and their ends.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_BREAKING = frozenset("\t\n\v\f\r\u0085\u2028\u2029")
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})


@cache
def catalogue(lang: str) -> Mapping[str, str]:
    """All texts of one language by key."""
    loaded: dict[str, str] = json.loads((folder("static") / "i18n" / f"{lang}.json").read_text(encoding="utf-8"))
    return loaded


@cache
def written(lang: str) -> str:
    """The catalogue of one language as a page carries it."""
    return json.dumps(dict(catalogue(lang)), ensure_ascii=False, separators=(",", ":"))


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


def plain(text: str) -> str:
    """Somebody's text without what is not text: control characters go, breaks become spaces, and nothing
    in it turns the text around it. A letter of any script stays as it is."""
    if text.isascii() and text.isprintable():
        return text
    text = "".join(" " if each in _BREAKING else each for each in text if each not in _TURNING)
    return "".join(each for each in text if unicodedata.category(each) != "Cc")


def isolated(text: str) -> str:
    """`text` for the inside of a sentence: what is written from right to left keeps to itself."""
    text = plain(text)
    if text.isascii() or not any(unicodedata.bidirectional(each) in _RIGHT_TO_LEFT for each in text):
        return text
    return f"{FIRST_STRONG_ISOLATE}{text}{POP_ISOLATE}"


def _shown(value: Any) -> str:
    """Numbers with a thin grouping, shapes as (2, 3, 4), the rest as it is, unable to reorder the sentence."""
    if isinstance(value, bool) or not isinstance(value, int | list):
        return isolated(str(value))
    if isinstance(value, list):
        return f"({', '.join(isolated(str(each)) for each in value)})"
    return f"{value:,}".replace(",", " ") if abs(value) >= 10_000 else str(value)

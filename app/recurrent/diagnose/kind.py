"""What a pasted text is: a request, a piece of code, or what PyTorch printed."""

import json
import re
from typing import Literal

from app.recurrent.diagnose import traceback
from app.recurrent.diagnose.match import recognise
from app.recurrent.diagnose.syntax import NotPython, read
from app.recurrent.errors import Refusal

Kind = Literal["request", "traceback", "code"]

# Looks like code even where it can't be read: a constructor or a call, not a sentence about one.
_CODE = re.compile(r"\b(?:nn\.)?(?:LSTM|GRU|RNN)\(|^\s*(?:import|from|def|class)\s", re.MULTILINE)
_CONSOLE = re.compile(r"^(?:>>>|\.\.\.|In \[\d{1,6}\]:) ?", re.MULTILINE)


def kind_of(text: str) -> Kind:
    """The kind of `text`, which has passed check_size(); what is like none of them is taken for a message."""
    stripped = text.strip()
    if stripped.startswith("{") and _is_object(stripped):
        return "request"
    looks_like_code = _CODE.search(text) is not None
    if looks_like_code and _is_python(text):
        return "code"  # also with the message in a comment
    if traceback.read(text).said is not None or recognise(text) is not None:
        return "traceback"
    if stripped.startswith("{") and '"' in stripped:
        return "request"  # a broken one: what is wrong with its JSON is said
    return "code" if looks_like_code or _is_statement(stripped) else "traceback"


def bare(code: str) -> str:
    """Code without the marks of a console."""
    return _CONSOLE.sub("", code) if re.match(r"\s*(?:>>>|In \[)", code) else code


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text, parse_int=len), dict)
    except (ValueError, RecursionError):
        return False


def _is_python(text: str) -> bool:
    try:
        read(bare(text))
    except (NotPython, Refusal):
        return False
    return True


def _is_statement(text: str) -> bool:
    """Code that does something; "hello" and "not now" are Python, too."""
    return _is_python(text) and re.search(r"[=(]", text) is not None

"""Which of PyTorch's messages stands in a pasted text, and with which numbers."""

import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from app.recurrent.diagnose.text import Text
from app.recurrent.diagnose.texts import TEXTS

# How a {place:kind} of a wording reads. Every repetition is bounded: a hostile text costs linear time.
PLACES = {
    "int": r"-?\d{1,9}",
    "dims": r"\d{1,9}(?:, ?\d{1,9}){0,7},?",
    "word": r"[A-Za-z_][\w.]{0,39}",
    "type": r"[\w.]{1,40}",
    "number": r"[\d.]{1,20}",
    "slot": r"(?:\[[01]\])?",
    "rest": r".{0,40}?",
}
# What an older wording left out and today's says: nothing that a reader would miss.
UNSAID = {"cell": "LSTM", "tensor": ""}
# How older versions called today's types.
TYPES = {
    "float": "torch.float32",
    "double": "torch.float64",
    "half": "torch.float16",
    "bfloat16": "torch.bfloat16",
    "int": "torch.int32",
    "long": "torch.int64",
}


@dataclass(frozen=True)
class Match:
    """A message that was recognised: its numbers by name, and where it begins."""

    text: Text
    found: dict[str, str]
    start: int
    older: bool

    @property
    def today(self) -> str | None:
        """The message in today's words; None when the old wording leaves numbers out."""
        return filled(self.text.today, UNSAID | self.found)

    @property
    def olders(self) -> list[str]:
        """The message in every older wording that these numbers can fill."""
        made = (filled(wording, self.found) for wording in self.text.older)
        return [each for each in made if each is not None]

    def number(self, name: str) -> int | None:
        """A whole number of the message, None when it has none of that name."""
        value = self.found.get(name, "")
        return int(value) if re.fullmatch(r"-?\d{1,9}", value) else None

    def dims(self, name: str) -> list[int]:
        """A shape of the message; empty when it has none of that name."""
        return [int(part) for part in self.found.get(name, "").split(",") if part.strip().isdigit()]


def recognise(text: str) -> Match | None:
    """The last message in `text` that the table knows; an error goes before a warning."""
    flat = " ".join(text.split())
    found = list(_matches(flat))
    errors = [match for match in found if not match.text.warning]
    # of two wordings at one place the one with more numbers, of two with as many today's
    return max(errors or found, key=lambda match: (match.start, len(match.found), not match.older), default=None)


def filled(wording: str, found: dict[str, str]) -> str | None:
    """`wording` with its places filled; None when a number is missing."""
    made = ""
    for literal, name, _, _ in string.Formatter().parse(wording):
        made += literal
        if name is not None:
            if name not in found:
                return None
            made += found[name]
    return made


def _matches(flat: str) -> Iterator[Match]:
    for text in TEXTS:
        if text.near is not None and not re.search(text.near, flat, re.IGNORECASE):
            continue
        wordings = [(text.today, False), *((part, False) for part in text.knows), *((old, True) for old in text.older)]
        for wording, older in wordings:
            for hit in _pattern(wording).finditer(flat):
                found = {name: (value or "").rstrip(",") for name, value in hit.groupdict().items()}
                found |= {name: _renamed(found[name]) for name in _types(wording)}
                yield Match(text, found, hit.start(), older)


@cache
def _types(wording: str) -> tuple[str, ...]:
    """The places of a wording that name a type."""
    return tuple(name for _, name, kind, _ in string.Formatter().parse(wording) if name and kind == "type")


def _renamed(value: str) -> str:
    """ "Long" and "torch.LongTensor" are torch.int64 today."""
    bare = value.lower().removeprefix("torch.").removesuffix("tensor")
    return TYPES.get(bare, value) if value[:1].isupper() or value.endswith("Tensor") else value


@cache
def _pattern(wording: str) -> re.Pattern[str]:
    """Matches the wording in any capitals, and without its "RuntimeError: "."""
    seen: set[str] = set()
    pattern = ""
    for literal, name, kind, _ in string.Formatter().parse(wording):
        literal = re.sub(r"^\w+(?:Error|Warning): ", "", literal) if not pattern else literal
        pattern += re.escape(literal)
        if name is not None:
            pattern += f"(?P={name})" if name in seen else f"(?P<{name}>{PLACES[kind or 'rest']})"
            seen.add(name)
    return re.compile(pattern, re.IGNORECASE)

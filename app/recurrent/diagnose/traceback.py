"""A pasted traceback: its last error, and the line of the reader's own code that it came from."""

import re
from dataclasses import dataclass

LONGEST_LINE = 20_000  # characters of a line that are looked at

_COLOUR = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")
_ERROR = re.compile(r"(?<![\w.])([A-Za-z_][\w.]{0,79}(?:Error|Exception|Warning|Interrupt|Exit))(?:: ?(.{0,500})|\s*$)")
_FRAME = re.compile(r'File "([^"\n]{1,400})", line (\d{1,9})')
# A cell of a notebook shows its line with an arrow.
_ARROW = re.compile(r"^-{2,6}> ?(\d{1,9}) (.{1,300})$")
_LIBRARY = re.compile(r"site-packages|dist-packages|[/\\]torch[/\\]|<frozen ")
_CHAINED = ("During handling of the above exception", "was the direct cause of the following exception")


@dataclass(frozen=True)
class Last:
    """Where a traceback ends.

    said       the last error as it was printed, None when there is no such line
    tail       from that error's line on: a message can go over several lines
    chained    the error was raised while an earlier one was handled
    line, code the place in the reader's own code, when a frame shows it
    """

    said: str | None
    tail: str
    chained: bool
    line: int | None
    code: str | None


def read(text: str) -> Last:
    """The end of `text`. A text without any error line is all tail."""
    text = _COLOUR.sub("", text)
    if "\n" not in text.strip():
        text = text.replace("\\n", "\n")  # copied out of a log that writes a line break as two characters
    lines = [line[:LONGEST_LINE] for line in text.splitlines()]
    at, said = _last_error(lines)
    number, code = _own_line(lines)
    chained = any(phrase in line for line in lines for phrase in _CHAINED)
    return Last(said, "\n".join(lines[at:] if said else lines), chained, number, code)


def _last_error(lines: list[str]) -> tuple[int, str | None]:
    """The last line with an error; with a warning only when there is no error."""
    warning: tuple[int, str | None] = (0, None)
    for at in range(len(lines) - 1, -1, -1):
        hit = _ERROR.search(lines[at])
        # "RuntimeError     Traceback (most recent call last)" heads a notebook's traceback
        if hit is None or "Traceback (most recent call last)" in lines[at]:
            continue
        said = lines[at][hit.start() :].strip()[:300]
        if not hit[1].endswith("Warning"):
            return at, said
        if warning[1] is None:
            warning = (at, said)
    return warning


def _own_line(lines: list[str]) -> tuple[int | None, str | None]:
    """The deepest frame that is not a library's."""
    found: tuple[int | None, str | None] = (None, None)
    for at, line in enumerate(lines):
        frame = _FRAME.search(line)
        if frame is not None and not _LIBRARY.search(frame[1]):
            code = lines[at + 1].strip()[:200] if at + 1 < len(lines) else ""
            found = (int(frame[2]), None if _FRAME.search(code) or _ERROR.match(code) else code or None)
        arrow = _ARROW.match(line.strip())
        if arrow is not None and found[1] is None:
            found = (int(arrow[1]), arrow[2].strip()[:200])
    return found

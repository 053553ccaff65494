"""Nested lists as Python text: on one line where they fit, else a row a line."""

from collections.abc import Iterable
from typing import Any

WIDTH = 100  # columns


def literal(value: list[Any], indent: int = 0, *, floats: bool = True) -> str:
    """`value` as it would be typed at column `indent`; with `floats` 1 becomes 1.0."""
    number = _float if floats else str
    return _laid_out(value, indent, number)


def _float(value: float) -> str:
    return repr(float(value))  # the shortest text that reads back as the same number


def _flat(value: Any, number: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_flat(each, number) for each in value)}]"
    return str(number(value))


def _laid_out(value: list[Any], indent: int, number: Any) -> str:
    flat = _flat(value, number)
    # 20: room for what stands before it on its line
    if len(flat) + indent + 20 <= WIDTH or not value:
        return flat
    inner = " " * (indent + 4)
    if isinstance(value[0], list):
        body = "".join(f"{inner}{_laid_out(each, indent + 4, number)},\n" for each in value)
    else:
        body = "".join(f"{inner}{line}\n" for line in _filled(map(number, value), WIDTH - indent - 4))
    return f"[\n{body}{' ' * indent}]"


def _filled(words: Iterable[str], width: int) -> list[str]:
    """The words with a comma after each, as many on a line as fit."""
    lines: list[list[str]] = [[]]
    used = 0
    for word in words:
        if used + len(word) + 2 > width and lines[-1]:
            lines.append([])
            used = 0
        lines[-1].append(word)
        used += len(word) + 2
    return [", ".join(line) + "," for line in lines]

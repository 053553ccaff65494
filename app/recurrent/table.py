"""A tensor as CSV: one line a number, behind its place on every axis and, where text was read, its token."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from app.recurrent.index import ENCODER, Selection, axes_of, read
from app.recurrent.trace import Trace

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet runs a cell that begins so


def table(trace: Trace, selection: Selection) -> bytes:
    """UTF-8 with a header, e.g. N,T,H,value: places count in the whole tensor, numbers are the shortest decimals that
    read back as the same number, what is not finite is nan, inf, -inf."""
    if trace.encoder is not None and selection.name.startswith(ENCODER):
        return table(trace.encoder, replace(selection, name=selection.name.removeprefix(ENCODER)))
    axes = axes_of(trace.plan, selection.name)
    tokens = _tokens(trace, axes)
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\r\n")
    lines.writerow([*axes, *(["token"] if tokens is not None else []), "value"])
    lines.writerows(_lines(trace, selection, axes, tokens))
    return out.getvalue().encode()


def text(cell: str) -> str:
    """Somebody's words, which no spreadsheet takes for a formula; a number never passes through here."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def _lines(
    trace: Trace, selection: Selection, axes: tuple[str, ...], tokens: list[list[str]] | None
) -> Iterator[list[int | str]]:
    array = read(trace, selection).array.reshape([stop - first for first, stop, _ in selection.bounds])
    firsts = [first for first, _, _ in selection.bounds]
    for place, value in np.ndenumerate(array):
        at = [first + step for first, step in zip(firsts, place, strict=True)]
        word = []
        if tokens is not None:
            of = dict(zip(axes, at, strict=True))
            word = [text(tokens[of.get("N", 0)][of["T"]])]
        yield [*at, *word, str(value)]


def _tokens(trace: Trace, axes: tuple[str, ...]) -> list[list[str]] | None:
    """The words, where a line of this tensor belongs to one of them."""
    found = trace.plan.text
    if found is None or "T" not in axes or ("N" not in axes and len(found.tokens) > 1):
        return None
    return found.tokens

"""Nested lists and places in them, from outside, checked before torch sees them."""

import math
from collections.abc import Iterator
from typing import Any

from app.recurrent.errors import Refusal, Say

FLOAT32_MAX = 3.4028234663852886e38  # beyond it float32 is infinite


def leaves(value: Any) -> Iterator[Any]:
    """Everything in a nested list that is no list, in its order; a lone value is its own leaf."""
    if isinstance(value, list):
        for each in value:
            yield from leaves(each)
    else:
        yield value


def within(value: int, size: int, field: str, axis: str) -> int:
    """A place on an axis, negative ones counted from the end; raises Refusal (invalid-value)."""
    if -size <= value < size:
        return value % size
    raise Refusal(
        "invalid-value",
        Say("problem.index_range", {"got": value, "axis": axis, "size": size}),
        field=field,
        got=value,
        expected=f"-{size} … {size - 1}",
    )


def shape_of(value: list[Any], field: str) -> tuple[int, ...]:
    """The shape of a nested list, following its first elements; lists must not be empty."""
    shape: list[int] = []
    inner: Any = value
    place = field
    while isinstance(inner, list):
        if not inner:
            raise Refusal("shape-mismatch", Say("problem.empty_list"), field=place, got=0, expected="≥ 1")
        if len(shape) == 4:
            raise Refusal("shape-mismatch", Say("problem.too_deep"), field=field, got="> 4", expected="≤ 4")
        shape.append(len(inner))
        inner = inner[0]
        place += "[0]"
    return tuple(shape)


def check_numbers(value: list[Any], shape: tuple[int, ...], field: str, *, integers: bool = False) -> None:
    """Refuse a ragged list, or anything in it that is not a finite number float32 can hold."""
    if len(value) != shape[0]:
        raise Refusal(
            "shape-mismatch",
            Say("problem.ragged", {"got": len(value), "expected": shape[0]}),
            field=field,
            got=len(value),
            expected=shape[0],
        )
    if len(shape) > 1:
        for k, row in enumerate(value):
            if not isinstance(row, list):
                raise Refusal(
                    "shape-mismatch",
                    Say("problem.ragged", {"got": "a number", "expected": f"{shape[1]}"}),
                    field=f"{field}[{k}]",
                    got="number",
                    expected="list",
                )
            check_numbers(row, shape[1:], f"{field}[{k}]", integers=integers)
        return
    for k, number in enumerate(value):
        kind = type(number)
        if kind is float and not integers:
            if math.isfinite(number) and abs(number) <= FLOAT32_MAX:
                continue
        elif kind is int and abs(number) <= (2**53 if integers else FLOAT32_MAX):
            continue
        raise Refusal(
            "invalid-value",
            Say("problem.not_integer" if integers else "problem.not_number"),
            field=f"{field}[{k}]",
            expected="integer" if integers else "finite number",
        )

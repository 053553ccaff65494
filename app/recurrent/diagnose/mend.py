"""Mended requests: each function takes a request that was refused, and gives it without that mistake, or None."""

import copy
import math
from collections.abc import Callable
from typing import Any

from app.recurrent.errors import Refusal
from app.recurrent.nested import leaves

Request = dict[str, Any]
DRAWN: Request = {"random": {"seed": 1}}  # a state; with the input's own seed it would begin with the input's numbers
MOST_FILLED = 200_000  # numbers that are made up to fill ragged lists


def value_at(raw: Any, place: tuple[str, ...]) -> Any:
    """What stands at model.hidden_size or input.values.0; None when nothing does."""
    for step in place:
        if isinstance(raw, dict):
            raw = raw.get(step)
        elif isinstance(raw, list) and step.isdigit() and int(step) < len(raw):
            raw = raw[int(step)]
        else:
            return None
    return raw


def put(raw: Request, place: tuple[str, ...], value: Any) -> Request | None:
    """A copy with `value` at a place whose holders exist."""
    made = copy.deepcopy(raw)
    holder = value_at(made, place[:-1])
    if not isinstance(holder, dict):
        return None
    holder[place[-1]] = value
    return made


def without(raw: Request, *place: str) -> Request | None:
    """A copy without what stands there."""
    made = copy.deepcopy(raw)
    holder = value_at(made, place[:-1])
    if not isinstance(holder, dict):
        return None
    holder.pop(place[-1], None)
    return made


def whole(value: Any) -> int | None:
    """8.0 and "8" are 8."""
    if isinstance(value, float):
        return int(value) if math.isfinite(value) and 1 <= value <= 1e9 and value == int(value) else None
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10 else None


def turned_axes(raw: Request, refusal: Refusal) -> Request | None:
    """(N, F, T) as (N, T, F), when the middle axis is as long as input_size: two axes were exchanged."""
    values = value_at(raw, ("input", "values"))
    if not (isinstance(values, list) and values and isinstance(values[0], list) and len(values[0]) == refusal.expected):
        return None
    if not isinstance(values[0][0], list) or any(len(row) != len(sample[0]) for sample in values for row in sample):
        return None
    return put(raw, ("input", "values"), [[list(step) for step in zip(*sample, strict=True)] for sample in values])


def _width(raw: Request, refusal: Refusal) -> Request | None:
    if refusal.field and refusal.field.startswith("embedding"):
        return put(raw, ("embedding", "embedding_dim"), refusal.expected)
    return put(raw, ("model", "input_size"), refusal.got)


def _rank(raw: Request, refusal: Refusal) -> Request | None:
    """One axis too many: the first entry. One too few: (T,) is T steps of one feature."""
    name = (refusal.field or "input.values").rpartition(".")[2]
    given, got, expected = value_at(raw, ("input", name)), refusal.got, refusal.expected
    if not isinstance(given, list) or not given or not isinstance(got, int) or not isinstance(expected, int):
        return None
    if got > expected:
        return put(raw, ("input", name), given[0])
    first = put(raw, ("input", name), [[number] for number in given])
    return put(first, ("model", "input_size"), 1) if first is not None else None


def _state_shape(raw: Request, refusal: Refusal) -> Request | None:
    """The given states turned or cut where that is what they need; otherwise states that fit, drawn from a seed."""
    got, expected = refusal.got, refusal.expected
    name = (refusal.field or "state.h_0").rpartition(".")[2]
    value = value_at(raw, ("state", name))
    if isinstance(value, list) and len(got) == len(expected) == 3:
        if got == [expected[1], expected[0], expected[2]]:  # (N, L·D, H): turn it
            return put(raw, ("state", name), [list(rows) for rows in zip(*value, strict=True)])
        if got[0] == expected[0] and got[2] == expected[2] and got[1] > expected[1]:  # of a larger batch: cut it
            return put(raw, ("state", name), [row[: expected[1]] for row in value])
    return put(raw, ("state",), DRAWN)


def _ragged(raw: Request, refusal: Refusal) -> Request | None:
    """Shorter lists filled up with zeros to the longest."""
    name = "tokens" if (refusal.field or "").startswith("input.tokens") else "values"
    given = value_at(raw, ("input", name))
    if not isinstance(given, list) or not (refusal.field or "").startswith("input."):
        return None
    sizes = _longest(given)
    if sizes is None or math.prod(sizes) > MOST_FILLED:
        return None
    return put(raw, ("input", name), _filled(given, sizes))


def _longest(value: list[Any]) -> list[int] | None:
    """The longest list on each level; None when lists and numbers are mixed on one."""
    sizes, level = [], value
    while True:
        sizes.append(0)
        for each in level if sizes[:-1] else [value]:
            sizes[-1] = max(sizes[-1], len(each))
        inner = [each for row in (level if sizes[:-1] else [value]) for each in row]
        lists = [each for each in inner if isinstance(each, list)]
        if not lists:
            return sizes
        if len(lists) < len(inner) or len(sizes) == 4:
            return None
        level = lists


def _filled(value: Any, sizes: list[int]) -> Any:
    if not sizes:
        return value
    row = [_filled(each, sizes[1:]) for each in value]
    return row + [_filled([] if len(sizes) > 1 else 0, sizes[1:]) for _ in range(sizes[0] - len(row))]


def _tokens_in_range(raw: Request, refusal: Refusal) -> Request | None:
    tokens = value_at(raw, ("input", "tokens"))
    if tokens is None:  # text: the vocabulary says how many there are
        return without(raw, "embedding", "num_embeddings")
    ids = [each for each in leaves(tokens) if type(each) is int]
    if not ids or min(ids) < 0:
        return None
    return put(raw, ("embedding", "num_embeddings"), max(ids) + 1)


def _embedding_for_tokens(raw: Request, refusal: Refusal) -> Request | None:
    with_one = put(raw, ("embedding",), {"embedding_dim": value_at(raw, ("model", "input_size")) or 8})
    return _tokens_in_range(with_one, refusal) if with_one is not None else None


def _tokens_whole(raw: Request, refusal: Refusal) -> Request | None:
    """1.0 is the id 1; 0.5 is no id."""

    def ids(value: Any) -> Any:
        if isinstance(value, list):
            return [ids(each) for each in value]
        return whole(value) if isinstance(value, float) and value else 0 if value == 0 else value

    tokens = ids(value_at(raw, ("input", "tokens")))
    return put(raw, ("input", "tokens"), tokens) if all(type(each) is int for each in leaves(tokens)) else None


def _no_empty_sentences(raw: Request, refusal: Refusal) -> Request | None:
    text = value_at(raw, ("input", "text")) or []
    kept = [each for each in text if isinstance(each, str) and each.strip()]
    return put(raw, ("input", "text"), kept or ["the film was not good"])


def _lengths(raw: Request, refusal: Refusal) -> Request | None:
    """Into 1 … T; of a wrong number, none at all."""
    given, most = raw.get("lengths"), str(refusal.expected).rpartition(" ")[2]
    if not isinstance(given, list) or not most.isdigit() or not all(type(each) is int for each in given):
        return None
    return raw | {"lengths": [min(max(each, 1), int(most)) for each in given]}


def _lengths_count(raw: Request, refusal: Refusal) -> Request | None:
    given, batch = raw.get("lengths"), refusal.expected
    if not isinstance(given, list) or not given or type(batch) is not int:
        return None
    tokens = value_at(raw, ("input", "tokens")) or value_at(raw, ("input", "values"))
    model = raw.get("model", {})
    # as many lengths as there are entries on the other axis: the layout is what is wrong
    if isinstance(tokens, list) and not model.get("batch_first") and len(given) == len(tokens):
        return put(raw, ("model", "batch_first"), True)
    return raw | {"lengths": (given * batch)[:batch]} if batch <= MOST_FILLED else None


# axis and question of the refusals that PyTorch has no words for
ABOUT: dict[str, tuple[str | None, int | None]] = {
    "ragged": ("T", 10),
    "packed_needs_lengths": ("T", 11),
    "lengths_unbatched": ("N", 11),
    "state_twice": (None, 9),
    "input_size_missing": ("F", 8),
}

BY_REFUSAL: dict[str, Callable[[Request, Refusal], Request | None]] = {
    "input_width": _width,
    "rank": _rank,
    "state_shape": _state_shape,
    "ragged": _ragged,
    "token_range": _tokens_in_range,
    "tokens_need_embedding": _embedding_for_tokens,
    "not_integer": _tokens_whole,
    "values_with_embedding": lambda raw, _: without(raw, "embedding"),
    "num_embeddings_missing": lambda raw, _: (
        _tokens_in_range(raw, _)
        if value_at(raw, ("input", "tokens"))
        else put(raw, ("embedding", "num_embeddings"), 100)
    ),
    "input_size_missing": lambda raw, _: put(raw, ("model", "input_size"), 8),
    "no_sentences": _no_empty_sentences,
    "empty_sentence": _no_empty_sentences,
    "padding_idx": lambda raw, _: without(raw, "embedding", "padding_idx"),
    "proj_lstm_only": lambda raw, _: without(raw, "model", "proj_size"),
    "proj_too_wide": lambda raw, refusal: put(
        raw, ("model", "proj_size"), max(0, (value_at(raw, ("model", "hidden_size")) or 1) // 2)
    ),
    "c0_lstm_only": lambda raw, _: without(raw, "state", "c_0"),
    "state_twice": lambda raw, _: without(raw, "state", "random"),
    "length_range": _lengths,
    "lengths_count": _lengths_count,
    "lengths_unbatched": lambda raw, _: without(without(raw, "lengths") or raw, "packed"),
    "packed_needs_lengths": lambda raw, _: without(raw, "packed"),
    "weight_shape": lambda raw, _: without(raw, "weights"),
    "weight_missing": lambda raw, _: without(raw, "weights"),
    "weight_unknown": lambda raw, _: without(raw, "weights"),
}

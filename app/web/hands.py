"""What is changed by hand, as it stands in the page's address and as sentences."""

from collections.abc import Iterator, Sequence

from pydantic import TypeAdapter, ValidationError

from app.recurrent.spec import Clamp, Intervention
from app.web.i18n import text

MOST_CHARACTERS = 2_000  # of JSON in the address
MOST = 16  # changes in an address
EXPECTED = '[{"clamp": {"row": "l0", "quantity": "h", "value": 0, "from": 3}}]'
_LIST = TypeAdapter(list[Intervention])


def parsed(written: str) -> list[Intervention]:
    """The changes that `canonical` text stands for."""
    return _LIST.validate_json(written) if written else []


def written(changes: Sequence[Intervention] | None) -> str:
    """The shortest JSON, defaults left out; nothing at all for no changes."""
    return _LIST.dump_json(list(changes), exclude_defaults=True).decode() if changes else ""


def canonical(given: str) -> str | None:
    """The same changes in one spelling; None for what is no list of changes, or too long for an address."""
    if not given.strip():
        return ""
    if len(given) > MOST_CHARACTERS:
        return None
    try:
        found = written(_LIST.validate_json(given))
    except ValidationError:
        return None
    return found if len(found) <= MOST_CHARACTERS and len(parsed(found)) <= MOST else None


def without(given: str, field: str) -> str:
    """Without the change that a refusal's field names (`interventions[2].clamp.row`), or else without any."""
    number = field.removeprefix("interventions").partition("]")[0].removeprefix("[")
    changes = parsed(given)
    if not number.isdigit() or int(number) >= len(changes):
        return ""
    return written([each for k, each in enumerate(changes) if k != int(number)])


def sentences(lang: str, given: str, vocabulary: Sequence[str]) -> list[str]:
    """What each change does, in `lang`; ids of a text's words are told by the word."""
    return [_says(lang, each, vocabulary) for each in parsed(given)]


def _says(lang: str, change: Intervention, vocabulary: Sequence[str]) -> str:
    if change.clamp is not None:
        return " · ".join(_clamp(lang, change.clamp))
    if change.token is not None:
        token = change.token.token
        known = isinstance(token, int) and 0 <= token < len(vocabulary)
        word = vocabulary[int(token)] if known else str(token)
        return text(lang, "hands.token", sample=change.token.sample, step=change.token.step, word=word)
    if change.input is not None:
        return text(lang, "hands.input", sample=change.input.sample, step=change.input.step)
    assert change.state is not None  # exactly one
    names = [name for name in ("h_0", "c_0") if getattr(change.state, name) is not None]
    return text(lang, "hands.state", names=", ".join(names))


def _clamp(lang: str, clamp: Clamp) -> Iterator[str]:
    """What is held and when; then for which units and samples, unless for all."""
    layer = clamp.row.removeprefix("l").removesuffix("_reverse")
    row = text(lang, "hands.backward" if clamp.row.endswith("_reverse") else "hands.row", layer=layer)
    what = {"quantity": clamp.quantity, "row": row, "value": _number(clamp.value), "first": clamp.from_}
    if clamp.to is None:
        yield text(lang, "hands.hold.from" if clamp.from_ else "hands.hold", **what)
    elif clamp.to == clamp.from_ + 1:
        yield text(lang, "hands.hold.once", **what)
    else:
        yield text(lang, "hands.hold.span", last=clamp.to - 1, **what)
    if clamp.units is not None:
        one = len(clamp.units) == 1
        yield text(lang, "hands.unit" if one else "hands.units", units=", ".join(map(str, clamp.units)))
    if clamp.samples is not None:
        one = len(clamp.samples) == 1
        yield text(lang, "hands.sample" if one else "hands.samples", samples=", ".join(map(str, clamp.samples)))


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() else f"{value:.6g}".replace("e-0", "e-")

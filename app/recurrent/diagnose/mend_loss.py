"""Mended losses: each function takes a request whose loss was refused, and gives it without that mistake, or None."""

from collections.abc import Callable, Iterator
from typing import Any

from app.recurrent.diagnose.mend import put, value_at
from app.recurrent.errors import Refusal

Request = dict[str, Any]
CLASSES = 5  # where nothing says how many there are

# axis and question of the refusals that PyTorch has no words for
ABOUT: dict[str, tuple[str | None, int | None]] = {"loss_turned": ("N", 3)}


def _numbers(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for each in value:
            yield from _numbers(each)
    else:
        yield value


def _most(raw: Request) -> int | None:
    """One more than the largest class of the target; None where a class is negative, or none is given."""
    classes = [each for each in _numbers(value_at(raw, ("loss", "target"))) if type(each) is int and each != -100]
    return max(classes) + 1 if classes and min(classes) >= 0 else None


def _drawn(raw: Request, _: Refusal) -> Request | None:
    """A target that fits whatever the head answers."""
    return put(raw, ("loss", "target"), {"random": {"seed": 0}})


def _head(raw: Request, _: Refusal) -> Request | None:
    kind = value_at(raw, ("loss", "kind"))
    if kind in ("cross_entropy", "nll"):
        activation = "log_softmax" if kind == "nll" else None
        return raw | {"head": {"reads": "h_n", "out_features": _most(raw) or CLASSES, "activation": activation}}
    return raw | {"head": {"reads": "h_n", "activation": "sigmoid" if kind == "bce" else None}}


def _shape(raw: Request, refusal: Refusal) -> Request | None:
    """An axis of one dropped; a target a step read by a head over every step; otherwise one that fits, drawn."""
    got, expected, target = refusal.got, refusal.expected, value_at(raw, ("loss", "target"))
    if isinstance(target, list) and got == [*expected, 1] and len(got) == 2:
        return put(raw, ("loss", "target"), [row[0] for row in target])
    reads = value_at(raw, ("head", "reads"))
    if (
        isinstance(target, list)
        and len(got) == 2
        and len(expected) == 1
        and expected[0] in got
        and reads != "every_step"
    ):
        return put(raw, ("head", "reads"), "every_step")
    return _drawn(raw, refusal)


def _turned(raw: Request, _: Refusal) -> Request | None:
    target = value_at(raw, ("loss", "target"))
    return put(raw, ("loss", "target"), [list(row) for row in zip(*target, strict=True)])


def _class(raw: Request, refusal: Refusal) -> Request | None:
    most = _most(raw)
    return put(raw, ("head", "out_features"), most) if most is not None else _drawn(raw, refusal)


BY_REFUSAL: dict[str, Callable[[Request, Refusal], Request | None]] = {
    "loss_head": _head,
    "loss_range": lambda raw, _: put(raw, ("head", "activation"), "sigmoid"),
    "loss_one_class": lambda raw, _: put(raw, ("head", "out_features"), _most(raw) or CLASSES),
    "loss_shape": _shape,
    "loss_turned": _turned,
    "loss_class": _class,
    "loss_target_range": lambda raw, _: put(raw, ("loss", "kind"), "mse"),
    **dict.fromkeys(("not_integer", "not_number", "ragged", "empty_list", "too_deep"), _drawn),
}

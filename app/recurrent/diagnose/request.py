"""The first thing that keeps a request from running, and the request without it."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from app.recurrent.build import build
from app.recurrent.diagnose import mend, mend_loss
from app.recurrent.diagnose.finding import Finding, of_match
from app.recurrent.diagnose.match import recognise
from app.recurrent.diagnose.texts import by_kind
from app.recurrent.errors import Refusal
from app.recurrent.shapes import Plan
from app.recurrent.spec import TraceRequest

Request = dict[str, Any]
Planner = Callable[[TraceRequest], Plan]
MOST_WEIGHTS = 200_000  # values that are worth building a module for, only to see whether they fit it


@dataclass(frozen=True)
class Fault:
    """What is wrong, and the request with that mended; None when nothing sensible can be put in its place."""

    finding: Finding
    mended: Request | None


def first_fault(raw: Request, planner: Planner) -> Fault | None:
    """None for a request that runs.

    Raises ValidationError or Refusal for what no sentence of ours says better than the error itself.
    """
    try:
        plan = planner(TraceRequest.model_validate(raw))
        if plan.request.weights.values is not None and plan.parameter_count <= MOST_WEIGHTS:
            build(plan)
    except ValidationError as error:
        fault = _invalid(error, raw)
        if fault is None:
            raise
        return fault
    except Refusal as refusal:
        if refusal.kind in ("over-limit", "not-yet"):  # nothing is wrong with the request
            raise
        if (refusal.field or "").startswith("interventions"):  # the run itself is not at fault
            raise
        return _refused(refusal, copy.deepcopy(raw))
    return None


def _refused(refusal: Refusal, raw: Request) -> Fault:
    """What settle() said, in the words that belong to PyTorch's own message where it has one."""
    key = refusal.say.key.removeprefix("problem.")
    mender = (mend_loss if _about_loss(refusal) else mend).BY_REFUSAL.get(key)
    mended = mender(raw, refusal) if mender is not None else None
    more: dict[str, Any] = {"at": refusal.field, "got": refusal.got, "expected": refusal.expected}
    if key == "c0_lstm_only":
        text = by_kind("tuple-into-rnn")
        found = Finding(text.kind, torch=text.today, older=text.older, axis=text.axis, question=text.question, **more)
        return Fault(found, mended)
    if key == "length_range" and refusal.torch is None:
        # pack_padded_sequence accepts it; what torch prints later depends on all lengths
        return Fault(Finding("lengths-long", axis="T", question=11, **more), mended)
    match = recognise(refusal.torch) if refusal.torch else None
    if match is not None:
        found = of_match(match, torch=refusal.torch, **more)
        if found.kind == "input-width" and mend.turned_axes(raw, refusal) is not None:
            return Fault(found.with_(kind="input-axes"), mend.turned_axes(raw, refusal))
        return Fault(found, mended)
    axis, question = (mend.ABOUT | mend_loss.ABOUT).get(key, (None, None))
    return Fault(
        Finding(key.replace("_", "-"), torch=refusal.torch, axis=axis, question=question, says=refusal.say, **more),
        mended,
    )


def _about_loss(refusal: Refusal) -> bool:
    return (refusal.field or "").startswith("loss") or refusal.say.key == "problem.loss_one_class"


def _invalid(error: ValidationError, raw: Request) -> Fault | None:
    """A request that is not even of the right form, where PyTorch's constructor would say something, too."""
    for found in error.errors(include_url=False, include_input=False):
        place = tuple(str(step) for step in found["loc"])
        known = _known(place, found["type"], raw)
        if known is not None:
            return known
    return None


def _known(place: tuple[str, ...], problem: str, raw: Request) -> Fault | None:
    value = mend.value_at(raw, place)
    field = ".".join(place)
    if place[:1] == ("model",) and len(place) == 2:
        return _bad_argument(place[1], problem, value, raw)
    if place == ("state",) and isinstance(value, list):
        return _one_tensor(value, raw)
    if place == ("input", "text") and isinstance(value, str):
        found = Finding("text-alone", axis="N", at=field, got="text", expected="list")
        return Fault(found, mend.put(raw, place, [value]))
    if place[:2] == ("input", "random") and value == 0 and place[-1] == "seq_len":
        match = recognise(by_kind("empty-sequence").today)
        assert match is not None  # a text of the table itself
        return Fault(of_match(match, at=field, got=0, expected="≥ 1"), mend.put(raw, place, 1))
    if place == ("lengths",) and isinstance(value, int):
        return None
    return None


def _bad_argument(name: str, problem: str, value: Any, raw: Request) -> Fault | None:
    """An argument that nn.LSTM, nn.GRU or nn.RNN would refuse itself."""
    place, field = ("model", name), f"model.{name}"
    torch: str | None = None
    better: Any = None
    if name in ("hidden_size", "input_size", "num_layers") and type(value) is int and value <= 0:
        torch, better = f"ValueError: {name} must be greater than zero", 1
    elif name in ("hidden_size", "input_size") and type(value) in (float, str):
        torch = f"TypeError: {name} should be of type int, got: {type(value).__name__}"
        better = mend.whole(value)
    elif name == "dropout" and type(value) in (int, float) and problem in ("less_than_equal", "greater_than_equal"):
        torch, better = by_kind("dropout-range").today, 0.0
    elif name == "proj_size" and type(value) is int and value < 0:
        torch, better = by_kind("proj-negative").today, 0
    elif name == "nonlinearity" and isinstance(value, str) and value.isidentifier() and len(value) < 40:
        torch, better = f"ValueError: Unknown nonlinearity '{value}'. Select from 'tanh' or 'relu'.", "tanh"
    elif name == "cell" and isinstance(value, str) and value.lower() in ("lstm", "gru", "rnn"):
        found = Finding("cell-name", at=field, got=value, expected=value.lower())
        return Fault(found, mend.put(raw, place, value.lower()))
    match = recognise(f"{torch} hidden") if torch else None
    if match is None:
        return None
    return Fault(of_match(match, torch=torch, at=field), mend.put(raw, place, better) if better is not None else None)


def _one_tensor(value: list[Any], raw: Request) -> Fault:
    """A state given as one tensor: torch unpacks it along its first axis."""
    model = raw.get("model")
    model = model if isinstance(model, dict) else {}
    rows = len(value)
    if model.get("cell", "lstm") != "lstm":
        found = Finding("state-alone", axis=None, question=15, at="state", got="list", expected="h_0")
        return Fault(found, mend.put(raw, ("state",), {"h_0": value}))
    if rows == 1:
        match = recognise(f"{by_kind('tuple-missing').today} hx")
    else:
        match = recognise(
            "RuntimeError: For batched 3-D input, hx and cx should also be 3-D but got (2-D, 2-D) tensors"
        )
    assert match is not None  # texts of the table itself
    found = of_match(match, at="state", got="one tensor", expected="(h_0, c_0)").with_(kind="tuple-missing")
    return Fault(found, mend.put(raw, ("state",), {"h_0": value}))

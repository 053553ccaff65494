"""The answer to a trace request as plain data: what the API sends and the page draws."""

from collections.abc import Callable
from math import isfinite
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from pydantic import BaseModel

from app.recurrent.errors import Say
from app.recurrent.index import is_small, whole
from app.recurrent.positions import End, Strand
from app.recurrent.settle_dataset import labels
from app.recurrent.shapes import ParameterPlan, Plan
from app.recurrent.source import rnn_code
from app.recurrent.spec import TraceRequest
from app.recurrent.tensors import TensorPlan
from app.recurrent.trace import Trace

SMALL = 65_536  # numbers: 256 KB of float32; up to here every value travels with the trace
Speak = Callable[[Say], str]
T = TypeVar("T")
A = TypeVar("A")


class StageAnswer(BaseModel):
    """One operation: what it reads, what it makes, its line of code, one sentence about it."""

    name: str
    op: str
    code: str
    inputs: list[str]
    outputs: list[str]
    parameters: list[str]
    says: str


class TensorAnswer(BaseModel):
    """A tensor: `min`, `max`, `mean` over its finite values; `values` only in small traces."""

    shape: list[int]
    axes: list[str]
    dtype: str
    min: float | None = None
    max: float | None = None
    mean: float | None = None
    values: Any | None = None


class ParameterAnswer(BaseModel):
    """A parameter and the rows that belong to each gate."""

    shape: list[int]
    bands: dict[str, tuple[int, int]]


class OutputPosition(BaseModel):
    """These features of `output` are this row's h at every step."""

    layer: int
    direction: str
    step: str = "every"
    features: tuple[int, int]


class StatePosition(BaseModel):
    """This slab of h_n or c_n is this row's state at `step` (one entry per sample)."""

    index: int
    layer: int
    direction: str
    step: list[int]


class PositionsAnswer(BaseModel):
    """Where `output`, `h_n` and `c_n` sit."""

    output: list[OutputPosition]
    h_n: list[StatePosition]
    c_n: list[StatePosition]


class CostAnswer(BaseModel):
    """The estimate the limits are held against."""

    bytes: int
    multiply_adds: int


class TextAnswer(BaseModel):
    """The text as tokens, a list a sample, filled up with "<pad>"; id k is vocabulary[k].

    `unknown`: the places in each sample whose token a trained model does not know; it reads "<unk>" there.
    """

    tokens: list[list[str]]
    lengths: list[int]
    vocabulary: list[str]
    unknown: list[list[int]]


class ClaimAnswer(BaseModel):
    """A statement about this run, evaluated."""

    claim: str
    holds: bool
    max_abs_diff: float | None
    why: str
    checked: dict[str, int] | None = None  # so many samples and steps, where not on all


class CheckedAnswer(BaseModel):
    """What the proof compared, of how many."""

    samples: list[int]
    steps: int
    units: int
    of: dict[str, int]


class ProofAnswer(BaseModel):
    """Largest differences from the plain module, and the tolerance they are under."""

    against: str
    max_abs_diff: dict[str, float]
    tolerance: float
    checked: CheckedAnswer


class PlanAnswer(BaseModel):
    """A run before it runs: every shape, every parameter, where the results sit, the cost."""

    request: TraceRequest
    torch: str
    code: str
    stages: list[StageAnswer]
    tensors: dict[str, TensorAnswer]
    parameters: dict[str, ParameterAnswer]
    parameter_count: int
    positions: PositionsAnswer
    cost: CostAnswer
    text: TextAnswer | None
    labels: dict[str, list[str]] | None = None  # what stands along N, T and F of a data set


class ShapesAnswer(PlanAnswer):
    """The same, with the encoder that runs first."""

    encoder: PlanAnswer | None = None


class RunAnswer(PlanAnswer):
    """A run with its numbers, its claims and its proof."""

    id: str
    small: bool
    claims: list[ClaimAnswer]
    proof: ProofAnswer
    warnings: list[str]


class TraceAnswer(RunAnswer):
    """The same, with the encoder that runs first: a trace of its own, under its own id."""

    encoder: RunAnswer | None = None


def describe_plan(plan: Plan, speak: Speak) -> ShapesAnswer:
    """The answer of POST /shapes. `speak` renders a sentence in the reader's language."""
    encoder = None if plan.encoder is None else PlanAnswer(**_planned(plan.encoder, speak))
    return ShapesAnswer(**_planned(plan, speak), encoder=encoder)


def describe(trace: Trace, name: Callable[[Plan], str], speak: Speak) -> TraceAnswer:
    """The answer of POST /traces. `name` gives a run its id."""
    encoder = None if trace.encoder is None else RunAnswer(**_ran(trace.encoder, name, speak))
    return TraceAnswer(**_ran(trace, name, speak), encoder=encoder)


def _ran(trace: Trace, name: Callable[[Plan], str], speak: Speak) -> dict[str, Any]:
    small = is_small(trace.plan, SMALL)
    proof = trace.proof
    return _planned(trace.plan, speak) | {
        "id": name(trace.plan),
        "small": small,
        "tensors": {each: _tensor(trace, each, small) for each in trace.plan.tensors},
        "claims": [
            ClaimAnswer(
                claim=claim.claim,
                holds=claim.holds,
                max_abs_diff=claim.max_abs_diff if isfinite(claim.max_abs_diff or 0) else None,
                why=speak(claim.why),
                checked=claim.checked,
            )
            for claim in trace.claims
        ],
        "proof": ProofAnswer(
            against=speak(Say("proof.by_rows", {"module": proof.against})) if proof.by_rows else proof.against,
            max_abs_diff=proof.max_abs_diff,
            tolerance=proof.tolerance,
            checked=CheckedAnswer(**vars(proof.checked)),
        ),
        "warnings": trace.warnings,
    }


def _each_once(plans: dict[str, T], answer: Callable[[T], A]) -> dict[str, A]:
    """The answer for each; rows that share one plan share its answer."""
    made: dict[int, A] = {}
    return {name: made.get(id(plan)) or made.setdefault(id(plan), answer(plan)) for name, plan in plans.items()}


def _tensor_plan(planned: TensorPlan) -> TensorAnswer:
    return TensorAnswer(shape=list(planned.shape), axes=list(planned.axes), dtype=planned.dtype)


def _parameter(planned: ParameterPlan) -> ParameterAnswer:
    return ParameterAnswer(shape=list(planned.shape), bands=planned.bands)


def _planned(plan: Plan, speak: Speak) -> dict[str, Any]:
    ends = [_end(end) for end in plan.positions.h_n]
    return {
        "request": plan.request,
        "torch": torch.__version__,
        "code": rnn_code(plan.request.model),
        "stages": [
            StageAnswer(
                name=stage.name,
                op=stage.op,
                code=stage.code,
                inputs=list(stage.inputs),
                outputs=list(stage.outputs),
                parameters=list(stage.parameters),
                says=speak(stage.says),
            )
            for stage in plan.stages
        ],
        "tensors": _each_once(plan.tensors, _tensor_plan),
        "parameters": _each_once(plan.parameters, _parameter),
        "parameter_count": plan.parameter_count,
        "positions": PositionsAnswer(
            output=[_strand(strand) for strand in plan.positions.output],
            h_n=ends,
            c_n=ends if plan.positions.c_n else [],  # the same rows, at the same steps
        ),
        "cost": CostAnswer(bytes=plan.cost.bytes, multiply_adds=plan.cost.multiply_adds),
        "labels": labels(plan.request.input),
        "text": None
        if plan.text is None
        else TextAnswer(
            tokens=plan.text.tokens,
            lengths=plan.text.lengths,
            vocabulary=plan.text.vocabulary,
            unknown=plan.text.unknown,
        ),
    }


def _strand(strand: Strand) -> OutputPosition:
    return OutputPosition(layer=strand.layer, direction=strand.direction, features=strand.features)


def _end(end: End) -> StatePosition:
    return StatePosition(index=end.index, layer=end.layer, direction=end.direction, step=list(end.step))


def _tensor(trace: Trace, name: str, small: bool) -> TensorAnswer:
    planned = trace.plan.tensors[name]
    answer = _tensor_plan(planned)
    if not small and "." in name:
        return answer  # gates of a large trace are derived when they are asked for
    if not small:
        stored = trace.done.tensors[name]
        low, high = (float(end) for end in torch.aminmax(stored))
        if isfinite(low) and isfinite(high):
            return answer.model_copy(
                update={"min": low, "max": high, "mean": float(stored.float().mean(-1).double().mean())}
            )
    array = whole(trace, name).array
    finite = array[np.isfinite(array)]
    if finite.size:
        answer.min, answer.max = float(finite.min()), float(finite.max())
        answer.mean = float(finite.mean(dtype=np.float64))
    if small:
        answer.values = listed(array)
    return answer


def listed(array: npt.NDArray[Any]) -> Any:
    """Nested lists; what is not finite becomes None, since JSON has no word for it."""
    if np.isfinite(array).all():
        return array.tolist()
    return np.where(np.isfinite(array), array.astype(object), np.array(None)).tolist()


def nonfinite(array: npt.NDArray[Any]) -> list[dict[str, Any]]:
    """Where and what: [{"at": [0, 3], "is": "nan"}], in the order of the array, at most 1000."""
    places = np.argwhere(~np.isfinite(array))[:1000]
    return [{"at": place.tolist(), "is": str(float(array[tuple(place)]))} for place in places]

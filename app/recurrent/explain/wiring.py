"""Who moves a gate: its inputs, every unit's h and the biases by signed size; and who listens to whom at all."""

import numpy as np
from pydantic import BaseModel

from app.recurrent.errors import Refusal, Say
from app.recurrent.explain.dependencies import band
from app.recurrent.explain.evaluate import Part, work_out
from app.recurrent.explain.places import locate, row_of
from app.recurrent.explain.sources import Numbers
from app.recurrent.explain.value import TermAnswer, term_answer
from app.recurrent.nested import within
from app.recurrent.shapes import GATE_ORDER, Plan
from app.recurrent.trace import Trace

WHOLE = 64  # units up to which every pair's weight is sent
BLOCKS = 32  # blocks a side above it
TOP = 50  # strongest pairs named


class WiringAnswer(BaseModel):
    """What moves one gate of one unit at one step: products with their signs, the largest first.

    `sums` are per role; with `bias` they add up to `inner`, of which the gate is `apply`. A clamped
    gate has no products: nothing moves it.
    """

    row: str
    gate: str
    sample: int
    step: int
    unit: int
    value: float | None
    apply: str
    inner: float | None
    inputs: list[TermAnswer]
    units: list[TermAnswer]
    biases: list[TermAnswer]
    sums: dict[str, float | None]
    counts: dict[str, int]


class Pair(BaseModel):
    """`listener` reads `speaker`'s h of the step before with this weight."""

    listener: int
    speaker: int
    weight: float


class ListeningAnswer(BaseModel):
    """One gate's block of W_hh: row = the unit that listens, column = the unit whose h it reads.

    `weights` is the whole block while it is small. `hears` and `heard` are norms of rows and columns.
    Above that size `blocks` holds the norm of each block of units instead; `edges` says where blocks begin.
    """

    row: str
    gate: str
    parameter: str
    rows: tuple[int, int]
    shape: tuple[int, int]
    weights: list[list[float]] | None
    blocks: list[list[float]] | None
    edges: list[int] | None
    hears: list[float]
    heard: list[float]
    top: list[Pair]


def gate_of(plan: Plan, gate: str | None) -> str:
    """A gate's letter; an RNN has one sum, which makes h. Raises Refusal (invalid-value)."""
    gates = GATE_ORDER[plan.request.model.cell] or ("h",)
    if gate in gates:
        return gate
    if gate is None and len(gates) == 1:
        return gates[0]
    known = ", ".join(gates)
    raise Refusal(
        "invalid-value", Say("problem.gate_unknown", {"known": known}), field="gate", got=gate, expected=known
    )


def wiring(
    trace: Trace, row: str, gate: str | None, *, unit: int, step: int, sample: int, limit: int | None = None
) -> WiringAnswer:
    """Every signed product in one gate's sum. `limit` keeps the largest of each kind; `sums` hold all."""
    plan = trace.plan
    found, letter = row_of(plan, row), gate_of(plan, gate)
    name = f"{found.suffix}.{letter}"
    sample, step = within(sample, plan.N, "sample", "N"), within(step, plan.T, "step", "T")
    unit = within(unit, plan.H, "unit", "H")
    worked = work_out(trace, locate(plan, name, (sample, step, unit)))
    terms = {part.term.role: _largest(part, limit) for part in worked.parts}
    place, parts = worked.place, {part.term.role: part for part in worked.parts}

    def listed(*roles: str) -> list[TermAnswer]:
        return [term_answer(place, parts[role], k) for role in roles if role in parts for k in terms[role]]

    return WiringAnswer(
        row=row,
        gate=letter,
        sample=sample,
        step=step,
        unit=unit,
        value=worked.value,
        apply=worked.rule.apply,
        inner=worked.inner if worked.parts else None,
        inputs=listed("input"),
        units=listed("state"),
        biases=listed("input_bias", "state_bias"),
        sums={role: float(part.values.sum()) for role, part in parts.items()},
        counts={role: part.values.size for role, part in parts.items()},
    )


def _largest(part: Part, limit: int | None) -> list[int]:
    order: list[int] = np.argsort(-np.abs(part.values), kind="stable")[:limit].tolist()
    return order


def listening(trace: Trace, row: str, gate: str | None) -> ListeningAnswer:
    """Who listens to whom: the whole recurrent block of one gate, or its summary when it is large."""
    plan = trace.plan
    found, letter = row_of(plan, row), gate_of(plan, gate)
    name = f"rnn.weight_hh_{found.suffix}"
    first = band(plan, letter if GATE_ORDER[plan.request.model.cell] else "")
    W: Numbers = trace.done.modules.named()[name][first : first + plan.H].detach().double().numpy()  # (H, P)
    small = max(W.shape) <= WHOLE
    edges = None if small else [k * W.shape[0] // BLOCKS for k in range(BLOCKS)]
    return ListeningAnswer(
        row=row,
        gate=letter,
        parameter=name,
        rows=(first, first + plan.H),
        shape=(W.shape[0], W.shape[1]),
        weights=W.tolist() if small else None,
        blocks=None if edges is None else _norms(W, edges).tolist(),
        edges=edges,
        hears=np.linalg.norm(W, axis=1).tolist(),
        heard=np.linalg.norm(W, axis=0).tolist(),
        top=_top(W),
    )


def _norms(W: Numbers, edges: list[int]) -> Numbers:
    """The Frobenius norm of every block of rows × columns, (BLOCKS, BLOCKS)."""
    columns = [k * W.shape[1] // len(edges) for k in range(len(edges))]
    inside = np.add.reduceat(np.add.reduceat(W**2, edges, axis=0), columns, axis=1)
    found: Numbers = np.sqrt(inside)
    return found


def _top(W: Numbers) -> list[Pair]:
    flat = np.abs(W).ravel()
    count = min(TOP, flat.size)
    strongest = np.argpartition(-flat, count - 1)[:count]
    strongest = strongest[np.argsort(-flat[strongest], kind="stable")]
    pairs = (np.unravel_index(int(k), W.shape) for k in strongest)
    return [Pair(listener=int(u), speaker=int(k), weight=float(W[u, k])) for u, k in pairs]

"""The memory ledger: what each step's writing left in a cell state, exact, so that the lines add up to it.

c at a step is a sum: (∏ f)·c_0 + Σ_t (∏ of the f after t) · i[t] · g[t].
"""

import numpy as np
from pydantic import BaseModel, Field

from app.recurrent.errors import Refusal, Say
from app.recurrent.explain.places import last, length, row_of
from app.recurrent.explain.sources import Numbers
from app.recurrent.holds import holds_of
from app.recurrent.nested import within
from app.recurrent.positions import Row
from app.recurrent.shapes import Plan
from app.recurrent.trace import Trace

TOLERANCE = 1e-5


class LedgerAnswer(BaseModel):
    """`rows[0]` is what is left of c_0, `rows[k]` what step `steps[k - 1]` wrote, at the step `to`.

    A step at which c is clamped keeps nothing and writes the clamped value.

    Lines stand in the order in which the row ran. `total` is c there, traced; `sum` is the lines' sum.
    `units` are first and stop.
    """

    row: str
    sample: int
    to: int
    units: list[int] = Field(min_length=2, max_length=2)  # no tuple: schemathesis misreads prefixItems
    steps: list[int]
    rows: list[list[float | None]]
    so_far: list[list[float | None]] = Field(description="each line and all before it, added up")
    sum: list[float | None]
    total: list[float | None]
    max_abs_diff: float
    tolerance: float


def lines(plan: Plan, row: str, sample: int, to: int) -> tuple[int, list[int]]:
    """The step whose c is taken apart, and the steps that led to it, in the order in which they ran.

    `to` from 0 on is a step of the sequence; below 0 it counts back from the end of the row's own
    run, so -1 is its last step, whose c is in c_n. Raises Refusal.
    """
    found = row_of(plan, row)
    if plan.request.model.cell != "lstm":
        raise Refusal(
            "invalid-value",
            Say("problem.ledger_lstm_only"),
            field="model.cell",
            got=plan.request.model.cell,
            expected="lstm",
        )
    sample = within(sample, plan.N, "sample", "N")
    steps = length(plan, sample)
    place = within(to, steps, "to", "T")
    forward = found.direction == "forward"
    if to < 0 and not forward:
        place = last(plan, found, sample) + (-1 - to)
    return place, list(range(place + 1)) if forward else list(range(steps - 1, place - 1, -1))


def ledger(trace: Trace, row: str, sample: int, to: int = -1, first: int = 0, stop: int | None = None) -> LedgerAnswer:
    """The lines of one row and sample, (steps + 1, units). Raises Refusal (proof-failed) when they miss c."""
    plan = trace.plan
    place, steps = lines(plan, row, sample, to)
    found, sample = row_of(plan, row), within(sample, plan.N, "sample", "N")
    units = slice(first, plan.H if stop is None else stop)
    held = trace.cell(found, sample)
    assert trace.done.feed.c_0 is not None
    keep, write = (each[:, units] for each in _memory(trace, found, sample, steps))
    c_0: Numbers = trace.done.feed.c_0[found.index, sample, units].double().numpy()  # (U,)
    after = np.vstack([np.cumprod(keep[::-1], axis=0)[::-1], np.ones_like(c_0)])  # ∏ of the f from step t on
    rows: Numbers = after * np.vstack([c_0, write])  # line 0: all f; line t: those after t
    total: Numbers = held["c"][place, units].double().numpy()
    so_far: Numbers = np.cumsum(rows, axis=0)
    summed = so_far[-1]
    apart = np.abs(summed - total)
    allowed = TOLERANCE * np.maximum(1.0, np.abs(rows).sum(axis=0))
    if not (apart <= allowed).all():
        raise Refusal(
            "proof-failed",
            Say(
                "problem.explain_failed",
                {"name": f"{row}.c", "got": f"{apart.max():.3g}", "expected": f"{allowed.min():.3g}"},
            ),
            field="layer",
            got=float(apart.max()),
            expected=float(allowed.min()),
        )
    return LedgerAnswer(
        row=row,
        sample=sample,
        to=place,
        units=[units.start, units.stop],
        steps=steps,
        rows=rows.tolist(),
        so_far=so_far.tolist(),
        sum=summed.tolist(),
        total=total.tolist(),
        max_abs_diff=float(apart.max()),
        tolerance=float(allowed.max()),
    )


def _memory(trace: Trace, row: Row, sample: int, steps: list[int]) -> tuple[Numbers, Numbers]:
    """What each step keeps of c and what it writes: f and i · g, (t, H) each, as they were held."""
    held = trace.cell(row, sample)
    f, i, g = (held[name][steps].double() for name in "fig")
    keep, write = f, i * g
    holds = holds_of(trace.plan, row, [sample])
    if holds.held:  # these stand in the order of the row, from its first step on
        runs = slice(0, len(steps))
        keep, write = (x[:, 0] for x in holds.scanned(keep.unsqueeze(1), write.unsqueeze(1), runs))
    return keep.numpy(), write.numpy()

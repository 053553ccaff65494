"""How the numbers of a tensor are spread: a histogram over all of it, or one for each step."""

import math
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from app.recurrent.errors import Refusal, Say
from app.recurrent.index import Selection, read, select
from app.recurrent.nested import within
from app.recurrent.shapes import Plan
from app.recurrent.trace import Trace

By = Literal["all", "step"]
SQUASHED = frozenset("iforz")  # behind a sigmoid
BINS = 40
STEPS = (1, 1.5, 2, 3, 5, 7, 10)


class DistributionAnswer(BaseModel):
    """`counts` has a line for each step, or one line over all; `edges` are one more than its bins, the last bin closed.

    A gate's bins go from 0 to 1, those of whole numbers are the numbers themselves, all others lie evenly about 0.
    Counted are `numbers`: of a packed run without what lies behind a sample's end, which was never computed, and
    without the `nonfinite`. `mean`, `std` and the ends are of what was counted, null where nothing was.
    """

    tensor: str
    sample: int | None
    by: By
    edges: list[float]
    counts: list[list[int]]
    numbers: int
    nonfinite: int
    min: float | None
    max: float | None
    mean: float | None
    std: float | None


def part_of(plan: Plan, tensor: str, sample: int | None, by: By) -> Selection:
    """What is counted, checked from the plan alone; raises Refusal."""
    whole = select(plan, tensor, None)
    if by == "step" and "T" not in whole.axes:
        raise Refusal("invalid-value", Say("problem.no_steps", {"name": tensor}), field="by", got=by, expected="all")
    if sample is None or "N" not in whole.axes:
        return whole
    n = within(sample, whole.shape[whole.axes.index("N")], "sample", "N")
    return select(plan, tensor, ",".join(f"{n}:{n + 1}" if axis == "N" else ":" for axis in whole.axes))


def distribution(trace: Trace, tensor: str, sample: int | None, by: By) -> DistributionAnswer:
    """The histogram of a tensor, of one sample or of all; raises Refusal."""
    part = part_of(trace.plan, tensor, sample, by)
    array = read(trace, part).array
    kept = np.isfinite(array) & _computed(trace.plan, part)
    values = array[kept].astype(np.float64)
    edges = _edges(tensor, values, whole_numbers=array.dtype.kind == "i")
    if by == "step":
        time = part.axes.index("T")
        lines = [np.take(array, t, time)[np.take(kept, t, time)] for t in range(array.shape[time])]
    else:
        lines = [values]
    found = values.size > 0
    return DistributionAnswer(
        tensor=tensor,
        sample=part.bounds[part.axes.index("N")][0] if sample is not None and "N" in part.axes else None,
        by=by,
        edges=edges.tolist(),
        counts=[np.histogram(line, edges)[0].tolist() for line in lines],
        numbers=int(values.size),
        nonfinite=int((~np.isfinite(array)).sum()),
        min=float(values.min()) if found else None,
        max=float(values.max()) if found else None,
        mean=float(values.mean()) if found else None,
        std=float(values.std()) if found else None,
    )


def _computed(plan: Plan, part: Selection) -> npt.NDArray[np.bool_]:
    """False behind the end of a sample of a packed run."""
    mask = np.ones(part.shape, dtype=bool)
    lengths = plan.request.lengths
    if not plan.request.packed or lengths is None or not {"N", "T"} <= set(part.axes):
        return mask
    samples, time = part.axes.index("N"), part.axes.index("T")
    first, stop, _ = part.bounds[samples]
    inside = np.arange(part.shape[time])[None, :] < np.array(lengths[first:stop])[:, None]  # (N, T)
    shape = [1] * len(part.shape)
    shape[samples], shape[time] = part.shape[samples], part.shape[time]
    return mask & (inside if samples < time else inside.T).reshape(shape)


def _edges(tensor: str, values: npt.NDArray[np.float64], *, whole_numbers: bool) -> npt.NDArray[np.float64]:
    if whole_numbers:
        low, high = (int(values.min()), int(values.max())) if values.size else (0, 0)
        return np.linspace(low - 0.5, high + 0.5, min(BINS, high - low + 1) + 1)
    if "." in tensor and tensor.rpartition(".")[2] in SQUASHED:
        return np.linspace(0.0, 1.0, BINS + 1)
    reach = _round_up(float(np.abs(values).max(initial=0.0)))
    return np.linspace(-reach, reach, BINS + 1)


def _round_up(value: float) -> float:
    """The next number of the form 1, 1.5, 2, 3, 5, 7 x 10^k, as the colour scales end; 1 for zero."""
    if not value > 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in STEPS if step * power >= value)

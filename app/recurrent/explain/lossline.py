"""The loss part by part: one sample's over the steps where the head answers at each, else every sample's."""

from typing import Literal

import numpy as np
from pydantic import BaseModel

from app.recurrent.errors import Refusal, Say
from app.recurrent.index import whole
from app.recurrent.nested import within
from app.recurrent.settle_loss import CLASSES, IGNORED
from app.recurrent.shapes import Plan
from app.recurrent.trace import Trace


class LossAnswer(BaseModel):
    """`values` by step of `sample`, or by sample; `mean` is the same over all samples, only by step. `loss` is the
    whole run's. Of several outputs a value is their mean. What the loss leaves out is null."""

    kind: str
    loss: float | None
    by: Literal["step", "sample"]
    sample: int
    values: list[float | None]
    mean: list[float | None] | None


def check_loss(plan: Plan, sample: int) -> int:
    """The sample's place in the batch; raises Refusal where there is no loss or no such sample."""
    if plan.request.loss is None:
        raise Refusal("not-found", Say("problem.no_loss"), field="loss")
    return within(sample, plan.N, "sample", "N")


def lossline(trace: Trace, sample: int) -> LossAnswer:
    """The losses of a trace that ends in one; raises Refusal."""
    n = check_loss(trace.plan, sample)
    asked = trace.plan.request.loss
    assert asked is not None
    read = whole(trace, "losses")
    array = read.array.astype(np.float64)
    if asked.kind in CLASSES:
        array = np.where(whole(trace, "target").array == IGNORED, np.nan, array)
    axes = list(read.axes)
    if axes[:1] in (["N·T"], ["T·N"]):  # the head's answers at every step lie below one another
        sizes = {"N": trace.plan.N, "T": trace.plan.T}
        outer = axes[0].split("·")
        array = array.reshape([sizes[axis] for axis in outer] + list(array.shape[1:]))
        axes = [*outer, *axes[1:]]
    for axis in [axis for axis in axes if axis not in ("N", "T")]:
        array = array.mean(axis=axes.index(axis))
        axes.remove(axis)
    if "N" not in axes:
        array, axes = array[None], ["N", *axes]
    if axes == ["T", "N"]:
        array = array.T
    by_step = "T" in axes
    total = float(whole(trace, "loss").array)
    means = None
    if by_step:
        counted = np.isfinite(array)
        sums, sizes = np.where(counted, array, 0).sum(axis=0), counted.sum(axis=0)
        means = [float(each / size) if size else None for each, size in zip(sums, sizes, strict=True)]
    return LossAnswer(
        kind=asked.kind,
        loss=total if np.isfinite(total) else None,
        by="step" if by_step else "sample",
        sample=n,
        values=[float(each) if np.isfinite(each) else None for each in (array[n] if by_step else array)],
        mean=means,
    )

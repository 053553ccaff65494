"""One row through torch's own fused kernel, in pieces of time: what it needs beside what is kept stays small."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from app.recurrent.cost import BUFFERS
from app.recurrent.errors import Cancelled
from app.recurrent.positions import Row
from app.recurrent.shapes import Plan

AT_A_TIME = 20_000_000_000  # multiply-adds in one kernel call, which nothing can interrupt: about a second
STEPS_AT_A_TIME = 20_000  # steps have a cost of their own, however small they are


def run_row(
    plan: Plan,
    rnn: nn.RNNBase,
    row: Row,
    x: Tensor,
    every: Tensor,
    h: Tensor,
    c: Tensor | None,
    cancelled: Callable[[], bool],
    *,
    lengths: tuple[int, ...] | None,
    backward: bool,
) -> None:
    """x (t, N, ·) through the kernel: fills `every` (t, N, P) with each h, takes h and c (1, N, ·) to their last step.

    It runs in pieces, each from the state the last one left, so that a run whose asker has gone ends
    soon. With `lengths` each sample stops at its own; `every` stays as it is there, and a sample of
    length 0 keeps its state. `backward` starts at the end. Raises Cancelled between two pieces.
    """
    if lengths is not None:
        _run_packed(plan, rnn, row, x, every, h, c, cancelled, lengths, backward)
        return
    steps = x.shape[0]
    for piece in _pieces(plan, steps, x.shape[-1], cancelled):
        if backward:  # the same pieces from the end, each turned around
            piece = slice(steps - piece.stop, steps - piece.start)
            every[piece] = _kernel(plan, rnn, row, (x[piece].flip(0),), (False,), h, c).flip(0)
        else:
            every[piece] = _kernel(plan, rnn, row, (x[piece],), (False,), h, c)


def _run_packed(
    plan: Plan,
    rnn: nn.RNNBase,
    row: Row,
    x: Tensor,
    every: Tensor,
    h: Tensor,
    c: Tensor | None,
    cancelled: Callable[[], bool],
    lengths: tuple[int, ...],
    backward: bool,
) -> None:
    """The same on packed steps: the longest sample first, at each step only those that still run."""
    length, order = torch.tensor(lengths).sort(descending=True)
    runs = torch.arange(x.shape[0]).unsqueeze(1) < length  # (t, N)
    step, place = runs.nonzero(as_tuple=True)  # of each h, in the order of PackedSequence.data
    if backward:  # from each sample's own end
        step = length[place] - 1 - step
    sample, batch_sizes = order[place], runs.sum(1)
    sorted_h, sorted_c = h[:, order], None if c is None else c[:, order]
    done = 0
    for piece in _pieces(plan, int(length[0]), x.shape[-1], cancelled):
        sizes = batch_sizes[piece]
        here = slice(done, done := done + int(sizes.sum()))
        at, running = (step[here], sample[here]), slice(int(sizes[0]))
        state = sorted_h[:, running], None if sorted_c is None else sorted_c[:, running]
        every[at] = _kernel(plan, rnn, row, (x[at], sizes), (), *state)
    h[:, order] = sorted_h
    if c is not None and sorted_c is not None:
        c[:, order] = sorted_c


def _pieces(plan: Plan, steps: int, reads: int, cancelled: Callable[[], bool]) -> Iterator[slice]:
    """The steps of one call after the other."""
    model = plan.request.model
    stacked = {"lstm": 4, "gru": 3, "rnn": 1}[model.cell] * plan.H
    size = 4 if plan.request.dtype == "float32" else 8
    weights = stacked * (reads + plan.P)
    # a step's h and x where oneDNN runs it; elsewhere input products, c, each h, and all h stacked
    floats = plan.H + reads if by_onednn(plan) else stacked + 3 * plan.H
    buffers = plan.N * floats * size  # bytes a step
    most = min(AT_A_TIME // (plan.N * weights), STEPS_AT_A_TIME, max(BUFFERS, weights * size // 2) // buffers)
    for first in range(0, steps, max(1, most)):
        if cancelled():
            raise Cancelled
        yield slice(first, min(steps, first + max(1, most)))


def by_onednn(plan: Plan) -> bool:
    """Does torch hand these rows to oneDNN, which packs the weights once a call and keeps no products."""
    model = plan.request.model
    usual = model.cell == "lstm" and plan.request.dtype == "float32" and not model.proj_size
    return usual and plan.packed is None and torch._C._has_mkldnn


def _kernel(
    plan: Plan,
    rnn: nn.RNNBase,
    row: Row,
    x: tuple[Tensor, ...],
    batch_first: tuple[bool, ...],
    h: Tensor,
    c: Tensor | None,
) -> Tensor:
    """Every h of x (t, N, ·), or of packed data and batch sizes. h and c (1, N, ·) are the states before and after."""
    model = plan.request.model
    kinds = ["weight_ih", "weight_hh", *(["bias_ih", "bias_hh"] if model.bias else [])]
    kinds += ["weight_hr"] if model.proj_size else []
    parameters = [getattr(rnn, f"{kind}_{row.suffix}") for kind in kinds]
    # has_biases, num_layers, dropout, train, bidirectional (, batch_first)
    options = (model.bias, 1, 0.0, False, False, *batch_first)
    kernels: Any = torch._VF  # typed for one call at a time; here packed or not is data
    every: Tensor
    if model.cell == "lstm":
        assert c is not None
        every, last_h, last_c = kernels.lstm(*x, (h, c), parameters, *options)
        c.copy_(last_c)
    else:
        kernel = kernels.gru
        if model.cell == "rnn":
            kernel = kernels.rnn_relu if model.nonlinearity == "relu" else kernels.rnn_tanh
        every, last_h = kernel(*x, h, parameters, *options)
    h.copy_(last_h)
    return every

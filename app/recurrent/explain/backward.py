"""One sample run again, step by step, so that autograd knows every h and c by itself.

The fused kernel hides the states between its steps; torch's own cells compute the same numbers one
step at a time, here in double precision, because what has vanished in single precision is still a number.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod
from typing import Literal

import torch
from torch import Tensor, nn

from app.recurrent.build import LINEAR, hold
from app.recurrent.clamped import step as clamped_step
from app.recurrent.errors import stop_if
from app.recurrent.explain.places import last, length, row_of
from app.recurrent.forward import Pass
from app.recurrent.gates import RowWeights
from app.recurrent.heads import run_head
from app.recurrent.holds import holds_of
from app.recurrent.losses import aim_of, at_once, each_loss, ignored_in, make_target
from app.recurrent.positions import Row
from app.recurrent.settle_loss import CLASSES
from app.recurrent.shapes import Plan

LOOKS = 256  # steps between two looks at whether anybody still waits

Of = Literal["output", "h_n", "c_n", "prediction", "loss"]
How = Literal["sum", "jacobian"]
Detach = Literal["false", "true", "h", "c"]


@dataclass(frozen=True)
class Ask:
    """Which value's gradient, and where the way back is cut.

    of, step, row, unit   the value: `output` at a step, `h_n` or `c_n` of a row, the prediction, the loss;
                          one unit of it, or all
    how                   all units: the gradient of their sum, or the norm of the whole Jacobian
    truncate              the states are cut once, so many steps before the value's own step
    detach                the states are cut between all steps: both, or only h, or only c
    """

    sample: int = 0
    of: Of = "output"
    step: int = -1
    row: str | None = None
    unit: int | None = None
    how: How = "sum"
    truncate: int | None = None
    detach: Detach = "false"


@dataclass
class Walk:
    """A differentiable run of one sample, copied as often as there are values to differentiate."""

    plan: Plan
    x: Tensor  # (t, B, F)
    h: list[list[Tensor]]  # per row and step of the sequence, (B, P)
    c: list[list[Tensor]]  # the same for an LSTM, (B, H)


def run_again(done: Pass, ask: Ask, copies: int, cancelled: Callable[[], bool] = lambda: False) -> Walk:
    """The sample through every row, each h and c a tensor of its own that autograd knows.

    Raises Cancelled now and then on the way; so does autograd on its way back.
    """
    plan, n = done.plan, ask.sample
    steps = length(plan, n)
    x = (
        done.reads[0][:steps, n : n + 1]
        .to(torch.float64, copy=True)
        .expand(-1, copies, -1)
        .contiguous()
        .requires_grad_()
    )
    walk = Walk(plan, x, [], [])
    reads = list(x.unbind())  # per step, (B, F)
    for layer in range(plan.L):
        for row in plan.rows[layer * plan.D : (layer + 1) * plan.D]:
            h, c = _row(done, row, reads, ask, cancelled)
            walk.h.append(h)
            if c:
                walk.c.append(c)
        reads = [torch.cat(each, dim=1) for each in zip(*walk.h[-plan.D :], strict=True)]
        if layer < len(done.modules.masks):
            mask = done.modules.masks[layer][:steps, n].to(torch.float64, copy=True)  # (t, D·P)
            reads = [each * kept for each, kept in zip(reads, mask.unbind(), strict=True)]
    return walk


def _row(
    done: Pass, row: Row, reads: list[Tensor], ask: Ask, cancelled: Callable[[], bool]
) -> tuple[list[Tensor], list[Tensor]]:
    """One row in its own order; what it returns stands in the order of the sequence."""
    plan, steps, copies = done.plan, len(reads), reads[0].shape[0]
    weights = _cloned(done.weights(row))
    h = done.feed.h_0[row.index, ask.sample].to(torch.float64, copy=True).expand(copies, -1)
    c = (
        None
        if done.feed.c_0 is None
        else done.feed.c_0[row.index, ask.sample].to(torch.float64, copy=True).expand(copies, -1)
    )
    order = range(steps) if row.direction == "forward" else range(steps - 1, -1, -1)
    own = _own_step(plan, row, ask)
    cut = None if ask.truncate is None else abs(own - order[0]) - ask.truncate + 1
    holds = holds_of(plan, row, [ask.sample])
    hs: dict[int, Tensor] = {}
    cs: dict[int, Tensor] = {}
    for number, t in enumerate(order):
        if number == cut or ask.detach in ("true", "h"):
            h = h.detach()
        if c is not None and (number == cut or ask.detach in ("true", "c")):
            c = c.detach()
        if holds.at(number):
            h, c = clamped_step(plan, weights, holds, number, reads[t], h, c)
        else:
            h, c = _step(plan, reads[t], h, c, weights)
        hs[t] = h
        if number % LOOKS == 0:
            stop_if(cancelled)
            if h.requires_grad:
                h.register_hook(lambda _: stop_if(cancelled))  # type: ignore[no-untyped-call]  # on the way back
        if c is not None:
            cs[t] = c
    return [hs[t] for t in range(steps)], [cs[t] for t in range(steps)] if cs else []


def _cloned(w: RowWeights) -> RowWeights:
    """In double precision, and out of inference mode, so that autograd may keep them."""
    W_hr = None if w.W_hr is None else w.W_hr.to(torch.float64, copy=True)
    return RowWeights(
        w.W_ih.to(torch.float64, copy=True),
        w.W_hh.to(torch.float64, copy=True),
        w.b_ih.to(torch.float64, copy=True),
        w.b_hh.to(torch.float64, copy=True),
        W_hr,
    )


def _own_step(plan: Plan, row: Row, ask: Ask) -> int:
    """The step at which the value asked for reads this row."""
    reads = plan.request.head.reads if plan.request.head is not None and ask.of in ("prediction", "loss") else None
    if ask.of == "output":
        return min(ask.step, length(plan, ask.sample) - 1)
    if reads in ("every_step", "last_step"):
        return length(plan, ask.sample) - 1
    return last(plan, row, ask.sample)


def _step(plan: Plan, x: Tensor, h: Tensor, c: Tensor | None, w: RowWeights) -> tuple[Tensor, Tensor | None]:
    """One step of one row by torch's own cell: (B, F), (B, P), (B, H) in, h and c out."""
    model, parameters = plan.request.model, (w.W_ih, w.W_hh, w.b_ih, w.b_hh)
    if model.cell == "gru":
        return torch.gru_cell(x, h, *parameters), None
    if model.cell == "rnn":
        cell = torch.rnn_relu_cell if model.nonlinearity == "relu" else torch.rnn_tanh_cell
        return cell(x, h, *parameters), None
    assert c is not None
    if w.W_hr is None:
        h, c = torch.lstm_cell(x, (h, c), *parameters)
        return h, c
    z = nn.functional.linear(x, w.W_ih, w.b_ih) + nn.functional.linear(h, w.W_hh, w.b_hh)
    i, f, g, o = z.chunk(4, dim=1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return (o.sigmoid() * c.tanh()) @ w.W_hr.T, c


def target_of(done: Pass, walk: Walk, ask: Ask) -> Tensor:
    """The value to differentiate, (B, units)."""
    plan, copies = done.plan, walk.x.shape[1]
    steps = len(walk.x)
    if ask.of in ("h_n", "c_n"):
        row = row_of(plan, ask.row or "")
        states = walk.h if ask.of == "h_n" else walk.c
        return states[row.index][last(plan, row, ask.sample)]
    if ask.of == "output" and ask.step >= steps:
        return walk.x.new_zeros(copies, plan.D * plan.P)  # padding
    if ask.of == "output":
        return torch.cat([row[ask.step] for row in walk.h[-plan.D :]], dim=1)
    top = torch.stack([torch.cat(each, dim=1) for each in zip(*walk.h[-plan.D :], strict=True)])  # (t, B, D·P)
    top = torch.cat([top, top.new_zeros(plan.T - steps, *top.shape[1:])])
    ends = [walk.h[row.index][last(plan, row, ask.sample)] for row in plan.rows]
    lengths = None if plan.lengths is None else (plan.lengths[ask.sample],) * copies
    settled = replace(plan.settled, batch=copies, batched=True, lengths=lengths)
    output = top.transpose(0, 1) if plan.request.model.batch_first else top
    head = done.modules.head
    assert head is not None
    linear: nn.Linear = LINEAR(head.in_features, head.out_features, device="meta")
    hold(linear, {name: each.to(torch.float64, copy=True) for name, each in head.named_parameters()})
    made = run_head(settled, linear, output, torch.stack(ends))
    return made["prediction"] if ask.of == "prediction" else _loss(plan, made, ask.sample)


def _loss(plan: Plan, made: dict[str, Tensor], n: int) -> Tensor:
    """What sample n adds to the loss: its own losses over the count of all.

    The samples do not touch each other, so the gradient of the whole loss with respect to what this
    sample reads is the gradient of this part.
    """
    loss, settled = plan.request.loss, plan.settled
    assert loss is not None
    target = own_part(plan, make_target(settled), n)
    x = made[aim_of(settled).reads].view(*target.shape, *([-1] if loss.kind in CLASSES else []))
    if target.is_floating_point():
        target = target.to(x.dtype)
    count = prod(aim_of(settled).target) - ignored_in(settled)
    if count == 0:
        return at_once(loss.kind, x, target)  # torch's own 0 / 0
    if loss.kind == "cross_entropy":
        x = torch.log_softmax(x, dim=-1)
    return each_loss(loss.kind, x, target).sum() / count


def own_part(plan: Plan, each: Tensor, n: int) -> Tensor:
    """What belongs to sample n, of `target` or `losses`: its row, or its rows where there is one a step."""
    if not plan.batched:
        return each
    if not aim_of(plan.settled).every_step:
        return each[n : n + 1]
    first = plan.request.model.batch_first
    return each[n * plan.T : (n + 1) * plan.T] if first else each[n :: plan.N]

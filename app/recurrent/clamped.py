"""A row in which something is clamped: torch's fused kernel where nothing is, one step at a time where something is."""

from collections.abc import Callable

import torch
from torch import Tensor

from app.recurrent.errors import Cancelled
from app.recurrent.gates import RowWeights
from app.recurrent.holds import Holds
from app.recurrent.shapes import GATE_ORDER, Plan

Fused = Callable[[Tensor, tuple[int, ...] | None, Tensor, Tensor | None], tuple[Tensor, Tensor, Tensor | None]]
LOOKS = 256  # steps between two looks at whether anybody still waits


def by_stretches(
    plan: Plan,
    weights: RowWeights,
    holds: Holds,
    x: Tensor,
    h: Tensor,
    c: Tensor | None,
    fused: Fused,
    cancelled: Callable[[], bool],
    lengths: tuple[int, ...] | None,
) -> tuple[Tensor, Tensor, Tensor | None]:
    """A whole row: `fused` where nothing is clamped, one step at a time where something is.

    x (T, n, F) in the order of the row, h (1, n, P) and c (1, n, H) before its first step; every
    h (T, n, P) and the last h and c come back. A packed sample keeps its state beyond its end.
    """
    parts = []
    for first, stop, held in holds.stretches():
        if held:
            every, h, c = _by_steps(plan, weights, holds, slice(first, stop), x, h, c, lengths, cancelled)
        else:
            left = None if lengths is None else tuple(min(max(each - first, 0), stop - first) for each in lengths)
            every, h, c = fused(x[first:stop], left, h, c)
        parts.append(every)
    return torch.cat(parts), h, c


def _by_steps(
    plan: Plan,
    weights: RowWeights,
    holds: Holds,
    steps: slice,
    x: Tensor,
    h: Tensor,
    c: Tensor | None,
    lengths: tuple[int, ...] | None,
    cancelled: Callable[[], bool],
) -> tuple[Tensor, Tensor, Tensor | None]:
    """These steps of a row, one at a time."""
    h, c = h[0], None if c is None else c[0]
    ends = None if lengths is None else torch.tensor(lengths).unsqueeze(1)  # (n, 1)
    every = []
    for t in range(steps.start, steps.stop):
        if (t - steps.start) % LOOKS == 0 and cancelled():
            raise Cancelled
        new_h, new_c = step(plan, weights, holds, t, x[t], h, c)
        if ends is not None:
            new_h = torch.where(t < ends, new_h, h)
            new_c = None if new_c is None or c is None else torch.where(t < ends, new_c, c)
        h, c = new_h, new_c
        every.append(h if ends is None else torch.where(t < ends, h, torch.zeros((), dtype=h.dtype)))
    return torch.stack(every), h.unsqueeze(0), None if c is None else c.unsqueeze(0)


def step(
    plan: Plan, w: RowWeights, holds: Holds, t: int, x: Tensor, h: Tensor, c: Tensor | None
) -> tuple[Tensor, Tensor | None]:
    """Step t of a row as the textbook has it, clamped values in place: (n, F), (n, P), (n, H) in, h and c out."""
    model, at = plan.request.model, slice(t, t + 1)

    def put(quantity: str, value: Tensor) -> Tensor:
        return holds.put(quantity, value.unsqueeze(0), at)[0]

    from_x = x @ w.W_ih.T + w.b_ih  # (n, G·H)
    from_h = h @ w.W_hh.T + w.b_hh
    gates = max(1, len(GATE_ORDER[model.cell]))
    if model.cell == "rnn":
        z = from_x + from_h
        return put("h", torch.relu(z) if model.nonlinearity == "relu" else torch.tanh(z)), None
    x_gates, h_gates = from_x.chunk(gates, dim=1), from_h.chunk(gates, dim=1)
    if model.cell == "gru":
        r = put("r", torch.sigmoid(x_gates[0] + h_gates[0]))
        z = put("z", torch.sigmoid(x_gates[1] + h_gates[1]))
        n = put("n", torch.tanh(x_gates[2] + r * h_gates[2]))
        return put("h", (1 - z) * n + z * h), None
    assert c is not None
    i = put("i", torch.sigmoid(x_gates[0] + h_gates[0]))
    f = put("f", torch.sigmoid(x_gates[1] + h_gates[1]))
    g = put("g", torch.tanh(x_gates[2] + h_gates[2]))
    o = put("o", torch.sigmoid(x_gates[3] + h_gates[3]))
    c = put("c", f * c + i * g)
    h = o * torch.tanh(c)
    return put("h", h if w.W_hr is None else h @ w.W_hr.T), c

"""Every cell's insides by a plain loop over samples and time, one equation a line: the referee that shares no code."""

import torch
from torch import Tensor

from app.recurrent.spec import ModelSpec
from app.recurrent.trace import Trace
from tests.core import masks, true_lengths


def stepwise(trace: Trace) -> dict[str, Tensor]:
    """Every cell's insides by a plain loop over samples and time, one equation a line; axes N, T, ·.

    Where a packed row does not run, there are zeros. In train mode each layer reads through the masks.
    """
    model, done, plan = trace.plan.request.model, trace.done, trace.plan
    weights = {name.removeprefix("rnn."): value for name, value in done.modules.named().items()}
    x = done.tensors["input"]
    if not plan.batched:
        x = x.unsqueeze(0)
    elif not model.batch_first:
        x = x.transpose(0, 1)
    lengths = true_lengths(trace) if plan.request.packed else [plan.T] * plan.N
    directions = 2 if model.bidirectional else 1
    first = {
        name: done.tensors[name].view(plan.L * plan.D, plan.N, -1) for name in ("h_0", "c_0") if name in done.tensors
    }
    found: dict[str, Tensor] = {}
    dropped = masks(trace)
    for layer in range(model.num_layers):
        for k, suffix in enumerate([f"l{layer}", f"l{layer}_reverse"][:directions]):
            row = layer * directions + k
            kept: dict[str, Tensor] = {}
            for n, length in enumerate(lengths):
                state = {name[0]: value[row, n] for name, value in first.items()}
                for t in range(length) if k == 0 else reversed(range(length)):
                    state = _step(model, weights, suffix, x[n, t], state)
                    for name, value in state.items():
                        zeros = torch.zeros(plan.N, plan.T, value.shape[-1], dtype=value.dtype)
                        kept.setdefault(name, zeros)[n, t] = value
            found |= {f"{suffix}.{name}": value for name, value in kept.items()}
        rows = [f"l{layer}.h", f"l{layer}_reverse.h"][:directions]
        x = torch.cat([found[name] for name in rows], dim=2)
        if layer < len(dropped):
            x = x * dropped[layer]
    return found


def _step(
    model: ModelSpec, weights: dict[str, Tensor], suffix: str, x: Tensor, old: dict[str, Tensor]
) -> dict[str, Tensor]:
    """One step of one cell for one sample, as the textbook has it."""
    W_ih, W_hh = weights[f"weight_ih_{suffix}"], weights[f"weight_hh_{suffix}"]
    zeros = torch.zeros(W_ih.shape[0], dtype=x.dtype)
    from_x = W_ih @ x + weights.get(f"bias_ih_{suffix}", zeros)
    from_h = W_hh @ old["h"] + weights.get(f"bias_hh_{suffix}", zeros)
    if model.cell == "lstm":
        i, f, g, o = (from_x + from_h).chunk(4)
        i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
        c = f * old["c"] + i * g
        h = o * c.tanh()
        if model.proj_size:
            h = weights[f"weight_hr_{suffix}"] @ h
        return {"i": i, "f": f, "g": g, "o": o, "c": c, "h": h}
    if model.cell == "gru":
        (x_r, x_z, x_n), (h_r, h_z, h_n) = from_x.chunk(3), from_h.chunk(3)
        r, z = (x_r + h_r).sigmoid(), (x_z + h_z).sigmoid()
        n = (x_n + r * h_n).tanh()
        return {"r": r, "z": z, "n": n, "h": (1 - z) * n + z * old["h"]}
    return {"h": (from_x + from_h).relu() if model.nonlinearity == "relu" else (from_x + from_h).tanh()}

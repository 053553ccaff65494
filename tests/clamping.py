"""Runs with interventions: generated requests, and a step loop of their own that knows nothing of the fused kernel."""

from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from app.recurrent.trace import Trace
from tests.core import masks, planned, requests, true_lengths

QUANTITIES = {"lstm": "ifgoch", "gru": "rznh", "rnn": "h"}


@st.composite
def clamped_requests(draw: st.DrawFn) -> dict[str, Any]:
    """Any request of the surface with one to four clamps, at times with other changes beside them."""
    asked = draw(requests())
    plan = planned(**asked)
    changes: list[dict[str, Any]] = []
    for _ in range(draw(st.integers(1, 4))):
        quantity = draw(st.sampled_from(QUANTITIES[plan.request.model.cell]))
        low = -1.0 if quantity in "gnch" else 0.0
        first = draw(st.integers(-plan.T, plan.T - 1))
        clamp: dict[str, Any] = {
            "row": draw(st.sampled_from([row.suffix for row in plan.rows])),
            "quantity": quantity,
            "value": draw(st.sampled_from([low, 0.0, 0.25, 1.0])),
            "from": first,
        }
        if draw(st.booleans()):
            clamp["to"] = draw(st.integers(first % plan.T + 1, plan.T))
        if draw(st.booleans()):
            width = plan.P if quantity == "h" else plan.H
            clamp["units"] = draw(st.lists(st.integers(-width, width - 1), min_size=1, max_size=3))
        if draw(st.booleans()):
            clamp["samples"] = draw(st.lists(st.integers(0, plan.N - 1), min_size=1, max_size=3))
        changes.append({"clamp": clamp})
    if asked.get("embedding") and draw(st.booleans()):
        place = {"sample": draw(st.integers(0, plan.N - 1)), "step": draw(st.integers(-plan.T, plan.T - 1))}
        changes.append({"token": place | {"token": draw(st.integers(0, 10))}})
    if plan.request.embedding is None and draw(st.booleans()):
        place = {"sample": draw(st.integers(0, plan.N - 1)), "step": draw(st.integers(-plan.T, plan.T - 1))}
        values = draw(st.lists(st.floats(-2, 2, width=32), min_size=plan.F, max_size=plan.F))
        changes.append({"input": place | {"values": values}})
    if draw(st.booleans()):
        shape = plan.tensors["h_0"].shape
        changes.append({"state": {"h_0": torch.linspace(-1, 1, plan.tensors["h_0"].numbers).view(shape).tolist()}})
    return asked | {"interventions": draw(st.permutations(changes))}


def by_hand(trace: Trace) -> dict[str, Tensor]:
    """Every cell's insides, axes N, T, ·, by a loop over rows, samples and steps; clamps looked up unit by unit."""
    asked, plan = trace.plan.request, trace.plan
    weights = {name.removeprefix("rnn."): value for name, value in trace.done.modules.named().items()}
    x = trace.done.tensors["input"]
    x = x.unsqueeze(0) if not plan.batched else x if asked.model.batch_first else x.transpose(0, 1)
    lengths = true_lengths(trace) if asked.packed else [plan.T] * plan.N
    found: dict[str, Tensor] = {}
    dropped = masks(trace)  # in train mode, what torch drops between the layers
    for layer in range(plan.L):
        suffixes = [f"l{layer}", f"l{layer}_reverse"][: plan.D]
        for k, suffix in enumerate(suffixes):
            for n, length in enumerate(lengths):
                state = {
                    name[0]: trace.done.tensors[name].reshape(plan.L * plan.D, plan.N, -1)[layer * plan.D + k, n]
                    for name in ("h_0", "c_0")
                    if name in trace.done.tensors
                }
                for t in range(length) if k == 0 else range(length - 1, -1, -1):
                    state = _one_step(trace, weights, suffix, n, t, x[n, t], state)
                    for name, value in state.items():
                        kept = found.setdefault(f"{suffix}.{name}", torch.zeros(plan.N, plan.T, len(value)).to(x))
                        kept[n, t] = value
        x = torch.cat([found[f"{suffix}.h"] for suffix in suffixes], dim=2)
        x = x * dropped[layer] if layer < len(dropped) else x
    return found


def _one_step(
    trace: Trace, weights: dict[str, Tensor], row: str, n: int, t: int, x: Tensor, old: dict[str, Tensor]
) -> dict[str, Tensor]:
    model = trace.plan.request.model
    made: dict[str, Tensor] = {}

    def let(name: str, value: Tensor) -> Tensor:
        """The value under its name, after every clamp of this very place."""
        value = value.clone()
        for each in trace.plan.request.interventions or []:
            clamp = each.clamp
            if clamp is None or (clamp.row, clamp.quantity) != (row, name):
                continue
            if t < clamp.from_ or (clamp.to is not None and t >= clamp.to):
                continue
            if clamp.samples is None or n in clamp.samples:
                for unit in range(len(value)) if clamp.units is None else clamp.units:
                    value[unit] = clamp.value
        made[name] = value
        return value

    W, U = weights[f"weight_ih_{row}"], weights[f"weight_hh_{row}"]
    none = torch.zeros(len(W), dtype=x.dtype)
    a = torch.mv(W, x) + weights.get(f"bias_ih_{row}", none)
    b = torch.mv(U, old["h"]) + weights.get(f"bias_hh_{row}", none)
    if model.cell == "rnn":
        let("h", torch.clamp(a + b, min=0) if model.nonlinearity == "relu" else torch.tanh(a + b))
    elif model.cell == "gru":
        H = model.hidden_size
        r = let("r", torch.sigmoid(a[:H] + b[:H]))
        z = let("z", torch.sigmoid(a[H : 2 * H] + b[H : 2 * H]))
        n_ = let("n", torch.tanh(a[2 * H :] + r * b[2 * H :]))
        let("h", n_ - z * n_ + z * old["h"])
    else:
        H = model.hidden_size
        gates = [(a + b)[k * H : (k + 1) * H] for k in range(4)]
        i, f = let("i", torch.sigmoid(gates[0])), let("f", torch.sigmoid(gates[1]))
        g, o = let("g", torch.tanh(gates[2])), let("o", torch.sigmoid(gates[3]))
        c = let("c", f * old["c"] + i * g)
        shown = o * torch.tanh(c)
        let("h", torch.mv(weights[f"weight_hr_{row}"], shown) if model.proj_size else shown)
    return made

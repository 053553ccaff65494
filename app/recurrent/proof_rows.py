"""A run with clamps, stretch by stretch: torch's own one-layer module from where the record stands, beside the record.

Clamped steps are not here: those are held against the closed form of `gates.unroll`.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from app.recurrent.build import MODULES, hold
from app.recurrent.forward import Pass
from app.recurrent.holds import holds_of
from app.recurrent.order import turned
from app.recurrent.positions import Row


def stretches(
    done: Pass, row: Row, samples: list[int], steps: int, c: Tensor | None
) -> Iterator[tuple[Tensor, Tensor]]:
    """What the plain module gives and what the record has, (t, n, P) each, for every unclamped stretch of a row.

    Only the first `steps` steps of the sequence; `c` (T, n, H) are the recovered cell states, from which
    a stretch after a clamp starts (None: recovered here). Beyond the end of a packed sample both are zero.
    """
    lengths = done.lengths_of(samples)
    module = row_module(done, row)
    x = turned(done.reads[row.layer][:, samples], row, lengths)
    h = turned(done.h[row.index][:, samples], row, lengths)  # (T, n, P)
    c_0 = None if done.feed.c_0 is None else done.feed.c_0[row.index, samples]
    holds = holds_of(done.plan, row, samples)
    for first, stop, held in holds.stretches() if holds.held else [(0, done.plan.T, False)]:
        stop = min(stop, steps)
        if held or first >= stop:
            continue
        start = (done.feed.h_0[row.index, samples] if first == 0 else h[first - 1]).unsqueeze(0).contiguous()
        state: Any = start
        if c_0 is not None:
            if first > 0 and c is None:
                c = done.unrolled(row, samples).held["c"]
            before = c_0 if first == 0 or c is None else c[first - 1]
            state = (start, before.unsqueeze(0).contiguous())
        output = module(x[first:stop], state)[0]
        if lengths is not None:
            runs = torch.arange(first, stop).unsqueeze(1) < torch.tensor(lengths)  # (t, n)
            output = torch.where(runs.unsqueeze(-1), output, torch.zeros((), dtype=output.dtype))
        yield output, h[first:stop]


def row_module(done: Pass, row: Row) -> nn.RNNBase:
    """torch's own module of one layer and one direction, holding the weights of `row` without a copy."""
    model = done.plan.request.model
    options: dict[str, Any] = {"proj_size": model.proj_size} if model.cell == "lstm" else {}
    if model.cell == "rnn":
        options["nonlinearity"] = model.nonlinearity
    width = done.plan.F if row.layer == 0 else done.plan.D * done.plan.P
    module = MODULES[model.cell](width, done.plan.H, bias=model.bias, device="meta", **options)
    ours = dict(done.modules.rnn.named_parameters())
    hold(module, {name: ours[f"{name.rsplit('_l', 1)[0]}_{row.suffix}"] for name, _ in module.named_parameters()})
    return module

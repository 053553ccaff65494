"""The same numbers out of simpler modules: one layer after the other, one direction at a time."""

from typing import Any

import torch
from torch import Tensor

from app.recurrent.build import MODULES, hold
from app.recurrent.forward import Pass


def one_by_one(done: Pass, samples: list[int], steps: int) -> Tensor:
    """A stack as one-layer modules of torch's, each reading all of the one below: (t, n, D·P)."""
    x = done.reads[0][:steps, samples]
    for layer in range(done.plan.L):
        x = _one_layer(done, layer, x, samples, both=done.plan.D == 2)
    return x


def both_ways(done: Pass, samples: list[int], steps: int) -> tuple[Tensor, Tensor]:
    """The backward half of a bidirectional first layer, and a forward layer on the flipped input, flipped back."""
    x = done.reads[0][:steps, samples]
    together = _one_layer(done, 0, x, samples, both=True)[..., done.plan.P :]
    return together, _one_layer(done, 0, x.flip(0), samples, both=False, suffix="_reverse").flip(0)


def _one_layer(done: Pass, layer: int, x: Tensor, samples: list[int], *, both: bool, suffix: str = "") -> Tensor:
    """x (t, n, ·) through one layer: in both directions, or with the weights of one as a forward layer."""
    model = done.plan.request.model
    options: dict[str, Any] = {"proj_size": model.proj_size} if model.cell == "lstm" else {}
    if model.cell == "rnn":
        options["nonlinearity"] = model.nonlinearity
    module = MODULES[model.cell](
        x.shape[-1], done.plan.H, bias=model.bias, bidirectional=both, device="meta", **options
    )
    ours = dict(done.modules.rnn.named_parameters())
    ends = ("", "_reverse") if both else (suffix,)
    kinds = {name.rsplit("_l", 1)[0] for name in ours}
    hold(
        module,
        {
            f"{kind}_l0{'_reverse' if k else ''}": ours[f"{kind}_l{layer}{end}"]
            for kind in kinds
            for k, end in enumerate(ends)
        },
    )
    rows = [layer * done.plan.D + (1 if end else 0) for end in ends]
    states = [done.feed.h_0, *([] if done.feed.c_0 is None else [done.feed.c_0])]
    first = tuple(state[rows][:, samples].contiguous() for state in states)
    with torch.inference_mode():
        output: Tensor = module(x, first if len(first) == 2 else first[0])[0]
    return output

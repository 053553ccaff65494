"""The same numbers out of simpler modules: one layer after the other, one direction at a time."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from app.recurrent.build import MODULES, hold
from app.recurrent.forward import Pass


def one_by_one(done: Pass, samples: list[int], steps: int) -> Tensor:
    """A stack as one-layer modules of torch's, each reading all of the one below: (t, n, D·P)."""
    return layer_by_layer(done, samples, steps)[0]


def layer_by_layer(
    done: Pass,
    samples: list[int],
    steps: int,
    *,
    batch_first: bool = False,
    packed: bool = False,
    weights: dict[str, Tensor] | None = None,
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """The same with the states: output (t, n, D·P), h_n and c_n (L·D, n, ·), called as `plain_run` calls the whole.

    In train mode each layer reads what the pass's own masks leave of it, so that any part of a run can be
    run again, whatever else draws from torch's global generator meanwhile.
    """
    plan = done.plan
    ours: dict[str, Tensor] = weights or dict(done.modules.rnn.named_parameters())
    x = done.reads[0][:steps, samples]
    lengths = torch.tensor([(plan.lengths or ())[sample] for sample in samples]) if packed else None
    ends: list[tuple[Tensor, ...]] = []
    for layer in range(plan.L):
        suffixes = [row.suffix for row in plan.rows if row.layer == layer]
        module = _one_layer(done, ours, x.shape[-1], suffixes, batch_first=batch_first)
        first = _first_states(done, layer, samples, slice(0, plan.D))
        entering: Any = x.transpose(0, 1) if batch_first else x
        if lengths is not None:
            entering = pack_padded_sequence(entering, lengths, batch_first=batch_first, enforce_sorted=False)
        with torch.inference_mode():
            output, last = module(entering, first if len(first) == 2 else first[0])
            if lengths is not None:
                output, _ = pad_packed_sequence(output, batch_first=batch_first, total_length=steps)
        x = output.transpose(0, 1) if batch_first else output
        if layer < len(done.modules.masks):
            x = x * done.modules.masks[layer][:steps, samples]
        ends.append(last if isinstance(last, tuple) else (last,))
    return x, tuple(torch.cat(each) for each in zip(*ends, strict=True))


def both_ways(done: Pass, samples: list[int], steps: int) -> tuple[Tensor, Tensor]:
    """The backward half of a bidirectional first layer, and a forward layer on the flipped input, flipped back."""
    x = done.reads[0][:steps, samples]
    ours: dict[str, Tensor] = dict(done.modules.rnn.named_parameters())

    def output(x: Tensor, suffixes: list[str], rows: slice) -> Tensor:
        first = _first_states(done, 0, samples, rows)
        with torch.inference_mode():
            made: Tensor = _one_layer(done, ours, x.shape[-1], suffixes)(x, first if len(first) == 2 else first[0])[0]
        return made

    together = output(x, ["l0", "l0_reverse"], slice(0, 2))[..., done.plan.P :]
    return together, output(x.flip(0), ["l0_reverse"], slice(1, 2)).flip(0)


def _one_layer(
    done: Pass, ours: dict[str, Tensor], reads: int, suffixes: list[str], *, batch_first: bool = False
) -> nn.RNNBase:
    """One layer by itself, in both directions where two suffixes are named, else with that one as its forward one."""
    model = done.plan.request.model
    options: dict[str, Any] = {"proj_size": model.proj_size} if model.cell == "lstm" else {}
    if model.cell == "rnn":
        options["nonlinearity"] = model.nonlinearity
    module = MODULES[model.cell](
        reads,
        done.plan.H,
        bias=model.bias,
        batch_first=batch_first,
        bidirectional=len(suffixes) == 2,
        device="meta",
        **options,
    )
    kinds = {name.rsplit("_l", 1)[0] for name in ours}
    named = zip(suffixes, ("l0", "l0_reverse"), strict=False)
    hold(module, {f"{kind}_{own}": ours[f"{kind}_{suffix}"] for suffix, own in named for kind in kinds})
    return module


def _first_states(done: Pass, layer: int, samples: list[int], rows: slice) -> tuple[Tensor, ...]:
    """h_0 (and c_0) of some rows of one layer, (rows, n, ·)."""
    states = [done.feed.h_0, *([] if done.feed.c_0 is None else [done.feed.c_0])]
    own = slice(layer * done.plan.D, (layer + 1) * done.plan.D)
    return tuple(state[own][rows][:, samples].contiguous() for state in states)

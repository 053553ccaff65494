"""Dropout between the layers in train mode: the masks torch draws after a seed, and what they leave of h.

torch's module draws one mask for the output of each layer but the last, when both directions of that
layer have run: Bernoulli(1 − p) / (1 − p), so that the expected value stays the same. It draws from its
global generator; here a generator of its own stands where that one would stand.
"""

import torch
from torch import Generator, Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from app.recurrent.spec import TraceRequest


def drops(asked: TraceRequest) -> bool:
    """Whether a run drops anything: in train mode, and where there is a layer above to read it."""
    return asked.mode == "train" and asked.model.dropout > 0 and asked.model.num_layers > 1


def draw_masks(
    asked: TraceRequest, steps: int, batch: int, width: int, packed: tuple[int, ...] | None, generator: Generator
) -> tuple[Tensor, ...]:
    """One mask per layer but the last, (T, N, D·P) of 0 or 1/(1 − p); none where nothing is dropped.

    `generator` stands where torch's own stands at the call: the numbers are then, bit for bit, those of
    `module.train()` called there. A packed run (`packed`: its lengths) draws for the true steps only;
    beyond a sample's end the mask is 0.
    """
    if not drops(asked):
        return ()
    dtype = torch.float64 if asked.dtype == "float64" else torch.float32
    layout = None
    if packed is not None:
        layout = pack_padded_sequence(torch.zeros(steps, batch, 1), torch.tensor(packed), enforce_sorted=False)
    return tuple(
        _padded(layout, _one(asked.model.dropout, (sum(packed or ()), width), dtype, generator), steps)
        if layout is not None
        else _one(asked.model.dropout, (steps, batch, width), dtype, generator)
        for _ in range(asked.model.num_layers - 1)
    )


def _one(p: float, shape: tuple[int, ...], dtype: torch.dtype, generator: Generator) -> Tensor:
    if p == 1:
        return torch.zeros(shape, dtype=dtype)  # torch draws nothing then
    return torch.empty(shape, dtype=dtype).bernoulli_(1 - p, generator=generator).div_(1 - p)


def _padded(layout: PackedSequence, data: Tensor, steps: int) -> Tensor:
    """(ΣT, ·) in packed order as (T, N, ·) in the order of the batch."""
    padded, _ = pad_packed_sequence(layout._replace(data=data), total_length=steps)
    return padded

"""Gates and the cell state, recovered from every h: two matrix products and one scan, no step loop.

The fused kernel returns h at every step but hides i, f, g, o and the inner c. Since every
h[t-1] is known once it has run, all pre-activations follow at once from x and h.
Sizes: n samples, t steps, F what the row reads, H hidden_size, P the width of h (proj_size, or H),
U the units asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from app.recurrent.holds import NONE, Holds
from app.recurrent.shapes import GATE_ORDER

BLOCK = 32  # steps a block when a long sequence is scanned in blocks
NARROW = 4096  # numbers a step below which the loop's own cost outweighs the arithmetic


@dataclass(frozen=True)
class RowWeights:
    """One row's parameters, gates stacked in torch's order: i f g o, or r z n."""

    W_ih: Tensor  # (G·H, F)
    W_hh: Tensor  # (G·H, P)
    b_ih: Tensor  # (G·H,), zeros without bias
    b_hh: Tensor  # (G·H,)
    W_hr: Tensor | None = None  # (P, H), what makes h narrower than c

    def only(self, units: Sequence[int], H: int) -> "RowWeights":
        """The same for some units: their rows of every gate."""
        blocks = self.W_ih.shape[0] // H
        pick = torch.tensor([gate * H + unit for gate in range(blocks) for unit in units])
        assert self.W_hr is None  # every unit of c is needed for any one of a projected h
        return RowWeights(self.W_ih[pick], self.W_hh[pick], self.b_ih[pick], self.b_hh[pick])


@dataclass(frozen=True)
class Unrolled:
    """What a row held, and how far its pre-activations reach: rounding grows with them."""

    held: dict[str, Tensor]  # (t, n, U) each, under the names of CELL_TENSORS
    reach: float  # max |pre-activation|


def unroll(
    cell: str,
    nonlinearity: str,
    x: Tensor,
    h: Tensor,
    h_0: Tensor,
    c_0: Tensor | None,
    weights: RowWeights,
    units: Sequence[int] | None = None,
    holds: Holds = NONE,
) -> Unrolled:
    """What the cell held at each step of one row, in the order in which the row runs.

    x (t, n, F), h (t, n, P), h_0 (n, P), c_0 (n, H). The "h" among what is returned is computed
    again from the gates: beside the kernel's own h it is the proof that they are right. What `holds`
    clamps is put in its place in each of them, and goes on from there.
    """
    steps, samples, _ = x.shape
    if units is not None:
        weights = weights.only(units, h.shape[-1])
        c_0 = None if c_0 is None else c_0[:, list(units)]

    from_x = torch.addmm(weights.b_ih, x.flatten(0, 1), weights.W_ih.T)  # (t·n, G·U)
    from_h = torch.empty_like(from_x)  # each step reads the h before it
    torch.addmm(weights.b_hh, h_0, weights.W_hh.T, out=from_h[:samples])
    torch.addmm(weights.b_hh, h[:-1].flatten(0, 1), weights.W_hh.T, out=from_h[samples:])
    reach = max(_largest(from_x), _largest(from_h))  # before the two can cancel
    if cell == "gru":
        h_prev = torch.cat([h_0.unsqueeze(0), h[:-1]])[..., slice(None) if units is None else list(units)]
        return Unrolled(_gru(_split("gru", from_x, steps), _split("gru", from_h, steps), h_prev, holds), reach)
    z = from_x.add_(from_h)  # every pre-activation of every step
    del from_h  # larger than all that is kept of these samples
    if cell == "rnn":
        z = z.view(steps, samples, -1)
        h = torch.relu(z) if nonlinearity == "relu" else torch.tanh(z)
        return Unrolled({"h": holds.put("h", h)}, reach)
    assert c_0 is not None
    return Unrolled(_lstm(_split("lstm", z, steps), c_0, weights.W_hr, holds), reach)


def _largest(z: Tensor) -> float:
    low, high = torch.aminmax(z)
    return max(-float(low), float(high))


def _split(cell: str, stacked: Tensor, steps: int) -> tuple[Tensor, ...]:
    return stacked.view(steps, -1, stacked.shape[-1]).chunk(len(GATE_ORDER[cell]), dim=-1)


def _lstm(z: tuple[Tensor, ...], c_0: Tensor, W_hr: Tensor | None, holds: Holds) -> dict[str, Tensor]:
    i = holds.put("i", torch.sigmoid(z[0]))  # how much of the candidate is written
    f = holds.put("f", torch.sigmoid(z[1]))  # how much of the old cell state is kept
    g = holds.put("g", torch.tanh(z[2]))  # the candidate
    o = holds.put("o", torch.sigmoid(z[3]))  # how much of the cell state is shown
    c = scan(*holds.scanned(f, i * g), c_0)  # c = f * c_prev + i * g
    h = o * torch.tanh(c)
    if W_hr is not None:
        h = h @ W_hr.T  # (t, n, P)
    return {"i": i, "f": f, "g": g, "o": o, "c": c, "h": holds.put("h", h)}


def _gru(from_x: tuple[Tensor, ...], from_h: tuple[Tensor, ...], h_prev: Tensor, holds: Holds) -> dict[str, Tensor]:
    r = holds.put("r", torch.sigmoid(from_x[0] + from_h[0]))  # how much of the old state the candidate sees
    z = holds.put("z", torch.sigmoid(from_x[1] + from_h[1]))  # how much of the old state is kept
    n = holds.put("n", torch.tanh(from_x[2] + r * from_h[2]))  # the candidate; b_hn stays inside the reset product
    h = holds.put("h", (1 - z) * n + z * h_prev)
    return {"r": r, "z": z, "n": n, "h": h}


def scan(keep: Tensor, write: Tensor, first: Tensor) -> Tensor:
    """s[t] = keep[t] * s[t-1] + write[t], all steps: (t, n, U) from s[-1] = first (n, U)."""
    steps = keep.shape[0]
    if steps > 4 * BLOCK and first.numel() < NARROW:
        return _scan_in_blocks(keep, write, first)
    state, states = first, []
    for kept, written in zip(keep.unbind(), write.unbind(), strict=True):
        state = torch.addcmul(written, kept, state)
        states.append(state)
    return torch.stack(states)


def _scan_in_blocks(keep: Tensor, write: Tensor, first: Tensor) -> Tensor:
    """The same for long, narrow sequences: all blocks at once from zero, then their carries."""
    steps = keep.shape[0]
    blocks = -(-steps // BLOCK)
    short = blocks * BLOCK - steps
    if short:  # the last block is filled up with steps that change nothing
        keep = torch.cat([keep, keep.new_ones(short, *first.shape)])
        write = torch.cat([write, write.new_zeros(short, *first.shape)])
    keep = keep.view(blocks, BLOCK, -1).transpose(0, 1)  # (BLOCK, blocks, n·U)
    write = write.view(blocks, BLOCK, -1).transpose(0, 1)
    inner = scan(keep, write, torch.zeros_like(keep[0]))
    kept = torch.cumprod(keep, dim=0)
    ends = scan(kept[-1].unsqueeze(1), inner[-1].unsqueeze(1), first.reshape(1, -1)).squeeze(1)
    starts = torch.cat([first.reshape(1, -1), ends[:-1]])  # the state that enters each block
    states = torch.addcmul(inner, kept, starts)
    return states.transpose(0, 1).reshape(blocks * BLOCK, *first.shape)[:steps]

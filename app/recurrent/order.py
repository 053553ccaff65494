"""The order in which a row reads its sequence, padding and packing included."""

import torch
from torch import Tensor

from app.recurrent.positions import Row


def turned(x: Tensor, row: Row, lengths: tuple[int, ...] | None) -> Tensor:
    """x (T, n, ·) in the order in which `row` reads it; the same call turns it back.

    A backward row starts at the end: of the whole sequence, or with `lengths` (n of them) at each
    sample's own, where the padding stays in its place.
    """
    if row.direction == "forward":
        return x
    if lengths is None:
        return x.flip(0)
    step = torch.arange(x.shape[0]).unsqueeze(1)  # (T, 1)
    length = torch.tensor(lengths).unsqueeze(0)  # (1, n)
    source = torch.where(step < length, length - 1 - step, step)  # (T, n)
    return torch.take_along_dim(x, source.unsqueeze(-1), dim=0)


def blanked(x: Tensor, lengths: tuple[int, ...] | None) -> Tensor:
    """x (T, n, ·) with zeros where a packed row does not run; `lengths` as many as samples."""
    if lengths is None:
        return x
    runs = torch.arange(x.shape[0]).unsqueeze(1) < torch.tensor(lengths)  # (T, n)
    return torch.where(runs.unsqueeze(-1), x, torch.zeros((), dtype=x.dtype))


def at_end(x: Tensor, lengths: tuple[int, ...] | None) -> Tensor:
    """The last step of x (t, n, ·) in the order in which it ran: (n, ·)."""
    if lengths is None:
        return x[-1]
    last = torch.tensor(lengths).view(1, -1, 1) - 1
    return torch.take_along_dim(x, last, dim=0)[0]

"""Clamped values of one row: at which steps, for which samples and units, and how they are put in place.

A clamp holds steps of the sequence; in `Holds` they stand in the order in which the row runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor

from app.recurrent.order import turned
from app.recurrent.positions import Row
from app.recurrent.shapes import Plan


@dataclass(frozen=True)
class Hold:
    """One clamp in one row: at these steps of these samples, these units have this value."""

    quantity: str
    value: float
    runs: Tensor  # (T, n) bool
    units: Tensor  # (U,) bool

    def where(self, steps: slice) -> Tensor:
        """(t, n, U) bool"""
        return self.runs[steps].unsqueeze(-1) & self.units


@dataclass(frozen=True)
class Holds:
    """All clamps of one row, the last one wins."""

    held: tuple[Hold, ...]

    def put(self, quantity: str, x: Tensor, steps: slice = slice(None)) -> Tensor:
        """x (t, n, U) with the clamped values in their places; x itself where none is."""
        for each in self.held:
            if each.quantity == quantity and each.runs[steps].any():
                x = torch.where(each.where(steps), torch.tensor(each.value, dtype=x.dtype), x)
        return x

    def scanned(self, keep: Tensor, write: Tensor, steps: slice = slice(None)) -> tuple[Tensor, Tensor]:
        """What a scan c = keep · c + write needs for a clamped c: nothing kept, the value written."""
        for each in self.held:
            if each.quantity == "c":
                where = each.where(steps)
                keep = torch.where(where, torch.zeros((), dtype=keep.dtype), keep)
                write = torch.where(where, torch.tensor(each.value, dtype=write.dtype), write)
        return keep, write

    def at(self, t: int) -> bool:
        """Whether anything is held at step t."""
        return any(bool(each.runs[t].any()) for each in self.held)

    def stretches(self) -> list[tuple[int, int, bool]]:
        """(first, stop, held): stretches in which something is clamped at every step, and those between."""
        any_held = torch.stack([each.runs.any(1) for each in self.held]).any(0).tolist()
        found, first = [], 0
        for held, group in groupby(any_held):
            stop = first + len(list(group))
            found.append((first, stop, held))
            first = stop
        return found


NONE = Holds(())


def holds_of(plan: Plan, row: Row, samples: Sequence[int] | None = None, units: Sequence[int] | None = None) -> Holds:
    """The clamps of `row`, for some samples and units; those that hold nothing there are left out."""
    chosen = torch.arange(plan.N) if samples is None else torch.tensor(samples)
    lengths = None if plan.packed is None else tuple(plan.packed[sample] for sample in chosen.tolist())
    found = []
    for clamp in plan.request.clamps:
        if clamp.row != row.suffix:
            continue
        step = torch.arange(plan.T).unsqueeze(1)  # (T, 1)
        runs = (step >= clamp.from_) & (step < (plan.T if clamp.to is None else clamp.to))
        runs = runs & _chosen(clamp.samples, plan.N)[chosen]  # (T, n)
        if lengths is not None:  # beyond its end a packed row does not run
            runs = runs & (step < torch.tensor(lengths))
        at = _chosen(clamp.units, plan.P if clamp.quantity == "h" else plan.H)
        at = at if units is None else at[list(units)]
        if runs.any() and at.any():
            runs = turned(runs.unsqueeze(-1), row, lengths).squeeze(-1)
            found.append(Hold(clamp.quantity, clamp.value, runs, at))
    return Holds(tuple(found))


def _chosen(places: list[int] | None, size: int) -> Tensor:
    """(size,) bool: true at `places`, everywhere when None."""
    found = torch.full((size,), places is None)
    if places is not None:
        found[places] = True
    return found


def clamp_at(plan: Plan, name: str, n: int, t: int, u: int) -> float | None:
    """The value that place of the tensor `name` is clamped to; None when it is not, or does not run."""
    row, _, quantity = name.partition(".")
    if plan.packed is not None and t >= plan.packed[n]:
        return None
    for clamp in reversed(plan.request.clamps):
        inside = clamp.from_ <= t < (plan.T if clamp.to is None else clamp.to)
        chosen = (clamp.samples is None or n in clamp.samples) and (clamp.units is None or u in clamp.units)
        if (clamp.row, clamp.quantity) == (row, quantity) and inside and chosen:
            return clamp.value
    return None

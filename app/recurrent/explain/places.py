"""What an index of a tensor means: sample, step, unit and row, in whichever layout; and which step ran before."""

from dataclasses import dataclass

import torch

from app.recurrent.errors import Refusal, Say
from app.recurrent.positions import Row
from app.recurrent.shapes import Plan


@dataclass(frozen=True)
class Place:
    """One value of one tensor: sample n, step t, and the place u on the last axis; `row` inside the network."""

    plan: Plan
    name: str
    index: tuple[int, ...]
    n: int
    t: int
    u: int
    row: Row | None

    @property
    def inside(self) -> Row:
        """The row; only for what stands in one."""
        assert self.row is not None
        return self.row

    def is_padding(self) -> bool:
        """Whether a packed run computed nothing here."""
        known = self.plan.packed
        running = "." in self.name or self.name == "output" or self.name.startswith(("dropout_l", "dropped_l"))
        return running and known is not None and self.t >= known[self.n]


def locate(plan: Plan, name: str, index: tuple[int, ...]) -> Place:
    """What the axes of `name` say about `index`; a value without a time axis stands at the last step."""
    n, t, u, row = 0, plan.T - 1, 0, None
    if "." in name:
        row = next(row for row in plan.rows if row.suffix == name.split(".")[0])
    for axis, place in zip(plan.tensors[name].axes, index, strict=True):
        if axis == "N":
            n = place
        elif axis == "T":
            t = place
        elif axis == "N·T":
            n, t = divmod(place, plan.T)
        elif axis == "T·N":
            t, n = divmod(place, plan.N)
        elif axis == "ΣT":
            n, t = _unpacked(plan, place)
        elif axis == "L·D":
            row = plan.rows[place]
        else:
            u = place
    return Place(plan, name, index, n, t, u, row)


def index_of(plan: Plan, name: str, n: int, t: int, u: int | None, row: Row | None = None) -> tuple[int | None, ...]:
    """The index of a value in the axes of `name`; with u = None all along the last axis."""
    found: list[int | None] = []
    for axis in plan.tensors[name].axes:
        if axis == "N":
            found.append(n)
        elif axis == "T":
            found.append(t)
        elif axis == "N·T":
            found.append(n * plan.T + t)
        elif axis == "T·N":
            found.append(t * plan.N + n)
        elif axis == "L·D":
            assert row is not None
            found.append(row.index)
        else:
            found.append(u)
    return tuple(found)


def _unpacked(plan: Plan, place: int) -> tuple[int, int]:
    """Sample and step of a row of packed data: all samples of step 0, of step 1, …, the longest first."""
    assert plan.packed is not None
    order = torch.sort(torch.tensor(plan.packed), descending=True).indices.tolist()  # as torch packs
    for t in range(plan.T):
        running = [n for n in order if plan.packed[n] > t]
        if place < len(running):
            return running[place], t
        place -= len(running)
    raise IndexError(place)  # the index was checked against the shape


def length(plan: Plan, n: int) -> int:
    """How many steps a row runs for sample n."""
    return plan.packed[n] if plan.packed is not None else plan.T


def previous(plan: Plan, row: Row, n: int, t: int) -> int | None:
    """The step that ran before t in this row; None before the first."""
    if row.direction == "forward":
        return t - 1 if t > 0 else None
    return t + 1 if t + 1 < length(plan, n) else None


def last(plan: Plan, row: Row, n: int) -> int:
    """The step at which this row ends."""
    return length(plan, n) - 1 if row.direction == "forward" else 0


def row_of(plan: Plan, name: str) -> Row:
    """The row called l0, l1_reverse, …; raises Refusal (not-found)."""
    for row in plan.rows:
        if row.suffix == name:
            return row
    known = ", ".join(row.suffix for row in plan.rows[:8])
    raise Refusal("not-found", Say("problem.row_unknown", {"known": known}), field="row", expected=known)

"""Where `output`, `h_n` and `c_n` sit in layers × directions × time."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

Direction = Literal["forward", "backward"]
# Above this many samples `step` names one step for all: without lengths they are the same.
LISTED_SAMPLES = 256


@dataclass(frozen=True)
class Row:
    """One layer in one direction: a row of the unrolled network. `index` is its place in h_n."""

    index: int
    layer: int
    direction: Direction

    @cached_property
    def suffix(self) -> str:
        """The name torch gives its parameters: l0, l0_reverse, l1, …"""
        return f"l{self.layer}" + ("_reverse" if self.direction == "backward" else "")


@dataclass(frozen=True)
class Strand:
    """A part of `output`: features [start, stop) are the h of this row, at every step."""

    layer: int
    direction: Direction
    features: tuple[int, int]


@dataclass(frozen=True)
class End:
    """One slab of h_n or c_n: the state of a row after its own last step, per sample."""

    index: int
    layer: int
    direction: Direction
    step: tuple[int, ...]


@dataclass(frozen=True)
class Positions:
    """The three answers of a recurrent module, as places in the lattice."""

    output: tuple[Strand, ...]
    h_n: tuple[End, ...]
    c_n: tuple[End, ...]


@lru_cache(maxsize=64)
def rows(L: int, D: int) -> tuple[Row, ...]:
    """Every row in the order of h_n: l0 forward, l0 backward, l1 forward, … Kept: a thousand layers take a while."""
    directions: tuple[Direction, ...] = ("forward", "backward")
    return tuple(
        Row(layer * D + k, layer, direction) for layer in range(L) for k, direction in enumerate(directions[:D])
    )


def place(cell: str, L: int, D: int, N: int, T: int, P: int, lengths: tuple[int, ...] | None = None) -> Positions:
    """output is the top layer at every step; h_n and c_n are every row at its own last step.

    P is the width of h. `lengths` are those of a packed run: a padded one reads the padding too.
    """
    strands = tuple(Strand(row.layer, row.direction, (k * P, (k + 1) * P)) for k, row in enumerate(rows(L, D)[-D:]))
    forward = tuple(length - 1 for length in lengths) if lengths else (T - 1,) * (N if N <= LISTED_SAMPLES else 1)
    backward = (0,) * len(forward)  # it ends where the sequence begins
    ends = tuple(
        End(row.index, row.layer, row.direction, forward if row.direction == "forward" else backward)
        for row in rows(L, D)
    )
    return Positions(strands, ends, ends if cell == "lstm" else ())

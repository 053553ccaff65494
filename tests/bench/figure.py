"""One figure of the bench: two numbers, their ratio, and how two things are timed side by side."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """`ours` ÷ `theirs`, both in `unit`; `aim` says what the ratio should be, if anything."""

    name: str
    ours: float
    theirs: float
    unit: str
    aim: str = ""

    @property
    def ratio(self) -> float:
        return self.ours / self.theirs

    def line(self) -> str:
        numbers = f"{self.ours:>10.3f} ÷ {self.theirs:>10.3f} {self.unit:<5}"
        return f"  {self.name:<44}{numbers} = {self.ratio:>7.2f}  {self.aim}".rstrip()


def side_by_side(ours: Callable[[], object], theirs: Callable[[], object], seconds: float) -> tuple[float, float]:
    """The median milliseconds of each, taken in turns for `seconds` so that noise hits both alike."""
    ours(), theirs()  # what happens only the first time is no part of the cost
    times: tuple[list[float], list[float]] = ([], [])
    end = time.perf_counter() + seconds
    while len(times[0]) < 5 or time.perf_counter() < end:
        order = ((ours, times[0]), (theirs, times[1]))
        for run, into in order if len(times[0]) % 2 else reversed(order):
            started = time.perf_counter()
            run()
            into.append((time.perf_counter() - started) * 1000)
    return statistics.median(times[0]), statistics.median(times[1])

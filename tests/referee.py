"""What the referees share: a trace's recurrent part in one layout, the bound, and the record of what was covered."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from hypothesis import HealthCheck, given, settings

from app.recurrent.spec import TraceRequest
from app.recurrent.trace import Trace
from tests.core import requests, traced

Array = npt.NDArray[Any]

# Of the largest value of a tensor, or of 1. Another library adds the products of a row in another order and has
# a sigmoid and a tanh of its own, so each step may differ in the last digits (float32 has seven), and layers and
# steps add that up; what was measured stays under 1e-6. Two gates in the wrong order differ by 1e-2 and more.
BOUND = 1e-5
# It is the bound of a float64 trace too: both referees compute in float32, whatever they are given.


@dataclass(frozen=True)
class Strand:
    """The weights of one layer and direction, in torch's order of gates; without biases both are None."""

    W_ih: Array  # (gates·H, F) or (gates·H, D·H)
    W_hh: Array  # (gates·H, H)
    b_ih: Array | None  # (gates·H,)
    b_hh: Array | None


@dataclass(frozen=True)
class Recurrent:
    """The recurrent module of a trace: what entered, what it holds, what came out; time first, with a batch axis."""

    request: TraceRequest
    x: Array  # (T, N, F)
    lengths: Array | None  # (N,) int32, of a packed run
    first: dict[str, Array]  # h and, of an lstm, c: (L·D, N, H)
    layers: list[list[Strand]]  # per layer its directions
    output: Array  # (T, N, D·H)
    last: dict[str, Array]  # as `first`

    @property
    def directions(self) -> int:
        return len(self.layers[0])

    def rows(self, layer: int) -> slice:
        """The slabs of one layer in `first` and `last`."""
        return slice(layer * self.directions, (layer + 1) * self.directions)


def recurrent(trace: Trace) -> Recurrent:
    """Take a trace apart; layouts are turned here, so that a referee needs to know only its own."""
    request, kept = trace.plan.request, trace.done.tensors
    unbatched = kept["input"].ndim == 2
    weights = {name.removeprefix("rnn."): value.numpy() for name, value in trace.done.modules.named().items()}

    def time_first(name: str) -> Array:
        values: Array = kept[name].numpy()
        if unbatched:
            return values[:, None]
        return values.swapaxes(0, 1) if request.model.batch_first else values

    def states(suffix: str) -> dict[str, Array]:
        found = {state: kept[f"{state}_{suffix}"].numpy() for state in ("h", "c") if f"{state}_{suffix}" in kept}
        return {state: values[:, None] if unbatched else values for state, values in found.items()}

    def strand(suffix: str) -> Strand:
        names = (f"weight_ih_{suffix}", f"weight_hh_{suffix}", f"bias_ih_{suffix}", f"bias_hh_{suffix}")
        return Strand(weights[names[0]], weights[names[1]], weights.get(names[2]), weights.get(names[3]))

    endings = ("", "_reverse") if request.model.bidirectional else ("",)
    return Recurrent(
        request=request,
        x=time_first("input"),
        lengths=np.array(request.lengths, dtype=np.int32) if request.packed else None,
        first=states("0"),
        layers=[[strand(f"l{layer}{ending}") for ending in endings] for layer in range(request.model.num_layers)],
        output=time_first("output"),
        last=states("n"),
    )


def regate(stacked: Array, ours: str, theirs: str) -> Array:
    """The gates of a weight or a bias, first axis gates·H, from our order of letters to theirs."""
    blocks = dict(zip(ours, np.split(stacked, len(ours)), strict=True))
    return np.concatenate([blocks[gate] for gate in theirs])


def apart(ours: Array, theirs: Array) -> float:
    """The largest difference as a part of the largest value (of 1 at least). Another shape is no small difference."""
    assert ours.shape == theirs.shape
    if not ours.size:
        return 0.0
    scale = max(1.0, float(np.abs(theirs).max()))
    return float(np.abs(ours.astype(np.float64) - theirs).max()) / scale


def features(request: TraceRequest) -> list[str]:
    """What a configuration exercises, in words for the record."""
    model = request.model
    found = {
        model.cell + (f" {model.nonlinearity}" if model.cell == "rnn" else ""): True,
        "bidirectional": model.bidirectional,
        "several layers": model.num_layers > 1,
        "without biases": not model.bias,
        "first state given": request.state is not None,
        "packed": request.packed,
        "float64": request.dtype == "float64",
    }
    return [name for name, present in found.items() if present]


@dataclass
class Tally:
    """How many configurations a referee judged, which it could not, and the largest difference."""

    referee: str
    configurations: int = 0
    covered: Counter[str] = field(default_factory=Counter)
    beyond: Counter[str] = field(default_factory=Counter)
    worst: float = 0.0

    def text(self) -> str:
        judged = self.configurations - self.beyond.total()
        parts = ", ".join(f"{name} {count}" for name, count in self.covered.most_common())
        left = ", ".join(f"{name} {count}" for name, count in self.beyond.most_common()) or "none"
        return (
            f"{self.referee}: {judged} of {self.configurations} configurations ({parts}); not judged: {left}; "
            f"largest difference {self.worst:.1e}, bound {BOUND:.0e}"
        )


def hold_against(
    name: str,
    judge: Callable[[Recurrent], dict[str, Array]],
    beyond: Callable[[TraceRequest], str | None],
    configurations: int,
) -> Tally:
    """Compare every generated trace that `name` can express with what `judge` computes for it.

    `judge` answers output, h and c in the shapes of Recurrent. Past the end of a packed sample nothing is compared.
    """
    tally = Tally(name)

    @given(asked=requests())
    @settings(
        max_examples=configurations,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    def compare(asked: dict[str, Any]) -> None:
        trace = traced(**asked)
        request = trace.plan.request
        tally.configurations += 1
        reason = beyond(request)
        if reason is not None:
            tally.beyond[reason] += 1
            return
        ours = recurrent(trace)
        theirs = judge(ours)
        assert set(theirs) == {"output", *ours.last}
        steps = np.arange(len(ours.x))[:, None]
        real = steps < (ours.lengths if ours.lengths is not None else len(ours.x))  # (T, N)
        pairs = {"output": (ours.output * real[..., None], theirs.pop("output") * real[..., None])}
        pairs |= {f"{state}_n": (ours.last[state], theirs[state]) for state in ours.last}
        for tensor, (mine, judged) in pairs.items():
            difference = apart(mine, judged)
            assert difference <= BOUND, tensor
            tally.worst = max(tally.worst, difference)
        tally.covered.update(features(request))

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the tensors are small: a second thread only waits
    try:
        compare()
    finally:
        torch.set_num_threads(threads)
    return tally

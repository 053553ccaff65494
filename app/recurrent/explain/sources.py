"""Where the factors of a value stand: the layout, the step before, the layer below, the gate's own band of weights."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch

from app.recurrent.dropout import drops
from app.recurrent.explain.dependencies import band
from app.recurrent.explain.places import Place, index_of, last, previous
from app.recurrent.positions import Row
from app.recurrent.settle_loss import IGNORED
from app.recurrent.shapes import Plan
from app.recurrent.trace import Trace

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Run:
    """Numbers in a row, read from one tensor or parameter: the index holds None where k runs from `first`.

    Without a None it is one number; with two the last axis, `width` long, runs fastest. A constant is `value` itself.
    """

    kind: Literal["tensor", "parameter", "constant"]
    name: str
    index: tuple[int | None, ...]
    count: int = 1
    value: float = 0.0
    first: int = 0
    width: int = 0

    def at(self, k: int) -> list[int]:
        """The index of the k-th number."""
        k += self.first
        if self.width:
            return list(divmod(k, self.width))
        return [k if place is None else place for place in self.index]


def _one(place: Place, name: str, n: int, t: int, u: int, row: Row | None = None) -> list[Run]:
    return [Run("tensor", name, index_of(place.plan, name, n, t, u, row))]


def _all(place: Place, name: str, n: int, t: int, row: Row | None = None) -> list[Run]:
    return [Run("tensor", name, index_of(place.plan, name, n, t, None, row), place.plan.tensors[name].shape[-1])]


def _here(place: Place, quantity: str) -> list[Run]:
    """The same unit at the same step of the same row."""
    return _one(place, f"{place.inside.suffix}.{quantity}", place.n, place.t, place.u)


def _all_here(place: Place, quantity: str) -> list[Run]:
    return _all(place, f"{place.inside.suffix}.{quantity}", place.n, place.t)


def _before(place: Place, quantity: str) -> list[Run]:
    """The same unit one step earlier in the order of the row; before the first step stand h_0 and c_0."""
    row, step = place.inside, previous(place.plan, place.inside, place.n, place.t)
    if step is None:
        return _one(place, f"{quantity}_0", place.n, 0, place.u, row)
    return _one(place, f"{row.suffix}.{quantity}", place.n, step, place.u)


def _all_before(place: Place) -> list[Run]:
    row, step = place.inside, previous(place.plan, place.inside, place.n, place.t)
    if step is None:
        return _all(place, "h_0", place.n, 0, row)
    return _all(place, f"{row.suffix}.h", place.n, step)


def _reads(place: Place) -> list[Run]:
    """What enters the row at this step: the input, or every h of the layer below, both directions in order,
    or in train mode what dropout left of them.
    """
    layer = place.inside.layer
    if layer == 0:
        return _all(place, "input", place.n, place.t)
    if drops(place.plan.request):
        return _all(place, f"dropped_l{layer - 1}", place.n, place.t)
    below = [row for row in place.plan.rows if row.layer == layer - 1]
    return [run for row in below for run in _all(place, f"{row.suffix}.h", place.n, place.t)]


def _top_h(place: Place) -> list[Run]:
    """The row of the top layer that this feature of `output` belongs to."""
    return _h_of_layer(place, place.plan.L - 1)


def _h_of_layer(place: Place, layer: int) -> list[Run]:
    """The h that a feature of a layer's joined output is."""
    k, unit = divmod(place.u, place.plan.P)
    row = place.plan.rows[layer * place.plan.D + k]
    return _one(place, f"{row.suffix}.h", place.n, place.t, unit)


def _layer(place: Place) -> int:
    """Behind which layer a mask stands: 1 for "dropped_l1"."""
    return int(place.name.rpartition("_l")[2])


def _top_h_n(place: Place) -> list[Run]:
    k, unit = divmod(place.u, place.plan.P)
    row = place.plan.rows[len(place.plan.rows) - place.plan.D + k]
    return _one(place, "h_n", place.n, 0, unit, row)


def _last(place: Place, quantity: str) -> list[Run]:
    row = place.inside
    return _one(place, f"{row.suffix}.{quantity}", place.n, last(place.plan, row, place.n), place.u)


def _read_by_stage(place: Place) -> str:
    """The tensor that the stage making this value reads."""
    if place.name == "input":
        return "embedding"
    return next(stage.inputs[0] for stage in place.plan.stages if place.name in stage.outputs)


def _stage(place: Place) -> list[Run]:
    return _one(place, _read_by_stage(place), place.n, place.t, place.u)


def _whole_stage(place: Place) -> list[Run]:
    return _all(place, _read_by_stage(place), place.n, place.t)


def _every_step(place: Place) -> list[Run]:
    """`output` at each true step, for one feature."""
    steps = (place.plan.lengths or (place.plan.T,) * place.plan.N)[place.n]
    index = tuple(
        None if axis == "T" else place.n if axis == "N" else place.u for axis in place.plan.tensors["output"].axes
    )
    return [Run("tensor", "output", index, steps)]


def _longer(place: Place) -> list[Run]:
    """A one for each sample that is still running at this step."""
    count = sum(each > place.t for each in place.plan.packed or ())
    return [Run("constant", "1", (), count, 1.0)]


def _one_over_length(place: Place) -> list[Run]:
    steps = (place.plan.lengths or (place.plan.T,) * place.plan.N)[place.n]
    return [Run("constant", f"1/{steps}", (), 1, 1 / steps)]


def _target(place: Place) -> list[Run]:
    return _one(place, "target", place.n, place.t, place.u)


def _said(trace: Trace, place: Place) -> list[Run]:
    """What was said of the class that the target names."""
    index = index_of(place.plan, "target", place.n, place.t, place.u)
    target = int(numbers(trace, [Run("tensor", "target", index)])[0])
    return _one(place, _read_by_stage(place), place.n, place.t, target)


def _losses(trace: Trace, place: Place) -> list[Run]:
    """Every loss whose target is not left out: whole stretches of them."""
    shape = place.plan.tensors["losses"].shape
    if len(shape) == 2:
        return [Run("tensor", "losses", (None, None), shape[0] * shape[1], width=shape[1])]
    counts = _counts(trace)
    if not shape:
        return [Run("tensor", "losses", ())] if counts.any() else []
    edges = np.flatnonzero(np.diff(np.concatenate([[False], counts, [False]]).astype(np.int8))).reshape(-1, 2)
    return [Run("tensor", "losses", (None,), stop - first, first=first) for first, stop in edges.tolist()]


def _counts(trace: Trace) -> npt.NDArray[np.bool_]:
    """Which targets count: all but the classes of torch's ignore_index."""
    target = trace.done.tensors["target"]
    found: npt.NDArray[np.bool_] = np.atleast_1d((target != IGNORED).numpy())
    return found if target.dtype == torch.int64 else np.ones_like(found)


def _one_over_count(trace: Trace) -> list[Run]:
    count = int(_counts(trace).sum())
    return [Run("constant", f"1/{count}", (), 1, 1 / count)] if count else []


def left_out(trace: Trace, place: Place) -> str | None:
    """The row of TABLE for a loss whose target, or whose every target, torch leaves out."""
    if place.name == "losses":
        counts = _counts(trace)
        return None if counts.all() or counts[place.index or (0,)] else "losses.ignored"
    return "loss.empty" if place.name == "loss" and not _counts(trace).any() else None


def _weights(kind: str, place: Place, gate: str) -> list[Run]:
    """A gate's row of weight_ih or weight_hh, or its entry of a bias."""
    name = f"rnn.{kind}_{place.inside.suffix}"
    if name not in place.plan.parameters:  # without bias
        return []
    line, shape = band(place.plan, gate) + place.u, place.plan.parameters[name].shape
    return [Run("parameter", name, (line,)) if len(shape) == 1 else Run("parameter", name, (line, None), shape[1])]


def _projection(place: Place) -> list[Run]:
    return [Run("parameter", f"rnn.weight_hr_{place.inside.suffix}", (place.u, None), place.plan.H)]


def _head_weight(place: Place) -> list[Run]:
    return [Run("parameter", "head.weight", (place.u, None), place.plan.parameters["head.weight"].shape[1])]


def _table(trace: Trace, place: Place) -> list[Run]:
    """The row of the embedding table that the token of this place names."""
    picked = picked_by(place)
    decode = place.plan.request.input.decode
    token = int(numbers(trace, [picked])[0]) if picked is not None else decode.start if decode is not None else None
    assert token is not None  # settle() filled it in
    return [Run("parameter", "embedding.weight", (token, place.u))]


def picked_by(place: Place) -> Run | None:
    """The number that chose a row of the embedding table; None at the start of a decoder."""
    if place.plan.request.input.decode is None:
        return Run("tensor", "tokens", index_of(place.plan, "tokens", place.n, place.t, None))
    if place.t == 0:
        return None
    return Run("tensor", "decoded", index_of(place.plan, "decoded", place.n, place.t - 1, None))


def _encoder_end(place: Place, state: str) -> list[Run]:
    """The same slab of what the encoder left."""
    assert place.plan.encoder is not None
    index = index_of(place.plan.encoder, f"{state}_n", place.n, 0, place.u, place.inside)
    return [Run("tensor", f"encoder.{state}_n", index)]


SOURCES: dict[str, Callable[[Place], list[Run]]] = {
    **{gate: (lambda place, gate=gate: _here(place, gate)) for gate in "ifgorznc"},  # type: ignore[misc]
    "all o": lambda place: _all_here(place, "o"),
    "all c": lambda place: _all_here(place, "c"),
    "h_prev": lambda place: _before(place, "h"),
    "c_prev": lambda place: _before(place, "c"),
    "all h_prev": _all_before,
    "x": _reads,
    "encoder h_n": lambda place: _encoder_end(place, "h"),
    "encoder c_n": lambda place: _encoder_end(place, "c"),
    "first": lambda place: _one(place, "first", place.n, 0, place.u),
    "top h": _top_h,
    "h behind": lambda place: _h_of_layer(place, _layer(place)),
    "mask of layer": lambda place: _one(place, f"dropout_l{_layer(place)}", place.n, place.t, place.u),
    "top h_n": _top_h_n,
    "last h": lambda place: _last(place, "h"),
    "last c": lambda place: _last(place, "c"),
    "input": _stage,
    "all input": _whole_stage,
    "all logits": _whole_stage,
    "all steps": _every_step,
    "target": _target,
    "packed from": lambda place: _one(place, "input", place.n, place.t, place.u),
    "longer": _longer,
    "1/length": _one_over_length,
    "weight_hr": _projection,
    "head weight": _head_weight,
    "head bias": lambda place: [Run("parameter", "head.bias", (place.u,))],
}


# Sources that depend on numbers of the run: which token, which class, which targets count.
READ_FIRST: dict[str, Callable[[Trace, Place], list[Run]]] = {
    "table": _table,
    "said": _said,
    "all losses": _losses,
    "1/count": lambda trace, _: _one_over_count(trace),
}


def source(trace: Trace, place: Place, name: str) -> list[Run]:
    """Where the numbers of one source stand, for one place; empty when the run has none (no bias)."""
    if name in READ_FIRST:
        return READ_FIRST[name](trace, place)
    kind, _, gate = name.partition(":")
    if kind.startswith(("weight_ih", "weight_hh", "bias_ih", "bias_hh")):
        return _weights(kind, place, gate)
    return SOURCES[name](place)


def source_shape(plan: Plan, run: Run) -> tuple[int, ...]:
    """The shape of what a run reads; a constant has none."""
    if run.kind == "constant":
        return ()
    if run.name.startswith("encoder."):
        assert plan.encoder is not None
        return plan.encoder.tensors[run.name.removeprefix("encoder.")].shape
    return (plan.parameters if run.kind == "parameter" else plan.tensors)[run.name].shape


def numbers(trace: Trace, runs: list[Run]) -> Numbers:
    """The traced numbers of all runs, one after the other, in double precision."""
    return np.concatenate([_read(trace, run) for run in runs]) if len(runs) != 1 else _read(trace, runs[0])


def _read(trace: Trace, run: Run) -> Numbers:
    if run.kind == "constant":
        return np.full(run.count, run.value)
    if run.name.startswith("encoder."):
        assert trace.encoder is not None
        return _read(trace.encoder, replace(run, name=run.name.removeprefix("encoder.")))
    stop = run.first + run.count
    index: list[int | slice] = [slice(run.first, stop) if place is None else place for place in run.index]
    with torch.inference_mode():
        if run.kind == "parameter":
            found = trace.done.modules.named()[run.name][tuple(index)]
        elif "." not in run.name:
            found = trace.done.tensors[run.name][tuple(index)]
        else:
            suffix, quantity = run.name.split(".")
            row = next(row for row in trace.plan.rows if row.suffix == suffix)
            sample, step, unit = index
            assert isinstance(sample, int)
            if quantity == "h":
                found = trace.done.h[row.index][step, sample, unit]
            else:
                found = trace.cell(row, sample)[quantity][step, unit]
        values: Numbers = found.double().reshape(-1).numpy()
    return values

"""The proof that travels with a trace: the record beside a plain module, the gates beside the kernel.

Small runs are compared whole. For large ones the comparison covers some samples (or the first
steps of the only one), spread over the batch, so that proof costs a few percent of the pass;
`checked` says which.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from app.recurrent.build import rnn_module
from app.recurrent.cost import SHARE, WHOLE
from app.recurrent.errors import Refusal, Say, stop_if
from app.recurrent.forward import Pass, some
from app.recurrent.gates import scan
from app.recurrent.order import at_end, turned
from app.recurrent.proof_rows import stretches
from app.recurrent.simpler import layer_by_layer

# For values of size one out of sums of ordinary size. Rounding grows with the size of what is
# summed: over thousands of configurations it stayed below 6e-7 of the value, and of half the
# pre-activation it came from.
TOLERANCE = {"float32": 1e-6, "float64": 1e-14}
ORDINARY_REACH = 2.0
UNITS = 0.25  # of a large run's units are compared: gates at every step, and room for the comparison
ALONE = 2  # samples: what a run of few costs besides, for the weights are read at every step
A_STEP = 0.25  # of the tolerance: what one step may add to the error of a memory; the same word again, the same error


@dataclass(frozen=True)
class Checked:
    """Which part was compared: these samples, the first `steps` steps, this many units of each row."""

    samples: list[int]
    steps: int
    units: int
    of: dict[str, int]


@dataclass(frozen=True)
class Proof:
    """Largest differences: h against the plain module, c against its c_n, gates against the kernel's h."""

    against: str
    max_abs_diff: dict[str, float]
    tolerance: float
    checked: Checked
    by_rows: bool = False  # clamped: each row against a module of one row, clamped steps against the closed form


@dataclass(frozen=True)
class Evidence:
    """The proof, and what it computed on the way, for the claims to use.

    plain       what the plain module gave for the checked samples and steps; None of a clamped run
    unrolled    per row, what `Pass.unrolled` gave for the checked samples and units
    """

    proof: Proof
    samples: list[int]
    units: list[int] | None
    plain: "Plain | None"
    unrolled: list[dict[str, Tensor]] = field(default_factory=list)


def prove(done: Pass, cancelled: Callable[[], bool] = lambda: False) -> Evidence:
    """Compare `done` with torch's plain module; raises Refusal "proof-failed" over the tolerance."""
    plan = done.plan
    samples, steps, units = _portion(done)
    lengths = done.lengths_of(samples)
    shown = slice(None) if units is None else units
    clamped = bool(plan.request.clamps)
    plain = None if clamped else plain_run(done, samples, steps, packed=plan.packed is not None)
    rows = []
    for row in plan.rows:
        stop_if(cancelled)
        rows.append(done.unrolled(row, samples, units))
    output = some(done.h_top()[:steps], samples)
    base = TOLERANCE[plan.request.dtype] * max(
        1.0, _size(output), max((each.reach for each in rows if isfinite(each.reach)), default=0) / ORDINARY_REACH
    )
    checks = _Checks()
    memory = torch.zeros(())  # the largest error that any row may carry in h
    for row, each in zip(plan.rows, rows, strict=True):
        held = each.held
        kernel = turned(some(done.h[row.index], samples)[..., shown], row, lengths)
        c_0 = None if done.feed.c_0 is None else done.feed.c_0[row.index, samples][:, shown]
        error_c, error_h = _carried(held, c_0, A_STEP * base, done.weights(row).W_hr)
        memory = torch.maximum(memory, error_h.nan_to_num(nan=0.0, posinf=0.0).max())
        checks.add("gates", held["h"], kernel, base + error_h)
        if "c" in held:
            theirs = done.c_n[row.index, samples][:, shown]
            allowed = base * (1 + theirs.abs()) + at_end(error_c, lengths)
            checks.add("c", at_end(held["c"], lengths), theirs, allowed)
            if steps == plan.T and plain is not None and plain.c_n is not None:
                checks.add("c", plain.c_n[row.index][:, shown], theirs, allowed)
    if plain is None:
        for row, each in zip(plan.rows, rows, strict=True):
            stop_if(cancelled)
            for theirs, ours in stretches(done, row, samples, steps, None if units else each.held.get("c")):
                checks.add("h", theirs, ours, base + memory)
            h = turned(done.h[row.index][:, samples], row, lengths)
            checks.add("h", at_end(h, lengths), done.h_n[row.index, samples], base + memory)
        top = torch.cat([done.h[row.index][:steps, samples] for row in plan.rows[-plan.D :]], dim=2)
        checks.add("h", top, output, base + memory)
    else:
        checks.add("h", plain.output, output, base + memory)
        if steps == plan.T:
            checks.add("h", plain.h_n, done.h_n[:, samples], base + memory)
    proof = Proof(
        f"torch.nn.{plan.request.model.cell.upper()}",
        {name: checks.worst[name] for name in ("h", "c", "gates") if name in checks.worst},
        # what every difference stayed under: most runs never need what long memories are allowed
        base if max(checks.worst.values()) <= base else checks.allowed,
        Checked(
            samples,
            steps,
            plan.H if units is None else len(units),
            {"samples": plan.N, "steps": plan.T, "units": plan.H},
        ),
        clamped,
    )
    return Evidence(proof, samples, units, plain, [each.held for each in rows])


class _Checks:
    """Comparisons place by place: the largest difference of each kind, and the largest that was allowed."""

    def __init__(self) -> None:
        self.worst: dict[str, float] = {}
        self.allowed = 0.0

    def add(self, name: str, ours: Tensor, theirs: Tensor, allowed: Tensor) -> None:
        """Refuse `ours` where it is further from `theirs` than `allowed`."""
        apart = _apart(ours, theirs)
        found = float(apart.max())
        self.worst[name] = max(self.worst.get(name, 0.0), found)
        finite = allowed[allowed.isfinite()]
        self.allowed = max(self.allowed, float(finite.max())) if finite.numel() else self.allowed
        wrong = ~(apart <= allowed.nan_to_num(posinf=0.0))
        if wrong.any():
            expected = float(torch.broadcast_to(allowed, apart.shape)[wrong].min())
            raise Refusal(
                "proof-failed",
                Say("problem.proof_failed", {"name": name, "got": f"{found:.3g}", "expected": f"{expected:.3g}"}),
                field="weights",
                got=found if isfinite(found) else "inf",
                expected=expected if isfinite(expected) else None,
            )


def _carried(held: dict[str, Tensor], c_0: Tensor | None, a_step: float, W_hr: Tensor | None) -> tuple[Tensor, Tensor]:
    """How far rounding may move c and h at each step, (t, n, U): a memory that forgets little adds up
    the rounding of all its steps. Zero for cells without such a memory of their own.
    """
    if c_0 is not None:
        c = held["c"]
        before = torch.cat([c_0.unsqueeze(0), c[:-1]])
        error_c = scan(held["f"], a_step * (1 + before.abs()), torch.zeros_like(c_0))
        error_h = error_c * (1 - torch.tanh(c) ** 2)
        return error_c, error_h if W_hr is None else error_h @ W_hr.abs().T
    zero = torch.zeros(())
    if "z" in held:  # a GRU's update gate keeps h as f keeps c
        return zero, scan(held["z"], torch.full_like(held["z"], a_step), torch.zeros_like(held["z"][0]))
    return zero, zero


class Plain(NamedTuple):
    """What the plain module gave: output (t, n, D·P), h_n (L·D, n, P), c_n (L·D, n, H) of an LSTM."""

    output: Tensor
    h_n: Tensor
    c_n: Tensor | None


def plain_run(
    done: Pass,
    samples: list[int],
    steps: int,
    *,
    batch_first: bool | None = None,
    packed: bool = False,
    weights: dict[str, Tensor] | None = None,
) -> Plain:
    """torch's own module with the same weights on part of the input, called as anybody would.

    `batch_first` is the layout in which it is called, None the one that was asked for; `packed` packs to
    the true lengths; `weights` stand in for the pass's own. Where dropout acts it is one layer after the
    other, with the masks of the pass between them.
    """
    plan = done.plan
    as_asked = batch_first is None
    batch_first = plan.request.model.batch_first if batch_first is None else batch_first
    if done.modules.masks:
        output, last = layer_by_layer(
            done, samples, steps, batch_first=batch_first and plan.batched, packed=packed, weights=weights
        )
        return Plain(output, last[0], last[1] if len(last) == 2 else None)
    module = done.modules.rnn
    if weights is not None or batch_first != module.batch_first:
        module = rnn_module(plan, weights or dict(module.named_parameters()), batch_first=batch_first)
    x: Any = some(done.reads[0][:steps], samples)
    states: Any = done.feed.h_0[:, samples]
    if done.feed.c_0 is not None:
        states = (states, done.feed.c_0[:, samples])
    if packed:
        assert plan.lengths is not None
        lengths = torch.tensor([plan.lengths[sample] for sample in samples])
        output, ends = module(pack_padded_sequence(x, lengths, enforce_sorted=False), states)
        output, _ = pad_packed_sequence(output, total_length=steps)
    elif not plan.batched and as_asked:  # without a batch axis, as it was asked
        states = tuple(s[:, 0] for s in states) if isinstance(states, tuple) else states[:, 0]
        output, ends = module(x[:, 0], states)
        output = output.unsqueeze(1)
        ends = tuple(e.unsqueeze(1) for e in ends) if isinstance(ends, tuple) else ends.unsqueeze(1)
    else:
        output, ends = module(x.transpose(0, 1) if batch_first else x, states)
        output = output.transpose(0, 1) if batch_first else output
    return Plain(output, *ends) if isinstance(ends, tuple) else Plain(output, ends, None)


def difference(ours: Tensor, theirs: Tensor) -> float:
    """max |ours - theirs|; places where neither is finite agree when they are the same."""
    return float(_apart(ours, theirs).max())


def _apart(ours: Tensor, theirs: Tensor) -> Tensor:
    apart = (ours - theirs).abs()
    if apart.isfinite().all():
        return apart
    same = (ours == theirs) | (ours.isnan() & theirs.isnan())
    return torch.where(same, 0.0, apart).nan_to_num(nan=float("inf"), posinf=float("inf"))


def _size(x: Tensor) -> float:
    """The largest finite |x|."""
    return float(x.abs().nan_to_num(nan=0.0, posinf=0.0).max())


def _portion(done: Pass) -> tuple[list[int], int, list[int] | None]:
    """Samples, steps and units to compare; None is every unit."""
    plan = done.plan
    if plan.cost.multiply_adds <= WHOLE:
        return list(range(plan.N)), plan.T, None
    count = max(1, int(plan.N * SHARE) - ALONE)
    samples = [k * plan.N // count for k in range(count)]
    share_left = SHARE * plan.N / (count + ALONE)  # below one when even a single sample is more than the share
    steps = plan.T
    if plan.D == 1 and plan.packed is None and share_left < 1:  # a backward row needs the whole sequence
        steps = min(plan.T, max(16, int(plan.T * share_left)))
    if plan.request.model.proj_size:
        return samples, steps, None
    units = max(1, int(plan.H * min(UNITS, max(share_left, 1 / 64))))
    return samples, steps, [k * plan.H // units for k in range(units)]

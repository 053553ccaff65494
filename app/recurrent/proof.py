"""The proof that travels with a trace: the record beside a plain module, the gates beside the kernel.

Small runs are compared whole. For large ones the comparison covers some samples (or the first
steps of the only one), spread over the batch, so that proof costs a few percent of the pass;
`checked` says which.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from app.recurrent.build import rnn_module
from app.recurrent.cost import SHARE, WHOLE
from app.recurrent.errors import Refusal, Say
from app.recurrent.forward import Pass

# For values and pre-activations of ordinary size. Rounding grows with the size of what is summed:
# over thousands of configurations it stayed below 6e-7 of the value, and of half the
# pre-activation it came from.
TOLERANCE = 1e-6
ORDINARY_REACH = 2.0


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


@dataclass(frozen=True)
class Evidence:
    """The proof, and what it computed on the way, for the claims to use.

    plain       the plain module's output (t, n, D·H), time first, for the checked samples and steps
    unrolled    per row, what `Pass.unrolled` gave for the checked samples and units
    """

    proof: Proof
    samples: list[int]
    units: list[int]
    plain: Tensor
    unrolled: list[dict[str, Tensor]] = field(default_factory=list)


def prove(done: Pass) -> Evidence:
    """Compare `done` with torch's plain module; raises Refusal "proof-failed" over the tolerance."""
    plan = done.plan
    samples, steps, units = _portion(done)
    plain = plain_run(done, samples, steps)
    output = done.h_top()[:steps, samples]
    worst = {"h": difference(plain[0], output)}
    largest = float(output.abs().max())
    if steps == plan.T:
        worst["h"] = max(worst["h"], difference(plain[1], done.tensors["h_n"][:, samples]))
    rows = [done.unrolled(row, samples, plan.T, units) for row in plan.rows]
    unrolled = [each.held for each in rows]
    largest = max(largest, max(each.reach for each in rows) / ORDINARY_REACH)
    gates = []
    last_c = []
    for row, held in zip(plan.rows, unrolled, strict=True):
        kernel = done.h[row.index][:, samples][..., units]
        gates.append(difference(held["h"], kernel.flip(0) if row.direction == "backward" else kernel))
        if "c" in held:
            theirs = done.tensors["c_n"][row.index, samples][:, units]
            last_c.append(difference(held["c"][-1], theirs))
            largest = max(largest, float(held["c"].abs().max()))
            if steps == plan.T and plain[2] is not None:
                last_c.append(difference(plain[2][row.index][:, units], theirs))
    if last_c:
        worst["c"] = max(last_c)
    worst["gates"] = max(gates)
    tolerance = TOLERANCE * (max(1.0, largest) if largest < float("inf") else 1.0)
    of = {"samples": plan.N, "steps": plan.T, "units": plan.H}
    proof = Proof(
        f"torch.nn.{plan.request.model.cell.upper()}",
        worst,
        tolerance,
        Checked(samples, steps, len(units), of),
    )
    for name, found in worst.items():
        if not found <= tolerance:
            raise Refusal(
                "proof-failed",
                Say("problem.proof_failed", {"name": name, "got": f"{found:.3g}", "expected": f"{tolerance:.3g}"}),
                field="weights",
                got=found if found < float("inf") else "inf",
                expected=tolerance,
            )
    return Evidence(proof, samples, units, plain[0], unrolled)


def plain_run(
    done: Pass,
    samples: list[int],
    steps: int,
    *,
    batch_first: bool = False,
    weights: dict[str, Tensor] | None = None,
) -> tuple[Tensor, Tensor, Tensor | None]:
    """The plain module with the same weights on part of the input: output (t, n, D·H), h_n, c_n.

    With `batch_first` output is (n, t, D·H); `weights` stand in for the pass's own.
    """
    held = weights or dict(done.modules.rnn.named_parameters())
    module = rnn_module(done.plan, held, batch_first=batch_first)
    x = done.reads[0][:steps, samples]
    h_0 = done.feed.h_0[:, samples]
    x = x.transpose(0, 1) if batch_first else x
    if done.feed.c_0 is not None:
        output, (h_n, c_n) = module(x, (h_0, done.feed.c_0[:, samples]))
        return output, h_n, c_n
    output, h_n = module(x, h_0)
    return output, h_n, None


def difference(ours: Tensor, theirs: Tensor) -> float:
    """max |ours - theirs|; places where neither is finite agree when they are the same."""
    apart = (ours - theirs).abs()
    same = (ours == theirs) | (ours.isnan() & theirs.isnan())
    worst = float(torch.where(same, 0.0, apart).max())
    return worst if worst == worst else float("inf")


def _portion(done: Pass) -> tuple[list[int], int, list[int]]:
    plan = done.plan
    if plan.cost.multiply_adds <= WHOLE:
        return list(range(plan.N)), plan.T, list(range(plan.H))
    count = max(1, int(plan.N * SHARE))
    samples = [k * plan.N // count for k in range(count)]
    share_left = SHARE * plan.N / count  # below one when even a single sample is more than the share
    steps = plan.T
    if plan.D == 1 and share_left < 1:  # a backward row needs the whole sequence
        steps = min(plan.T, max(32, int(plan.T * share_left)))
    units = plan.H if share_left >= 1 else max(1, int(plan.H * max(share_left, 1 / 32)))
    return samples, steps, [k * plan.H // units for k in range(units)]

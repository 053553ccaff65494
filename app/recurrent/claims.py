"""Statements about this very run, true or false, each evaluated with its difference.

False ones are kept: they are the mistakes people make, and the number shows how wrong they are.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from app.recurrent.errors import Say
from app.recurrent.forward import Pass
from app.recurrent.proof import Evidence, difference, plain_run
from app.recurrent.shapes import GATE_ORDER

PROBE_SAMPLES, PROBE_STEPS = 2, 16  # claims that need another run are tried on this corner


@dataclass(frozen=True)
class Claim:
    """One statement: `holds` within `tolerance`, and the largest difference found."""

    claim: str
    holds: bool
    max_abs_diff: float
    why: Say


@dataclass(frozen=True)
class Probe:
    """A corner of the input through the plain module: output (t, n, D·H) and h_n (L·D, n, H)."""

    samples: list[int]
    steps: int
    output: Tensor
    h_n: Tensor


def claims(done: Pass, evidence: Evidence) -> list[Claim]:
    """Every statement that applies to this configuration."""
    samples, steps = list(range(min(done.plan.N, PROBE_SAMPLES))), min(done.plan.T, PROBE_STEPS)
    output, h_n, _ = plain_run(done, samples, steps)
    probe = Probe(samples, steps, output, h_n)
    found = [*_ends(done), *_layout(done), *_equivalences(done, evidence, probe)]
    if done.plan.request.model.cell == "lstm":
        found += _memory(done, evidence)
    if done.plan.request.model.bias:
        found.append(_two_biases(done, probe))
    found.append(_parameter_formula(done))
    return found


def _exact(text: str, ours: Tensor, theirs: Tensor, why: Say) -> Claim:
    """Equal bit for bit: both sides are the same numbers in two places."""
    apart = difference(ours, theirs)
    return Claim(text, apart == 0.0, apart, why)


def _near(text: str, apart: float, tolerance: float, why: Say) -> Claim:
    return Claim(text, apart <= tolerance, apart, why)


def _ends(done: Pass) -> list[Claim]:
    """Where h_n can be found in output."""
    plan, output, h_n = done.plan, done.tensors["output"], done.tensors["h_n"]
    batch_first = plan.request.model.batch_first
    first = output[:, 0] if batch_first else output[0]  # (N, D·H)
    last = output[:, -1] if batch_first else output[-1]
    at_last, at_first = ("output[:, -1", "output[:, 0") if batch_first else ("output[-1", "output[0")
    if plan.D == 1:
        text = f"{at_last}] == h_n[-1]"
        if plan.L == 1 and not batch_first:
            text = "torch.all(output[-1] == h_n)"
        return [_exact(text, last, h_n[-1], Say("claim.last_is_h_n"))]
    H = plan.H
    comma = ", " if batch_first else ", :, "
    return [
        _exact(f"{at_last}{comma}:{H}] == h_n[-2]", last[:, :H], h_n[-2], Say("claim.forward_half")),
        _exact(f"{at_first}{comma}{H}:] == h_n[-1]", first[:, H:], h_n[-1], Say("claim.backward_half")),
        _exact(
            f"{at_last}{comma}{H}:] == h_n[-1]",
            last[:, H:],
            h_n[-1],
            Say("claim.backward_half_at_last_step", {"steps": plan.T}),
        ),
    ]


def _layout(done: Pass) -> list[Claim]:
    """The order and the layout of h_n."""
    plan, h_n = done.plan, done.tensors["h_n"]
    L, D, N, H = plan.L, plan.D, plan.N, plan.H
    ends = torch.stack([done.h[row.index][-1 if row.direction == "forward" else 0] for row in plan.rows])  # (L·D, N, H)
    found = [
        _exact(
            f"h_n.view({L}, {D}, {N}, {H})[layer, direction] == that row's last h",
            h_n.view(L, D, N, H).reshape(L * D, N, H),
            ends,
            Say("claim.h_n_order"),
        )
    ]
    if N != L * D:
        batch_major = h_n.shape == (N, L * D, H)
        text = f"h_n.shape == ({N}, {L * D}, {H})  # batch first"
        found.append(Claim(text, batch_major, float(abs(h_n.shape[0] - N)), Say("claim.h_n_batch_first")))
    if D == 2 and N > 1:
        joined = torch.cat([h_n[-2], h_n[-1]], dim=1)  # (N, 2H)
        text = f"h_n[-2:].reshape({N}, {2 * H}) == torch.cat([h_n[-2], h_n[-1]], dim=1)"
        found.append(_exact(text, h_n[-2:].reshape(N, 2 * H), joined, Say("claim.join_by_reshape")))
    return found


def _equivalences(done: Pass, evidence: Evidence, probe: Probe) -> list[Claim]:
    """One module equals several simpler ones; batch_first changes the layout only."""
    plan, name = done.plan, done.plan.request.model.cell.upper()
    steps = evidence.plain.shape[0]
    ours = done.h_top()[:steps, evidence.samples]
    tolerance = evidence.proof.tolerance
    found = []
    if plan.L > 1:
        text = f"nn.{name}(…, num_layers={plan.L}) == {plan.L} one-layer modules in a row"
        apart = difference(evidence.plain, ours)
        found.append(_near(text, apart, tolerance, Say("claim.stacked", {"layers": plan.L})))
    if plan.D == 2:
        apart = difference(evidence.plain[..., plan.H :], ours[..., plan.H :])
        text = "backward half == forward module on x.flip(time), flipped back"
        found.append(_near(text, apart, tolerance, Say("claim.backward_is_flipped")))
    batch_first, batch_h, _ = plain_run(done, probe.samples, probe.steps, batch_first=True)
    apart = max(difference(probe.output, batch_first.transpose(0, 1)), difference(probe.h_n, batch_h))
    text = "batch_first turns input and output, and leaves h_n as it is"
    found.append(_near(text, apart, tolerance, Say("claim.batch_first_turns")))
    gates = GATE_ORDER[plan.request.model.cell]
    if gates:
        text = f"rows of weight_ih_l0: {', '.join(gates)}"
        why = Say("claim.gate_order", {"order": ", ".join(gates), "hidden": plan.H})
        found.append(_near(text, evidence.proof.max_abs_diff["gates"], tolerance, why))
    return found


def _memory(done: Pass, evidence: Evidence) -> list[Claim]:
    """What the cell state is made of, and how h comes out of it."""
    samples, units, tolerance = evidence.samples, evidence.units, evidence.proof.tolerance
    shown, summed = 0.0, 0.0
    for row, held in zip(done.plan.rows, evidence.unrolled, strict=True):
        c_n = done.tensors["c_n"][row.index, samples][:, units]
        h_n = done.tensors["h_n"][row.index, samples][:, units]
        shown = max(shown, difference(held["o"][-1] * torch.tanh(c_n), h_n))
        assert done.feed.c_0 is not None
        c_0 = done.feed.c_0[row.index, samples][:, units]
        summed = max(summed, difference(_ledger_sum(held, c_0), c_n))
    return [
        _near("h_n == o[T-1] * torch.tanh(c_n)", shown, tolerance, Say("claim.h_shows_c")),
        _near("c_n == c_0·∏f + Σ_t i[t]·g[t]·∏_{k>t} f[k]", summed, 10 * tolerance, Say("claim.c_is_a_sum")),
    ]


def _ledger_sum(held: dict[str, Tensor], c_0: Tensor) -> Tensor:
    """Every step's writing times the forget gates after it, (n, U)."""
    kept = torch.cumprod(held["f"].flip(0), dim=0).flip(0)  # ∏ from t on
    after = torch.cat([kept[1:], torch.ones_like(kept[:1])])  # ∏ after t
    return kept[0] * c_0 + (after * held["i"] * held["g"]).sum(0)


def _two_biases(done: Pass, probe: Probe) -> Claim:
    """Does it matter how a bias is split between b_ih and b_hh?"""
    plan, before = done.plan, probe.output
    rnn = done.modules.rnn
    folded = {name: parameter.clone() for name, parameter in rnn.state_dict().items()}
    for row in plan.rows:
        folded[f"bias_ih_{row.suffix}"] += folded[f"bias_hh_{row.suffix}"]
        folded[f"bias_hh_{row.suffix}"].zero_()
    after, _, _ = plain_run(done, probe.samples, probe.steps, weights=folded)
    cell = plan.request.model.cell
    why = Say("claim.bias_sum_gru" if cell == "gru" else "claim.bias_sum")
    text = "bias_ih + bias_hh, 0 gives the same output as bias_ih, bias_hh"
    return _near(text, difference(before, after), 1e-6 * max(1.0, float(before.abs().max())), why)


def _parameter_formula(done: Pass) -> Claim:
    """The count by the formula beside the count of what was built."""
    plan, model = done.plan, done.plan.request.model
    G, H, D = max(1, len(GATE_ORDER[model.cell])), plan.H, plan.D
    biases = 2 if model.bias else 0
    first = D * G * H * (plan.F + H + biases)
    others = (plan.L - 1) * D * G * H * (D * H + H + biases)
    counted = sum(parameter.numel() for parameter in done.modules.rnn.parameters())
    D_text = "2·" if D == 2 else ""
    G_text = f"{G}·" if G > 1 else ""
    text = f"{model.cell}: {D_text}{G_text}{H}·({plan.F} + {H} + {biases})"
    if plan.L > 1:
        text += f" + {plan.L - 1}·{D_text}{G_text}{H}·({D * H} + {H} + {biases})"
    keras = first + others - (plan.L * D * G * H if model.bias and model.cell != "gru" else 0)
    key = "claim.parameters_keras" if model.bias and model.cell == "lstm" else "claim.parameters"
    why = Say(key, {"count": counted, "keras": keras})
    return Claim(
        f"{text} == {counted} parameters", first + others == counted, float(abs(first + others - counted)), why
    )

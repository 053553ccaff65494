"""Statements about this very run, true or false, each evaluated with its difference.

False ones are kept: they are the mistakes people make, and the number shows how wrong they are.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from app.recurrent.claims_dropout import dropout_claims
from app.recurrent.errors import Say, stop_if
from app.recurrent.forward import Pass
from app.recurrent.order import at_end, turned
from app.recurrent.proof import Evidence, Plain, difference, plain_run
from app.recurrent.shapes import GATE_ORDER
from app.recurrent.simpler import both_ways, one_by_one

PROBE_SAMPLES, PROBE_STEPS = 2, 8  # claims that need another run are tried on this corner
PROBE_STEPS_AT_MOST = 32  # … or on the corner that the proof ran, up to so many steps
PADDING_SAMPLES = 8  # how many samples are packed to measure what padding does


@dataclass(frozen=True)
class Claim:
    """One statement: `holds` within `tolerance`, and the largest difference found."""

    claim: str
    holds: bool
    max_abs_diff: float | None  # None where shapes, not numbers, disagree
    why: Say
    checked: dict[str, int] | None = None  # tried on so many samples and steps, where not on all


@dataclass(frozen=True)
class Probe:
    """A corner of the input through the plain module, without padding."""

    samples: list[int]
    steps: int
    plain: Plain

    @property
    def checked(self) -> dict[str, int]:
        """What a claim that was tried here says of it."""
        return {"samples": len(self.samples), "steps": self.steps}


def claims(done: Pass, evidence: Evidence, cancelled: Callable[[], bool] = lambda: False) -> list[Claim]:
    """Every statement that applies to this configuration."""
    plan = done.plan
    stop_if(cancelled)
    if plan.request.clamps:
        return _with_clamps(done, evidence)
    probe = _probe(done, evidence)
    found = [*_ends(done), *_padding(done, evidence), *_layout(done, evidence)]
    found += [*_equivalences(done, evidence, probe), *_cells(done, evidence)]
    if plan.request.model.cell == "lstm":
        found += _memory(done, evidence)
    if plan.request.model.bias:
        found.append(_two_biases(done, evidence, probe))
    found.append(_parameter_formula(done))
    return found


def _probe(done: Pass, evidence: Evidence) -> Probe:
    """A corner that is small beside the run: what the proof ran, where that is one already."""
    plan, plain = done.plan, evidence.plain
    if plain is not None and plan.packed is None and len(evidence.samples) <= PROBE_SAMPLES:
        steps = plain.output.shape[0]
        if steps <= PROBE_STEPS_AT_MOST:
            return Probe(evidence.samples, steps, plain)
    samples, steps = list(range(min(plan.N, PROBE_SAMPLES))), min(plan.T, PROBE_STEPS)
    return Probe(samples, steps, plain_run(done, samples, steps))


def _with_clamps(done: Pass, evidence: Evidence) -> list[Claim]:
    """What holds for a clamped run, too: no whole module gives it, and clamped values break their own equations."""
    packed = _padding(done, evidence) if done.plan.packed is not None else []
    found = [*_ends(done), *packed, *_layout(done, evidence), *_cells(done, evidence)[:1]]
    if done.plan.request.model.cell == "lstm":
        broken = {clamp.quantity for clamp in done.plan.request.clamps}
        last, shown, summed = _memory(done, evidence)
        found += [last, *([shown] if "h" not in broken else []), *([summed] if "c" not in broken else [])]
    return [*found, _parameter_formula(done)]


def _exact(text: str, ours: Tensor, theirs: Tensor, why: Say) -> Claim:
    """Equal bit for bit: both sides are the same numbers in two places."""
    apart = difference(ours, theirs)
    return Claim(text, apart == 0.0, apart, why)


def _mistake(text: str, ours: Tensor, theirs: Tensor, why: Say, why_here: Say) -> Claim:
    """What people take for equal; where it happens to be, `why_here` says so."""
    apart = difference(ours, theirs)
    return Claim(text, apart == 0.0, apart, why_here if apart == 0.0 else why)


def _near(text: str, apart: float, tolerance: float, why: Say, checked: dict[str, int] | None = None) -> Claim:
    return Claim(text, apart <= tolerance, apart, why, checked)


def _ends(done: Pass) -> list[Claim]:
    """Where h_n can be found in output."""
    plan, output, h_n = done.plan, done.h_top(), done.h_n
    batch_first = plan.request.model.batch_first and plan.batched
    first, last = output[0], output[-1]  # (N, D·P)
    at_last, at_first = ("output[:, -1", "output[:, 0") if batch_first else ("output[-1", "output[0")
    packed = plan.packed is not None and min(plan.packed) < plan.T
    if plan.D == 1:
        text = f"{at_last}] == h_n[-1]"
        if plan.L == 1 and not batch_first:
            text = "torch.all(output[-1] == h_n)"
        return [_exact(text, last, h_n[-1], Say("claim.last_is_padding" if packed else "claim.last_is_h_n"))]
    P = plan.P
    comma = ", " if batch_first or not plan.batched else ", :, "
    forward = Say("claim.last_is_padding" if packed else "claim.forward_half")
    return [
        _exact(f"{at_last}{comma}:{P}] == h_n[-2]", last[:, :P], h_n[-2], forward),
        _exact(f"{at_first}{comma}{P}:] == h_n[-1]", first[:, P:], h_n[-1], Say("claim.backward_half")),
        _mistake(
            f"{at_last}{comma}{P}:] == h_n[-1]",
            last[:, P:],
            h_n[-1],
            Say("claim.backward_half_at_last_step", {"steps": plan.T}),
            Say("claim.backward_half_of_one_step" if plan.T == 1 else "claim.equal_here"),
        ),
    ]


def _padding(done: Pass, evidence: Evidence) -> list[Claim]:
    """What padding does to the last states, and what packing mends."""
    plan = done.plan
    if plan.lengths is None or min(plan.lengths) == plan.T:
        return []
    samples = evidence.samples[:PADDING_SAMPLES]
    if plan.packed is not None:
        lengths = torch.tensor(plan.packed)
        ends = time_last(done.h_top()[..., : plan.P], lengths)
        row = plan.rows[-plan.D]
        text = (
            f"output[n, lengths[n] - 1]{f'[:{plan.P}]' if plan.D == 2 else ''} == h_n[{row.index - len(plan.rows)}][n]"
        )
        return [_exact(text, ends, done.h_n[row.index], Say("claim.packed_end"))]
    packed = plain_run(done, samples, plan.T, packed=True)
    apart = (done.h_n[:, samples] - packed.h_n).abs().amax(dim=(0, 2))  # per sample
    drift = ", ".join(f"{plan.lengths[sample]}: {float(each):.3g}" for sample, each in zip(samples, apart, strict=True))
    return [
        Claim(
            "h_n == h_n of the same sequences packed",
            bool(apart.max() <= evidence.proof.tolerance),
            float(apart.max()),
            Say("claim.padding_drift", {"drift": drift}),
        )
    ]


def time_last(x: Tensor, lengths: Tensor) -> Tensor:
    """x (T, N, ·) at each sample's own last step: (N, ·)."""
    return torch.take_along_dim(x, (lengths - 1).view(1, -1, 1), dim=0)[0]


def _layout(done: Pass, evidence: Evidence) -> list[Claim]:
    """The order and the layout of h_n."""
    plan, h_n = done.plan, done.h_n
    L, D, N, P = plan.L, plan.D, plan.N, plan.P
    lengths = torch.tensor(plan.packed) if plan.packed else torch.full((N,), plan.T)
    ends = torch.stack(
        [
            time_last(done.h[row.index], lengths) if row.direction == "forward" else done.h[row.index][0]
            for row in plan.rows
        ]
    )  # (L·D, N, P)
    sizes = f"{L}, {D}, {N}, {P}" if plan.batched else f"{L}, {D}, {P}"
    text = f"h_n.view({sizes})[layer, direction] == that row's last h"
    if (
        evidence.plain is not None and evidence.plain.output.shape[0] == plan.T
    ):  # the plain module ran to the end: its h_n is the judge
        apart = difference(evidence.plain.h_n, ends[:, evidence.samples])
        found = [_near(text, apart, evidence.proof.tolerance, Say("claim.h_n_order"))]
    else:
        found = [_exact(text, h_n, ends, Say("claim.h_n_order"))]
    if plan.batched:
        text = f"h_n.shape == ({N}, {L * D}, {P})  # batch first"
        why = Say("claim.h_n_batch_first")
        if N != L * D:
            found.append(Claim(text, False, None, why))
        elif N > 1:  # the shape fits by accident, and the numbers are in the wrong places
            found.append(
                _mistake(
                    "h_n == h_n.transpose(0, 1)  # batch first", h_n, h_n.transpose(0, 1), why, Say("claim.equal_here")
                )
            )
    if D == 2 and N > 1:
        joined = torch.cat([h_n[-2], h_n[-1]], dim=1)  # (N, 2P)
        text = f"h_n[-2:].reshape({N}, {2 * P}) == torch.cat([h_n[-2], h_n[-1]], dim=1)"
        mixed = h_n[-2:].reshape(N, 2 * P)
        found.append(_mistake(text, mixed, joined, Say("claim.join_by_reshape"), Say("claim.equal_here")))
    return found


def _equivalences(done: Pass, evidence: Evidence, probe: Probe) -> list[Claim]:
    """One module equals several simpler ones; batch_first changes the layout only."""
    plan, name = done.plan, done.plan.request.model.cell.upper()
    tolerance, on = evidence.proof.tolerance, probe.checked
    found = []
    if plan.L > 1 and not done.modules.masks:
        text = f"nn.{name}(…, num_layers={plan.L}) == {plan.L} one-layer modules in a row"
        apart = difference(one_by_one(done, probe.samples, probe.steps), probe.plain.output)
        found.append(_near(text, apart, tolerance, Say("claim.stacked", {"layers": plan.L}), on))
    if plan.L > 1 and plan.request.model.dropout > 0:
        measured = dropout_claims(done, probe.samples, probe.steps, probe.plain.output)
        found += [Claim(*each, on) for each in measured]
    if plan.D == 2:
        text = "backward half == forward module on x.flip(time), flipped back"
        together, apart_from_it = both_ways(done, probe.samples, probe.steps)
        found.append(_near(text, difference(together, apart_from_it), tolerance, Say("claim.backward_is_flipped"), on))
    if plan.batched:
        other = plain_run(done, probe.samples, probe.steps, batch_first=not plan.request.model.batch_first)
        apart = max(
            difference(ours, theirs)
            for ours, theirs in zip(probe.plain, other, strict=True)
            if ours is not None and theirs is not None
        )
        text = "batch_first turns input and output, and leaves h_0, c_0, h_n, c_n as they are"
        if plan.request.model.cell != "lstm":
            text = "batch_first turns input and output, and leaves h_0, h_n as they are"
        found.append(_near(text, apart, tolerance, Say("claim.batch_first_turns"), on))
    return found


def _cells(done: Pass, evidence: Evidence) -> list[Claim]:
    """What the gates say, beside the kernel's own h."""
    plan, cell, tolerance = done.plan, done.plan.request.model.cell, evidence.proof.tolerance
    apart = evidence.proof.max_abs_diff["gates"]
    units = slice(None) if evidence.units is None else evidence.units
    lengths = done.lengths_of(evidence.samples)
    judge = done.h_top()[:, evidence.samples] if evidence.plain is None else evidence.plain.output
    steps = judge.shape[0]
    top = []
    for row, held in zip(plan.rows[-plan.D :], evidence.unrolled[-plan.D :], strict=True):
        first = 0 if row.direction == "forward" else plan.P
        theirs = judge[..., first : first + plan.P][..., units]
        top.append(difference(turned(held["h"], row, lengths)[:steps], theirs))
    found = [_near("output[t] == h of the top layer at step t", max(top), tolerance, Say("claim.output_is_top_h"))]
    if cell == "rnn":
        f = plan.request.model.nonlinearity
        text = f"h == {f}(W_ih·x + b_ih + W_hh·h_prev + b_hh)"
        return [*found, _near(text, apart, tolerance, Say("claim.rnn_equation"))]
    if cell == "gru":
        found.append(_near("h == (1 − z)·n + z·h_prev", apart, tolerance, Say("claim.gru_equation")))
    gates = ", ".join(GATE_ORDER[cell])
    why = Say(f"claim.gate_order_{cell}", {"hidden": plan.H})
    return [*found, _near(f"rows of weight_ih_l0: {gates}", apart, tolerance, why)]


def _memory(done: Pass, evidence: Evidence) -> list[Claim]:
    """What the cell state is made of, and how h comes out of it."""
    samples, tolerance = evidence.samples, evidence.proof.tolerance
    units = slice(None) if evidence.units is None else evidence.units
    lengths = done.lengths_of(samples)
    shown, summed, ends = 0.0, 0.0, 0.0
    for row, held in zip(done.plan.rows, evidence.unrolled, strict=True):
        c_n, h_n = done.c_n[row.index, samples], done.h_n[row.index, samples]
        if evidence.units is not None:
            c_n, h_n = c_n[:, units], h_n[:, units]
        ends = max(ends, difference(at_end(held["c"], lengths), c_n))
        let_out = at_end(held["o"], lengths) * torch.tanh(c_n)
        W_hr = done.weights(row).W_hr
        shown = max(shown, difference(let_out if W_hr is None else let_out @ W_hr.T, h_n))
        assert done.feed.c_0 is not None
        c_0 = done.feed.c_0[row.index, samples][:, units]
        summed = max(summed, difference(_ledger_sum(held, c_0, lengths), c_n))
    formula = "o * torch.tanh(c_n)" if not done.plan.request.model.proj_size else "(o * torch.tanh(c_n)) @ W_hr.T"
    sum_text = "c_n == c_0·∏f + Σ_t i[t]·g[t]·∏ f[k] of the steps k that ran after t"
    return [
        _near("c_n[k] == c of that row at its own last step", ends, tolerance, Say("claim.c_n_is_last_c")),
        _near(f"h_n == {formula}  # o of the row's last step", shown, tolerance, Say("claim.h_shows_c")),
        _near(sum_text, summed, 10 * tolerance, Say("claim.c_is_a_sum")),
    ]


def _ledger_sum(held: dict[str, Tensor], c_0: Tensor, lengths: tuple[int, ...] | None) -> Tensor:
    """Every step's writing times the forget gates after it, (n, U)."""
    forget = held["f"]
    if lengths is not None:  # beyond its end a packed row neither forgets nor writes
        runs = torch.arange(forget.shape[0]).unsqueeze(1) < torch.tensor(lengths)
        forget = torch.where(runs.unsqueeze(-1), forget, torch.ones((), dtype=forget.dtype))
    kept = torch.cumprod(forget.flip(0), dim=0).flip(0)  # ∏ from t on
    after = torch.cat([kept[1:], torch.ones_like(kept[:1])])  # ∏ after t
    return kept[0] * c_0 + (after * held["i"] * held["g"]).sum(0)


def _two_biases(done: Pass, evidence: Evidence, probe: Probe) -> Claim:
    """Does it matter how a bias is split between b_ih and b_hh?"""
    plan, rnn = done.plan, done.modules.rnn
    folded: dict[str, Tensor] = dict(rnn.named_parameters())
    for row in plan.rows:
        b_ih, b_hh = folded[f"bias_ih_{row.suffix}"], folded[f"bias_hh_{row.suffix}"]
        folded |= {f"bias_ih_{row.suffix}": b_ih + b_hh, f"bias_hh_{row.suffix}": torch.zeros_like(b_hh)}
    after = plain_run(done, probe.samples, probe.steps, weights=folded).output
    apart = difference(probe.plain.output, after)
    key = "claim.bias_sum"
    if plan.request.model.cell == "gru":
        key = "claim.bias_sum_gru" if apart > evidence.proof.tolerance else "claim.equal_here"
    text = "bias_ih + bias_hh, 0 gives the same output as bias_ih, bias_hh"
    return _near(text, apart, evidence.proof.tolerance, Say(key), probe.checked)


def _parameter_formula(done: Pass) -> Claim:
    """The count by the formula beside the count of what was built."""
    plan, model = done.plan, done.plan.request.model
    G, H, P, D = max(1, len(GATE_ORDER[model.cell])), plan.H, plan.P, plan.D
    biases = 2 if model.bias else 0
    projected = P * H if model.proj_size else 0
    first = D * (G * H * (plan.F + P + biases) + projected)
    others = (plan.L - 1) * D * (G * H * (D * P + P + biases) + projected)
    counted = sum(parameter.numel() for parameter in done.modules.rnn.parameters())
    gates = f"{G}·" if G > 1 else ""
    more = f" + {P}·{H}" if projected else ""

    def layer(reads: int) -> str:
        one = f"{gates}{H}·({reads} + {P} + {biases}){more}"
        return f"2·({one})" if D == 2 and more else f"2·{one}" if D == 2 else one

    text = f"{model.cell}: {layer(plan.F)}"
    if plan.L > 1:
        text += f" + {plan.L - 1}·({layer(D * P)})"
    keras = first + others - (plan.L * D * G * H if model.bias and model.cell != "gru" else 0)
    key = "claim.parameters_keras" if model.bias and model.cell == "lstm" and not projected else "claim.parameters"
    why = Say(key, {"count": counted, "keras": keras})
    apart = abs(first + others - counted)
    return Claim(f"{text} == {counted} parameters", apart == 0, float(apart), why)

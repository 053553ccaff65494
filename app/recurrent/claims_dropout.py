"""What dropout does to this very run: where it acts, by how much, and that eval mode has none."""

import torch
from torch import Tensor

from app.recurrent.build import rnn_module
from app.recurrent.errors import Say
from app.recurrent.forward import Pass

Measured = tuple[str, bool, float, Say]  # the statement, whether it holds, the largest difference, why


def dropout_claims(done: Pass, samples: list[int], steps: int, output: Tensor) -> list[Measured]:
    """Statements about a stack with dropout > 0; `output` (t, n, D·P) is what the run gives for these samples."""
    model = done.plan.request.model
    name = model.cell
    without, evaluated = _evaluated(done, samples, steps, 0.0), _evaluated(done, samples, steps, model.dropout)
    apart = float((without - evaluated).abs().max().nan_to_num(nan=0.0))
    text = f"{name}.eval() with dropout={model.dropout:g} == the same with dropout=0"
    found = [(text, torch.equal(without, evaluated), apart, Say("claim.dropout_eval"))]
    if not done.modules.masks:
        return found
    moved = float((output - evaluated).abs().max().nan_to_num(nan=0.0))
    says = Say("claim.dropout_train" if moved else "claim.equal_here")
    return [_between(done, samples, steps), *found, (f"{name}.train()(x) == {name}.eval()(x)", moved == 0, moved, says)]


def _between(done: Pass, samples: list[int], steps: int) -> Measured:
    """Each layer but the first reads the one below with every number 0 or scaled, and nothing else."""
    plan, p = done.plan, done.plan.request.model.dropout
    apart, zeros, numbers = 0.0, 0, 0
    for layer, mask in enumerate(done.modules.masks):
        below = torch.cat([done.h[row.index] for row in plan.rows if row.layer == layer], dim=2)[:steps, samples]
        scaled = below / (1 - p) if p < 1 else torch.zeros_like(below)
        kept, reads = mask[:steps, samples] != 0, done.reads[layer + 1][:steps, samples]
        expected = torch.where(kept, scaled, below * 0)
        differs = (reads - expected).abs() / expected.abs().clamp(min=1.0)  # a scale of a thousand rounds in thousands
        apart = max(apart, float(differs.nan_to_num(nan=0.0).max()))
        for sample, length in enumerate(plan.packed or (plan.T,) * plan.N):
            zeros += int((mask[:length, sample] == 0).sum())
            numbers += length * mask.shape[2]
    scale = f"1/(1 − {p:g})"
    text = f"what layer k + 1 reads == output of layer k, each number times 0 or {scale}; output itself is not dropped"
    why = Say(
        "claim.dropout_between",
        {"zeros": zeros, "numbers": numbers, "share": f"{100 * zeros / numbers:.3g}", "p": f"{p:g}", "top": plan.L - 1},
    )
    return text, apart <= 1e-6, apart, why


def _evaluated(done: Pass, samples: list[int], steps: int, p: float) -> Tensor:
    """`output` (t, n, D·P) of torch's whole module with this dropout, in eval mode."""
    module = rnn_module(done.plan, dict(done.modules.rnn.named_parameters()), batch_first=False)
    module.dropout = p
    module.eval()
    states = done.feed.h_0[:, samples]
    first = states if done.feed.c_0 is None else (states, done.feed.c_0[:, samples])
    output: Tensor = module(done.reads[0][:steps, samples], first)[0]
    return output

"""Padded beside packed: how far each sample's last state is from its own, run alone without padding."""

import torch
from pydantic import BaseModel
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence

from app.recurrent.errors import Refusal, Say
from app.recurrent.forward import Pass
from app.recurrent.proof import difference, plain_run
from app.recurrent.shapes import Plan
from app.recurrent.trace import Trace

MOST = 16  # samples that are run once more, each alone


class SampleAnswer(BaseModel):
    """Of one sample: max |Δ| from the last state of the top layer that the sample alone ends in.

    `padded` is of what stands at the last step of `output`; `padded_backward` of the backward state,
    which starts in the padding; `packed` of h_n, both directions. None: not finite, or no such direction.
    """

    sample: int
    length: int
    padded: float | None
    padded_backward: float | None
    packed: float | None


class PaddingAnswer(BaseModel):
    """The first samples, `of` how many; `batch_sizes[t]` is how many of all run at step t when packed."""

    packed: bool
    steps: int
    of: int
    reads: str
    batch_sizes: list[int]
    samples: list[SampleAnswer]


def check_lengths(plan: Plan) -> tuple[int, ...]:
    """The true lengths; raises Refusal where nothing says them."""
    if plan.lengths is None:
        raise Refusal("invalid-value", Say("problem.padding_needs_lengths"), field="lengths")
    return plan.lengths


def padding(trace: Trace) -> PaddingAnswer:
    """The same samples through torch's plain module three times: padded, packed, and each alone."""
    plan, done = trace.plan, trace.done
    lengths = check_lengths(plan)
    samples = list(range(min(plan.N, MOST)))
    with torch.inference_mode():
        together = pack_padded_sequence(torch.zeros(plan.T, plan.N, 1), torch.tensor(lengths), enforce_sorted=False)
        padded = plain_run(done, samples, plan.T)
        packed = plain_run(done, samples, plan.T, packed=True)
        found = []
        for sample in samples:
            alone = _top(done, plain_run(done, [sample], lengths[sample]).h_n)[:, 0]  # (D, P)
            at_last = padded.output[-1, sample, : plan.P]  # of the forward direction
            backward = None if plan.D == 1 else difference(_top(done, padded.h_n)[1, sample], alone[1])
            found.append(
                SampleAnswer(
                    sample=sample,
                    length=lengths[sample],
                    padded=_finite(difference(at_last, alone[0])),
                    padded_backward=None if backward is None else _finite(backward),
                    packed=_finite(difference(_top(done, packed.h_n)[:, sample], alone)),
                )
            )
    half = f"{', ' if plan.request.model.batch_first else ', :, '}:{plan.P}" if plan.D == 2 else ""
    return PaddingAnswer(
        packed=plan.packed is not None,
        steps=plan.T,
        of=plan.N,
        reads=f"output[:, -1{half}]" if plan.request.model.batch_first else f"output[-1{half}]",
        batch_sizes=together.batch_sizes.tolist(),
        samples=found,
    )


def _top(done: Pass, h_n: Tensor) -> Tensor:
    """The rows of h_n (L·D, n, P) that belong to the top layer: (D, n, P)."""
    return h_n[-done.plan.D :]


def _finite(apart: float) -> float | None:
    return apart if apart != float("inf") else None

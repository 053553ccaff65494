"""A loss that runs on the wrong numbers: cross_entropy after an activation, nll_loss without log_softmax."""

from math import isfinite
from typing import Any

import torch.nn.functional as F

from app.recurrent.diagnose.finding import Finding
from app.recurrent.diagnose.mend import put
from app.recurrent.losses import logits_of
from app.recurrent.shapes import Plan
from app.recurrent.trace import Trace

Request = dict[str, Any]


def judges_the_wrong_numbers(plan: Plan) -> bool:
    """Whether a class loss reads something else than it is meant for."""
    head, loss = plan.request.head, plan.request.loss
    if head is None or loss is None:
        return False
    if loss.kind == "cross_entropy":
        return head.activation not in (None, "log_softmax")
    return loss.kind == "nll" and head.activation != "log_softmax"


def judged(trace: Trace, raw: Request) -> list[Finding]:
    """The loss as it runs beside the cross-entropy of the logits."""
    plan, held = trace.plan, trace.done.tensors
    head, loss = plan.request.head, plan.request.loss
    assert head is not None and loss is not None
    right = "log_softmax" if loss.kind == "nll" else None
    ours, theirs = float(held["loss"]), float(F.cross_entropy(logits_of(plan.settled, held), held["target"]))
    if not (isfinite(ours) and isfinite(theirs)):
        return []  # every target is left out
    better = put(raw, ("head", "activation"), right)
    return [
        Finding(
            "loss-nll" if loss.kind == "nll" else "loss-activation",
            at="head.activation",
            got=head.activation,
            expected=right,
            params={"activation": head.activation or "None", "ours": f"{ours:.4g}", "theirs": f"{theirs:.4g}"},
            options=() if better is None else (better,),
            measured={"loss": ours, "cross_entropy_of_logits": theirs},
        )
    ]

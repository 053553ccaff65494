"""The running prediction: what the head says of the state after every step, not of the last alone."""

import torch
from pydantic import BaseModel

from app.recurrent.errors import Refusal, Say
from app.recurrent.explain.ledger import ledger
from app.recurrent.heads import activate
from app.recurrent.nested import within
from app.recurrent.settle_dataset import labels
from app.recurrent.settle_trained import trained_of
from app.recurrent.shapes import Plan
from app.recurrent.trace import Trace


class RunningAnswer(BaseModel):
    """The head's answer at each true step of one sample: head(h) there; a head that reads the mean reads that so far.

    `left` is what each step left in the last cell state, Σ |line| of the memory ledger over its units (top layer of an
    lstm). `logits` and `values` (after the activation) are (T, out). `classes` names the outputs of a trained model,
    where they have names, and `tokens` the words that were read, where there are any. `trained` says whose weights
    these are; null: of nobody, they were drawn.
    """

    sample: int
    reads: str
    activation: str | None
    tokens: list[str] | None
    unknown: list[int]
    logits: list[list[float]]
    values: list[list[float]]
    left: list[float] | None
    classes: list[str] | None
    trained: str | None


def check_running(plan: Plan, sample: int) -> tuple[int, int]:
    """The sample counted from the front and its true steps; raises Refusal where no head can read along."""
    if plan.request.head is None:
        raise Refusal("invalid-value", Say("problem.running_head"), field="head", got=None, expected="head")
    if plan.request.model.bidirectional:
        say = Say("problem.running_both")
        raise Refusal("invalid-value", say, field="model.bidirectional", got=True, expected=False)
    sample = within(sample, plan.N, "sample", "N")
    return sample, plan.T if plan.lengths is None else plan.lengths[sample]


def running(trace: Trace, sample: int) -> RunningAnswer:
    """The head run on every h of one sample; its last line is the prediction where that reads the last true step."""
    plan, linear = trace.plan, trace.done.modules.head
    sample, steps = check_running(plan, sample)
    head = plan.request.head
    assert head is not None and linear is not None
    h = trace.done.h[-1][:steps, sample]  # (T, P), of the top layer
    with torch.inference_mode():
        if head.reads == "mean":
            h = h.cumsum(0) / torch.arange(1, steps + 1)[:, None]
        logits = linear(h)  # (T, out)
        values = logits if head.activation is None else activate(head.activation, logits)
    trained = trained_of(plan.request.weights)
    return RunningAnswer(
        sample=sample,
        reads=head.reads,
        activation=head.activation,
        tokens=(labels(plan.request.input) or {}).get("T") if plan.text is None else plan.text.rows[sample],
        unknown=[] if plan.text is None else plan.text.unknown[sample],
        logits=logits.tolist(),
        values=values.tolist(),
        left=_left(trace, sample, steps),
        classes=None if trained is None else trained.card.get("classes"),
        trained=None if trained is None else trained.name,
    )


def _left(trace: Trace, sample: int, steps: int) -> list[float] | None:
    if trace.plan.request.model.cell != "lstm":
        return None
    lines = ledger(trace, f"l{trace.plan.L - 1}", sample, steps - 1).rows[1:]  # without what is left of c_0
    return [sum(abs(part or 0.0) for part in line) for line in lines]

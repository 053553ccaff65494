"""Mistakes that raise nothing: found in a run's plan, and proved with numbers of a real run."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from app.recurrent.diagnose.finding import Finding
from app.recurrent.diagnose.mend import put, value_at
from app.recurrent.diagnose.silent_loss import judged, judges_the_wrong_numbers
from app.recurrent.diagnose.texts import by_kind
from app.recurrent.diagnose.when import (
    has_one_layer_with_dropout,
    has_one_step,
    is_padded,
    is_square,
    reads_both_ends,
    reads_past_the_end,
    true_lengths,
    turned,
)
from app.recurrent.dropout import drops
from app.recurrent.shapes import Plan
from app.recurrent.shapes import plan as planned
from app.recurrent.spec import TraceRequest
from app.recurrent.trace import Trace, run

Request = dict[str, Any]
Cancelled = Callable[[], bool]

MOST_NUDGED = 8  # entries of either axis that the nudge is tried on
MOST_SAMPLES = 16  # samples that are run a second time, packed
NUDGE = 1.0  # added to every feature of the first entry


def of_plan(plan: Plan, raw: Request, cancelled: Cancelled) -> list[Finding]:
    """Everything in a request that runs which is likely not what was meant."""
    if plan.request.interventions:  # what was meant is judged without what was changed by hand
        plan = planned(plan.request.model_copy(update={"interventions": None}))
    found = [*_layout(plan, raw, cancelled)]
    checks = [check for applies, check in CHECKS if applies(plan)]
    if checks:
        # masks would be measured beside the mistake
        still = planned(plan.request.model_copy(update={"mode": "eval"})) if drops(plan.request) else plan
        trace = run(still, cancelled)
        with torch.inference_mode():
            for check in checks:
                found += check(trace, raw)
    return found


def _layout(plan: Plan, raw: Request, cancelled: Cancelled) -> Iterator[Finding]:
    """(N, T, F) fed to a module whose first axis is time: proved by nudging its first entry."""
    asked, given = plan.request, plan.request.input.values or plan.request.input.tokens
    if given is None or asked.model.batch_first or plan.T == 1:
        return
    if not isinstance(given[0], list) or (asked.input.values and not isinstance(given[0][0], list)):
        return  # one sequence without a batch axis: nothing to confuse
    if asked.lengths is not None or (asked.state and asked.state.random is None):
        return  # a length or a first state per sample has agreed with the second axis already
    part = [row[:MOST_NUDGED] for row in given[:MOST_NUDGED]]
    name = "values" if asked.input.values else "tokens"
    small = asked.model_dump() | {"input": {name: part}, "head": None, "loss": None, "state": None, "packed": False}
    small["mode"] = "eval"  # two runs are compared: both without masks
    trace = run(planned(TraceRequest.model_validate(small)), cancelled)
    with torch.inference_mode():
        sent, fixed = _nudged(trace, batch_first=False), _nudged(trace, batch_first=True)
    yield Finding(
        "layout",
        # who writes batch_first=False has thought about it; who leaves it out mostly has not
        # and (300, 1, F) may well be one sample
        sure="batch_first" not in raw.get("model", {}) and plan.N > 1,
        axis="N",
        question=3,
        at="model.batch_first",
        got=False,
        expected=True,
        params={"first": plan.T, "second": plan.N, "moved": _short(max(sent[1:]))},
        options=_options(put(raw, ("model", "batch_first"), True)),
        measured={
            "nudged": 0,
            "by": NUDGE,
            "max_abs_change_as_sent": sent,
            "max_abs_change_batch_first": fixed,
        },
    )


def _nudged(trace: Trace, *, batch_first: bool) -> list[float]:
    """How far each entry of the first axis moves in `output` when the first one is nudged."""
    rnn, x = copy.copy(trace.done.modules.rnn), trace.done.tensors["input"]
    rnn.batch_first = batch_first
    other = x.clone()
    other[0] += NUDGE
    return [float(moved.abs().max()) for moved in rnn(other)[0] - rnn(x)[0]]


def _padding(trace: Trace, raw: Request) -> list[Finding]:
    """The last step of a padded sample has run on over the padding: compared with a packed run."""
    plan, tensors = trace.plan, trace.done.tensors
    lengths = list(true_lengths(plan) or ())[:MOST_SAMPLES]
    n = len(lengths)
    head = plan.request.head
    batch_first = plan.request.model.batch_first
    x, output = (t[:n] if batch_first else t[:, :n] for t in (tensors["input"], tensors["output"]))
    packed = pack_padded_sequence(x, torch.tensor(lengths), batch_first=batch_first, enforce_sorted=False)
    state = tuple(tensors[name][:, :n].contiguous() for name in ("h_0", "c_0") if name in tensors)
    made, ends = trace.done.modules.rnn(packed, state if len(state) == 2 else state[0])
    h_n = ends[0] if len(state) == 2 else ends
    if head is not None and head.reads == "h_n":
        pair = (tensors["h_n"][:, :n], h_n)
        used, right = (torch.cat([*h[-2:]], 1) if plan.D == 2 else h[-1] for h in pair)
        reads = "h_n"
    else:
        true, _ = pad_packed_sequence(made, batch_first=batch_first)
        used = output[:, -1] if batch_first else output[-1]
        steps = torch.tensor(lengths) - 1
        right = true[torch.arange(n), steps] if batch_first else true[steps, torch.arange(n)]
        reads = "output[:, -1]" if batch_first else "output[-1]"
    drift = [float(each.abs().max()) for each in used - right]
    worst = max(range(n), key=lambda k: drift[k])
    better = put(raw, ("packed",), True)
    if better is not None and plan.text is None:
        better = better | {"lengths": raw.get("lengths")}
    if better is not None and head is not None:
        better = put(better, ("head", "reads"), "h_n")
    return [
        Finding(
            "padding-drift",
            sure=head is not None and head.reads in ("last_step", "h_n"),
            axis="T",
            question=10,
            at="head.reads" if head is not None else "packed",
            got=reads,
            params={
                "reads": reads,
                "sample": worst,
                "drift": _short(drift[worst]),
                "length": lengths[worst],
                "T": plan.T,
            },
            options=_options(better),
            measured={"reads": reads, "lengths": lengths, "max_abs_drift": drift},
        )
    ]


def _packed_last(trace: Trace, raw: Request) -> list[Finding]:
    """A packed run stops at each true end; unpacked, what comes after it is filled with zeros."""
    plan, output = trace.plan, trace.done.tensors["output"]
    lengths = list(true_lengths(plan) or ())[:MOST_SAMPLES]
    last = output[:, -1] if plan.request.model.batch_first else output[-1]
    sizes = [float(each.abs().max()) for each in last[: len(lengths)]]
    return [
        Finding(
            "packed-last",
            axis="T",
            question=11,
            at="head.reads",
            got="last_step",
            expected="h_n",
            params={"zeros": sum(size == 0 for size in sizes), "of": len(sizes)},
            options=_options(put(raw, ("head", "reads"), "h_n")),
            measured={"lengths": lengths, "max_abs_of_what_is_read": sizes},
        )
    ]


def _both_ends(trace: Trace, raw: Request) -> list[Finding]:
    """The last step of a bidirectional output: its backward half has seen one token."""
    plan, tensors = trace.plan, trace.done.tensors
    output = tensors["output"]
    last = output[:, -1] if plan.request.model.batch_first and plan.batched else output[-1]
    last = last.reshape(-1, output.shape[-1])  # (N, D·P)
    diff = float((last[:, output.shape[-1] // 2 :] - tensors["h_n"][-1]).abs().max())
    return [
        Finding(
            "bidirectional-last",
            axis="T",
            question=6,
            at="head.reads",
            got="last_step",
            expected="h_n",
            params={"diff": _short(diff), "T": plan.T},
            options=_options(put(raw, ("head", "reads"), "h_n")),
            measured={"compared": ["output[:, -1, H:]", "h_n[-1]"], "max_abs_diff": diff},
        )
    ]


def _dropout(trace: Trace, raw: Request) -> list[Finding]:
    """Dropout stands between layers, and there is one: two runs in train mode give the same."""
    rnn = _module(trace)
    rnn.dropout, x = trace.plan.request.model.dropout, trace.done.tensors["input"]
    rnn.train()
    diff = float((rnn(x)[0] - rnn(x)[0]).abs().max())
    text = by_kind("dropout-one-layer")
    share = trace.plan.request.model.dropout
    return [
        Finding(
            text.kind,
            torch=text.today.replace("{got:number}", str(share)),
            axis=text.axis,
            question=text.question,
            at="model.dropout",
            got=share,
            expected=0.0,
            options=_options(put(raw, ("model", "dropout"), 0.0)),
            measured={"compared": ["train", "train"], "max_abs_diff": diff},
        )
    ]


def _one_step(trace: Trace, raw: Request) -> list[Finding]:
    """T = 1: nothing changes when every recurrent weight is zero."""
    plan, x = trace.plan, trace.done.tensors["input"]
    rnn = _module(trace)
    before = rnn(x)[0]
    for name, weights in rnn.named_parameters():
        if name.startswith("weight_hh"):
            weights.zero_()
    change = float((rnn(x)[0] - before).abs().max())
    return [
        Finding(
            "one-step",
            sure=False,
            axis="T",
            question=8,
            at="input",
            got=1,
            params={"F": plan.F, "change": _short(change)},
            options=_options(turned(raw, plan)),
            measured={"weight_hh": "all zero", "max_abs_change": change},
        )
    ]


def _square_state(trace: Trace, raw: Request) -> list[Finding]:
    """As many layers × directions as samples: a batch-first h_0 fits, and means something else."""
    h_0, tensors = trace.done.tensors["h_0"], trace.done.tensors
    state: Any = (h_0.transpose(0, 1).contiguous(), tensors["c_0"]) if "c_0" in tensors else h_0.transpose(0, 1)
    change = float((trace.done.modules.rnn(tensors["input"], state)[0] - tensors["output"]).abs().max())
    given = value_at(raw, ("state", "h_0"))
    other = put(raw, ("state", "h_0"), [list(rows) for rows in zip(*given, strict=True)]) if given else None
    return [
        Finding(
            "hidden-square",
            sure=False,
            axis="N",
            question=2,
            at="state.h_0",
            params={"N": trace.plan.N, "change": _short(change)},
            options=_options(other),
            measured={"h_0": "axes 0 and 1 exchanged", "max_abs_change": change},
        )
    ]


CHECKS: tuple[tuple[Callable[[Plan], bool], Callable[[Trace, Request], list[Finding]]], ...] = (
    (is_padded, _padding),
    (reads_past_the_end, _packed_last),
    (reads_both_ends, _both_ends),
    (has_one_layer_with_dropout, _dropout),
    (has_one_step, _one_step),
    (is_square, _square_state),
    (judges_the_wrong_numbers, judged),
)


def _module(trace: Trace) -> nn.RNNBase:
    """A copy of the module that may be changed."""
    return copy.deepcopy(trace.done.modules.rnn)


def _options(made: Request | None) -> tuple[Request, ...]:
    return () if made is None else (made,)


def _short(number: float) -> str:
    return f"{number:.3g}"

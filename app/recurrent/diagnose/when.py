"""Whether a silent mistake is possible in a plan at all; nothing is run to find out."""

from typing import Any

import torch

from app.recurrent.diagnose.mend import put, value_at
from app.recurrent.shapes import Plan

Request = dict[str, Any]


def true_lengths(plan: Plan) -> tuple[int, ...] | None:
    """How long each sample really is, where the request says so."""
    if plan.text is not None:
        return tuple(plan.text.lengths)
    return tuple(plan.request.lengths) if plan.request.lengths is not None else None


def is_uneven(plan: Plan) -> bool:
    """Whether some sample ends before T."""
    lengths = true_lengths(plan)
    return lengths is not None and min(lengths) < plan.T


def is_padded(plan: Plan) -> bool:
    """Whether padding is read as if it were steps."""
    head = plan.request.head
    return is_uneven(plan) and not plan.request.packed and (head is None or head.reads != "mean")


def reads_past_the_end(plan: Plan) -> bool:
    """Whether a packed run is read at T, where the shorter samples have nothing."""
    head = plan.request.head
    return is_uneven(plan) and plan.request.packed and head is not None and head.reads == "last_step"


def reads_both_ends(plan: Plan) -> bool:
    """Whether the last step of two directions is read."""
    head = plan.request.head
    return plan.D == 2 and plan.T > 1 and head is not None and head.reads == "last_step"


def is_square(plan: Plan) -> bool:
    """Whether a batch-first h_0 would have the right shape by chance."""
    state = plan.request.state
    rows = plan.L * plan.D
    return plan.request.model.batch_first and state is not None and state.h_0 is not None and rows == plan.N > 1


def has_one_layer_with_dropout(plan: Plan) -> bool:
    """Whether dropout is asked for where there is no between."""
    return plan.request.model.dropout > 0 and plan.L == 1


def has_one_step(plan: Plan) -> bool:
    """Whether nothing can be carried over."""
    return plan.T == 1 and plan.request.state is None


def turned(raw: Request, plan: Plan) -> Request | None:
    """One step of F features as F steps of one feature."""
    asked, values = plan.request, value_at(raw, ("input", "values"))
    if plan.F == 1 or asked.embedding is not None:
        return None
    if isinstance(values, list):
        # (N, 1, F) → (N, F, 1), (1, N, F) → (F, N, 1)
        cube = torch.tensor(values, dtype=torch.float64)
        turned = cube.transpose(1, 2) if asked.model.batch_first else cube.permute(2, 1, 0)
        made = put(raw, ("input", "values"), turned.tolist()) if cube.dim() == 3 else None
    else:
        made = put(raw, ("input", "random", "seq_len"), plan.F)
    return put(made, ("model", "input_size"), 1) if made is not None else None

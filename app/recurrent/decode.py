"""Greedy decoding: each step reads the word that the step before chose, with torch's own module in a loop."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from app.recurrent.build import Feed, Modules
from app.recurrent.errors import Cancelled
from app.recurrent.forward import as_torch
from app.recurrent.shapes import Plan


@dataclass(frozen=True)
class Decoded:
    """What the loop chose, as input for one call over all steps; and what the loop itself had at each step."""

    feed: Feed
    output: Tensor  # (T, N, P)


def decode(plan: Plan, modules: Modules, entering: Feed, cancelled: Callable[[], bool]) -> Decoded:
    """Run the module one step at a time, each on the embedding of the word with the largest logit before it."""
    asked = plan.request.input.decode
    assert asked is not None and modules.embedding is not None and modules.head is not None
    batch_first = plan.request.model.batch_first
    states: Any = entering.h_0 if entering.c_0 is None else (entering.h_0, entering.c_0)
    if entering.first is not None:
        x = entering.first.view(plan.N, plan.F)
    else:
        x = modules.embedding(torch.full((plan.N,), asked.start or 0))
    read, said, words = [], [], []
    for _ in range(plan.T):
        if cancelled():
            raise Cancelled
        read.append(x)  # (N, F)
        output, states = modules.rnn(x.unsqueeze(1 if batch_first else 0), states)
        said.append(output.squeeze(1 if batch_first else 0))  # (N, P)
        words.append(modules.head(said[-1]).argmax(dim=-1))  # (N,)
        x = modules.embedding(words[-1])
    values = as_torch(plan, torch.stack(read))
    chosen = as_torch(plan, torch.stack(words).unsqueeze(-1)).squeeze(-1)
    return Decoded(replace(entering, values=values, decoded=chosen), torch.stack(said))

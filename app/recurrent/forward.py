"""One forward pass: each row through torch's own fused kernel, with x and every h kept."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from app.recurrent.build import Feed, Modules
from app.recurrent.errors import Cancelled
from app.recurrent.gates import RowWeights, Unrolled, unroll
from app.recurrent.heads import run_head
from app.recurrent.positions import Row
from app.recurrent.shapes import Plan

AT_A_TIME = 20_000_000_000  # multiply-adds in one kernel call, which nothing can interrupt: about a second


@dataclass
class Pass:
    """What one forward pass leaves behind. Time leads in `reads` and `h`, whatever batch_first says."""

    plan: Plan
    modules: Modules
    feed: Feed
    reads: list[Tensor]  # per layer, what it reads: (T, N, F) or (T, N, D·H)
    h: list[Tensor]  # per row, in the order of h_n: (T, N, H)
    tensors: dict[str, Tensor]  # by the API's names, laid out as torch does

    def weights(self, row: Row) -> RowWeights:
        """The parameters of one row."""
        rnn, suffix = self.modules.rnn, row.suffix
        W_ih, W_hh = getattr(rnn, f"weight_ih_{suffix}"), getattr(rnn, f"weight_hh_{suffix}")
        if not rnn.bias:
            zeros = torch.zeros(W_ih.shape[0])
            return RowWeights(W_ih, W_hh, zeros, zeros)
        return RowWeights(W_ih, W_hh, getattr(rnn, f"bias_ih_{suffix}"), getattr(rnn, f"bias_hh_{suffix}"))

    def h_top(self) -> Tensor:
        """`output` with time first: (T, N, D·H)."""
        output = self.tensors["output"]
        return output.transpose(0, 1) if self.plan.request.model.batch_first else output

    def unrolled(self, row: Row, samples: slice | list[int], stop: int, units: list[int] | None = None) -> Unrolled:
        """Gates, c and h of one row for some samples over its own first `stop` steps, (t, n, U).

        "Its own" means in the order in which the row runs: a backward row starts at T-1.
        """
        x, h = self.reads[row.layer][:, samples], self.h[row.index][:, samples]
        if row.direction == "backward":
            x, h = x[self.plan.T - stop :].flip(0), h[self.plan.T - stop :].flip(0)
        model = self.plan.request.model
        h_0, c_0 = self.feed.h_0[row.index, samples], self.feed.c_0
        with torch.inference_mode():
            return unroll(
                model.cell,
                model.nonlinearity,
                x[:stop],
                h[:stop],
                h_0,
                None if c_0 is None else c_0[row.index, samples],
                self.weights(row),
                units,
            )


def forward(plan: Plan, modules: Modules, entering: Feed, cancelled: Callable[[], bool]) -> Pass:
    """The pass itself, one fused call a row; costs what the plain module costs."""
    batch_first = plan.request.model.batch_first
    tensors: dict[str, Tensor] = {}
    if entering.tokens is not None:
        assert modules.embedding is not None
        tensors["tokens"] = entering.tokens
        tensors["embedding"] = modules.embedding(entering.tokens)
    values = tensors.get("embedding", entering.values)
    assert values is not None
    tensors["input"] = values
    reads = [values.transpose(0, 1) if batch_first else values]  # (T, N, F)
    h: list[Tensor] = []
    h_n: list[Tensor] = []
    c_n: list[Tensor] = []
    done = Pass(plan, modules, entering, reads, h, tensors)
    for layer in range(plan.L):
        for row in plan.rows[layer * plan.D : (layer + 1) * plan.D]:
            every, last_h, last_c = _row(done, row, reads[layer], cancelled)
            h.append(every)
            h_n.append(last_h)
            if last_c is not None:
                c_n.append(last_c)
        reads.append(h[-1] if plan.D == 1 else torch.cat(h[-2:], dim=2))  # (T, N, D·H)
    top = reads.pop()
    tensors["output"] = top.transpose(0, 1) if batch_first else top
    tensors["h_0"], tensors["h_n"] = entering.h_0, torch.cat(h_n)
    if entering.c_0 is not None:
        tensors["c_0"], tensors["c_n"] = entering.c_0, torch.cat(c_n)
    if modules.head is not None:
        tensors |= run_head(plan.request, modules.head, tensors["output"], tensors["h_n"], plan.N, plan.T)
    return done


def _row(done: Pass, row: Row, x: Tensor, cancelled: Callable[[], bool]) -> tuple[Tensor, Tensor, Tensor | None]:
    """One row over the whole sequence: every h (T, N, H), the last h and c (1, N, H).

    A very long row runs in parts, each from the state the last one left, so that a run
    whose asker has gone ends soon.
    """
    plan = done.plan
    x = x.flip(0) if row.direction == "backward" else x
    h = done.feed.h_0[row.index : row.index + 1].contiguous()
    c = None if done.feed.c_0 is None else done.feed.c_0[row.index : row.index + 1].contiguous()
    weights = done.weights(row)
    a_step = plan.N * weights.W_ih.shape[0] * (x.shape[-1] + plan.H)  # multiply-adds
    steps = max(1, AT_A_TIME // a_step)
    parts = []
    for first in range(0, plan.T, steps):
        if cancelled():
            raise Cancelled
        every, h, c = _kernel(done, row, x[first : first + steps], h, c)
        parts.append(every)
    every = parts[0] if len(parts) == 1 else torch.cat(parts)
    return (every.flip(0) if row.direction == "backward" else every), h, c


def _kernel(done: Pass, row: Row, x: Tensor, h: Tensor, c: Tensor | None) -> tuple[Tensor, Tensor, Tensor | None]:
    """torch's own fused kernel on x (t, N, ·) from h and c (1, N, H): every h, the last h and c."""
    model = done.plan.request.model
    kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh") if model.bias else ("weight_ih", "weight_hh")
    parameters = [getattr(done.modules.rnn, f"{kind}_{row.suffix}") for kind in kinds]
    # has_biases, num_layers, dropout, train, bidirectional, batch_first
    options = (model.bias, 1, 0.0, False, False, False)
    if model.cell == "lstm":
        assert c is not None
        every, last_h, last_c = torch._VF.lstm(x, (h, c), parameters, *options)
        return every, last_h, last_c
    kernel = torch._VF.gru
    if model.cell == "rnn":
        kernel = torch._VF.rnn_relu if model.nonlinearity == "relu" else torch._VF.rnn_tanh
    every, last_h = kernel(x, h, parameters, *options)
    return every, last_h, None

"""One forward pass: each row through torch's own fused kernel, with x and every h kept."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from app.recurrent.build import Feed, Modules
from app.recurrent.clamped import by_stretches
from app.recurrent.errors import Cancelled
from app.recurrent.gates import RowWeights, Unrolled, unroll
from app.recurrent.heads import run_head
from app.recurrent.holds import holds_of
from app.recurrent.losses import run_loss
from app.recurrent.order import blanked, turned
from app.recurrent.positions import Row
from app.recurrent.shapes import Plan

AT_A_TIME = 20_000_000_000  # multiply-adds in one kernel call, which nothing can interrupt: about a second
STEPS_AT_A_TIME = 20_000  # steps have a cost of their own, however small they are


@dataclass
class Pass:
    """What one forward pass leaves behind.

    In `reads`, `h`, `h_n` and `c_n` time or rows lead and the batch is always there, whatever
    batch_first says; `tensors` are laid out as torch lays them out.
    """

    plan: Plan
    modules: Modules
    feed: Feed
    reads: list[Tensor]  # per layer, what it reads: (T, N, F) or (T, N, D·P)
    h: list[Tensor]  # per row, in the order of h_n: (T, N, P)
    tensors: dict[str, Tensor]  # by the API's names

    @property
    def h_n(self) -> Tensor:
        """(L·D, N, P)"""
        return self.tensors["h_n"].view(self.plan.L * self.plan.D, self.plan.N, self.plan.P)

    @property
    def c_n(self) -> Tensor:
        """(L·D, N, H), of an LSTM."""
        return self.tensors["c_n"].view(self.plan.L * self.plan.D, self.plan.N, self.plan.H)

    def h_top(self) -> Tensor:
        """`output` with time first: (T, N, D·P)."""
        return time_first(self.plan, self.tensors["output"])

    def weights(self, row: Row) -> RowWeights:
        """The parameters of one row."""
        rnn, suffix = self.modules.rnn, row.suffix
        W_ih, W_hh = getattr(rnn, f"weight_ih_{suffix}"), getattr(rnn, f"weight_hh_{suffix}")
        W_hr = getattr(rnn, f"weight_hr_{suffix}", None)
        if not rnn.bias:
            zeros = torch.zeros(W_ih.shape[0], dtype=W_ih.dtype)
            return RowWeights(W_ih, W_hh, zeros, zeros, W_hr)
        return RowWeights(W_ih, W_hh, getattr(rnn, f"bias_ih_{suffix}"), getattr(rnn, f"bias_hh_{suffix}"), W_hr)

    def lengths_of(self, samples: list[int]) -> tuple[int, ...] | None:
        """Where a packed run of these samples stops; None when every step is read."""
        packed = self.plan.packed
        return None if packed is None else tuple(packed[sample] for sample in samples)

    def unrolled(self, row: Row, samples: list[int], units: list[int] | None = None) -> Unrolled:
        """Gates, c and h of one row for some samples, (T, n, U), in the order in which the row runs.

        A backward row starts at its end. Where a packed row does not run, there are zeros.
        """
        lengths = self.lengths_of(samples)
        model, c_0 = self.plan.request.model, self.feed.c_0
        with torch.inference_mode():
            found = unroll(
                model.cell,
                model.nonlinearity,
                turned(self.reads[row.layer][:, samples], row, lengths),
                turned(self.h[row.index][:, samples], row, lengths),
                self.feed.h_0[row.index, samples],
                None if c_0 is None else c_0[row.index, samples],
                self.weights(row),
                units,
                holds_of(self.plan, row, samples, units),
            )
            if lengths is None:
                return found
            return Unrolled({name: blanked(held, lengths) for name, held in found.held.items()}, found.reach)


def time_first(plan: Plan, laid_out: Tensor) -> Tensor:
    """(N, T, ·), (T, N, ·) or (T, ·) as (T, N, ·)."""
    if not plan.batched:
        return laid_out.unsqueeze(1)
    return laid_out.transpose(0, 1) if plan.request.model.batch_first else laid_out


def as_torch(plan: Plan, time_leads: Tensor) -> Tensor:
    """(T, N, ·) as torch returns it for this plan."""
    if not plan.batched:
        return time_leads.squeeze(1)
    return time_leads.transpose(0, 1) if plan.request.model.batch_first else time_leads


def forward(plan: Plan, modules: Modules, entering: Feed, cancelled: Callable[[], bool]) -> Pass:
    """The pass itself, one fused call a row; costs what the plain module costs."""
    tensors: dict[str, Tensor] = {}
    if entering.tokens is not None:
        assert modules.embedding is not None
        tensors["tokens"] = entering.tokens
        tensors["embedding"] = modules.embedding(entering.tokens)
    values = tensors.get("embedding", entering.values)
    assert values is not None
    if entering.first is not None:
        tensors["first"] = entering.first
    if entering.decoded is not None:
        tensors["decoded"] = entering.decoded
    tensors["input"] = values
    reads = [time_first(plan, values)]  # (T, N, F)
    if plan.packed is not None:
        packed = pack_padded_sequence(reads[0], torch.tensor(plan.packed), enforce_sorted=False)
        tensors["packed"], tensors["batch_sizes"] = packed.data, packed.batch_sizes
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
        below = h[-1] if plan.D == 1 else torch.cat(h[-2:], dim=2)  # (T, N, D·P)
        if layer < len(modules.masks):
            mask = modules.masks[layer]
            below = below * mask
            tensors[f"dropout_l{layer}"], tensors[f"dropped_l{layer}"] = as_torch(plan, mask), as_torch(plan, below)
        reads.append(below)
    tensors["output"] = as_torch(plan, reads.pop())

    def ends(states: Tensor) -> Tensor:
        return states if plan.batched else states.squeeze(1)

    tensors["h_0"], tensors["h_n"] = ends(entering.h_0), ends(torch.cat(h_n))
    if entering.c_0 is not None:
        tensors["c_0"], tensors["c_n"] = ends(entering.c_0), ends(torch.cat(c_n))
    if modules.head is not None:
        tensors |= run_head(plan.settled, modules.head, tensors["output"], tensors["h_n"])
    if plan.request.loss is not None:
        tensors |= run_loss(plan.settled, tensors)
    return done


def _row(done: Pass, row: Row, x: Tensor, cancelled: Callable[[], bool]) -> tuple[Tensor, Tensor, Tensor | None]:
    """One row over the whole sequence: every h (T, N, P), the last h and c (1, N, ·).

    A very long row runs in parts, each from the state the last one left, so that a run
    whose asker has gone ends soon.
    """
    plan = done.plan
    x = turned(x, row, plan.packed)
    h = done.feed.h_0[row.index : row.index + 1].contiguous()
    c = None if done.feed.c_0 is None else done.feed.c_0[row.index : row.index + 1].contiguous()

    def fused(
        x: Tensor, lengths: tuple[int, ...] | None, h: Tensor, c: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        if lengths is None:
            return _in_parts(done, row, x, h, c, cancelled)
        if cancelled():
            raise Cancelled
        return _packed_kernel(done, row, x, lengths, h, c)

    holds = holds_of(plan, row)
    if holds.held:
        every, h, c = by_stretches(plan, done.weights(row), holds, x, h, c, fused, cancelled, plan.packed)
    else:
        every, h, c = fused(x, plan.packed, h, c)
    return turned(every, row, plan.packed), h, c


def _in_parts(
    done: Pass, row: Row, x: Tensor, h: Tensor, c: Tensor | None, cancelled: Callable[[], bool]
) -> tuple[Tensor, Tensor, Tensor | None]:
    """x (t, N, ·) through the kernel, in parts that are short enough to wait for."""
    weights = done.weights(row)
    a_step = done.plan.N * weights.W_ih.shape[0] * (x.shape[-1] + done.plan.P)  # multiply-adds
    steps = max(1, min(AT_A_TIME // a_step, STEPS_AT_A_TIME))
    parts = []
    for first in range(0, x.shape[0], steps):
        if cancelled():
            raise Cancelled
        every, h, c = _kernel(done, row, (x[first : first + steps],), (False,), h, c)
        parts.append(every)
    return parts[0] if len(parts) == 1 else torch.cat(parts), h, c


def _packed_kernel(
    done: Pass, row: Row, x: Tensor, lengths: tuple[int, ...], h: Tensor, c: Tensor | None
) -> tuple[Tensor, Tensor, Tensor | None]:
    """The same kernel on packed steps: sorted by length for it, and sorted back.

    A sample of which no step is left keeps its state.
    """
    if min(lengths) == 0:
        return _running_only(done, row, x, lengths, h, c)
    packed = pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=False)
    order, back = packed.sorted_indices, packed.unsorted_indices
    c = None if c is None else c[:, order].contiguous()
    every, h, c = _kernel(done, row, (packed.data, packed.batch_sizes), (), h[:, order].contiguous(), c)
    padded, _ = pad_packed_sequence(packed._replace(data=every), total_length=x.shape[0])
    return padded, h[:, back], None if c is None else c[:, back]


def _running_only(
    done: Pass, row: Row, x: Tensor, lengths: tuple[int, ...], h: Tensor, c: Tensor | None
) -> tuple[Tensor, Tensor, Tensor | None]:
    """The kernel on the samples that still run; the others have zeros, and the states they had."""
    runs = [sample for sample, length in enumerate(lengths) if length > 0]
    every = torch.zeros(*x.shape[:2], done.plan.P, dtype=x.dtype)
    if not runs:
        return every, h, c
    left = tuple(lengths[sample] for sample in runs)
    some, new_h, new_c = _packed_kernel(done, row, x[:, runs], left, h[:, runs], None if c is None else c[:, runs])
    every[:, runs] = some
    h = h.clone()
    h[:, runs] = new_h
    if c is not None and new_c is not None:
        c = c.clone()
        c[:, runs] = new_c
    return every, h, c


def _kernel(
    done: Pass, row: Row, x: tuple[Tensor, ...], batch_first: tuple[bool, ...], h: Tensor, c: Tensor | None
) -> tuple[Tensor, Tensor, Tensor | None]:
    """torch's own fused kernel on x (t, N, ·), or on packed data and batch sizes, from h and c (1, N, ·)."""
    model = done.plan.request.model
    kinds = ["weight_ih", "weight_hh", *(["bias_ih", "bias_hh"] if model.bias else [])]
    kinds += ["weight_hr"] if model.proj_size else []
    parameters = [getattr(done.modules.rnn, f"{kind}_{row.suffix}") for kind in kinds]
    # has_biases, num_layers, dropout, train, bidirectional (, batch_first)
    options = (model.bias, 1, 0.0, False, False, *batch_first)
    kernels: Any = torch._VF  # typed for one call at a time; here packed or not is data
    if model.cell == "lstm":
        assert c is not None
        every, last_h, last_c = kernels.lstm(*x, (h, c), parameters, *options)
        return every, last_h, last_c
    kernel = kernels.gru
    if model.cell == "rnn":
        kernel = kernels.rnn_relu if model.nonlinearity == "relu" else kernels.rnn_tanh
    every, last_h = kernel(*x, h, parameters, *options)
    return every, last_h, None

"""One forward pass: each row through torch's own fused kernel, with x and every h kept."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence

from app.recurrent.build import Feed, Modules
from app.recurrent.clamped import by_stretches
from app.recurrent.gates import RowWeights, Unrolled, unroll
from app.recurrent.heads import run_head
from app.recurrent.holds import holds_of
from app.recurrent.kernel import run_row
from app.recurrent.losses import run_loss
from app.recurrent.order import blanked, turned
from app.recurrent.positions import Row
from app.recurrent.shapes import Plan


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
    h: list[Tensor]  # per row, in the order of h_n: (T, N, P), views of what its layer gives
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
                turned(some(self.reads[row.layer], samples), row, lengths),
                turned(some(self.h[row.index], samples), row, lengths),
                self.feed.h_0[row.index, samples],
                None if c_0 is None else c_0[row.index, samples],
                self.weights(row),
                units,
                holds_of(self.plan, row, samples, units),
            )
            if lengths is None:
                return found
            return Unrolled({name: blanked(held, lengths) for name, held in found.held.items()}, found.reach)


def some(x: Tensor, samples: list[int]) -> Tensor:
    """These samples of x (T, N, ·); no copy where they stand in a row."""
    first, stop = samples[0], samples[-1] + 1
    return x[:, first:stop] if samples == list(range(first, stop)) else x[:, samples]


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
    done = Pass(plan, modules, entering, reads, [], tensors)
    h_n = entering.h_0.clone()  # each row starts from its place in here, and leaves its last state there
    c_n = None if entering.c_0 is None else entering.c_0.clone()
    for layer in range(plan.L):
        every = _room(plan, layer)  # (T, N, D·P)
        for row in plan.rows[layer * plan.D : (layer + 1) * plan.D]:
            first, k = plan.P * (row.index % plan.D), slice(row.index, row.index + 1)
            done.h.append(every[..., first : first + plan.P])
            _row(done, row, reads[layer], done.h[-1], h_n[k], None if c_n is None else c_n[k], cancelled)
        if layer < len(modules.masks):
            mask = modules.masks[layer]
            every = every * mask
            tensors[f"dropout_l{layer}"], tensors[f"dropped_l{layer}"] = as_torch(plan, mask), as_torch(plan, every)
        reads.append(every)
    tensors["output"] = as_torch(plan, reads.pop())

    def ends(states: Tensor) -> Tensor:
        return states if plan.batched else states.squeeze(1)

    tensors["h_0"], tensors["h_n"] = ends(entering.h_0), ends(h_n)
    if entering.c_0 is not None and c_n is not None:
        tensors["c_0"], tensors["c_n"] = ends(entering.c_0), ends(c_n)
    if modules.head is not None:
        tensors |= run_head(plan.settled, modules.head, tensors["output"], tensors["h_n"])
    if plan.request.loss is not None:
        tensors |= run_loss(plan.settled, tensors)
    return done


def _room(plan: Plan, layer: int) -> Tensor:
    """Where a layer writes every h, (T, N, D·P): both directions side by side, zeros where a packed row stops.

    The last one lies in memory as `output` does, so that a flat view of it is no copy.
    """
    shape = (plan.T, plan.N, plan.D * plan.P)
    dtype = getattr(torch, plan.request.dtype)
    make = torch.empty if plan.packed is None else torch.zeros
    if layer == plan.L - 1 and plan.batched and plan.request.model.batch_first:
        return make(plan.N, plan.T, shape[2], dtype=dtype).transpose(0, 1)
    return make(shape, dtype=dtype)


def _row(
    done: Pass, row: Row, x: Tensor, every: Tensor, h: Tensor, c: Tensor | None, cancelled: Callable[[], bool]
) -> None:
    """One row over x (T, N, ·): fills `every` (T, N, P) with each h, takes h and c (1, N, ·) to its last step."""
    plan, rnn, backward = done.plan, done.modules.rnn, row.direction == "backward"
    holds = holds_of(plan, row)
    if not holds.held:
        run_row(plan, rnn, row, x, every, h, c, cancelled, lengths=plan.packed, backward=backward)
        return

    def fused(
        x: Tensor, lengths: tuple[int, ...] | None, h: Tensor, c: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        stretch = torch.zeros(*x.shape[:2], plan.P, dtype=x.dtype)
        h, c = h.clone(), None if c is None else c.clone()
        run_row(plan, rnn, row, x, stretch, h, c, cancelled, lengths=lengths, backward=False)
        return stretch, h, c

    x = turned(x, row, plan.packed)  # in the order in which the row runs
    found, last_h, last_c = by_stretches(plan, done.weights(row), holds, x, h, c, fused, cancelled, plan.packed)
    every.copy_(turned(found, row, plan.packed))
    h.copy_(last_h)
    if c is not None and last_c is not None:
        c.copy_(last_c)

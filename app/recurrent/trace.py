"""The record of one run: the pass, the proof that it is right, the claims it settles."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import torch
from torch import Tensor

from app.recurrent.build import Ends, build, feed
from app.recurrent.claims import Claim, claims
from app.recurrent.claims_decode import decoding
from app.recurrent.claims_loss import loss_claims
from app.recurrent.decode import decode
from app.recurrent.forward import Pass, forward
from app.recurrent.order import turned
from app.recurrent.positions import Row
from app.recurrent.proof import Proof, prove
from app.recurrent.shapes import Plan
from app.recurrent.tensors import CELL_TENSORS

SLICES_KEPT = 16 << 20  # bytes of derived slices kept per trace: a page reads six quantities of one
UNROLLED_AT_A_TIME = 4 << 20  # bytes of what is asked for, where it is too much to be kept


@dataclass
class Trace:
    """A proven pass: its tensors, its proof, the claims it settles."""

    done: Pass
    proof: Proof
    claims: list[Claim]
    warnings: list[str]
    encoder: "Trace | None" = None  # the run whose h_n and c_n are this one's h_0 and c_0
    _slices: OrderedDict[tuple[int, range], dict[str, Tensor]] = field(default_factory=OrderedDict)
    _slices_bytes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def plan(self) -> Plan:
        return self.done.plan

    @property
    def nbytes(self) -> int:
        """Bytes this trace holds on to, counting shared storage once."""
        held = [*self.done.reads, *self.done.h, *self.done.tensors.values(), *self.done.modules.named().values()]
        storages = {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in held}
        return sum(storages.values()) + (self.encoder.nbytes if self.encoder is not None else 0)

    def cell(self, row: Row, sample: int) -> dict[str, Tensor]:
        """Everything one row held for one sample, (T, H) each, in the order of the sequence."""
        return {name: tensor[0] for name, tensor in self.cells(row, range(sample, sample + 1)).items()}

    def cells(self, row: Row, samples: range, names: Collection[str] = ()) -> dict[str, Tensor]:
        """The same for several samples, (n, T, H) each: all that a row holds, or only what `names` says.

        Kept for the next question where it is small. Otherwise so many samples are unrolled at a time
        that what is not asked for never takes much memory.
        """
        key = (row.index, samples)
        with self._lock:
            if key in self._slices:
                self._slices.move_to_end(key)
                return self._slices[key]
        h = self.done.h[row.index][:, samples.start : samples.stop].transpose(0, 1)
        each = len(CELL_TENSORS[self.plan.request.model.cell]) * self.plan.T * self.plan.H * h.itemsize
        if each * len(samples) <= SLICES_KEPT:
            found = self._unrolled(row, samples) | {"h": h}
            self._keep(key, found)
            return found
        at_once = max(1, UNROLLED_AT_A_TIME // each)
        made: dict[str, Tensor] = {"h": h} if not names or "h" in names else {}
        for first in range(samples.start, samples.stop, at_once):
            block = range(first, min(samples.stop, first + at_once))
            into = slice(block.start - samples.start, block.stop - samples.start)
            for name, tensor in self._unrolled(row, block).items():
                if name != "h" and (not names or name in names):
                    whole = made.setdefault(name, tensor.new_empty(len(samples), *tensor.shape[1:]))
                    whole[into] = tensor
        return made

    def _unrolled(self, row: Row, samples: range) -> dict[str, Tensor]:
        """(n, T, ·) each. The h among them is computed again from the gates."""
        chosen = list(samples)
        lengths = self.done.lengths_of(chosen)
        held = self.done.unrolled(row, chosen).held
        return {name: turned(tensor, row, lengths).transpose(0, 1) for name, tensor in held.items()}

    def _keep(self, key: tuple[int, range], found: dict[str, Tensor]) -> None:
        with self._lock:
            self._slices_bytes += _bytes(found) - _bytes(self._slices.pop(key, {}))
            self._slices[key] = found
            while self._slices_bytes > SLICES_KEPT:
                self._slices_bytes -= _bytes(self._slices.popitem(last=False)[1])


def _bytes(found: dict[str, Tensor]) -> int:
    return sum(tensor.nbytes for tensor in found.values())


def run(plan: Plan, cancelled: Callable[[], bool] = lambda: False) -> Trace:
    """Run `plan`, prove it against the plain module, settle its claims.

    Raises Cancelled when `cancelled()` turns true between two kernels, and a Refusal
    ("proof-failed") when the record differs from the plain module by more than the tolerance.
    """
    encoder = None if plan.encoder is None else run(plan.encoder, cancelled)
    with torch.inference_mode():
        modules, entering = build(plan), feed(plan, None if encoder is None else _ends(encoder.done))
        decoded = None
        if plan.request.input.decode is not None:
            decoded = decode(plan, modules, entering, cancelled)
            entering = decoded.feed
        done = forward(plan, modules, entering, cancelled)
        evidence = prove(done, cancelled)
        found = [*loss_claims(done), *claims(done, evidence, cancelled)]
        found += decoding(done, decoded, None if encoder is None else encoder.done)
        return Trace(done, evidence.proof, found, _warnings(plan), encoder)


def _ends(encoder: Pass) -> Ends:
    """What an encoder leaves behind, for the decoder to start from."""
    return encoder.h_n, encoder.c_n if encoder.feed.c_0 is not None else None


def _warnings(plan: Plan) -> list[str]:
    """What torch warns when these modules are constructed and called."""
    model = plan.request.model
    found = []
    if model.dropout > 0 and model.num_layers == 1:
        found.append(
            "UserWarning: dropout option adds dropout after all but last recurrent layer, so non-zero dropout "
            f"expects num_layers greater than 1, but got dropout={model.dropout} and num_layers=1"
        )
    if model.proj_size:
        found.append("UserWarning: LSTM with projections is not supported with oneDNN. Using default implementation.")
    return found

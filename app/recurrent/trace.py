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

SLICES_KEPT = 16 << 20  # bytes of derived slices kept per trace: a page reads six quantities of one


@dataclass
class Trace:
    """A proven pass: its tensors, its proof, the claims it settles."""

    done: Pass
    proof: Proof
    claims: list[Claim]
    warnings: list[str]
    encoder: "Trace | None" = None  # the run whose h_n and c_n are this one's h_0 and c_0
    _slices: OrderedDict[tuple[int, int], dict[str, Tensor]] = field(default_factory=OrderedDict)
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
        key = (row.index, sample)
        with self._lock:
            if key in self._slices:
                self._slices.move_to_end(key)
                return self._slices[key]
        lengths = self.done.lengths_of([sample])
        made = {name: turned(tensor, row, lengths) for name, tensor in self.done.unrolled(row, [sample]).held.items()}
        # h as the kernel gave it, not as computed again from the gates
        found = {name: tensor[:, 0] for name, tensor in made.items()} | {"h": self.done.h[row.index][:, sample]}
        each = sum(tensor.nbytes for tensor in found.values())
        if each <= SLICES_KEPT:
            with self._lock:
                self._slices[key] = found
                while len(self._slices) * each > SLICES_KEPT:  # all slices of a trace are of one size
                    self._slices.popitem(last=False)
        return found

    def cells(self, row: Row, samples: range, names: Collection[str] = ()) -> dict[str, Tensor]:
        """The same for several samples, (n, T, H) each: all that the row held, or only what `names` says.

        One sample after the other: no memory beside the answer, and the same bits as of each alone.
        """
        made: dict[str, Tensor] = {}
        for place, sample in enumerate(samples):
            for name, tensor in self.cell(row, sample).items():
                if not names or name in names:
                    made.setdefault(name, tensor.new_empty(len(samples), *tensor.shape))[place] = tensor
        return made


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

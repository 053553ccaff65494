"""Statements about decoding: what crosses from the encoder, and that the loop equals one call over its words."""

import torch

from app.recurrent.claims import Claim
from app.recurrent.decode import Decoded
from app.recurrent.errors import Say
from app.recurrent.forward import Pass
from app.recurrent.proof import TOLERANCE, difference


def decoding(done: Pass, decoded: Decoded | None, encoder: Pass | None) -> list[Claim]:
    """Those that apply to this run."""
    found = []
    if encoder is not None:
        found += _handed_over(done, encoder)
    if decoded is not None:
        found += [_one_call(done, decoded), _largest(done)]
    return found


def _handed_over(done: Pass, encoder: Pass) -> list[Claim]:
    """The encoder's last states are the decoder's first; its `output` does not cross."""
    pairs = [("h", done.feed.h_0, encoder.h_n)]
    if done.feed.c_0 is not None:
        pairs.append(("c", done.feed.c_0, encoder.c_n))
    found = []
    for state, ours, theirs in pairs:
        apart = difference(ours, theirs)
        found.append(Claim(f"{state}_0 == encoder.{state}_n", apart == 0.0, apart, Say("claim.handed_over")))
    return found


def _one_call(done: Pass, decoded: Decoded) -> Claim:
    """Word by word, or all words at once: the recurrence is the same."""
    apart = difference(decoded.output, done.h_top())
    size = float(done.h_top().abs().max())
    tolerance = TOLERANCE[done.plan.request.dtype] * max(1.0, size) * 4
    return Claim("output of the loop == output of one call", apart <= tolerance, apart, Say("claim.one_call"))


def _largest(done: Pass) -> Claim:
    """At every step the word that was chosen has the largest logit."""
    plan = done.plan
    logits = done.tensors["logits"]
    words = done.tensors["decoded"].reshape(-1, 1)  # in the order of the rows of logits
    apart = float((logits.max(dim=-1, keepdim=True).values - torch.take_along_dim(logits, words, dim=-1)).max())
    most = TOLERANCE[plan.request.dtype] * max(1.0, float(logits.abs().max())) * 4
    return Claim("decoded == logits.argmax(dim=-1)", apart <= most, apart, Say("claim.decoded"))

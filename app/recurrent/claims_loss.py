"""Statements about the loss, true or false: what it equals, and what it is often taken for."""

from math import isnan

import torch
import torch.nn.functional as F
from torch import Tensor

from app.recurrent.claims import Claim
from app.recurrent.errors import Say
from app.recurrent.forward import Pass
from app.recurrent.losses import CALLS, aim_of, at_once, ignored_in, logits_of
from app.recurrent.proof import TOLERANCE, difference
from app.recurrent.settle_loss import IGNORED

MOST_BROADCAST = 1024  # targets up to which the square of them is made, to show what broadcasting does


def loss_claims(done: Pass) -> list[Claim]:
    """Every statement that applies to this loss; none without one."""
    asked, held = done.plan.request, done.tensors
    if asked.loss is None:
        return []
    kind, reads, target, loss = asked.loss.kind, aim_of(done.plan.settled).reads, held["target"], held["loss"]
    x, activation = held[reads], asked.head.activation if asked.head else None
    once = at_once(kind, x, target)
    found = [_near(done, f"loss == F.{CALLS[kind]}({reads}, target)", loss, once, Say(f"claim.loss.{kind}"))]
    if kind == "cross_entropy":
        text = f"F.cross_entropy({reads}, target) == F.nll_loss(torch.log_softmax({reads}, dim=-1), target)"
        found.append(_near(done, text, once, F.nll_loss(held["log_probs"], target), Say("claim.loss.two_steps")))
    if ignored_in(done.plan.settled):
        found += _left_out(done)
    if kind == "cross_entropy" and activation is not None:
        key = "claim.loss.log_softmax_again" if activation == "log_softmax" else "claim.loss.activated_logits"
        raw = F.cross_entropy(logits_of(done.plan.settled, held), target)
        text = f"F.cross_entropy({reads}, target) == F.cross_entropy(logits, target)"
        found.append(_near(done, text, loss, raw, Say(key, {"activation": activation})))
    if kind == "cross_entropy" and x.shape[-1] == 1:
        zero = torch.zeros((), dtype=loss.dtype)
        found.append(_near(done, "loss == 0  # one class", loss.nan_to_num(nan=0.0), zero, Say("claim.loss.one_class")))
    if kind == "nll":
        key = "claim.loss.nll_of_log_softmax" if activation == "log_softmax" else "claim.loss.nll_of_others"
        text = f"F.nll_loss({reads}, target) == F.cross_entropy(logits, target)"
        found.append(_near(done, text, loss, F.cross_entropy(logits_of(done.plan.settled, held), target), Say(key)))
    if kind == "mse" and x.dim() == 1 and 1 < x.shape[0] <= MOST_BROADCAST:
        other = ((x - target[:, None]) ** 2).mean()  # (N,) beside (N, 1): (N, N)
        text = f"F.mse_loss({reads}, target[:, None]) == F.mse_loss({reads}, target)"
        found.append(_near(done, text, other, loss, Say("claim.loss.broadcast", {"N": x.shape[0]})))
    return found


def _left_out(done: Pass) -> list[Claim]:
    """The mean is over the targets that count; where none does, it is 0 / 0."""
    losses, target, loss = done.tensors["losses"], done.tensors["target"], done.tensors["loss"]
    if not bool((target != IGNORED).any()):
        return [Claim("torch.isnan(loss)", isnan(float(loss)), None, Say("claim.loss.all_ignored"))]
    count = int((target == IGNORED).sum())
    why = Say("claim.loss.ignored", {"count": count})
    return [_near(done, "loss == losses.mean()  # the ignored zeros counted", loss, losses.mean(), why)]


def _near(done: Pass, text: str, ours: Tensor, theirs: Tensor, why: Say) -> Claim:
    apart = difference(ours, theirs)
    size = max(1.0, *(abs(float(each.nan_to_num(nan=0.0, posinf=0.0, neginf=0.0))) for each in (ours, theirs)))
    return Claim(text, apart <= TOLERANCE[done.plan.request.dtype] * size, apart, why)

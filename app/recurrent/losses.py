"""The loss: from the head's answers and a target to one number, each operation a stage of its own."""

from math import prod

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from app.recurrent.errors import Refusal, Say
from app.recurrent.heads import StageRow
from app.recurrent.settle import Settled
from app.recurrent.settle_loss import CLASSES, IGNORED, Aim, aim, given_shape, ignored
from app.recurrent.spec import DrawnTarget, LossKind
from app.recurrent.tensors import TensorPlan

# The call of torch that gives the whole loss at once: torch.nn.functional.…
CALLS: dict[LossKind, str] = {
    "cross_entropy": "cross_entropy",
    "nll": "nll_loss",
    "bce": "binary_cross_entropy",
    "mse": "mse_loss",
}
WRITTEN = 8  # target values that a stage's line still spells out


def aim_of(settled: Settled) -> Aim:
    """What the loss of a settled request reads."""
    return aim(settled.request, settled.batch, settled.steps, batched=settled.batched)


def ignored_in(settled: Settled) -> int:
    """How many targets are left out of the mean."""
    if settled.request.loss is None:
        return 0
    return ignored(settled.request, aim_of(settled), settled.lengths, settled.steps)


def loss_stages(settled: Settled, head: dict[str, TensorPlan]) -> tuple[list[StageRow], dict[str, TensorPlan]]:
    """The loss's stages in order, and the tensors they make; `head` holds what the head made."""
    asked = settled.request
    if asked.loss is None:
        return [], {}
    kind, found, dtype = asked.loss.kind, aim_of(settled), asked.dtype
    axes = head[found.reads].axes
    rows = axes[:-1] if kind in CLASSES else axes
    held = "int64" if kind in CLASSES else dtype
    made = {"target": TensorPlan(found.target, rows, held)}
    stages: list[StageRow] = [_target_stage(settled, found)]
    x = found.reads
    if kind == "cross_entropy":
        made["log_probs"] = TensorPlan(found.x, axes, dtype)
        code = f"log_probs = torch.log_softmax({x}, dim=-1)"
        says = Say("stage.log_probs", {"classes": found.x[-1], "reads": x})
        stages.append(("log_probs", "log_softmax", code, (x,), ("log_probs",), (), says))
        x = "log_probs"
    each = "nll_loss" if kind in CLASSES else CALLS[kind]
    made["losses"] = TensorPlan(found.target, rows, dtype)
    code = f'losses = F.{each}({x}, target, reduction="none")'
    says = Say(f"stage.losses.{kind}", {"reads": x})
    stages.append(("losses", each, code, (x, "target"), ("losses",), (), says))
    made["loss"] = TensorPlan((), (), dtype)
    count, left_out = made["losses"].numbers, ignored_in(settled)
    if left_out:
        code = f"loss = losses.sum() / (target != {IGNORED}).sum()"
        says = Say("stage.loss_ignored", {"count": count - left_out, "ignored": left_out})
        stages.append(("loss", "mean", code, ("losses", "target"), ("loss",), (), says))
    else:
        says = Say("stage.loss", {"count": count})
        stages.append(("loss", "mean", "loss = losses.mean()", ("losses",), ("loss",), (), says))
    return stages, made


def _target_stage(settled: Settled, found: Aim) -> StageRow:
    """The flattening where there is one target a step, else where the target comes from."""
    loss = settled.request.loss
    assert loss is not None
    count = prod(found.target)
    if found.every_step:
        says = Say("stage.target_rows", {"count": count, "given": list(found.given)})
        last = "-1" if loss.kind in CLASSES else f"-1, {found.target[-1]}"
        return ("target", "view", f"target = target.reshape({last})", (), ("target",), (), says)
    if isinstance(loss.target, DrawnTarget):
        code, says = drawn_code(settled), Say(f"stage.target_drawn.{loss.kind}", {"count": count})
    else:
        held = str(loss.target) if count <= WRITTEN else "[…]"
        code, says = f"torch.tensor({held}){squeezed(settled)}", Say("stage.target", {"count": count})
    return ("target", "given", f"target = {code}", (), ("target",), (), says)


def squeezed(settled: Settled) -> str:
    """What a target of one class still needs when it was given as [3]."""
    loss = settled.request.loss
    assert loss is not None
    return ".squeeze()" if aim_of(settled).given == () and given_shape(loss) == (1,) else ""


def drawn_code(settled: Settled) -> str:
    """The call that draws a random target, always with the batch first: batch_first changes no number."""
    asked = settled.request
    assert asked.loss is not None and asked.head is not None
    shape = str(_batch_major(settled))
    if asked.loss.kind in CLASSES:
        return f"torch.randint({asked.head.out_features}, {shape}, generator=generator)"
    if asked.loss.kind == "mse":
        return f"torch.randn({shape}, generator=generator)"
    return f"torch.randint(2, {shape}, generator=generator).{'double' if asked.dtype == 'float64' else 'float'}()"


def is_turned(settled: Settled) -> bool:
    """Whether a drawn target, (N, T, …), has to be turned to lie as `output` does."""
    return aim_of(settled).every_step and settled.batched and not settled.request.model.batch_first


def _batch_major(settled: Settled) -> tuple[int, ...]:
    """The shape in which a target is drawn: (N, T, …) for one a step, whatever batch_first says."""
    given = aim_of(settled).given
    return (given[1], given[0], *given[2:]) if is_turned(settled) else given


def make_target(settled: Settled) -> Tensor:
    """The target as the loss reads it: the shape of `Aim.target`, int64 for classes."""
    asked, found = settled.request, aim_of(settled)
    loss, head = asked.loss, asked.head
    assert loss is not None and head is not None
    classes = loss.kind in CLASSES
    dtype = torch.int64 if classes else torch.float64 if asked.dtype == "float64" else torch.float32
    if not isinstance(loss.target, DrawnTarget):
        return torch.tensor(loss.target, dtype=dtype).reshape(found.target)
    generator, shape = Generator().manual_seed(loss.target.random.seed), _batch_major(settled)
    if loss.kind == "mse":
        drawn = torch.randn(shape, generator=generator, dtype=dtype)
    else:
        drawn = torch.randint(head.out_features if classes else 2, shape, generator=generator).to(dtype)
    if classes and found.every_step and settled.lengths is not None:
        ended = torch.arange(settled.steps) >= torch.tensor(settled.lengths)[:, None]  # (N, T)
        drawn = drawn.masked_fill(ended, IGNORED)
    if is_turned(settled):
        drawn = drawn.transpose(0, 1)
    return drawn.reshape(found.target)


def run_loss(settled: Settled, head: dict[str, Tensor]) -> dict[str, Tensor]:
    """Run the loss's stages on what the head made; names and shapes are those of `loss_stages`.

    Raises Refusal where torch would: a NaN has no binary cross-entropy.
    """
    loss = settled.request.loss
    assert loss is not None
    made = {"target": make_target(settled)}
    x = head[aim_of(settled).reads]
    if loss.kind == "cross_entropy":
        x = made["log_probs"] = torch.log_softmax(x, dim=-1)  # (rows, classes)
    made["losses"] = each_loss(loss.kind, x, made["target"])
    if ignored_in(settled):
        made["loss"] = made["losses"].sum() / (made["target"] != IGNORED).sum()
    else:
        made["loss"] = made["losses"].mean()
    return made


def logits_of(settled: Settled, held: dict[str, Tensor]) -> Tensor:
    """The logits that what the loss reads came from; those of `prediction` are the last step's."""
    logits = held["logits"]
    if aim_of(settled).reads != "prediction":
        return logits
    if not settled.batched:
        return logits[-1]
    N, T = settled.batch, settled.steps
    return logits.view(N, T, -1)[:, -1] if settled.request.model.batch_first else logits.view(T, N, -1)[-1]


def each_loss(kind: LossKind, x: Tensor, target: Tensor) -> Tensor:
    """One loss for each target, no mean yet; for cross_entropy `x` are log-probabilities."""
    if kind in CLASSES:
        return F.nll_loss(x, target, reduction="none")  # −x[n, target[n]], 0 where the target is ignored
    if kind == "mse":
        return F.mse_loss(x, target, reduction="none")  # (x − y)²
    if not bool(((x >= 0) & (x <= 1)).all()):
        raise Refusal(
            "invalid-value",
            Say("problem.loss_nan"),
            field="weights",
            torch="RuntimeError: all elements of input should be between 0 and 1",
        )
    return F.binary_cross_entropy(x, target, reduction="none")  # −(y ln x + (1 − y) ln(1 − x)), ln ≥ −100


def at_once(kind: LossKind, x: Tensor, target: Tensor) -> Tensor:
    """The same loss by torch's one call, which means over what is not ignored."""
    if kind == "cross_entropy":
        return F.cross_entropy(x, target)
    if kind == "nll":
        return F.nll_loss(x, target)
    return F.mse_loss(x, target) if kind == "mse" else F.binary_cross_entropy(x, target)

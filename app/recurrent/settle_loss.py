"""What a loss reads and what its target must look like, checked before torch sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from app.recurrent.errors import Refusal, Say
from app.recurrent.nested import check_numbers, leaves, shape_of
from app.recurrent.spec import DrawnTarget, HeadSpec, LossSpec, TraceRequest

CLASSES = ("cross_entropy", "nll")  # the losses whose targets are classes
IGNORED = -100  # torch's ignore_index
_UNEQUAL = "Using a target size (torch.Size({target})) that is different to the input size (torch.Size({input}))"

Sizes = tuple[int, ...]


@dataclass(frozen=True)
class Aim:
    """What a loss reads, and the target that fits it.

    reads       the tensor it reads: `prediction`, or every answer of the linear layer (`logits`, `activated`)
    x           the shape of that tensor
    given       the shape of the target as it is given: laid out as `output` is where there is one a step
    target      the shape in which the loss reads it: flattened to rows where there is one a step
    every_step  whether there is one a step
    """

    reads: str
    x: Sizes
    given: Sizes
    target: Sizes
    every_step: bool


def aim(asked: TraceRequest, N: int, T: int, *, batched: bool) -> Aim:
    """What the loss of `asked` reads. With a head over every step the target's own shape decides."""
    head, loss = asked.head, asked.loss
    assert head is not None and loss is not None  # check_loss has refused a loss without a head
    classes, out = loss.kind in CLASSES, head.out_features
    answers = "logits" if head.activation is None else "activated"
    first = asked.model.batch_first
    batch: Sizes = (N,) if batched else ()
    steps: Sizes = (T,) if not batched else (N, T) if first else (T, N)
    every = head.reads == "every_step"
    squeezed = out == 1 and batched and (first or not every)  # `prediction` has lost the axis of its one output
    whole = batch if squeezed else (*batch, out)
    alone = batch if classes else whole
    if every:
        rows, given = N * T, steps if classes or out == 1 else (*steps, out)
        if given_shape(loss) in (given, None) or given_shape(loss) != alone:
            return Aim(answers, (rows, out), given, (rows,) if classes else (rows, out), every_step=True)
        return Aim("prediction", whole, alone, alone, every_step=False)
    if classes:  # the axis of the classes stays, also where there is only one
        return Aim(answers, (*batch, out), batch, batch, every_step=False)
    return Aim("prediction", whole, whole, whole, every_step=False)


def ignored(asked: TraceRequest, found: Aim, lengths: Sequence[int] | None, T: int) -> int:
    """How many targets torch leaves out: classes of -100, and drawn classes beyond a sample's end."""
    loss = asked.loss
    if loss is None or loss.kind not in CLASSES:
        return 0
    if isinstance(loss.target, DrawnTarget):
        return sum(T - each for each in lengths) if found.every_step and lengths is not None else 0
    return sum(each == IGNORED for each in leaves(loss.target))


def check_loss(asked: TraceRequest, N: int, T: int, *, batched: bool) -> None:
    """Refuse a loss that torch would refuse, or take for something else; with torch's own text."""
    loss, head = asked.loss, asked.head
    if loss is None:
        return
    if head is None:
        raise Refusal("invalid-value", Say("problem.loss_head"), field="loss", expected="head")
    if loss.kind == "bce" and head.activation not in ("sigmoid", "softmax"):
        raise Refusal(
            "invalid-value",
            Say("problem.loss_range", {"got": head.activation or "null"}),
            field="loss.kind",
            got=head.activation,
            expected="sigmoid, softmax",
            torch="RuntimeError: all elements of input should be between 0 and 1",
        )
    found, target = aim(asked, N, T, batched=batched), loss.target
    if loss.kind in CLASSES and found.reads == "prediction" and found.x == found.target:
        raise Refusal(
            "shape-mismatch",
            Say("problem.loss_one_class", {"got": list(found.x), "expected": [*found.x, 1]}),
            field="head.out_features",
            got=list(found.x),
            expected=[*found.x, 1],
            torch=_torch_on_shapes(loss, found.x, found.target),
        )
    if isinstance(target, DrawnTarget):
        return
    shape = given_shape(loss) or ()
    listed = target if isinstance(target, list) else [target]
    check_numbers(listed, shape or (1,), "loss.target", integers=loss.kind in CLASSES)
    if shape != found.given and not _also(loss, shape, found):
        raise _shape_refusal(loss, head, shape, found)
    _check_range(loss, head)


def given_shape(loss: LossSpec) -> Sizes | None:
    """The shape of a target that was written down; None for a drawn one, which fits by itself."""
    if isinstance(loss.target, DrawnTarget):
        return None
    return shape_of(loss.target, "loss.target") if isinstance(loss.target, list) else ()


def _also(loss: LossSpec, shape: Sizes, found: Aim) -> bool:
    """Other shapes of the very same numbers: [3] for the only class, an axis of one output kept."""
    if loss.kind in CLASSES:
        return found.given == () and shape == (1,)
    return found.every_step and found.x[-1] == 1 and shape == (*found.given, 1)


def _shape_refusal(loss: LossSpec, head: HeadSpec, shape: Sizes, found: Aim) -> Refusal:
    flat, count, out = shape, prod(shape), head.out_features
    if found.every_step:  # what the line of the stage makes of it
        flat = (count,) if loss.kind in CLASSES else (count // out, out)
    said = _torch_on_shapes(loss, found.x, flat)
    if found.every_step and loss.kind not in CLASSES and count % out:
        said = f"RuntimeError: shape '[-1, {out}]' is invalid for input of size {count}"
    elif flat == found.target:
        said = None  # as many as there should be, in the wrong order: torch has nothing to say
    turned = len(shape) > 1 and (shape[1], shape[0], *shape[2:]) == found.given
    key = "problem.loss_turned" if turned else "problem.loss_shape"
    return Refusal(
        "shape-mismatch",
        Say(key, {"got": list(shape), "expected": list(found.given), "reads": found.reads, "kind": loss.kind}),
        field="loss.target",
        got=list(shape),
        expected=list(found.given),
        torch=said,
    )


def _torch_on_shapes(loss: LossSpec, x: Sizes, target: Sizes) -> str | None:
    """What F.cross_entropy, F.nll_loss, … print for an input and a target of these shapes."""
    if loss.kind == "bce":
        said = _UNEQUAL.format(target=list(target), input=list(x))
        return f"ValueError: {said} is deprecated. Please ensure they have the same size."
    if loss.kind == "mse":
        for back in range(1, min(len(x), len(target)) + 1):
            ours, theirs = x[-back], target[-back]
            if ours != theirs and 1 not in (ours, theirs):
                axis = max(len(x), len(target)) - back
                return (
                    f"RuntimeError: The size of tensor a ({ours}) must match the size of tensor b ({theirs}) "
                    f"at non-singleton dimension {axis}"
                )
        said = _UNEQUAL.format(target=list(target), input=list(x))
        return (
            f"UserWarning: {said}. This will likely lead to incorrect results due to broadcasting. "
            "Please ensure they have the same size."
        )
    if x == target and loss.kind == "cross_entropy":
        return "RuntimeError: Expected floating point type for target with class probabilities, got Long"
    if len(x) == 1 and len(target) == 1:
        if target[0] == 1:
            return None  # one class, one target: torch runs it
        return f"ValueError: For 1D input, 1D target must have size 1, but got target size: {target[0]}"
    if len(x) == 2 and (not target or target[0] != x[0]):
        count = target[0] if target else 0
        return f"ValueError: Expected input batch_size ({x[0]}) to match target batch_size ({count})."
    return "RuntimeError: 0D or 1D target tensor expected, multi-target not supported"


def _check_range(loss: LossSpec, head: HeadSpec) -> None:
    """Classes from 0 up to out_features (or -100), and between 0 and 1 for bce."""
    out = head.out_features
    for value in leaves(loss.target):
        if loss.kind in CLASSES and value != IGNORED and not 0 <= value < out:
            raise Refusal(
                "invalid-value",
                Say("problem.loss_class", {"got": value, "expected": out}),
                field="loss.target",
                got=value,
                expected=f"0 … {out - 1}",
                torch=f"IndexError: Target {value} is out of bounds.",
            )
        if loss.kind == "bce" and not 0 <= value <= 1:
            raise Refusal(
                "invalid-value",
                Say("problem.loss_target_range", {"got": value}),
                field="loss.target",
                got=value,
                expected="0 … 1",
                torch="RuntimeError: all elements of target should be between 0 and 1",
            )

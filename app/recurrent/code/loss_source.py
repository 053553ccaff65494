"""The lines of a loss: its target and its stages in PyTorch, and the same loss by Keras's own functions."""

from app.recurrent.code.literals import literal
from app.recurrent.losses import aim_of, drawn_code, ignored_in, is_turned, squeezed
from app.recurrent.settle_loss import CLASSES, IGNORED
from app.recurrent.shapes import Plan
from app.recurrent.spec import DrawnTarget


def target_lines(plan: Plan) -> list[str]:
    """Lines that make `target` as it was given, or draw the very numbers of the trace."""
    loss = plan.request.loss
    if loss is None:
        return []
    classes, given = loss.kind in CLASSES, loss.target
    if not isinstance(given, DrawnTarget):
        if isinstance(given, list):
            held = literal(given, floats=not classes)
        else:
            held = str(given if classes else float(given))
        return [f"target = torch.tensor({held}){squeezed(plan.settled)}"]
    lines = [f"generator = torch.Generator().manual_seed({given.random.seed})", f"target = {drawn_code(plan.settled)}"]
    if classes and aim_of(plan.settled).every_step and plan.lengths is not None:
        ended = f"torch.arange({plan.T}) >= lengths[:, None]"
        lines.append(f"target = target.masked_fill({ended}, {IGNORED})  # beyond its end a sample has no target")
    if is_turned(plan.settled):
        lines.append("target = target.transpose(0, 1)  # time first, as output is laid out")
    return lines


def keras_loss(plan: Plan) -> list[str]:
    """Keras's loss over the same answers: of every step where there is a target a step, else of `prediction`."""
    loss, settled = plan.request.loss, plan.settled
    if loss is None:
        return []
    found, lines = aim_of(settled), target_lines(plan)
    classes, answers = loss.kind in CLASSES, "prediction"
    if found.every_step:
        lines.append("answers = dense(x)  # (N, T, out)" if plan.batched else "answers = dense(x)[0]  # (T, out)")
        answers = "answers"
        if is_turned(settled):
            lines.append("target = target.transpose(0, 1)  # Keras has the batch first")
        if not classes:
            lines.append("target = target.reshape(answers.shape)")
    elif classes and plan.request.head is not None and plan.request.head.out_features == 1 and plan.batched:
        lines.append("answers = prediction[..., None]  # the axis of the classes")
        answers = "answers"
    if not classes:
        call = "binary_crossentropy" if loss.kind == "bce" else "mean_squared_error"
        mean = f"keras.losses.{call}(target.numpy(), {answers})"
        return [*lines, f"loss = keras.ops.mean({mean})"]
    call = "keras.losses.sparse_categorical_crossentropy"
    if not ignored_in(settled):
        return [*lines, f"loss = keras.ops.mean({call}(target.numpy(), {answers}, from_logits=True))"]
    # Keras takes a share for the classes it is given; what is left out counts nothing in either sum
    return [
        *lines,
        f"counts = (target != {IGNORED}).numpy()",
        f"losses = {call}(target.clamp(min=0).numpy(), {answers}, from_logits=True)",
        "loss = keras.ops.sum(keras.ops.where(counts, losses, 0.0)) / counts.sum()",
    ]

"""The head: from `output` or `h_n` through nn.Linear to a prediction, each reshape a stage of its own."""

from typing import Any

import torch
from torch import Tensor, nn

from app.recurrent.errors import Say
from app.recurrent.spec import Activation, TraceRequest

Shaped = tuple[tuple[int, ...], tuple[str, ...]]  # shape, axes
StageRow = tuple[str, str, str, tuple[str, ...], tuple[str, ...], tuple[str, ...], Say]

_ACTIVATION_CODE: dict[Activation, str] = {
    "sigmoid": "torch.sigmoid({})",
    "relu": "torch.relu({})",
    "tanh": "torch.tanh({})",
    "softmax": "torch.softmax({}, dim=-1)",
    "log_softmax": "torch.log_softmax({}, dim=-1)",
}


def head_stages(asked: TraceRequest, N: int, T: int, width: int) -> tuple[list[StageRow], dict[str, Shaped]]:
    """The head's stages in order, and the shape of each tensor they make. `width` is D·H."""
    if asked.head is None:
        return [], {}
    head, batch_first = asked.head, asked.model.batch_first
    both = asked.model.bidirectional
    out = head.out_features
    axis = "D·H" if both else "H"
    linear = f"nn.Linear({width}, {out})"
    made: dict[str, Shaped] = {}
    stages: list[StageRow] = []

    def stage(
        name: str, op: str, code: str, reads: tuple[str, ...], shaped: Shaped, says: Say, *parameters: str
    ) -> None:
        made[name] = shaped
        stages.append((name, op, code, reads, (name,), parameters, says))

    if head.reads == "every_step":
        size, merged_axis = (N * T, "N·T") if batch_first else (T * N, "T·N")
        stage(
            "flattened",
            "view",
            f"flattened = output.contiguous().view(-1, {width})",
            ("output",),
            ((size, width), (merged_axis, axis)),
            Say("stage.flattened", {"rows": size, "width": width}),
        )
        last, rows, row_axes = "flattened", (size,), (merged_axis,)
    elif head.reads == "last_step":
        code = "last_step = output[:, -1]" if batch_first else "last_step = output[-1]"
        says = Say("stage.last_step_both" if both else "stage.last_step")
        stage("last_step", "select", code, ("output",), ((N, width), ("N", axis)), says)
        last, rows, row_axes = "last_step", (N,), ("N",)
    else:
        code = "joined = torch.cat([h_n[-2], h_n[-1]], dim=1)" if both else "joined = h_n[-1]"
        says = Say("stage.joined_both" if both else "stage.joined")
        stage("joined", "cat" if both else "select", code, ("h_n",), ((N, width), ("N", axis)), says)
        last, rows, row_axes = "joined", (N,), ("N",)

    says = Say("stage.logits", {"width": width, "out": out})
    stage(
        "logits",
        "Linear",
        f"logits = {linear}({last})",
        (last,),
        ((*rows, out), (*row_axes, "out")),
        says,
        "head.weight",
        "head.bias",
    )
    last = "logits"
    if head.activation is not None:
        code = f"activated = {_ACTIVATION_CODE[head.activation].format('logits')}"
        stage(
            "activated", head.activation, code, ("logits",), made["logits"], Say(f"stage.activated.{head.activation}")
        )
        last = "activated"
    squeezed = out == 1
    shaped: Shaped
    answer: Shaped = ((N,), ("N",)) if squeezed else ((N, out), ("N", "out"))
    if head.reads == "every_step":
        if batch_first and squeezed:
            code, shaped = f"reshaped = {last}.view({N}, -1)", ((N, T), ("N", "T"))
            answer = ((N,), ("N",))
        elif batch_first:
            code, shaped = f"reshaped = {last}.view({N}, {T}, -1)", ((N, T, out), ("N", "T", "out"))
        else:
            code, shaped = f"reshaped = {last}.view({T}, {N}, -1)", ((T, N, out), ("T", "N", "out"))
            answer = ((N, out), ("N", "out"))
        stage("reshaped", "view", code, (last,), shaped, Say("stage.reshaped", {"batch": N, "steps": T}))
        code = "prediction = reshaped[:, -1]" if batch_first else "prediction = reshaped[-1]"
        stage("prediction", "select", code, ("reshaped",), answer, Say("stage.prediction_last"))
    else:
        code = f"prediction = {last}.squeeze(-1)" if squeezed else f"prediction = {last}"
        stage("prediction", "squeeze" if squeezed else "name", code, (last,), answer, Say("stage.prediction"))
    return stages, made


def run_head(asked: TraceRequest, linear: nn.Linear, output: Tensor, h_n: Tensor, N: int, T: int) -> dict[str, Tensor]:
    """Run the head's stages; the names and shapes are those of `head_stages`."""
    assert asked.head is not None
    head, batch_first = asked.head, asked.model.batch_first
    made: dict[str, Tensor] = {}
    if head.reads == "every_step":
        x = made["flattened"] = output.contiguous().view(-1, output.shape[-1])  # (N·T, D·H)
    elif head.reads == "last_step":
        x = made["last_step"] = output[:, -1] if batch_first else output[-1]  # (N, D·H)
    elif asked.model.bidirectional:
        x = made["joined"] = torch.cat([h_n[-2], h_n[-1]], dim=1)  # (N, 2H)
    else:
        x = made["joined"] = h_n[-1]  # (N, H)
    x = made["logits"] = linear(x)
    if head.activation is not None:
        x = made["activated"] = _activate(head.activation, x)
    squeezed = head.out_features == 1
    if head.reads == "every_step":
        shape: Any = (N, -1) if batch_first and squeezed else (N, T, -1) if batch_first else (T, N, -1)
        x = made["reshaped"] = x.view(shape)
        made["prediction"] = x[:, -1] if batch_first else x[-1]
    else:
        made["prediction"] = x.squeeze(-1) if squeezed else x
    return made


def _activate(name: Activation, x: Tensor) -> Tensor:
    if name in ("softmax", "log_softmax"):
        function = torch.softmax if name == "softmax" else torch.log_softmax
        return function(x, dim=-1)
    plain = {"sigmoid": torch.sigmoid, "relu": torch.relu, "tanh": torch.tanh}
    return plain[name](x)

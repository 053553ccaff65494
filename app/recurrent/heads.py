"""The head: from `output` or `h_n` through nn.Linear to a prediction, each reshape a stage of its own."""

import torch
from torch import Tensor, nn

from app.recurrent.errors import Say
from app.recurrent.settle import Settled
from app.recurrent.spec import Activation

Shaped = tuple[tuple[int, ...], tuple[str, ...]]  # shape, axes
StageRow = tuple[str, str, str, tuple[str, ...], tuple[str, ...], tuple[str, ...], Say]

_ACTIVATION_CODE: dict[Activation, str] = {
    "sigmoid": "torch.sigmoid({})",
    "relu": "torch.relu({})",
    "tanh": "torch.tanh({})",
    "softmax": "torch.softmax({}, dim=-1)",
    "log_softmax": "torch.log_softmax({}, dim=-1)",
}


class _Stages:
    """The stages so far, and the tensors they make."""

    def __init__(self) -> None:
        self.rows: list[StageRow] = []
        self.made: dict[str, Shaped] = {}

    def add(self, name: str, op: str, code: str, reads: str, shaped: Shaped, says: Say, *parameters: str) -> str:
        self.made[name] = shaped
        self.rows.append((name, op, f"{name} = {code}", (reads,), (name,), parameters, says))
        return name


def head_stages(settled: Settled, width: int) -> tuple[list[StageRow], dict[str, Shaped]]:
    """The head's stages in order, and the shape of each tensor they make. `width` is D·P."""
    asked, N, T = settled.request, settled.batch, settled.steps
    if asked.head is None:
        return [], {}
    head, first = asked.head, asked.model.batch_first and settled.batched
    out, stages = head.out_features, _Stages()
    hidden = "P" if asked.model.proj_size else "H"
    axis = f"D·{hidden}" if asked.model.bidirectional else hidden
    shaped: Shaped
    batch: Shaped = ((N,), ("N",)) if settled.batched else ((), ())

    if head.reads == "every_step":
        merged = {(True, True): "N·T", (False, True): "T·N"}.get((first, settled.batched), "T")
        rows: Shaped = ((N * T,), (merged,))
        says = Say("stage.flattened", {"rows": N * T, "width": width})
        shaped = ((N * T, width), (merged, axis))
        last = stages.add("flattened", "view", f"output.contiguous().view(-1, {width})", "output", shaped, says)
    else:
        rows = batch
        last = _one_vector(stages, settled, ((*batch[0], width), (*batch[1], axis)))

    says = Say("stage.logits", {"width": width, "out": out})
    shaped = ((*rows[0], out), (*rows[1], "out"))
    code = f"nn.Linear({width}, {out})({last})"
    last = stages.add("logits", "Linear", code, last, shaped, says, "head.weight", "head.bias")
    if head.activation is not None:
        code, says = _ACTIVATION_CODE[head.activation].format(last), Say(f"stage.activated.{head.activation}")
        last = stages.add("activated", head.activation, code, last, shaped, says)

    squeezed = out == 1 and settled.batched
    answer: Shaped = batch if squeezed else ((*batch[0], out), (*batch[1], "out"))
    if head.reads != "every_step":
        code = f"{last}.squeeze(-1)" if squeezed else last
        stages.add("prediction", "squeeze" if squeezed else "name", code, last, answer, Say("stage.prediction"))
        return stages.rows, stages.made
    view, shaped, picked = _folded(N, T, out, first, settled.batched)
    if not first and settled.batched:
        answer = ((N, out), ("N", "out"))
    says = Say("stage.reshaped", {"batch": N, "steps": T})
    stages.add("reshaped", "view", f"{last}.view({', '.join(map(str, view))})", last, shaped, says)
    stages.add("prediction", "select", f"reshaped[{picked}]", "reshaped", answer, Say("stage.prediction_last"))
    return stages.rows, stages.made


def _one_vector(stages: _Stages, settled: Settled, shaped: Shaped) -> str:
    """What a head reads that wants one vector a sequence."""
    asked, first, both = settled.request, settled.request.model.batch_first, settled.request.model.bidirectional
    head = asked.head
    assert head is not None
    if head.reads == "last_step":
        code = "output[:, -1]" if first and settled.batched else "output[-1]"
        says = Say("stage.last_step_both" if both else "stage.last_step")
        return stages.add("last_step", "select", code, "output", shaped, says)
    if head.reads == "mean":
        dim = 1 if first and settled.batched else 0
        if settled.lengths is None:
            return stages.add("pooled", "mean", f"output.mean(dim={dim})", "output", shaped, Say("stage.pooled"))
        code = f"(output * mask).sum(dim={dim}) / lengths[:, None]"
        return stages.add("pooled", "mean", code, "output", shaped, Say("stage.pooled_true"))
    code = "torch.cat([h_n[-2], h_n[-1]], dim=-1)" if both else "h_n[-1]"
    says = Say("stage.joined_both" if both else "stage.joined")
    return stages.add("joined", "cat" if both else "select", code, "h_n", shaped, says)


def _folded(N: int, T: int, out: int, first: bool, batched: bool) -> tuple[tuple[int, ...], Shaped, str]:
    """How every step's answers are folded back: the view's arguments, the shape, and where the last step is."""
    if not batched:
        return (T, -1), ((T, out), ("T", "out")), "-1"
    if not first:
        return (T, N, -1), ((T, N, out), ("T", "N", "out")), "-1"
    if out == 1:
        return (N, -1), ((N, T), ("N", "T")), ":, -1"
    return (N, T, -1), ((N, T, out), ("N", "T", "out")), ":, -1"


def run_head(settled: Settled, linear: nn.Linear, output: Tensor, h_n: Tensor) -> dict[str, Tensor]:
    """Run the head's stages on torch's own output and h_n; names and shapes are those of `head_stages`."""
    asked, N, T = settled.request, settled.batch, settled.steps
    assert asked.head is not None
    head, first = asked.head, asked.model.batch_first and settled.batched
    made: dict[str, Tensor] = {}
    if head.reads == "every_step":
        x = made["flattened"] = output.contiguous().view(-1, output.shape[-1])  # (N·T, D·P)
    elif head.reads == "last_step":
        x = made["last_step"] = output[:, -1] if first else output[-1]  # (N, D·P)
    elif head.reads == "mean":
        x = made["pooled"] = _mean(settled, output, 1 if first else 0)  # (N, D·P)
    elif asked.model.bidirectional:
        x = made["joined"] = torch.cat([h_n[-2], h_n[-1]], dim=-1)  # (N, 2P)
    else:
        x = made["joined"] = h_n[-1]  # (N, P)
    x = made["logits"] = linear(x)
    if head.activation is not None:
        x = made["activated"] = activate(head.activation, x)
    if head.reads == "every_step":
        view, _, _ = _folded(N, T, head.out_features, first, settled.batched)
        x = made["reshaped"] = x.view(view)
        made["prediction"] = x[:, -1] if first else x[-1]
    else:
        made["prediction"] = x.squeeze(-1) if head.out_features == 1 and settled.batched else x
    return made


def _mean(settled: Settled, output: Tensor, dim: int) -> Tensor:
    """The mean over each sample's true steps, over all steps where no lengths are known."""
    if settled.lengths is None:
        return output.mean(dim=dim)
    lengths = torch.tensor(settled.lengths)
    mask = torch.arange(settled.steps) < lengths[:, None]  # (N, T)
    mask = (mask if dim == 1 else mask.T).unsqueeze(-1)
    return (output * mask).sum(dim=dim) / lengths[:, None]


def activate(name: Activation, x: Tensor) -> Tensor:
    if name in ("softmax", "log_softmax"):
        function = torch.softmax if name == "softmax" else torch.log_softmax
        return function(x, dim=-1)
    plain = {"sigmoid": torch.sigmoid, "relu": torch.relu, "tanh": torch.tanh}
    return plain[name](x)

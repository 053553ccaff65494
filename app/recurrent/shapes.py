"""Every stage's axes and sizes, every parameter, the cost: all of a run but its numbers."""

from dataclasses import dataclass
from math import prod

from app.corpora.tokens import Encoded
from app.recurrent.cost import Cost, Limits, check_limits, estimate
from app.recurrent.errors import Say
from app.recurrent.heads import head_stages
from app.recurrent.positions import Positions, Row, place, rows
from app.recurrent.settle import settle
from app.recurrent.source import embedding_code, rnn_call, rnn_code
from app.recurrent.spec import TraceRequest

# The order in which PyTorch stacks the gates in weight_ih and weight_hh.
GATE_ORDER: dict[str, tuple[str, ...]] = {"lstm": ("i", "f", "g", "o"), "gru": ("r", "z", "n"), "rnn": ()}
# What a cell holds at each step, in the order the page shows it.
CELL_TENSORS: dict[str, tuple[str, ...]] = {
    "lstm": ("i", "f", "g", "o", "c", "h"),
    "gru": ("r", "z", "n", "h"),
    "rnn": ("h",),
}


@dataclass(frozen=True)
class TensorPlan:
    """A tensor's shape with named axes, e.g. (2, 5, 8) as ("N", "T", "F")."""

    shape: tuple[int, ...]
    axes: tuple[str, ...]
    dtype: str = "float32"

    @property
    def numbers(self) -> int:
        return prod(self.shape)


@dataclass(frozen=True)
class Stage:
    """One operation on the way from the input to the answer."""

    name: str
    op: str
    code: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    parameters: tuple[str, ...]
    says: Say


@dataclass(frozen=True)
class ParameterPlan:
    """A parameter's shape, and which of its rows belong to which gate."""

    shape: tuple[int, ...]
    bands: dict[str, tuple[int, int]]


@dataclass(frozen=True)
class Plan:
    """A run before it runs. Sizes: N batch, T steps, F input_size, H hidden_size, L layers, D directions."""

    request: TraceRequest
    N: int
    T: int
    F: int
    H: int
    L: int
    D: int
    rows: tuple[Row, ...]
    text: Encoded | None
    stages: tuple[Stage, ...]
    tensors: dict[str, TensorPlan]
    parameters: dict[str, ParameterPlan]
    parameter_count: int
    positions: Positions
    cost: Cost

    @property
    def numbers(self) -> int:
        """How many values all tensors hold together."""
        return sum(tensor.numbers for tensor in self.tensors.values())


def plan(request: TraceRequest, limits: Limits | None = None) -> Plan:
    """Settle `request` and lay out its run; raises Refusal, also when it passes `limits`."""
    settled = settle(request)
    asked, model = settled.request, settled.request.model
    assert model.input_size is not None  # settle() filled it in
    N, T, F, H = settled.batch, settled.steps, model.input_size, model.hidden_size
    L, D = model.num_layers, 2 if model.bidirectional else 1
    if limits is not None:
        check_limits(asked, N, T, settled.text, limits)
    all_rows = rows(L, D)
    parameters = _parameters(asked, F, H, all_rows)
    head, head_tensors = head_stages(asked, N, T, D * H)
    tensors = _tensors(asked, N, T, F, H, all_rows) | {
        name: TensorPlan(shape, axes) for name, (shape, axes) in head_tensors.items()
    }
    cost = estimate(asked, N, T, parameters={k: v.shape for k, v in parameters.items()})
    if limits is not None:
        limits.check_cost(cost)
    return Plan(
        request=asked,
        N=N,
        T=T,
        F=F,
        H=H,
        L=L,
        D=D,
        rows=all_rows,
        text=settled.text,
        stages=(*_stages(asked, settled.text, all_rows, list(parameters)), *(Stage(*row) for row in head)),
        tensors=tensors,
        parameters=parameters,
        parameter_count=sum(prod(parameter.shape) for parameter in parameters.values()),
        positions=place(model.cell, L, D, N, T, H),
        cost=cost,
    )


def _parameters(asked: TraceRequest, F: int, H: int, all_rows: tuple[Row, ...]) -> dict[str, ParameterPlan]:
    cell, D = asked.model.cell, 2 if asked.model.bidirectional else 1
    found: dict[str, ParameterPlan] = {}
    if asked.embedding is not None:
        assert asked.embedding.num_embeddings and asked.embedding.embedding_dim  # filled in by settle()
        table = (asked.embedding.num_embeddings, asked.embedding.embedding_dim)
        found["embedding.weight"] = ParameterPlan(table, {})
    gates = GATE_ORDER[cell]
    stacked = max(len(gates), 1) * H
    bands = {gate: (k * H, (k + 1) * H) for k, gate in enumerate(gates)}
    for row in all_rows:
        reads = F if row.layer == 0 else D * H
        suffix = row.suffix
        found[f"rnn.weight_ih_{suffix}"] = ParameterPlan((stacked, reads), bands)
        found[f"rnn.weight_hh_{suffix}"] = ParameterPlan((stacked, H), bands)
        if asked.model.bias:
            found[f"rnn.bias_ih_{suffix}"] = ParameterPlan((stacked,), bands)
            found[f"rnn.bias_hh_{suffix}"] = ParameterPlan((stacked,), bands)
    if asked.head is not None:
        found["head.weight"] = ParameterPlan((asked.head.out_features, D * H), {})
        found["head.bias"] = ParameterPlan((asked.head.out_features,), {})
    return found


def _tensors(asked: TraceRequest, N: int, T: int, F: int, H: int, all_rows: tuple[Row, ...]) -> dict[str, TensorPlan]:
    model = asked.model
    D = 2 if model.bidirectional else 1

    def laid_out(last: int, axis: str) -> TensorPlan:
        """As batch_first lays it out: (N, T, ·) or (T, N, ·)."""
        if model.batch_first:
            return TensorPlan((N, T, last), ("N", "T", axis))
        return TensorPlan((T, N, last), ("T", "N", axis))

    found: dict[str, TensorPlan] = {}
    if asked.embedding is not None:
        pair = laid_out(0, "")
        found["tokens"] = TensorPlan(pair.shape[:2], pair.axes[:2], "int64")
        found["embedding"] = laid_out(F, "F")
    found["input"] = laid_out(F, "F")
    states = ("h", "c") if model.cell == "lstm" else ("h",)
    for state in states:
        found[f"{state}_0"] = TensorPlan((len(all_rows), N, H), ("L·D", "N", "H"))
    found["output"] = laid_out(D * H, "D·H" if D == 2 else "H")
    for state in states:
        found[f"{state}_n"] = TensorPlan((len(all_rows), N, H), ("L·D", "N", "H"))
    for row in all_rows:
        for name in CELL_TENSORS[model.cell]:
            found[f"{row.suffix}.{name}"] = TensorPlan((N, T, H), ("N", "T", "H"))
    return found


def _stages(asked: TraceRequest, text: Encoded | None, all_rows: tuple[Row, ...], parameters: list[str]) -> list[Stage]:
    model = asked.model
    found: list[Stage] = []
    if text is not None:
        found.append(Stage("tokens", "tokenize", "", (), ("tokens",), (), Say("stage.tokenize")))
    if asked.embedding is not None:
        code = f"x = {embedding_code(asked.embedding)}(tokens)"
        says = Say("stage.embedding", {"width": asked.embedding.embedding_dim})
        found.append(
            Stage("embedding", "Embedding", code, ("tokens",), ("embedding", "input"), ("embedding.weight",), says)
        )
    states = ("h", "c") if model.cell == "lstm" else ("h",)
    says = Say(
        f"stage.{model.cell}" + ("_both" if model.bidirectional else ""),
        {"layers": model.num_layers, "hidden": model.hidden_size, "rows": len(all_rows)},
    )
    found.append(
        Stage(
            "rnn",
            f"{model.cell.upper()}",
            f"{rnn_code(model)}\n{rnn_call(asked)}",
            ("input", *(f"{state}_0" for state in states)),
            ("output", *(f"{state}_n" for state in states)),
            tuple(name for name in parameters if name.startswith("rnn.")),
            says,
        )
    )
    return found

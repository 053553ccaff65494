"""Every stage's axes and sizes, every parameter, the cost: all of a run but its numbers."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import prod

from app.corpora.tokens import Encoded
from app.recurrent.cost import Cost, Limits, check_limits, estimate
from app.recurrent.dropout import drops
from app.recurrent.errors import Refusal, Say
from app.recurrent.heads import head_stages
from app.recurrent.losses import loss_stages
from app.recurrent.positions import Positions, Row, place, rows
from app.recurrent.settle import Settled, settle
from app.recurrent.settle_decode import PLACE
from app.recurrent.settle_interventions import check_steps
from app.recurrent.source import clamp_notes, dropout_code, embedding_code, pack_code, rnn_call, rnn_code
from app.recurrent.spec import ModelSpec, TraceRequest
from app.recurrent.tensors import TensorPlan, tensor_plans

# The order in which PyTorch stacks the gates in weight_ih and weight_hh.
GATE_ORDER: dict[str, tuple[str, ...]] = {"lstm": ("i", "f", "g", "o"), "gru": ("r", "z", "n"), "rnn": ()}


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

    @cached_property
    def numbers(self) -> int:
        return prod(self.shape)


@dataclass(frozen=True)
class Plan:
    """A run before it runs.

    Sizes: N batch, T steps, F input_size, H hidden_size, P the width of h (proj_size, or H),
    L layers, D directions. `lengths` are the true ones where they are known; a packed run stops there.
    """

    settled: Settled
    request: TraceRequest
    N: int
    T: int
    F: int
    H: int
    P: int
    L: int
    D: int
    batched: bool
    rows: tuple[Row, ...]
    text: Encoded | None
    lengths: tuple[int, ...] | None
    encoder: "Plan | None"  # the net that runs first, and leaves h_0 and c_0
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

    @property
    def packed(self) -> tuple[int, ...] | None:
        """The lengths at which a packed run stops; None when every step is read."""
        return self.lengths if self.request.packed else None


def plan(request: TraceRequest, limits: Limits | None = None) -> Plan:
    """Settle `request` and lay out its run; raises Refusal, also when it passes `limits`."""
    return _laid_out(settle(request), limits)


def _laid_out(settled: Settled, limits: Limits | None) -> Plan:
    encoder = None if settled.encoder is None else _encoder(settled.encoder, limits)
    asked, model = settled.request, settled.request.model
    assert model.input_size is not None  # settle() filled it in
    N, T, F, H = settled.batch, settled.steps, model.input_size, model.hidden_size
    P = model.proj_size or H
    L, D = model.num_layers, 2 if model.bidirectional else 1
    if limits is not None:
        check_limits(asked, N, T, settled.text, limits)
        check_steps(asked, T, settled.lengths if asked.packed else None)
    all_rows = rows(L, D)
    parameters = _parameters(asked, F, H, P, all_rows)
    tensors = tensor_plans(settled, F, H, P, all_rows)
    head, head_tensors = head_stages(settled, D * P)
    tensors |= {name: TensorPlan(shape, axes, asked.dtype) for name, (shape, axes) in head_tensors.items()}
    stages = [*_stages(settled, all_rows), *(Stage(*row) for row in head)]
    if asked.input.decode is not None:
        tensors["decoded"] = tensors.pop("decoded")  # after the logits it is chosen from
        stages.append(_decoded(settled))
    loss, loss_tensors = loss_stages(settled, tensors)
    tensors |= loss_tensors
    stages += [Stage(*row) for row in loss]
    weights = sum(parameter.numbers for parameter in parameters.values())
    cost = estimate(asked, N, T, weights, len(parameters))
    if encoder is not None:
        cost = Cost(cost.bytes + encoder.cost.bytes, cost.multiply_adds + encoder.cost.multiply_adds)
    if limits is not None:
        limits.check_cost(cost)
    return Plan(
        settled=settled,
        request=asked,
        N=N,
        T=T,
        F=F,
        H=H,
        P=P,
        L=L,
        D=D,
        batched=settled.batched,
        rows=all_rows,
        text=settled.text,
        lengths=settled.lengths,
        encoder=encoder,
        stages=tuple(stages),
        tensors=tensors,
        parameters=parameters,
        parameter_count=weights,
        positions=place(model.cell, L, D, N, T, P, settled.lengths if asked.packed else None),
        cost=cost,
    )


def _encoder(settled: Settled, limits: Limits | None) -> Plan:
    """The encoder's plan; what passes a limit stands under state.encoder."""
    try:
        return _laid_out(settled, limits)
    except Refusal as refusal:
        refusal.field = f"{PLACE}{refusal.field}"
        raise


def _decoded(settled: Settled) -> Stage:
    """The word with the largest logit, which the next step reads."""
    N, T = settled.batch, settled.steps
    view = f".view({N}, {T})" if settled.request.model.batch_first else f".view({T}, {N})"
    code = f"decoded = logits.argmax(dim=-1){view if settled.batched else ''}"
    return Stage("decoded", "argmax", code, ("logits",), ("decoded",), (), Say("stage.decoded"))


def _rnn_names(model: ModelSpec) -> tuple[str, ...]:
    return _names_of_rows(model.num_layers, 2 if model.bidirectional else 1, model.bias, model.proj_size > 0)


@lru_cache(maxsize=64)
def _names_of_rows(L: int, D: int, bias: bool, projected: bool) -> tuple[str, ...]:
    kinds = ["weight_ih", "weight_hh", *(["bias_ih", "bias_hh"] if bias else []), *(["weight_hr"] if projected else [])]
    return tuple(f"rnn.{kind}_{row.suffix}" for row in rows(L, D) for kind in kinds)


def _parameters(asked: TraceRequest, F: int, H: int, P: int, all_rows: tuple[Row, ...]) -> dict[str, ParameterPlan]:
    cell, D = asked.model.cell, 2 if asked.model.bidirectional else 1
    found: dict[str, ParameterPlan] = {}
    if asked.embedding is not None:
        assert asked.embedding.num_embeddings and asked.embedding.embedding_dim  # filled in by settle()
        table = (asked.embedding.num_embeddings, asked.embedding.embedding_dim)
        found["embedding.weight"] = ParameterPlan(table, {})
    gates = GATE_ORDER[cell]
    stacked = max(len(gates), 1) * H
    bands = {gate: (k * H, (k + 1) * H) for k, gate in enumerate(gates)}

    def of_a_row(reads: int) -> list[ParameterPlan]:
        made = [ParameterPlan((stacked, reads), bands), ParameterPlan((stacked, P), bands)]
        made += [ParameterPlan((stacked,), bands)] * 2 if asked.model.bias else []
        return made + ([ParameterPlan((P, H), {})] if asked.model.proj_size else [])

    plans = of_a_row(F) * D + of_a_row(D * P) * (len(all_rows) - D)  # all layers above the first are alike
    found |= zip(_rnn_names(asked.model), plans, strict=True)
    if asked.head is not None:
        found["head.weight"] = ParameterPlan((asked.head.out_features, D * P), {})
        found["head.bias"] = ParameterPlan((asked.head.out_features,), {})
    return found


def _stages(settled: Settled, all_rows: tuple[Row, ...]) -> list[Stage]:
    asked, model = settled.request, settled.request.model
    found: list[Stage] = []
    if settled.text is not None:
        found.append(Stage("tokens", "tokenize", "", (), ("tokens",), (), Say("stage.tokenize")))
    if asked.input.decode is not None:
        found.append(_fed_back(settled))
    elif asked.embedding is not None:
        code = f"x = {embedding_code(asked.embedding)}(tokens)"
        says = Say("stage.embedding", {"width": asked.embedding.embedding_dim})
        outputs = ("embedding", "input")
        found.append(Stage("embedding", "Embedding", code, ("tokens",), outputs, ("embedding.weight",), says))
    if asked.packed:
        says = Say("stage.packed", {"steps": sum(settled.lengths or ())})
        code = pack_code(model)
        found.append(Stage("packed", "pack", code, ("input",), ("packed", "batch_sizes"), (), says))
    states = ("h", "c") if model.cell == "lstm" else ("h",)
    if settled.encoder is not None:
        names = tuple(f"{state}_0" for state in states)
        ends = tuple(f"encoder.{state}_n" for state in states)
        code = f"{', '.join(names)} = {', '.join(ends)}"
        found.append(Stage("encoder", "name", code, ends, names, (), Say("stage.encoder")))
    says = Say(
        f"stage.{model.cell}" + ("_both" if model.bidirectional else ""),
        {"layers": model.num_layers, "hidden": model.hidden_size, "rows": len(all_rows)},
    )
    found.append(
        Stage(
            "rnn",
            f"{model.cell.upper()}",
            "\n".join(
                [
                    f"{rnn_code(model)}{'.eval()' if model.dropout and asked.mode == 'eval' else ''}",
                    *clamp_notes(asked),
                    rnn_call(asked),
                ]
            ),
            ("packed" if asked.packed else "input", *(f"{state}_0" for state in states)),
            ("output", *(f"{state}_n" for state in states)),
            _rnn_names(model),
            says,
        )
    )
    return [*found, *_dropout_stages(asked, all_rows)]


def _dropout_stages(asked: TraceRequest, all_rows: tuple[Row, ...]) -> list[Stage]:
    """What happens inside the recurrent module between two layers, in train mode."""
    p, D = asked.model.dropout, 2 if asked.model.bidirectional else 1
    found = []
    for layer in range(asked.model.num_layers - 1 if drops(asked) else 0):
        says = Say("stage.dropout", {"layer": layer, "above": layer + 1, "p": f"{p:g}"})
        reads = tuple(f"{row.suffix}.h" for row in all_rows[layer * D : (layer + 1) * D])
        made = (f"dropout_l{layer}", f"dropped_l{layer}")
        found.append(Stage(f"dropout_l{layer}", "Dropout", dropout_code(layer, p), reads, made, (), says))
    return found


def _fed_back(settled: Settled) -> Stage:
    """How the words that were chosen become what the next steps read."""
    asked, decode = settled.request, settled.request.input.decode
    assert decode is not None and asked.embedding is not None
    embedding = embedding_code(asked.embedding)
    time = 1 if asked.model.batch_first and settled.batched else 0
    before = "decoded[:, :-1]" if time else "decoded[:-1]"
    if decode.first is not None:
        code = f"x = torch.cat([first.unsqueeze({time}), {embedding}({before})], dim={time})"
        return Stage(
            "input", "decode", code, ("first", "decoded"), ("input",), ("embedding.weight",), Say("stage.first")
        )
    sizes = "(1,)" if not settled.batched else f"({settled.batch}, 1)" if time else f"(1, {settled.batch})"
    code = f"x = {embedding}(torch.cat([torch.full({sizes}, {decode.start}), {before}], dim={time}))"
    says = Say("stage.fed_back", {"start": decode.start})
    return Stage("input", "decode", code, ("decoded",), ("input",), ("embedding.weight",), says)

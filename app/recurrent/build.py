"""Spec → torch modules and input tensors; a seed gives the very numbers `torch.manual_seed` would."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import sqrt
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn import init

from app.recurrent import settle_dataset as dataset
from app.recurrent.dropout import draw_masks
from app.recurrent.errors import Refusal, Say
from app.recurrent.nested import check_numbers, shape_of
from app.recurrent.settle_trained import trained_of
from app.recurrent.shapes import Plan
from app.recurrent.spec import DecodeInput


def _not_drawing(module: type[nn.Module]) -> Callable[..., Any]:
    """torch's own class, but for drawing first weights that hold() replaces at once: half its cost."""
    return type(module.__name__, (module,), {"reset_parameters": lambda self: None})


MODULES: dict[str, Callable[..., nn.RNNBase]] = {
    "lstm": _not_drawing(nn.LSTM),
    "gru": _not_drawing(nn.GRU),
    "rnn": _not_drawing(nn.RNN),
}
EMBEDDING: Callable[..., nn.Embedding] = _not_drawing(nn.Embedding)
LINEAR: Callable[..., nn.Linear] = _not_drawing(nn.Linear)


@dataclass(frozen=True)
class Modules:
    """The modules of one run, with their weights; in train mode the dropout masks of its one call."""

    embedding: nn.Embedding | None
    rnn: nn.RNNBase
    head: nn.Linear | None
    masks: tuple[Tensor, ...] = ()  # behind each layer but the last, (T, N, D·P)

    def named(self) -> dict[str, Tensor]:
        """Every parameter by the API's name, e.g. "rnn.weight_ih_l0"."""
        parts = {"embedding": self.embedding, "rnn": self.rnn, "head": self.head}
        return {
            f"{part}.{name}": parameter
            for part, module in parts.items()
            if module is not None
            for name, parameter in module.named_parameters()
        }


@dataclass(frozen=True)
class Feed:
    """What enters: token ids or values, laid out as batch_first says; the first states always with a batch."""

    tokens: Tensor | None  # (N, T) or (T, N), (T,) without a batch
    values: Tensor | None  # (N, T, F) or (T, N, F), (T, F) without a batch
    h_0: Tensor  # (L·D, N, P)
    c_0: Tensor | None  # (L·D, N, H), lstm only
    first: Tensor | None = None  # (N, F), (F,) without a batch: what the first step of a decoder reads
    decoded: Tensor | None = None  # laid out like tokens: the words that a decoder chose


def build(plan: Plan) -> Modules:
    """The modules of `plan`, from its seed or its given values.

    With a seed s the weights equal, bit for bit, those of plain code that calls
    `torch.manual_seed(s)` and then makes nn.Embedding, the recurrent module and nn.Linear, and so do
    the masks those of the call that follows. Given weights draw nothing: their masks are those of a
    call right after `torch.manual_seed(0)`.
    """
    modules = _empty(plan)
    given = plan.request.weights.values
    if given is not None:
        _fill(modules, plan, given)
        return _with_masks(modules, plan, Generator().manual_seed(0))
    trained = trained_of(plan.request.weights)
    if trained is not None:
        held = trained.load()
        for name, parameter in modules.named().items():
            parameter.copy_(held[name])
        return _with_masks(modules, plan, Generator().manual_seed(0))
    generator = Generator().manual_seed(plan.request.weights.seed or 0)
    if modules.embedding is not None:
        init.normal_(modules.embedding.weight, generator=generator)
        if modules.embedding.padding_idx is not None:
            modules.embedding.weight[modules.embedding.padding_idx].fill_(0)
    bound = 1 / sqrt(plan.H)  # to the last bit as torch has it
    for parameter in modules.rnn.parameters():
        init.uniform_(parameter, -bound, bound, generator=generator)
    if modules.head is not None:
        # kaiming with a = √5, as nn.Linear does it, is uniform within ±1/√fan_in
        init.kaiming_uniform_(modules.head.weight, a=sqrt(5), generator=generator)
        bound = 1 / sqrt(modules.head.in_features)
        init.uniform_(modules.head.bias, -bound, bound, generator=generator)
    return _with_masks(modules, plan, generator)


def _with_masks(modules: Modules, plan: Plan, generator: Generator) -> Modules:
    return replace(modules, masks=draw_masks(plan.request, plan.T, plan.N, plan.D * plan.P, plan.packed, generator))


def _empty(plan: Plan) -> Modules:
    """Modules without values yet, so that no number is drawn from torch's global generator."""
    asked = plan.request
    empty = {name: torch.empty(parameter.shape, dtype=_dtype(plan)) for name, parameter in plan.parameters.items()}

    def part(name: str) -> dict[str, Tensor]:
        return {key.removeprefix(f"{name}."): value for key, value in empty.items() if key.startswith(f"{name}.")}

    embedding = head = None
    if asked.embedding is not None:
        assert asked.embedding.num_embeddings and asked.embedding.embedding_dim  # filled in by settle()
        sizes = (asked.embedding.num_embeddings, asked.embedding.embedding_dim)
        embedding = EMBEDDING(*sizes, padding_idx=asked.embedding.padding_idx, device="meta")
        hold(embedding, part("embedding"))
    if asked.head is not None:
        head = LINEAR(plan.D * plan.P, asked.head.out_features, device="meta")
        hold(head, part("head"))
    return Modules(embedding, rnn_module(plan, part("rnn")), head)


def rnn_module(plan: Plan, weights: dict[str, Tensor], *, batch_first: bool | None = None) -> nn.RNNBase:
    """torch's own module of `plan`, holding `weights` without a copy."""
    model = plan.request.model
    options: dict[str, Any] = {}
    if model.cell == "rnn":
        options["nonlinearity"] = model.nonlinearity
    if model.cell == "lstm":
        options["proj_size"] = model.proj_size
    module = MODULES[model.cell](
        plan.F,
        plan.H,
        model.num_layers,
        bias=model.bias,
        batch_first=model.batch_first if batch_first is None else batch_first,
        bidirectional=model.bidirectional,
        device="meta",  # no memory; hold() puts the weights in
        **options,
    )
    hold(module, weights)
    return module


def hold(module: nn.Module, weights: dict[str, Tensor]) -> None:
    """Make `weights` the parameters of a module that was made without memory."""
    module.load_state_dict(weights, assign=True)
    module.requires_grad_(False)


def _fill(modules: Modules, plan: Plan, given: dict[str, list[Any]]) -> None:
    """Copy the given weights; every parameter must be there, in its own shape."""
    named = modules.named()
    for name in given:
        if name not in named:
            raise Refusal(
                "invalid-value",
                Say("problem.weight_unknown", {"names": ", ".join(named)}),
                field="weights.values",
                expected=", ".join(list(named)[:12]),
            )
    for name, parameter in named.items():
        field = f"weights.values.{name}"
        if name not in given:
            raise Refusal("invalid-value", Say("problem.weight_missing", {"name": name}), field=field)
        shape, expected = shape_of(given[name], field), plan.parameters[name].shape
        if shape != expected:
            raise Refusal(
                "shape-mismatch",
                Say("problem.weight_shape", {"name": name, "got": list(shape), "expected": list(expected)}),
                field=field,
                got=list(shape),
                expected=list(expected),
                torch=f"RuntimeError: size mismatch for {name.split('.', 1)[1]}: copying a param with shape "
                f"torch.Size({list(shape)}) from checkpoint, the shape in current model is "
                f"torch.Size({list(expected)}).",
            )
        check_numbers(given[name], shape, field)
        parameter.copy_(torch.tensor(given[name], dtype=_dtype(plan)))


Ends = tuple[Tensor, Tensor | None]  # h_n (L·D, N, P) and, of an LSTM, c_n (L·D, N, H)


def feed(plan: Plan, handed: Ends | None = None) -> Feed:
    """The input and first states of `plan`, checked before by `settle`; `handed` is what an encoder left."""
    asked = plan.request
    tokens = values = first = None
    if plan.text is not None:
        tokens = _laid_out(torch.tensor(plan.text.ids), plan)
    elif asked.input.tokens is not None:
        tokens = torch.tensor(asked.input.tokens)
    elif asked.input.values is not None:
        values = torch.tensor(asked.input.values, dtype=_dtype(plan))
    elif asked.input.dataset is not None:
        values = _laid_out(torch.tensor(dataset.values(asked.input), dtype=_dtype(plan)), plan)
    elif asked.input.random is not None:
        generator = Generator().manual_seed(asked.input.random.seed)
        if asked.embedding is not None:
            assert asked.embedding.num_embeddings is not None  # settle() filled it in
            drawn = torch.randint(asked.embedding.num_embeddings, (plan.N, plan.T), generator=generator)
            tokens = _laid_out(drawn, plan)
        else:
            # always drawn as (N, T, F): batch_first turns the cube and changes no number
            values = _laid_out(torch.randn(plan.N, plan.T, plan.F, generator=generator, dtype=_dtype(plan)), plan)
    elif asked.input.decode is not None:
        first = _first_vectors(plan, asked.input.decode)
    h_0, c_0 = handed or _first_states(plan)
    return _changed(plan, Feed(tokens, values, h_0, c_0 if asked.model.cell == "lstm" else None, first))


def _first_vectors(plan: Plan, decode: DecodeInput) -> Tensor | None:
    """What the first step reads where it is no token."""
    if decode.first is None:
        return None
    if isinstance(decode.first, list):
        return torch.tensor(decode.first, dtype=_dtype(plan))
    shape = (plan.N, plan.F) if plan.batched else (plan.F,)
    return torch.randn(shape, generator=Generator().manual_seed(decode.first.seed), dtype=_dtype(plan))


def _changed(plan: Plan, entering: Feed) -> Feed:
    """What enters after the interventions, in place; words were replaced in the text already."""
    tokens, values, h_0, c_0 = entering.tokens, entering.values, entering.h_0, entering.c_0

    def put(x: Tensor | None, sample: int, step: int, new: Any) -> None:
        assert x is not None  # settle_interventions() lets only what is there be changed
        where = (step,) if not plan.batched else (sample, step) if plan.request.model.batch_first else (step, sample)
        x[where] = torch.tensor(new, dtype=x.dtype)

    for each in plan.request.interventions or []:
        if each.token is not None and plan.text is None:
            put(tokens, each.token.sample, each.token.step, each.token.token)
        if each.input is not None:
            put(values, each.input.sample, each.input.step, each.input.values)
        if each.state is not None and each.state.h_0 is not None:
            h_0 = torch.tensor(each.state.h_0, dtype=h_0.dtype).view_as(h_0)
        if each.state is not None and each.state.c_0 is not None:
            assert c_0 is not None
            c_0 = torch.tensor(each.state.c_0, dtype=c_0.dtype).view_as(c_0)
    return replace(entering, h_0=h_0, c_0=c_0)


def _laid_out(batch_major: Tensor, plan: Plan) -> Tensor:
    return batch_major if plan.request.model.batch_first else batch_major.transpose(0, 1).contiguous()


def _first_states(plan: Plan) -> tuple[Tensor, Tensor | None]:
    """h_0 (L·D, N, P) and, for an LSTM, c_0 (L·D, N, H)."""
    rows, dtype = plan.L * plan.D, _dtype(plan)
    wants_c = plan.request.model.cell == "lstm"
    state = plan.request.state
    if state is not None and state.random is not None:
        generator = Generator().manual_seed(state.random.seed)
        h_0 = torch.randn(rows, plan.N, plan.P, generator=generator, dtype=dtype)
        return h_0, torch.randn(rows, plan.N, plan.H, generator=generator, dtype=dtype) if wants_c else None

    def given(values: list[Any] | None, width: int) -> Tensor:
        if values is None:
            return torch.zeros(rows, plan.N, width, dtype=dtype)
        return torch.tensor(values, dtype=dtype).view(rows, plan.N, width)

    h_0 = given(state.h_0 if state else None, plan.P)
    return h_0, given(state.c_0 if state else None, plan.H) if wants_c else None


def _dtype(plan: Plan) -> torch.dtype:
    return torch.float64 if plan.request.dtype == "float64" else torch.float32

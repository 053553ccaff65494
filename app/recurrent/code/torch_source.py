"""A plan as source code a person would write: PyTorch that reproduces the run, and the same in Keras."""

import re
from dataclasses import dataclass
from urllib.parse import urlencode

from app.recurrent import settle_dataset as dataset
from app.recurrent.code.clamp_source import clamped_rows
from app.recurrent.code.decoding import decoding
from app.recurrent.code.literals import literal
from app.recurrent.code.loss_source import target_lines
from app.recurrent.dropout import drops
from app.recurrent.errors import Refusal, Say
from app.recurrent.nested import check_numbers, shape_of
from app.recurrent.settle_trained import trained_of
from app.recurrent.shapes import Plan, Stage
from app.recurrent.source import embedding_code, rnn_code
from app.recurrent.spec import StateSpec

_LINEAR = re.compile(r"nn\.Linear\(\d+, \d+\)")


@dataclass(frozen=True)
class Parts:
    """The pieces that both sources begin with; each is a block of lines."""

    imports: list[str]
    modules: list[str]
    entering: list[str]


def pytorch(plan: Plan) -> str:
    """Source that makes the same modules from the same seed (or holds the given weights), feeds them
    the same input and computes every stage on a line of its own: the same numbers as the trace.

    Raises Refusal when given weights do not fit the modules.
    """
    target, run = target_lines(plan), _run(plan)
    parts = shared(plan, [*target, *run])
    shown = [name for name in ("output", "h_n", "c_n", "prediction", "loss") if name in plan.tensors]
    prints = [f'print("{name}", tuple({name}.shape))' for name in shown]
    says = f'"""{_title(plan)}, step by step in PyTorch."""'
    before = _before(plan)
    modules = ["# the decoder", *parts.modules] if before else parts.modules
    return joined([says], parts.imports, before, modules, [*parts.entering, *target], run, prints)


def _run(plan: Plan) -> list[str]:
    """Every stage on a line of its own."""
    stages = [stage for stage in plan.stages if not (plan.request.clamps and stage.name == "packed")]
    return [line for stage in stages for line in _stage(plan, stage)]


def _before(plan: Plan) -> list[str]:
    """The encoder's lines: they leave h_0 and c_0."""
    if plan.encoder is None:
        return []
    run = _run(plan.encoder)
    parts = shared(plan.encoder, run)
    states = ("h", "c") if plan.request.model.cell == "lstm" else ("h",)
    handed = f"{', '.join(f'{state}_0' for state in states)} = {', '.join(f'{state}_n' for state in states)}"
    lines = joined(parts.modules, parts.entering, [*run, f"{handed}  # all that the decoder gets"])
    return ["# the encoder", *lines.rstrip().split("\n")]


def joined(*blocks: list[str]) -> str:
    """The blocks with an empty line between them."""
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def shared(plan: Plan, after: list[str]) -> Parts:
    """Imports, modules with their weights, the input, the first states, and what the lines `after` them name."""
    check_weights(plan)
    entering = [*_first_states(plan), *_input(plan)]
    body = "\n".join(after)
    if plan.lengths is not None and re.search(r"\blengths\b", body):
        entering.append(f"lengths = torch.tensor({literal(list(plan.lengths), floats=False)})")
    if re.search(r"\* mask\b", body):
        turned = "[..., None]" if plan.request.model.batch_first else ".T[..., None]"
        entering.append(f"mask = (torch.arange({plan.T}) < lengths[:, None]){turned}  # the true steps")
    modules = _modules(plan)
    body += "\n".join([*entering, *_before(plan), *modules])
    imports = ["import torch", *(["import torch.nn.functional as F"] if "= F." in body else []), "from torch import nn"]
    helpers = ("pack_padded_sequence", "pad_packed_sequence", "pad_sequence")
    if used := [name for name in helpers if f"{name}(" in body]:
        imports.append(f"from torch.nn.utils.rnn import {', '.join(used)}")
    if "load_file(" in body:
        imports.append("from safetensors.torch import load_file")
    return Parts(imports, modules, entering)


def _title(plan: Plan) -> str:
    size = f"{_counted(plan.N, 'sequence')} of {_counted(plan.T, 'step')}"
    return f"nn.{plan.request.model.cell.upper()}({plan.F}, {plan.H}) on {size}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _modules(plan: Plan) -> list[str]:
    asked = plan.request
    given = asked.weights.values
    trained = trained_of(asked.weights)
    lines = [] if given else [f"torch.manual_seed({asked.weights.seed or 0})"]
    if trained is not None:
        key, part = trained.id or trained.name, asked.weights.prefix
        query = "" if part is None else f"?{urlencode({'prefix': part})}"
        lines = [f"weights = load_file({key + '.safetensors'!r})  # GET /api/v1/models/{key}/weights{query}"]
    if asked.dtype == "float64":
        lines.insert(0, "torch.set_default_dtype(torch.float64)")
    made = []
    if asked.embedding is not None:
        lines.append(f"embedding = {embedding_code(asked.embedding)}")
        made.append(("embedding", "embedding"))
    lines.append(rnn_code(asked.model))
    made.append((asked.model.cell, "rnn"))
    if asked.head is not None:
        lines.append(f"linear = nn.Linear({plan.D * plan.P}, {asked.head.out_features})")
        made.append(("linear", "head"))
    for variable, part in made if trained is not None else []:
        pick = f'{{name.removeprefix("{part}."): w for name, w in weights.items() if name.startswith("{part}.")}}'
        lines.append(f"{variable}.load_state_dict({pick})")
    for variable, part in made if given else []:
        held = {name: value for name, value in (given or {}).items() if name.split(".")[0] == part}
        lines += ["", f"{variable}.load_state_dict(", "    {"]
        for name, value in held.items():
            lines.append(f'        "{name.split(".", 1)[1]}": torch.tensor({literal(value, 8)}),')
        lines += ["    }", ")"]
    if asked.model.dropout > 0:
        lines.append(f"{asked.model.cell}.{asked.mode}()" + ("  # no dropout" if asked.mode == "eval" else ""))
    if (given or trained) and drops(asked):
        lines.append("torch.manual_seed(0)  # of the dropout masks")
    return lines


def check_weights(plan: Plan) -> None:
    """Refuse given weights that are not exactly the parameters of `plan`, without making a tensor."""
    given = plan.request.weights.values
    if given is None:
        return
    for name in given:
        if name not in plan.parameters:
            known = ", ".join(list(plan.parameters)[:12])
            raise Refusal(
                "invalid-value",
                Say("problem.weight_unknown", {"names": known}),
                field="weights.values",
                expected=known,
            )
    for name, parameter in plan.parameters.items():
        field = f"weights.values.{name}"
        if name not in given:
            raise Refusal("invalid-value", Say("problem.weight_missing", {"name": name}), field=field)
        shape = shape_of(given[name], field)
        if shape != parameter.shape:
            raise Refusal(
                "shape-mismatch",
                Say("problem.weight_shape", {"name": name, "got": list(shape), "expected": list(parameter.shape)}),
                field=field,
                got=list(shape),
                expected=list(parameter.shape),
            )
        check_numbers(given[name], shape, field)


def _input(plan: Plan) -> list[str]:
    """Lines that make `tokens`, or `x` where there is no embedding."""
    asked = plan.request
    if plan.text is not None:
        return _text(plan)  # a replaced word stands in its sentence already
    if asked.input.tokens is not None:
        return [f"tokens = torch.tensor({literal(asked.input.tokens, floats=False)})", *_changes(plan)]
    if asked.input.values is not None:
        return [f"x = torch.tensor({literal(asked.input.values)})", *_changes(plan)]
    if asked.input.decode is not None:
        return decoding(plan)
    if asked.input.dataset is not None:
        lines = [f"# {asked.input.days} days of weather from {asked.input.first_day}: cities × days × features"]
        lines.append(f"x = torch.tensor({literal([list(map(list, city)) for city in dataset.values(asked.input)])})")
        if not asked.model.batch_first:
            lines.append("x = x.transpose(0, 1)  # (T, N, F): time first, as batch_first=False reads it")
        return [*lines, *_changes(plan)]
    assert asked.input.random is not None  # settle() refuses what is none of these
    lines = [f"generator = torch.Generator().manual_seed({asked.input.random.seed})"]
    if asked.embedding is not None:
        drawn = f"torch.randint({asked.embedding.num_embeddings}, ({plan.N}, {plan.T}), generator=generator)"
        lines.append(f"tokens = {drawn}")
        name, axes = "tokens", "(T, N)"
    else:
        lines.append(f"x = torch.randn({plan.N}, {plan.T}, {plan.F}, generator=generator)")
        name, axes = "x", "(T, N, F)"
    if not asked.model.batch_first:
        lines.append(f"{name} = {name}.transpose(0, 1)  # {axes}: time first, as batch_first=False reads it")
    return [*lines, *_changes(plan)]


def _changes(plan: Plan) -> list[str]:
    """What is put in other places' stead by hand."""
    lines = []
    for each in plan.request.interventions or []:
        change = each.token or each.input
        if change is None:
            continue
        at = f"{change.sample}, {change.step}" if plan.request.model.batch_first else f"{change.step}, {change.sample}"
        at = at if plan.batched else str(change.step)
        if each.token is not None:
            lines.append(f"tokens[{at}] = {each.token.token}  # changed by hand")
        if each.input is not None:
            lines.append(f"x[{at}] = torch.tensor({literal(each.input.values)})  # changed by hand")
    return lines


def _text(plan: Plan) -> list[str]:
    """The ids of each sentence, the sentence beside it; shorter ones are filled up with 0."""
    assert plan.text is not None
    lines = ["sentences = ["]
    for row, numbered in zip(plan.text.rows, plan.text.ids, strict=True):
        said = repr(" ".join(row))  # repr: no control character gets into the source
        comment = said if len(said) <= 70 else f"{said[:69]}…"
        lines.append(f"    # {comment}")
        ids = literal(numbered[: len(row)], 4, floats=False)
        lines.append(f"    torch.tensor({ids}),")
    lines.append("]")
    first = ", batch_first=True" if plan.request.model.batch_first else ""
    lines.append(f"tokens = pad_sequence(sentences{first})  # the shorter ones are filled up with 0")
    return lines


def _first_states(plan: Plan) -> list[str]:
    asked, state = plan.request, plan.request.state or StateSpec()
    if not asked.has_state or plan.encoder is not None:
        return []
    widths = {"h_0": plan.P, "c_0": plan.H} if asked.model.cell == "lstm" else {"h_0": plan.P}
    sizes = {
        name: f"{plan.L * plan.D}, {plan.N}, {width}" if plan.batched else f"{plan.L * plan.D}, {width}"
        for name, width in widths.items()
    }
    changed = [
        f"{name} = torch.tensor({literal(value)})  # changed by hand"
        for each in asked.interventions or []
        if each.state is not None
        for name, value in (("h_0", each.state.h_0), ("c_0", each.state.c_0))
        if value is not None
    ]
    if state.random is not None:
        lines = [f"generator = torch.Generator().manual_seed({state.random.seed})"]
        lines += [f"{name} = torch.randn({size}, generator=generator)" for name, size in sizes.items()]
        return [*lines, *changed]
    given = {"h_0": state.h_0, "c_0": state.c_0}
    return [
        *[
            f"{name} = torch.zeros({size})"
            if given[name] is None
            else f"{name} = torch.tensor({literal(given[name] or [])})"
            for name, size in sizes.items()
        ],
        *changed,
    ]


def _stage(plan: Plan, stage: Stage) -> list[str]:
    """The lines of one stage, the shape of what it makes at the end."""
    if stage.name in ("tokens", "encoder") or stage.op in ("decode", "Dropout"):
        return []  # these stand in the source already, and the recurrent module drops by itself
    if stage.name == "embedding":
        lines = ["x = embedding(tokens)"]
    elif stage.name == "rnn" and plan.request.clamps:
        return clamped_rows(plan)
    elif stage.name == "rnn":
        lines = stage.code.split("\n")[1:]  # the first line makes the module
    elif stage.name == "target" and stage.op == "given":
        return []  # its own lines stand beside the input
    else:
        lines = _LINEAR.sub("linear", stage.code).split("\n")
    made = plan.tensors.get(stage.outputs[0])
    if made is not None and lines:
        inner = ", ".join(map(str, made.shape))
        lines[-1] += f"  # ({inner},)" if len(made.shape) == 1 else f"  # ({inner})"
    return lines

"""Source → the request it stands for: a constructor's line, a small class, a script; read, never run."""

from dataclasses import dataclass
from typing import Any

from app.recurrent.code.flow import Flow
from app.recurrent.code.parse import parse
from app.recurrent.code.read_keras import keras_request
from app.recurrent.code.record import Record, Skipped
from app.recurrent.code.sizes import Assumed, Sizes
from app.recurrent.code.values import LOSSES, TORCH, Holds, Module
from app.recurrent.errors import Refusal, Say
from app.recurrent.shapes import plan
from app.recurrent.source import rnn_code
from app.recurrent.spec import TraceRequest

BATCH, STEPS = 2, 5  # where the source feeds nothing


@dataclass(frozen=True)
class Reading:
    """What was read.

    request     runs as it stands; every default filled in
    code        the constructor's line it comes to
    unread      what stands in the source and is not in the request, each with its reason
    assumed     what does not stand in the source and the request needs
    """

    request: TraceRequest
    code: str
    framework: str
    unread: list[Skipped]
    assumed: list[Assumed]


def read(source: str) -> Reading:
    """Read `source`; raises Refusal when it is no Python, too long or deep, or makes no recurrent module,
    and pydantic's ValidationError when its sizes are none."""
    flow = Flow(source, parse(source))
    record, sizes = flow.record, Sizes()
    if record.main is not None:
        framework, asked = "pytorch", _torch_request(record, record.main, sizes)
    elif record.recurrent:
        framework, asked = "keras", keras_request(record, sizes)
    else:
        raise Refusal("invalid-value", Say("problem.code_no_rnn"), field="source", expected="nn.LSTM(10, 20)")
    request = _settled(asked, record, sizes)
    unread = sorted(record.skipped, key=lambda each: each.line)
    return Reading(request, rnn_code(request.model), framework, unread, sizes.assumed)


def _settled(asked: dict[str, Any], record: Record, sizes: Sizes) -> TraceRequest:
    """The request that runs: a target that does not fit the answers is drawn instead."""
    try:
        return plan(TraceRequest.model_validate(asked)).request
    except Refusal as refusal:
        if not (refusal.field or "").startswith("loss.target"):
            raise
        record.skip_argument("target", None, None, "target")
        asked["loss"] = asked["loss"] | {"target": {"random": {"seed": 0}}}
        return plan(TraceRequest.model_validate(asked)).request


def _torch_request(record: Record, main: Module, sizes: Sizes) -> dict[str, Any]:
    given = main.arguments
    for name in given.keys() - set(TORCH[main.name]) - {"device", "dtype"}:
        record.skip_argument("argument", main, name)
    embedding = record.embedding or next(
        (each for each in record.modules if each.name == "Embedding" and not each.keras), None
    )
    table = _embedding(embedding, given, sizes) if embedding is not None else None
    model: dict[str, Any] = {"cell": main.name.lower()}
    width = table["embedding_dim"] if table else None
    model["input_size"] = sizes.size("input_size", given.get("input_size"), width or _width(record.entering))
    model["hidden_size"] = sizes.size("hidden_size", given.get("hidden_size"))
    for name in TORCH[main.name][2:]:
        if name in given:
            model[name] = sizes.option(name, given[name])
    asked: dict[str, Any] = {"model": model, "mode": record.mode, "dtype": record.dtype}
    if table is not None:
        asked["embedding"] = table
    asked |= _entering(record, model, table is not None, sizes)
    if (state := _state(record.state)) is not None:
        asked["state"] = state
    head = _head(record, model, sizes)
    if head is not None:
        asked["head"] = head
    loss = _loss(record, head, sizes)
    if loss is not None:
        asked["loss"] = loss
    asked["weights"] = _weights(record, embedding, main)
    return asked


def _embedding(module: Module, rnn: dict[str, Any], sizes: Sizes) -> dict[str, Any]:
    given = module.arguments
    width = rnn.get("input_size")
    found = {
        "num_embeddings": sizes.size("num_embeddings", given.get("num_embeddings")),
        "embedding_dim": sizes.size("embedding_dim", given.get("embedding_dim"), width if type(width) is int else None),
    }
    if type(given.get("padding_idx")) is int:
        found["padding_idx"] = given["padding_idx"]
    return found


def _width(entering: Holds | None) -> int | None:
    """F, where the source feeds numbers of its own."""
    shape = entering.shape if entering else None
    return shape[-1] if shape and len(shape) > 1 else None


def _entering(record: Record, model: dict[str, Any], tokens: bool, sizes: Sizes) -> dict[str, Any]:
    """The input, and lengths where it is packed or averaged over its true steps."""
    held, found = record.entering, dict[str, Any]()
    first = model.get("batch_first") is True
    if held is not None and held.kind == "data" and held.data is not None and not held.turned:
        found["input"] = {"tokens": held.data} if tokens else {"values": held.data}
    else:
        found["input"] = {"random": _random(record, held, first, tokens, model, sizes)}
    lengths = record.lengths or (held.lengths if held else None)
    if lengths is not None:
        found["lengths"] = list(lengths)
    if held is not None and held.packed:
        if lengths is not None:
            found["packed"] = True
        else:
            sizes.assume("packed", False, "code.assumed.packed")
    return found


def _random(
    record: Record, held: Holds | None, first: bool, tokens: bool, model: dict[str, Any], sizes: Sizes
) -> dict[str, Any]:
    """Numbers of the size that the source feeds; its own ones where it draws them as a trace does."""
    shape = held.shape if held else None
    if held is None or shape is None or len(shape) not in ((1, 2) if tokens else (2, 3)):
        sizes.assume("input", f"{BATCH} × {STEPS}", "code.assumed.input")
        return {"batch": BATCH, "seq_len": STEPS}
    if not tokens and shape[-1] != model["input_size"]:
        record.skip_argument("width", record.main, None, f"{shape[-1]}")
    if len(shape) == (1 if tokens else 2):
        sizes.assume("input.random.batch", 1, "code.assumed.unbatched")
        return {"batch": 1, "seq_len": shape[0]}
    batch, steps = shape[:2] if first else (shape[1], shape[0])
    found = {"batch": batch, "seq_len": steps}
    # a trace draws (N, T, ·) and turns it where time leads
    if held.seed is not None and held.turned != first:
        found["seed"] = held.seed
    elif held.kind != "zeros":
        sizes.assume("input.random.seed", 0, "code.assumed.numbers")
    return found


def _state(given: Any) -> dict[str, Any] | None:
    """First states that the source makes: drawn, or as numbers; zeros are what a trace starts from anyway."""
    states = list(given) if isinstance(given, tuple | list) else [given]
    held = [each for each in states if isinstance(each, Holds)]
    if any(each.kind == "noise" for each in held):
        return {"random": {"seed": next((each.seed for each in held if each.seed is not None), 0)}}
    found = {name: each.data for name, each in zip(("h_0", "c_0"), held, strict=False) if each.kind == "data"}
    return {name: data for name, data in found.items() if data is not None} or None


def _head(record: Record, model: dict[str, Any], sizes: Sizes) -> dict[str, Any] | None:
    module, reads = record.head, record.reads
    if module is None:
        waiting = [m for m in record.modules if m.name == "Linear" and id(m) not in record.applied]
        if not waiting or record.applied & {id(m) for m in record.modules if m.name == "Linear"}:
            return None
        module, reads = waiting[0], "h_n"
        sizes.assume("head.reads", "h_n", "code.assumed.reads")
    width = (model.get("proj_size") or model["hidden_size"]) * (2 if model.get("bidirectional") else 1)
    got = module.arguments.get("in_features")
    if type(got) is int and got != width:
        record.skip_argument("in_features", module, "in_features")
    if module.arguments.get("bias") is False:
        record.skip_argument("argument", module, "bias")
    out = sizes.size("out_features", module.arguments.get("out_features"))
    return {"reads": reads, "out_features": out, "activation": record.activation}


def _loss(record: Record, head: dict[str, Any] | None, sizes: Sizes) -> dict[str, Any] | None:
    """The loss that is called, else the one that is made; its target where the source holds it."""
    made = next((each for each in record.modules if each.name in LOSSES and not each.keras), None)
    kind = record.loss or (LOSSES[made.name] if made is not None else None)
    if kind is None:
        return None
    for name, value in made.arguments.items() if made is not None else ():
        if (name, value) not in (("reduction", "mean"), ("ignore_index", -100)):
            record.skip_argument("argument", made, name)
    if head is None or (kind == "bce" and head["activation"] not in ("sigmoid", "softmax")):
        record.skip_argument("loss", made, None, kind)
        return None
    target = record.target if isinstance(record.target, Holds) else Holds("other")
    if target.data is not None:
        return {"kind": kind, "target": target.data}
    if target.seed is None:
        sizes.assume("loss.target", "random", "code.assumed.target")
    return {"kind": kind, "target": {"random": {"seed": target.seed or 0}}}


def _weights(record: Record, embedding: Module | None, main: Module) -> dict[str, Any]:
    """Weights the source gives as numbers, else its seed."""
    parts = {"embedding": embedding, "rnn": main, "head": record.head}
    made = {part: module for part, module in parts.items() if module is not None}
    if all(id(module) in record.held for module in made.values()):
        values = {
            f"{part}.{name}": value for part, module in made.items() for name, value in record.held[id(module)].items()
        }
        if all(value is not None for value in values.values()):
            return {"values": values}
    for module in made.values():
        if id(module) in record.held:
            record.skip_argument("weights", module, None, f"{module.name}.load_state_dict")
    return {"seed": record.seed if record.seed is not None and 0 <= record.seed < 2**53 else 0}

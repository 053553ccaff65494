"""The layers of a Keras source → the request whose run gives the same numbers."""

from typing import Any

from app.recurrent.code.record import RECURRENT, Record
from app.recurrent.code.sizes import Sizes
from app.recurrent.code.values import ACTIVATIONS, Module, Unknown

CELLS = {"LSTM": "lstm", "GRU": "gru", "SimpleRNN": "rnn"}
# arguments that change no number of a forward pass
SILENT = {
    "units", "activation", "recurrent_activation", "use_bias", "return_sequences", "return_state", "input_shape",
    "batch_input_shape", "unroll", "name", "input_length", "input_dim", "output_dim", "layer", "shape", "dtype",
    "zero_output_for_mask", "unit_forget_bias", "embeddings_initializer", "kernel_initializer", "bias_initializer",
    "recurrent_initializer", "batch_size", "batch_shape", "use_cudnn",
}  # fmt: skip
DEFAULTS = {
    "reset_after": True,
    "go_backwards": False,
    "stateful": False,
    "mask_zero": False,
    "merge_mode": "concat",
    "dropout": 0,
    "recurrent_dropout": 0,
}


def keras_request(record: Record, sizes: Sizes) -> dict[str, Any]:
    """Recurrent layers of one kind and size on one another are one request with that many layers."""
    layers = [each for each in record.modules if each.keras]
    stacked = _stack(record, layers)
    first, cell = stacked[0], _inner(stacked[0])
    for layer in layers:
        _arguments(record, layer)
        if _inner(layer) is not layer:
            _arguments(record, _inner(layer))
    table = next((each for each in layers if each.name == "Embedding"), None)
    steps, width = _shape(layers, cell)
    model: dict[str, Any] = {
        "cell": CELLS[cell.name],
        "hidden_size": sizes.size("hidden_size", cell.arguments.get("units")),
        "num_layers": len(stacked),
        "batch_first": True,
        "bidirectional": first.name == "Bidirectional",
        "bias": cell.arguments.get("use_bias") is not False,
    }
    if cell.name == "SimpleRNN" and _activation(cell.arguments.get("activation")) == "relu":
        model["nonlinearity"] = "relu"
    asked: dict[str, Any] = {"model": model}
    if table is not None:
        asked["embedding"] = {
            "num_embeddings": sizes.size("num_embeddings", table.arguments.get("input_dim")),
            "embedding_dim": sizes.size("embedding_dim", table.arguments.get("output_dim")),
        }
        length = table.arguments.get("input_length", steps)
        steps = length if type(length) is int else steps
    else:
        model["input_size"] = width if width is not None else sizes.size("input_size", None)
    sizes.assume("input", f"2 × {steps or 5}", "code.assumed.input")
    asked["input"] = {"random": {"batch": 2, "seq_len": steps or 5}}
    head = _head(record, layers[layers.index(stacked[-1]) + 1 :], stacked[-1], sizes)
    if head is not None:
        asked["head"] = head
    return asked


def _inner(layer: Module) -> Module:
    """The layer inside Bidirectional or TimeDistributed, or the layer itself."""
    inner = layer.arguments.get("layer")
    return inner if isinstance(inner, Module) else layer


def _stack(record: Record, layers: list[Module]) -> list[Module]:
    """The recurrent layers that are alike, in order; the others are named."""
    recurrent = [each for each in layers if _inner(each).name in RECURRENT]
    stacked = recurrent[:1]
    for each in recurrent[1:]:
        if _kind(each) == _kind(stacked[0]) and len(stacked) < 1000:
            if _inner(stacked[-1]).arguments.get("return_sequences") is not True:
                record.skip_argument("sequences", stacked[-1], None)
            stacked.append(each)
        else:
            record.skip_argument("second", each, None)
    return stacked


def _kind(layer: Module) -> tuple[Any, ...]:
    inner = _inner(layer)
    names = ("units", "activation", "use_bias")
    return (layer.name, inner.name, *(repr(inner.arguments.get(name)) for name in names))


def _arguments(record: Record, layer: Module) -> None:
    """Name each argument that would change the numbers and that no request holds."""
    for name, value in layer.arguments.items():
        if name in DEFAULTS:
            if value != DEFAULTS[name]:
                record.skip_argument(name if name in ("reset_after", "mask_zero") else "argument", layer, name)
        elif name not in SILENT:
            record.skip_argument("argument", layer, name)
    usual = {"SimpleRNN": ("tanh", "relu"), "LSTM": ("tanh",), "GRU": ("tanh",)}.get(layer.name)
    if usual and "activation" in layer.arguments and _activation(layer.arguments["activation"]) not in usual:
        record.skip_argument("argument", layer, "activation")
    if layer.arguments.get("recurrent_activation", "sigmoid") != "sigmoid":
        record.skip_argument("argument", layer, "recurrent_activation")


def _shape(layers: list[Module], cell: Module) -> tuple[int | None, int | None]:
    """Steps and width, where Input(shape=(T, F)) or input_shape=(T, F) says them."""
    held = [layer.arguments.get(name) for layer in (*layers, cell) for name in ("shape", "input_shape")]
    shape = next((each for each in held if isinstance(each, tuple | list)), ())
    numbers = [each if type(each) is int else None for each in shape]
    return (numbers[0] if numbers else None), (numbers[1] if len(numbers) > 1 else None)


def _activation(value: Any) -> str | None:
    """The activation by its name, "linear" and None being none."""
    if isinstance(value, Unknown):
        value = value.text.rpartition(".")[2]
    if isinstance(value, str):
        return ACTIVATIONS.get(value)
    return None


def _head(record: Record, after: list[Module], last: Module, sizes: Sizes) -> dict[str, Any] | None:
    """The first dense layer after the recurrent ones, and the activation after it."""
    dense = [each for each in after if _inner(each).name == "Dense"]
    for each in dense[1:]:
        record.skip_argument("linear", each, None)
    if not dense:
        return None
    given = _inner(dense[0]).arguments
    if (
        "activation" in given
        and _activation(given["activation"]) is None
        and given["activation"] not in (None, "linear")
    ):
        record.skip_argument("argument", dense[0], "activation")
    activation = _activation(given.get("activation"))
    for each in after[after.index(dense[0]) + 1 :]:
        if each.name == "Activation" and activation is None:
            activation = _activation(each.arguments.get("activation"))
    every = _inner(last).arguments.get("return_sequences") is True
    out = sizes.size("out_features", given.get("units"))
    return {"reads": "every_step" if every else "h_n", "out_features": out, "activation": activation}

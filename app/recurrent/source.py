"""The lines of PyTorch a request stands for, as a person would type them."""

from app.recurrent.spec import EmbeddingSpec, ModelSpec, TraceRequest

SHOWN = 8  # places of a clamp that a comment names


def rnn_code(model: ModelSpec) -> str:
    """The constructor call, defaults left out: `lstm = nn.LSTM(8, 6, batch_first=True)`."""
    arguments = [str(model.input_size), str(model.hidden_size)]
    defaults = ModelSpec(hidden_size=1)
    for name in ("num_layers", "nonlinearity", "bias", "batch_first", "dropout", "bidirectional", "proj_size"):
        value = getattr(model, name)
        if value != getattr(defaults, name) and (name != "nonlinearity" or model.cell == "rnn"):
            arguments.append(f"{name}={value!r}")
    return f"{model.cell} = nn.{model.cell.upper()}({', '.join(arguments)})"


def rnn_call(asked: TraceRequest) -> str:
    """The call and what comes back, with the states when they are given."""
    model = asked.model
    state = ""
    if asked.has_state:
        state = ", (h_0, c_0)" if model.cell == "lstm" else ", h_0"
    ends = "(h_n, c_n)" if model.cell == "lstm" else "h_n"
    if not asked.packed:
        return f"output, {ends} = {model.cell}(x{state})"
    first = ", batch_first=True" if model.batch_first else ""
    steps = f"x.size({1 if model.batch_first else 0})"
    return (
        f"output, {ends} = {model.cell}(packed{state})\n"
        f"output, lengths = pad_packed_sequence(output{first}, total_length={steps})"
    )


def dropout_code(layer: int, p: float) -> str:
    """`dropped_l0 = torch.dropout(output_l0, 0.5, train=True)`: what the recurrent module calls between its layers."""
    return f"dropped_l{layer} = torch.dropout(output_l{layer}, {p!r}, train=True)"


def clamp_notes(asked: TraceRequest) -> list[str]:
    """A comment for each clamp: `# l0: f = 1 at steps 3 … 5, one step at a time`."""
    notes = []
    for clamp in asked.clamps:
        until = "the end" if clamp.to is None else str(clamp.to - 1)
        some = "".join(
            f", {name} {', '.join(map(str, places[:SHOWN]))}{', …' if len(places) > SHOWN else ''}"
            for name, places in (("samples", clamp.samples), ("units", clamp.units))
            if places is not None
        )
        notes.append(f"# {clamp.row}: {clamp.quantity} = {clamp.value:g} at steps {clamp.from_} … {until}{some}")
    return notes


def pack_code(model: ModelSpec) -> str:
    """`packed = pack_padded_sequence(x, lengths, …)`; the order of the samples is undone by itself."""
    first = ", batch_first=True" if model.batch_first else ""
    return f"packed = pack_padded_sequence(x, lengths{first}, enforce_sorted=False)"


def embedding_code(embedding: EmbeddingSpec) -> str:
    """`nn.Embedding(9, 8, padding_idx=0)`."""
    pad = "" if embedding.padding_idx is None else f", padding_idx={embedding.padding_idx}"
    return f"nn.Embedding({embedding.num_embeddings}, {embedding.embedding_dim}{pad})"

"""A request with every default filled in, every rank and size checked, before torch sees it."""

from dataclasses import dataclass

from app.corpora.tokens import Encoded, encode
from app.recurrent.errors import Refusal, Say
from app.recurrent.nested import check_numbers, shape_of
from app.recurrent.spec import EmbeddingSpec, StateSpec, TraceRequest

ONE_LETTER = {"lstm": "LSTM", "gru": "GRU", "rnn": "RNN"}


@dataclass(frozen=True)
class Settled:
    """The request as it will run, and the sizes that follow from it."""

    request: TraceRequest
    batch: int  # N
    steps: int  # T
    text: Encoded | None


def settle(request: TraceRequest) -> Settled:
    """Fill in and check `request`; raises Refusal with the place, both numbers and torch's text."""
    _refuse_what_is_not_traced_yet(request)
    model = request.model
    if model.proj_size and model.cell != "lstm":
        raise Refusal(
            "invalid-value",
            Say("problem.proj_lstm_only"),
            field="model.proj_size",
            got=model.proj_size,
            expected=0,
            torch="ValueError: proj_size argument is only supported for LSTM, not RNN or GRU",
        )
    text = _encoded(request)
    embedding = _embedding(request, text)
    width = embedding.embedding_dim if embedding else None
    if width is not None and model.input_size not in (None, width):
        raise _width_refusal("embedding.embedding_dim", got=width, expected=model.input_size)
    batch, steps, features = _input_sizes(request, text)
    input_size = model.input_size or width or features
    if input_size is None:
        raise Refusal("invalid-value", Say("problem.input_size_missing"), field="model.input_size")
    if features is not None and features != input_size:
        raise _width_refusal("input.values[0][0]", got=features, expected=input_size)
    settled = request.model_copy(
        update={
            "model": model.model_copy(update={"input_size": input_size}),
            "embedding": embedding,
        }
    )
    _check_token_ids(settled, text)
    _check_state(settled, batch)
    return Settled(settled, batch, steps, text)


def _refuse_what_is_not_traced_yet(request: TraceRequest) -> None:
    """The contract knows more than this version runs; say which part, never ignore it."""
    model = request.model
    later = {
        "model.proj_size": model.proj_size > 0 and model.cell == "lstm",
        "model.dropout": model.dropout > 0 and request.mode == "train" and model.num_layers > 1,
        "loss": request.loss is not None,
        "lengths": request.lengths is not None,
        "packed": request.packed,
        "head.reads": request.head is not None and request.head.reads == "mean",
        "input.dataset": request.input.dataset is not None,
        "weights.bundled": request.weights.bundled is not None,
        "weights.upload": request.weights.upload is not None,
    }
    for field, asked in later.items():
        if asked:
            raise Refusal("not-yet", Say("problem.not_yet", {"field": field}), field=field)


def _width_refusal(field: str, *, got: int, expected: int | None) -> Refusal:
    return Refusal(
        "shape-mismatch",
        Say("problem.input_width", {"got": got, "expected": expected}),
        field=field,
        got=got,
        expected=expected,
        torch=f"RuntimeError: input.size(-1) must be equal to input_size. Expected {expected}, got {got}",
    )


def _encoded(request: TraceRequest) -> Encoded | None:
    if request.input.text is None:
        return None
    if not request.input.text:
        raise Refusal("invalid-value", Say("problem.no_sentences"), field="input.text", got=0, expected="≥ 1")
    text = encode(request.input.text)
    for k, length in enumerate(text.lengths):
        if length == 0:
            raise Refusal(
                "invalid-value",
                Say("problem.empty_sentence", {"number": k + 1}),
                field=f"input.text[{k}]",
                got=0,
                expected="≥ 1",
                torch="RuntimeError: Expected sequence length to be larger than 0 in RNN",
            )
    return text


def _embedding(request: TraceRequest, text: Encoded | None) -> EmbeddingSpec | None:
    """The embedding with its sizes; text brings one along when none is given."""
    asked = request.embedding
    needs = text is not None or request.input.tokens is not None
    if asked is None:
        if text is None:
            if needs:
                raise Refusal("invalid-value", Say("problem.tokens_need_embedding"), field="embedding")
            return None
        asked = EmbeddingSpec(padding_idx=0)
    elif request.input.values is not None:
        raise Refusal("invalid-value", Say("problem.values_with_embedding"), field="embedding")
    count = asked.num_embeddings or (len(text.vocabulary) if text else None)
    if count is None:
        raise Refusal("invalid-value", Say("problem.num_embeddings_missing"), field="embedding.num_embeddings")
    width = asked.embedding_dim or request.model.input_size
    if width is None:
        raise Refusal("invalid-value", Say("problem.input_size_missing"), field="model.input_size")
    pad = asked.padding_idx
    if pad is not None and not -count <= pad < count:
        raise Refusal(
            "invalid-value",
            Say("problem.padding_idx", {"got": pad, "expected": count}),
            field="embedding.padding_idx",
            got=pad,
            expected=f"-{count} … {count - 1}",
            torch="AssertionError: Padding_idx must be within num_embeddings",
        )
    return EmbeddingSpec(num_embeddings=count, embedding_dim=width, padding_idx=pad)


def _input_sizes(request: TraceRequest, text: Encoded | None) -> tuple[int, int, int | None]:
    """N, T and, where the input itself says so, F."""
    if text is not None:
        return len(text.rows), max(text.lengths), None
    if request.input.random is not None:
        return request.input.random.batch, request.input.random.seq_len, None
    tokens, values = request.input.tokens, request.input.values
    field = "input.tokens" if tokens is not None else "input.values"
    given = tokens if tokens is not None else values
    assert given is not None  # InputSpec holds exactly one, and the others are handled above
    shape = shape_of(given, field)
    wanted = 2 if tokens is not None else 3
    if len(shape) != wanted:
        if len(shape) == wanted - 1:
            raise Refusal("not-yet", Say("problem.unbatched"), field=field, got=len(shape), expected=wanted)
        name = ONE_LETTER[request.model.cell]
        raise Refusal(
            "shape-mismatch",
            Say("problem.rank", {"got": len(shape), "expected": wanted}),
            field=field,
            got=len(shape),
            expected=wanted,
            torch=f"ValueError: {name}: Expected input to be 2D or 3D, got {len(shape)}D instead"
            if tokens is None
            else None,
        )
    check_numbers(given, shape, field, integers=tokens is not None)
    batch, steps = shape[:2] if request.model.batch_first else (shape[1], shape[0])
    return batch, steps, shape[2] if tokens is None else None


def _check_token_ids(request: TraceRequest, text: Encoded | None) -> None:
    """Every id must have its row in the embedding table."""
    if request.embedding is None or request.embedding.num_embeddings is None:
        return
    count = request.embedding.num_embeddings
    if text is not None:
        known = len(text.vocabulary)
        if known > count:
            raise _index_refusal("embedding.num_embeddings", got=count, expected=known)
        return
    for i, row in enumerate(request.input.tokens or []):
        for j, token in enumerate(row):
            if not 0 <= token < count:
                raise _index_refusal(f"input.tokens[{i}][{j}]", got=token, expected=f"0 … {count - 1}")


def _index_refusal(field: str, *, got: int, expected: int | str) -> Refusal:
    return Refusal(
        "invalid-value",
        Say("problem.token_range", {"got": got, "expected": expected}),
        field=field,
        got=got,
        expected=expected,
        torch="IndexError: index out of range in self",
    )


def _check_state(request: TraceRequest, batch: int) -> None:
    """h_0 and c_0 are (L·D, N, H), whatever batch_first says."""
    state: StateSpec | None = request.state
    if state is None:
        return
    model = request.model
    rows = model.num_layers * (2 if model.bidirectional else 1)
    expected = (rows, batch, model.hidden_size)
    if state.c_0 is not None and model.cell != "lstm":
        raise Refusal("invalid-value", Say("problem.c0_lstm_only"), field="state.c_0")
    if state.random is not None and (state.h_0 is not None or state.c_0 is not None):
        raise Refusal("invalid-value", Say("problem.state_twice"), field="state")
    for number, (name, given) in enumerate((("h_0", state.h_0), ("c_0", state.c_0))):
        if given is None:
            continue
        field = f"state.{name}"
        shape = shape_of(given, field)
        check_numbers(given, shape, field)
        if shape == expected:
            continue
        printed = f"[{', '.join(map(str, shape))}]"
        # A GRU or RNN has one state, so torch's text names no slot.
        slot = f"[{number}]" if model.cell == "lstm" else ""
        raise Refusal(
            "shape-mismatch",
            Say("problem.state_shape", {"name": name, "got": list(shape), "expected": list(expected)}),
            field=field,
            got=list(shape),
            expected=list(expected),
            torch=f"RuntimeError: Expected hidden{slot} size ({', '.join(map(str, expected))}), got {printed}"
            if len(shape) == 3
            else "RuntimeError: For batched 3-D input, hx and cx should also be 3-D but got "
            f"({len(shape)}-D, {len(shape)}-D) tensors"
            if model.cell == "lstm"
            else f"RuntimeError: For batched 3-D input, hx should also be 3-D but got {len(shape)}-D tensor",
        )

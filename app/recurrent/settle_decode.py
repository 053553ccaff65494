"""Decoding and encoders, settled: a loop that can run, and first states of the size the decoder takes."""

from app.recurrent.errors import Refusal, Say
from app.recurrent.nested import check_numbers, shape_of
from app.recurrent.settle_states import state_refusal
from app.recurrent.spec import DecodeInput, EmbeddingSpec, GivenState, StateSpec, TraceRequest

PLACE = "state.encoder."  # where the fields of the encoder's request stand


def encoder_request(request: TraceRequest) -> TraceRequest | None:
    """The encoder as a request of its own, in the same number type; None when there is no encoder."""
    encoder = request.state.encoder if request.state is not None else None
    if encoder is None:
        return None
    if encoder.input.decode is not None:
        raise Refusal("invalid-value", Say("problem.encoder_decodes"), field=f"{PLACE}input.decode")
    # what was checked field by field is not checked again
    asked = {name: getattr(encoder, name) for name in type(encoder).model_fields}
    if encoder.state is not None:
        asked["state"] = StateSpec.model_construct(**dict(encoder.state), encoder=None)
    return TraceRequest.model_construct(**asked, head=None, loss=None, mode=request.mode, dtype=request.dtype)


def check_encoder(
    request: TraceRequest, encoder: TraceRequest, ours: tuple[int, bool], theirs: tuple[int, bool]
) -> None:
    """Whether what `encoder` leaves fits: (L·D, N, P) for h, (L·D, N, H) for c; without a batch there is no N.

    `ours` and `theirs`: the batch of this net and of the encoder, and whether there is one.
    """
    state, model, before = request.state, request.model, encoder.model
    assert state is not None
    if state.random is not None or state.h_0 is not None or state.c_0 is not None:
        raise Refusal("invalid-value", Say("problem.encoder_alone"), field="state")
    if model.cell == "lstm" and before.cell != "lstm":
        raise Refusal(
            "invalid-value",
            Say("problem.encoder_cell", {"got": before.cell}),
            field=f"{PLACE}model.cell",
            got=before.cell,
            expected="lstm",
        )
    for slot in range(2 if model.cell == "lstm" else 1):
        got, expected = _state_size(encoder, theirs, slot), _state_size(request, ours, slot)
        if got != expected:
            raise state_refusal(model.cell, slot, got, expected, f"{PLACE}model", "problem.encoder_size")


def _state_size(request: TraceRequest, batch: tuple[int, bool], slot: int) -> tuple[int, ...]:
    """The size of h (slot 0) or c (slot 1) before the first and after the last step."""
    model = request.model
    rows = model.num_layers * (2 if model.bidirectional else 1)
    width = (model.proj_size or model.hidden_size, model.hidden_size)[slot]
    return (rows, batch[0], width) if batch[1] else (rows, width)


def settle_decode(request: TraceRequest, encoder: tuple[int, bool] | None) -> tuple[TraceRequest, int, bool]:
    """The decoding request with its embedding and its start filled in, its batch, and whether it has one.

    `encoder` is the encoder's batch, and whether its input had one.
    """
    asked, model, head = request.input.decode, request.model, request.head
    assert asked is not None
    if model.bidirectional:
        raise Refusal(
            "invalid-value", Say("problem.decode_both"), field="model.bidirectional", got=True, expected=False
        )
    if model.dropout > 0 and request.mode == "train" and model.num_layers > 1:
        raise Refusal("invalid-value", Say("problem.decode_dropout"), field="mode", got="train", expected="eval")
    if request.packed or request.lengths is not None:
        raise Refusal("invalid-value", Say("problem.decode_lengths"), field="lengths")
    if head is None or head.reads != "every_step":
        reads = None if head is None else head.reads
        raise Refusal("invalid-value", Say("problem.decode_head"), field="head.reads", got=reads, expected="every_step")
    embedding = request.embedding or EmbeddingSpec()
    words = embedding.num_embeddings or head.out_features
    if words != head.out_features:
        raise Refusal(
            "shape-mismatch",
            Say("problem.decode_words", {"got": head.out_features, "expected": words}),
            field="head.out_features",
            got=head.out_features,
            expected=words,
        )
    start = asked.start if asked.start is not None or asked.first is not None else 0
    if start is not None and asked.first is not None:
        raise Refusal("invalid-value", Say("problem.decode_first_twice"), field="input.decode.start")
    if start is not None and start >= words:
        raise Refusal(
            "invalid-value",
            Say("problem.token_range", {"got": start, "expected": f"0 … {words - 1}"}),
            field="input.decode.start",
            got=start,
            expected=f"0 … {words - 1}",
            torch="IndexError: index out of range in self",
        )
    batch, batched = _batch(asked, encoder)
    embedding = embedding.model_copy(update={"num_embeddings": words})
    decode = asked.model_copy(update={"start": start, "batch": batch})
    settled = request.model_copy(
        update={"embedding": embedding, "input": request.input.model_copy(update={"decode": decode})}
    )
    return settled, batch, batched


def first_width(request: TraceRequest) -> int | None:
    """F of the vectors that the first step reads, where they are given."""
    first = request.input.decode.first if request.input.decode else None
    return shape_of(first, "input.decode.first")[-1] if isinstance(first, list) else None


def _batch(asked: DecodeInput, encoder: tuple[int, bool] | None) -> tuple[int, bool]:
    """N, from the encoder, the first vectors or the request; these must agree."""
    batched = encoder is None or encoder[1]
    known = {} if encoder is None else {"state.encoder": encoder[0]}
    if isinstance(asked.first, list):
        shape = shape_of(asked.first, "input.decode.first")
        if len(shape) != (2 if batched else 1):
            raise Refusal(
                "shape-mismatch",
                Say("problem.decode_first_rank", {"got": len(shape), "expected": 2 if batched else 1}),
                field="input.decode.first",
                got=len(shape),
                expected=2 if batched else 1,
            )
        check_numbers(asked.first, shape, "input.decode.first")
        known["input.decode.first"] = shape[0] if batched else 1
    if asked.batch is not None:
        known["input.decode.batch"] = asked.batch
    batch = next(iter(known.values()), 1)
    for field, got in known.items():
        if got != batch:
            say = Say("problem.decode_batch", {"got": got, "expected": batch})
            raise Refusal("shape-mismatch", say, field=field, got=got, expected=batch)
    return batch, batched


def encoder_spec_of(state: GivenState, settled: TraceRequest) -> GivenState:
    """`state` with its encoder's defaults filled in."""
    encoder = getattr(state, "encoder", None)
    assert encoder is not None
    filled = {name: getattr(settled, name) for name in type(encoder).model_fields}
    return state.model_copy(update={"encoder": encoder.model_copy(update=filled)})

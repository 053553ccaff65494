"""A request with every default filled in, every rank and size checked, before torch sees it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.corpora.tokens import Encoded, encode
from app.corpora.vocabulary import Vocabulary, encode_with
from app.recurrent.errors import Refusal, Say
from app.recurrent.nested import check_numbers, shape_of
from app.recurrent.settle_dataset import settle_dataset, sizes
from app.recurrent.settle_decode import (
    PLACE,
    check_encoder,
    encoder_request,
    encoder_spec_of,
    first_width,
    settle_decode,
)
from app.recurrent.settle_interventions import Sizes, edited, settle_interventions
from app.recurrent.settle_loss import check_loss
from app.recurrent.settle_states import check_state, settle_lengths
from app.recurrent.settle_trained import settle_trained, trained_of
from app.recurrent.spec import EmbeddingSpec, TraceRequest

# Parts of the contract that are read and understood but not run by this version: none is left.
NOT_YET: tuple[str, ...] = ()


@dataclass(frozen=True)
class Settled:
    """The request as it will run, and the sizes that follow from it."""

    request: TraceRequest
    batch: int  # N, 1 for a sequence without a batch axis
    steps: int  # T
    batched: bool
    text: Encoded | None
    lengths: tuple[int, ...] | None  # true lengths where they are known, one per sample
    encoder: "Settled | None" = None  # the net that runs first, and leaves h_0 and c_0


def settle(request: TraceRequest) -> Settled:
    """Fill in and check `request`; raises Refusal with the place, both numbers and torch's text."""
    request = settle_dataset(settle_trained(request))
    _check_proj(request)
    encoder = _encoder(request)
    decoded: _Entering | None = None
    if request.input.decode is not None:
        steps = request.input.decode.steps
        request, batch, batched = settle_decode(request, (encoder.batch, encoder.batched) if encoder else None)
        decoded = _Entering(batch, steps, first_width(request), batched)
    trained = trained_of(request.weights)
    text = _encoded(request, None if trained is None else trained.vocabulary)
    embedding = _embedding(request, text)
    width = embedding.embedding_dim if embedding else None
    model = request.model
    if width is not None and model.input_size not in (None, width):
        raise _width_refusal("embedding.embedding_dim", got=width, expected=model.input_size)
    entering = decoded or _input_sizes(request, text)
    input_size = model.input_size or width or entering.features
    if input_size is None:
        raise Refusal("invalid-value", Say("problem.input_size_missing"), field="model.input_size")
    if entering.features is not None and entering.features != input_size:
        place = "input.values[0][0]" if entering.batched else "input.values[0]"
        if request.input.dataset is not None:
            raise _width_refusal("model.input_size", got=input_size, expected=entering.features)
        place = place if decoded is None else "input.decode.first"
        raise _width_refusal(place, got=entering.features, expected=input_size)
    lengths = settle_lengths(request, entering.batch, entering.steps, entering.batched, text)
    settled = request.model_copy(
        update={
            "model": model.model_copy(update={"input_size": input_size}),
            "embedding": embedding,
            "lengths": list(lengths) if lengths and (request.packed or request.lengths) else None,
        }
    )
    _check_token_ids(settled, text)
    check_state(settled, entering.batch, entering.batched)
    check_loss(settled, entering.batch, entering.steps, batched=entering.batched)
    if encoder is not None and settled.state is not None:
        sizes = (entering.batch, entering.batched), (encoder.batch, encoder.batched)
        check_encoder(settled, encoder.request, *sizes)
        settled = settled.model_copy(update={"state": encoder_spec_of(settled.state, encoder.request)})
    if settled.interventions is not None:
        found = settle_interventions(settled, Sizes(entering.batch, entering.steps, entering.batched), text)
        settled = settled.model_copy(update={"interventions": found})
        text = text and edited(text, found)
    return Settled(settled, entering.batch, entering.steps, entering.batched, text, lengths, encoder)


def _encoder(request: TraceRequest) -> Settled | None:
    """The encoder's own request settled; what is wrong with it stands under state.encoder."""
    asked = encoder_request(request)
    if asked is None:
        return None
    try:
        return settle(asked)
    except Refusal as refusal:
        refusal.field = f"{PLACE}{refusal.field}"
        raise


@dataclass(frozen=True)
class _Entering:
    """What the input says of its own sizes; F only where it is values."""

    batch: int
    steps: int
    features: int | None
    batched: bool = True


def _check_proj(request: TraceRequest) -> None:
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
    if model.proj_size >= model.hidden_size:
        raise Refusal(
            "shape-mismatch",
            Say("problem.proj_too_wide", {"got": model.proj_size, "expected": model.hidden_size}),
            field="model.proj_size",
            got=model.proj_size,
            expected=f"< {model.hidden_size}",
            torch="ValueError: proj_size has to be smaller than hidden_size",
        )


def _width_refusal(field: str, *, got: int, expected: int | None) -> Refusal:
    return Refusal(
        "shape-mismatch",
        Say("problem.input_width", {"got": got, "expected": expected}),
        field=field,
        got=got,
        expected=expected,
        torch=f"RuntimeError: input.size(-1) must be equal to input_size. Expected {expected}, got {got}",
    )


def _encoded(request: TraceRequest, vocabulary: Vocabulary | None) -> Encoded | None:
    if request.input.text is None:
        return None
    if not request.input.text:
        raise Refusal("invalid-value", Say("problem.no_sentences"), field="input.text", got=0, expected="≥ 1")
    text = encode(request.input.text) if vocabulary is None else encode_with(vocabulary, request.input.text)
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


def _input_sizes(request: TraceRequest, text: Encoded | None) -> _Entering:
    if text is not None:
        return _Entering(len(text.rows), max(text.lengths), None)
    if request.input.dataset is not None:
        return _Entering(*sizes(request.input))
    if request.input.random is not None:
        return _Entering(request.input.random.batch, request.input.random.seq_len, None)
    tokens, values = request.input.tokens, request.input.values
    field = "input.tokens" if tokens is not None else "input.values"
    given = tokens if tokens is not None else values
    assert given is not None  # InputSpec holds exactly one, and the others are handled above
    shape = shape_of(given, field)
    wanted = 2 if tokens is not None else 3
    if len(shape) not in (wanted, wanted - 1):
        name = request.model.cell.upper()
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
    features = shape[-1] if tokens is None else None
    if len(shape) == wanted - 1:
        return _Entering(1, shape[0], features, batched=False)
    batch, steps = shape[:2] if request.model.batch_first else (shape[1], shape[0])
    return _Entering(batch, steps, features)


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
    for place, token in _tokens(request.input.tokens or []):
        if not 0 <= token < count:
            raise _index_refusal(f"input.tokens{place}", got=token, expected=f"0 … {count - 1}")


def _tokens(given: list[Any]) -> Iterator[tuple[str, int]]:
    """Every token id with its place, of a batch or of a single sequence."""
    for i, row in enumerate(given):
        if isinstance(row, list):
            yield from ((f"[{i}][{j}]", token) for j, token in enumerate(row))
        else:
            yield f"[{i}]", row


def _index_refusal(field: str, *, got: int, expected: int | str) -> Refusal:
    return Refusal(
        "invalid-value",
        Say("problem.token_range", {"got": got, "expected": expected}),
        field=field,
        got=got,
        expected=expected,
        torch="IndexError: index out of range in self",
    )

"""Trained weights, settled: the modules come from the weights, and what the request says otherwise is refused."""

from typing import Any

from app.recurrent.errors import Refusal, Say
from app.recurrent.spec import TraceRequest, WeightsSpec
from app.zoo.trained import Trained, bundled, bundled_names
from app.zoo.uploads import uploaded

# What a model may be asked with whatever its weights are: none of these has a weight of its own.
FREE = ("batch_first", "dropout")


def trained_of(weights: WeightsSpec) -> Trained | None:
    """The trained weights that a request names; raises Refusal when there are none of this name."""
    if weights.upload is not None:
        return _uploaded(weights.upload, weights.prefix)
    if weights.bundled is None:
        return None
    found = bundled(weights.bundled)
    if found is None:
        known = ", ".join(bundled_names())
        say = Say("problem.bundled_unknown", {"got": weights.bundled[:40], "known": known})
        raise Refusal("invalid-value", say, field="weights.bundled", got=weights.bundled[:40], expected=known)
    return found


def _uploaded(id: str, prefix: str | None) -> Trained:
    found = uploaded(id, prefix)
    if found is None:
        say = Say("problem.upload_unknown", {"name": id[:40]})
        if prefix is not None and uploaded(id, None) is not None:
            say = Say("problem.upload_prefix", {"name": prefix[:80]})
        raise Refusal("invalid-value", say, field="weights.upload", got=id[:40])
    return found


def settle_trained(request: TraceRequest) -> TraceRequest:
    """The request with model, embedding and head filled in from its trained weights; raises Refusal on a conflict."""
    trained = trained_of(request.weights)
    if trained is None:
        if not request.model.hidden_size:
            place = "model.hidden_size" if "model" in request.model_fields_set else "model"
            raise Refusal("invalid-value", Say("problem.invalid.missing", {"field": place}), field=place)
        return request
    model = _filled("model", request.model, trained.model, trained, (*FREE, *trained.free))
    changed: dict[str, Any] = {"model": model}
    if trained.vocabulary is None and request.input.text is not None:
        raise Refusal("invalid-value", Say("problem.weights_without_words", {"name": trained.name}), field="input.text")
    if trained.embedding is not None and request.input.values is None:
        changed["embedding"] = _filled("embedding", request.embedding, trained.embedding, trained)
    elif trained.embedding is None and request.embedding is not None:
        raise _conflict("embedding", "Embedding", None, trained)
    if trained.head is None and request.head is not None:
        raise _conflict("head", "Linear", None, trained)
    if trained.head is not None and (request.head is not None or trained.field == "weights.bundled"):
        changed["head"] = _filled("head", request.head, trained.head, trained, ("reads", "activation"))
    return request.model_copy(update=changed)


def _filled(part: str, asked: Any, fits: Any, trained: Trained, free: tuple[str, ...] = ()) -> Any:
    """`fits` with what was asked beside it, where that needs no other weights."""
    if asked is None:
        return fits
    kept = {}
    for name in asked.model_fields_set:
        got, expected = getattr(asked, name), getattr(fits, name)
        if name in free:
            kept[name] = got
        elif got != expected and got is not None:
            raise _conflict(f"{part}.{name}", got, expected, trained)
    return fits.model_copy(update=kept)


def _conflict(field: str, got: Any, expected: Any, trained: Trained) -> Refusal:
    shown = "None" if expected is None else expected
    say = Say("problem.trained_conflict", {"field": field, "got": got, "expected": shown, "name": trained.name})
    return Refusal("shape-mismatch", say, field=field, got=got, expected=expected)

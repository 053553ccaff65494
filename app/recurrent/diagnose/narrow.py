"""One message, several mistakes: the numbers in it tell them apart. And the request that does it right."""

from collections.abc import Callable
from typing import Any

from app.recurrent.diagnose.match import Match
from app.recurrent.diagnose.mend import DRAWN

Request = dict[str, Any]


def narrow(match: Match) -> tuple[str, str | None, int | None]:
    """The kind of mistake, its axis and its question, as exactly as the numbers tell."""
    kind, axis, question = match.text.kind, match.text.axis, match.text.question
    if kind == "hidden-size":
        return _hidden(match.dims("expected"), match.dims("got"))
    if kind == "linear-size":
        return _linear(match)
    if kind == "input-rank" and match.number("got") == 2:
        return "input-unbatched", "rank", 14  # only older versions complain
    if kind == "size-zero" or kind == "size-type":
        name = match.found.get("name", "")
        return (kind, *{"num_layers": ("L·D", 5), "input_size": ("F", 8), "hidden_size": ("H", 4)}.get(name, (None, 4)))
    if kind == "input-dtype" and match.found.get("got") in ("torch.int64", "torch.int32"):
        return "input-tokens", "F", None
    return kind, axis, question


def _hidden(expected: list[int], got: list[int]) -> tuple[str, str | None, int | None]:
    if len(got) != 3 or len(expected) != 3:
        return "hidden-size", None, 2
    if got == [expected[1], expected[0], expected[2]]:
        return "hidden-batch-first", "N", 2
    wrong = [k for k in range(3) if got[k] != expected[k]]
    if wrong == [1]:
        return "hidden-batch", "N", 12
    if wrong == [0]:
        return "hidden-rows", "L·D", 20
    if wrong == [2]:
        return "hidden-width", "H", 4
    return "hidden-size", "N" if 1 in wrong else "L·D", 2


def _linear(match: Match) -> tuple[str, str | None, int | None]:
    got, expected = match.number("got"), match.number("expected")
    if got and expected and got == 2 * expected:
        return "linear-both", "H", 23
    if got and expected and got > expected and got % expected == 0:
        return "linear-flattened", "T", 23
    return "linear-size", "H", 23


def candidates(kind: str, match: Match | None) -> list[Request]:
    """Requests that do right what a message of this kind complains of, the best first."""
    make = MAKERS.get(kind)
    return make(match) if make is not None else [_request()]


def _request(*, batch: int = 3, steps: int = 5, model: Request | None = None, **parts: Any) -> Request:
    """A small run; what a message does not say is the documentation's nn.LSTM(10, 20)."""
    return {
        "model": {"cell": "lstm", "input_size": 10, "hidden_size": 20} | (model or {}),
        "input": {"random": {"batch": batch, "seq_len": steps}},
    } | parts


def _state(match: Match | None) -> list[Request]:
    expected = match.dims("expected") if match else []
    if match is None or len(expected) != 3:
        return [_request(state=DRAWN)]
    rows, batch, width = expected
    model: Request = {
        "cell": "lstm" if match.found.get("slot") else "gru",
        "hidden_size": width,
        "num_layers": rows,
        "batch_first": True,
    }
    return [_request(batch=batch, model=model, state=DRAWN)]


def _width(match: Match | None) -> list[Request]:
    got = (match.number("got") if match else None) or 10
    return [_request(model={"input_size": got})]


def _linear_head(match: Match | None) -> list[Request]:
    numbers = {name: match.number(name) or 0 for name in ("rows", "got", "expected", "out")} if match else {}
    got, expected = numbers.get("got", 0), numbers.get("expected", 0)
    if not got or not expected:
        return [_request(model={"batch_first": True}, head={"reads": "every_step", "out_features": 2})]
    rows, out = numbers["rows"], numbers["out"]
    if got == 2 * expected:
        model: Request = {"hidden_size": expected, "bidirectional": True, "batch_first": True}
        return [_request(batch=rows, steps=5, model=model, head={"reads": "h_n", "out_features": out})]
    if got > expected and got % expected == 0:
        model = {"hidden_size": expected, "batch_first": True}
        head = {"reads": "every_step", "out_features": out}
        return [_request(batch=rows, steps=got // expected, model=model, head=head)]
    model = {"hidden_size": got, "batch_first": True}
    return [_request(batch=rows, model=model, head={"reads": "h_n", "out_features": out})]


def _lengths(match: Match | None) -> list[Request]:
    batch = (match.number("expected") if match and match.text.kind == "lengths-count" else None) or 3
    if not 1 <= batch <= 1000:
        return []
    lengths = [5 - k % 5 for k in range(batch)]
    head = {"reads": "h_n", "out_features": 1}
    return [_request(batch=batch, model={"batch_first": True}, lengths=lengths, packed=True, head=head)]


def _dropout(match: Match | None) -> list[Request]:
    said = match.found.get("got", "") if match and match.text.warning else ""
    share = float(said) if said.count(".") <= 1 and said.strip(".") else 0.5
    return [_request(model={"num_layers": 2, "dropout": share if 0 <= share <= 1 else 0.5})]


def _embedded(match: Match | None) -> list[Request]:
    got = match.number("got") if match else None
    count = got + 1 if got is not None and got >= 0 else 100
    return [_request(model={"batch_first": True}, embedding={"num_embeddings": count, "embedding_dim": 10})]


def _unbatched(_: Match | None) -> list[Request]:
    values = [[round(0.1 * (t + k), 1) for k in range(10)] for t in range(5)]  # (T, F): no batch axis
    return [_request(input={"values": values}), _request(input={"values": [values]}, model={"batch_first": True})]


def _target(match: Match | None) -> list[Request]:
    expected = match.dims("expected") if match else []
    got = match.dims("got") if match else []
    batch, classes = (expected[0], expected[1]) if len(expected) == 2 else (3, 7)
    steps = got[1] if len(got) == 2 else 5
    head = {"reads": "every_step", "out_features": classes}
    return [
        _request(batch=batch, steps=steps, model={"batch_first": True}, head=head, loss=_loss("cross_entropy")),
        *_judged(match),
    ]


def _loss(kind: str) -> Request:
    return {"kind": kind, "target": {"random": {"seed": 0}}}


def _judged(match: Match | None) -> list[Request]:
    """One class for each sequence, the loss that most messages about targets mean."""
    kind = match.text.kind if match else ""
    batch = (match.number("expected") if match and kind == "target-batch" else None) or 3
    classes = max(5, (match.number("got") or 0) + 1) if match and kind == "target-class" else 5
    model: Request = {"batch_first": True}
    head = {"reads": "h_n", "out_features": classes}
    return [
        _request(batch=batch, model=model, head=head, loss=_loss("cross_entropy")),
        _request(model=model, head={"reads": "h_n", "out_features": 5}, loss=_loss("cross_entropy")),
    ]


def _measured(match: Match | None) -> list[Request]:
    """Numbers beside as many numbers: mse for free ones, bce after a sigmoid."""
    bce = match is not None and ("deprecated" in match.text.today or match.text.kind.startswith("loss"))
    head = {"reads": "h_n", "out_features": 1, "activation": "sigmoid" if bce else None}
    return [_request(model={"batch_first": True}, head=head, loss=_loss("bce" if bce else "mse"))]


MAKERS: dict[str, Callable[[Match | None], list[Request]]] = {
    **dict.fromkeys(
        ("hidden-size", "hidden-batch-first", "hidden-batch", "hidden-rows", "hidden-width", "batched-state"), _state
    ),
    "tuple-missing": lambda _: [_request(state=DRAWN)],
    "tuple-into-rnn": lambda _: [_request(model={"num_layers": 2}, state=DRAWN)],
    "state-unpack": lambda _: [_request(model={"cell": "gru", "num_layers": 2})],
    "input-width": _width,
    "input-unbatched": _unbatched,
    "unbatched-state": _unbatched,
    **dict.fromkeys(("linear-size", "linear-both", "linear-flattened"), _linear_head),
    **dict.fromkeys(("tuple-into-module", "tuple-index"), _linear_head),
    **dict.fromkeys(
        ("lengths-sorted", "lengths-zero", "lengths-count", "lengths-long", "lengths-device", "packed-into-module"),
        _lengths,
    ),
    **dict.fromkeys(("dropout-one-layer", "dropout-range"), _dropout),
    **dict.fromkeys(("proj-large", "proj-negative"), lambda _: [_request(model={"proj_size": 10}), _request()]),
    "proj-cell": lambda _: [_request(model={"cell": "gru"})],
    **dict.fromkeys(("token-range", "tokens-float", "padding-index", "input-tokens"), _embedded),
    "target-size": _target,
    **dict.fromkeys(
        ("target-batch", "target-class", "target-rank", "target-probabilities", "target-dtype", "target-one"), _judged
    ),
    **dict.fromkeys(("target-broadcast", "loss-range", "loss-target-range"), _measured),
    "nonlinearity": lambda _: [_request(model={"cell": "rnn", "nonlinearity": "tanh"})],
}

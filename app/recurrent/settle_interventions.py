"""What is changed by hand in a run: every place, unit and value checked, negative places counted from the front."""

from dataclasses import dataclass, replace

from app.corpora.tokens import Encoded
from app.recurrent.errors import Refusal, Say
from app.recurrent.nested import check_numbers, shape_of, within
from app.recurrent.settle_states import check_states
from app.recurrent.spec import Clamp, InputChange, Intervention, TokenChange, TraceRequest

MOST_STEPS = 20_000  # of all rows together that may go one at a time: each costs about 0.1 ms, whatever its size
NAMED = 12  # words of a vocabulary that a refusal lists

# What a cell holds, and the range its own function keeps it in.
RANGES: dict[str, dict[str, tuple[float, float]]] = {
    "lstm": {"i": (0, 1), "f": (0, 1), "g": (-1, 1), "o": (0, 1), "c": (-1e6, 1e6), "h": (-1e6, 1e6)},
    "gru": {"r": (0, 1), "z": (0, 1), "n": (-1, 1), "h": (-1e6, 1e6)},
    "rnn": {"h": (-1e6, 1e6)},
}


@dataclass(frozen=True)
class Sizes:
    """What places are counted in: N, T, and whether there is a batch axis at all."""

    batch: int
    steps: int
    batched: bool


def settle_interventions(request: TraceRequest, sizes: Sizes, text: Encoded | None) -> list[Intervention] | None:
    """The interventions of a request that is settled otherwise; None when there are none. Raises Refusal."""
    if request.interventions and request.input.decode is not None:
        raise Refusal("invalid-value", Say("problem.change_decode"), field="interventions")
    found = []
    for k, each in enumerate(request.interventions or []):
        field = f"interventions[{k}]"
        if each.state is not None and request.state is not None and request.state.encoder is not None:
            raise Refusal("invalid-value", Say("problem.change_encoder"), field=f"{field}.state")
        if each.clamp is not None:
            each = Intervention(clamp=_clamp(request, each.clamp, sizes, f"{field}.clamp"))
        elif each.token is not None:
            each = Intervention(token=_token(request, each.token, sizes, text, f"{field}.token"))
        elif each.input is not None:
            each = Intervention(input=_input(request, each.input, sizes, f"{field}.input"))
        elif each.state is not None:
            states = {"h_0": each.state.h_0, "c_0": each.state.c_0}
            check_states(request.model, states, sizes.batch, sizes.batched, f"{field}.state")
        found.append(each)
    return found or None


def check_steps(request: TraceRequest, steps: int, lengths: tuple[int, ...] | None) -> None:
    """Refuse clamps under which too many steps would go one at a time."""
    held: dict[str, list[tuple[int, int]]] = {}
    for clamp in request.clamps:
        first, stop = clamp.from_, steps if clamp.to is None else clamp.to
        if lengths is not None and clamp.row.endswith("_reverse"):
            first, stop = 0, max(lengths)  # each sample's own end is its first step, so the windows are spread
        held.setdefault(clamp.row, []).append((first, stop))
    count = sum(map(_covered, held.values()))
    if count > MOST_STEPS:
        raise Refusal(
            "over-limit",
            Say("problem.clamp_steps", {"got": count, "expected": MOST_STEPS}),
            field="interventions",
            got=count,
            expected=MOST_STEPS,
        )


def _covered(spans: list[tuple[int, int]]) -> int:
    """How many steps lie in any of the spans."""
    count = end = 0
    for first, stop in sorted(spans):
        count += max(0, stop - max(first, end))
        end = max(end, stop)
    return count


def edited(text: Encoded, interventions: list[Intervention] | None) -> Encoded:
    """The sentences with the replaced words in their places; the vocabulary stays."""
    rows = [list(row) for row in text.rows]
    for each in interventions or []:
        if each.token is not None:
            assert isinstance(each.token.token, int)  # settled
            rows[each.token.sample][each.token.step] = text.vocabulary[each.token.token]
    return replace(text, rows=rows)


def _places(given: list[int] | None, size: int, axis: str, field: str) -> list[int] | None:
    """Each place once, in order; None when it is all of them."""
    if given is None:
        return None
    found = sorted({within(value, size, f"{field}[{k}]", axis) for k, value in enumerate(given)})
    return None if len(found) == size else found


def _clamp(request: TraceRequest, clamp: Clamp, sizes: Sizes, field: str) -> Clamp:
    model = request.model
    ends = ("", "_reverse") if model.bidirectional else ("",)
    rows = [f"l{layer}{end}" for layer in range(model.num_layers) for end in ends]
    if clamp.row not in rows:
        known = ", ".join(rows[:8]) + (", …" if len(rows) > 8 else "")
        raise Refusal("invalid-value", Say("problem.row_unknown", {"known": known}), field=f"{field}.row")
    ranges = RANGES[model.cell]
    if clamp.quantity not in ranges:
        known = ", ".join(ranges)
        raise Refusal(
            "invalid-value",
            Say("problem.clamp_quantity", {"got": clamp.quantity, "cell": model.cell, "known": known}),
            field=f"{field}.quantity",
            got=clamp.quantity,
            expected=known,
        )
    low, high = ranges[clamp.quantity]
    if not low <= clamp.value <= high:
        raise Refusal(
            "invalid-value",
            Say("problem.clamp_value", {"name": clamp.quantity, "got": clamp.value, "low": low, "high": high}),
            field=f"{field}.value",
            got=clamp.value,
            expected=f"{low} … {high}",
        )
    width = model.proj_size or model.hidden_size if clamp.quantity == "h" else model.hidden_size
    first, stop = _span(clamp, sizes.steps, field)
    return Clamp.model_validate(
        {
            "row": clamp.row,
            "quantity": clamp.quantity,
            "value": clamp.value,
            "units": _places(clamp.units, width, "P" if width < model.hidden_size else "H", f"{field}.units"),
            "samples": _places(clamp.samples, sizes.batch, "N", f"{field}.samples"),
            "from": first,
            "to": None if stop == sizes.steps else stop,
        }
    )


def _span(clamp: Clamp, steps: int, field: str) -> tuple[int, int]:
    """First step and the one after the last."""
    first = within(clamp.from_, steps, f"{field}.from", "T")
    stop = steps if clamp.to is None or clamp.to == steps else within(clamp.to, steps, f"{field}.to", "T")
    if first >= stop:
        raise Refusal(
            "invalid-value",
            Say("problem.clamp_empty", {"first": first, "stop": stop}),
            field=f"{field}.to",
            got=stop,
            expected=f"> {first}",
        )
    return first, stop


def _token(request: TraceRequest, change: TokenChange, sizes: Sizes, text: Encoded | None, field: str) -> TokenChange:
    if request.embedding is None or request.embedding.num_embeddings is None:
        raise Refusal("invalid-value", Say("problem.change_token"), field=field)
    sample = within(change.sample, sizes.batch, f"{field}.sample", "N")
    # a sentence has its words and no more; an id can stand in the padding, too
    length = sizes.steps if text is None else text.lengths[sample]
    step = within(change.step, length, f"{field}.step", "T")
    token = change.token
    if isinstance(token, str):
        token = _word(token, text, f"{field}.token")
    count = request.embedding.num_embeddings if text is None else len(text.vocabulary)
    if not 0 <= token < count:
        raise Refusal(
            "invalid-value",
            Say("problem.token_range", {"got": token, "expected": f"0 … {count - 1}"}),
            field=f"{field}.token",
            got=token,
            expected=f"0 … {count - 1}",
            torch="IndexError: index out of range in self" if text is None else None,
        )
    return TokenChange(sample=sample, step=step, token=token)


def _word(word: str, text: Encoded | None, field: str) -> int:
    """Its id. A new word would be a new vocabulary, with other embeddings for every word."""
    known = [] if text is None else text.vocabulary
    if word in known:
        return known.index(word)
    if word.lower() in known:
        return known.index(word.lower())
    listed = ", ".join(known[1 : NAMED + 1]) + (", …" if len(known) > NAMED + 1 else "")
    key = "problem.change_word" if text is not None else "problem.change_id"
    raise Refusal("invalid-value", Say(key, {"known": listed}), field=field, expected=listed or "id")


def _input(request: TraceRequest, change: InputChange, sizes: Sizes, field: str) -> InputChange:
    if request.embedding is not None:
        raise Refusal("invalid-value", Say("problem.change_input"), field=field)
    shape = shape_of(change.values, f"{field}.values")
    check_numbers(change.values, shape, f"{field}.values")
    if shape != (request.model.input_size,):
        raise Refusal(
            "shape-mismatch",
            Say("problem.change_width", {"got": list(shape), "expected": request.model.input_size}),
            field=f"{field}.values",
            got=list(shape),
            expected=[request.model.input_size],
        )
    return InputChange(
        sample=within(change.sample, sizes.batch, f"{field}.sample", "N"),
        step=within(change.step, sizes.steps, f"{field}.step", "T"),
        values=change.values,
    )

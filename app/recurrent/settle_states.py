"""What goes along with the input: first states of the right shape, lengths that fit."""

from typing import Any

from app.corpora.tokens import Encoded
from app.recurrent.errors import Refusal, Say
from app.recurrent.nested import check_numbers, shape_of
from app.recurrent.spec import ModelSpec, TraceRequest


def check_state(request: TraceRequest, batch: int, batched: bool) -> None:
    """h_0 is (L·D, N, H_out) and c_0 (L·D, N, H), whatever batch_first says; (L·D, ·) without a batch."""
    state, model = request.state, request.model
    if state is None:
        return
    if state.random is not None and (state.h_0 is not None or state.c_0 is not None):
        raise Refusal("invalid-value", Say("problem.state_twice"), field="state")
    check_states(model, {"h_0": state.h_0, "c_0": state.c_0}, batch, batched, "state")


def check_states(model: ModelSpec, states: dict[str, list[Any] | None], batch: int, batched: bool, within: str) -> None:
    """The same for h_0 and c_0 wherever they stand in the request; `within` is the place."""
    rows = model.num_layers * (2 if model.bidirectional else 1)
    if states["c_0"] is not None and model.cell != "lstm":
        raise Refusal("invalid-value", Say("problem.c0_lstm_only"), field=f"{within}.c_0")
    widths = {"h_0": model.proj_size or model.hidden_size, "c_0": model.hidden_size}
    for slot, (name, given) in enumerate(states.items()):
        if given is None:
            continue
        field = f"{within}.{name}"
        shape = shape_of(given, field)
        check_numbers(given, shape, field)
        expected = (rows, batch, widths[name]) if batched else (rows, widths[name])
        if shape == expected:
            continue
        raise state_refusal(model.cell, slot, shape, expected, field, "problem.state_shape")


def state_refusal(
    cell: str, slot: int, got: tuple[int, ...], expected: tuple[int, ...], field: str, key: str
) -> Refusal:
    """h_0 (slot 0) or c_0 (slot 1) has not the size that torch wants."""
    return Refusal(
        "shape-mismatch",
        Say(key, {"name": ("h_0", "c_0")[slot], "got": list(got), "expected": list(expected)}),
        field=field,
        got=list(got),
        expected=list(expected),
        torch=_torch_says(cell, slot, got, expected),
    )


def _torch_says(cell: str, slot: int, got: tuple[int, ...], expected: tuple[int, ...]) -> str:
    if len(got) != len(expected):
        kind = "batched 3-D" if len(expected) == 3 else "unbatched 2-D"
        if cell == "lstm":
            return (
                f"RuntimeError: For {kind} input, hx and cx should also be {len(expected)}-D but got "
                f"({len(got)}-D, {len(got)}-D) tensors"
            )
        return f"RuntimeError: For {kind} input, hx should also be {len(expected)}-D but got {len(got)}-D tensor"
    if len(expected) == 2:  # torch gives an unbatched state its batch axis before it compares
        got, expected = (got[0], 1, got[1]), (expected[0], 1, expected[1])
    # a GRU or RNN has one state, so torch's text names no slot
    place = f"[{slot}]" if cell == "lstm" else ""
    return f"RuntimeError: Expected hidden{place} size ({', '.join(map(str, expected))}), got {list(got)}"


def settle_lengths(
    request: TraceRequest, batch: int, steps: int, batched: bool, text: Encoded | None
) -> tuple[int, ...] | None:
    """The true length of each sample, given or counted in the text; None when nothing says."""
    given = request.lengths
    if given is None and text is not None:
        return tuple(text.lengths)
    if given is None:
        if request.packed:
            raise Refusal("invalid-value", Say("problem.packed_needs_lengths"), field="lengths")
        return None
    if not batched:
        raise Refusal("invalid-value", Say("problem.lengths_unbatched"), field="lengths")
    if len(given) != batch:
        raise Refusal(
            "shape-mismatch",
            Say("problem.lengths_count", {"got": len(given), "expected": batch}),
            field="lengths",
            got=len(given),
            expected=batch,
            torch="RuntimeError: Expected `len(lengths)` to be equal to batch_size, "
            f"but got {len(given)} (batch_size={batch})",
        )
    for k, length in enumerate(given):
        if not 1 <= length <= steps:
            raise _length_refusal(k, length, steps)
    return tuple(given)


def _length_refusal(k: int, length: int, steps: int) -> Refusal:
    said: Any = None
    if length <= 0:
        said = (
            "RuntimeError: Length of all samples has to be greater than 0, "
            "but found an element in 'lengths' that is <= 0"
        )
    return Refusal(
        "shape-mismatch",
        Say("problem.length_range", {"got": length, "expected": steps}),
        field=f"lengths[{k}]",
        got=length,
        expected=f"1 … {steps}",
        torch=said,  # torch accepts a length beyond T and fails later, so it has no text of its own here
    )

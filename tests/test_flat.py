"""From a request back to the page's address: what the page can say comes back the same, the rest is not guessed."""

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.recurrent.errors import Refusal
from app.recurrent.examples import EXAMPLES
from app.recurrent.settle import settle
from app.recurrent.spec import TraceRequest
from app.web.keys import BY_NAME
from app.web.state import State, state_of
from tests.core import requests
from tests.test_state import states


def settled(request: TraceRequest) -> TraceRequest:
    """The request with every default filled in; generated sentences may hold no word."""
    try:
        return settle(request).request
    except Refusal:
        assume(False)
        raise


def requested(state: State) -> TraceRequest:
    """The state's request; first states that would have to be written down number by number are refused early."""
    try:
        return state.request()
    except Refusal:
        assume(False)
        raise


def told(state: State) -> State:
    """The state without what its run does not depend on, each at its default."""
    v = state.values
    silent = {name for name, key in BY_NAME.items() if key.view}
    sizes = {"batch", "seq_len", "input_seed", "num_embeddings", "lengths"}
    silent |= {"text": sizes, "random": {"text"}, "weather": {"text", *sizes}}[str(v["source"])]
    silent |= {"first_day", "days"} if v["source"] != "weather" else set()
    silent |= {"decode_steps"}
    if v["head"] == "none":
        silent |= {"out_features", "activation", "loss"}
    if v["head"] == "none" or v["loss"] == "none":
        silent |= {"target_seed"}
    if v["cell"] != "rnn":
        silent |= {"nonlinearity"}
    if v["cell"] != "lstm":
        silent |= {"proj_size"}
    defaults: dict[str, Any] = {name: BY_NAME[name].default for name in silent}
    if v["head"] == "none":
        defaults["activation"] = "none"
    return State({**v, **defaults})


@given(state=states())
@settings(max_examples=300, deadline=None, derandomize=True)
def test_a_state_comes_back_from_its_own_request(state: State) -> None:
    request = requested(state)
    settled(request)
    again = state_of(request)
    assert again is not None
    assert again.request() == request
    if state.values["task"] == "read":  # a task fills in a head and an input of its own
        assert again.values == told(state).values


@given(state=states())
@settings(max_examples=100, deadline=None, derandomize=True)
def test_a_state_comes_back_from_its_request_with_every_default_filled_in(state: State) -> None:
    full = settled(requested(state))
    again = state_of(full)
    assert again is not None
    assert settle(again.request()).request == full
    if state.values["task"] == "read":
        assert again.values == told(state).values


@given(raw=requests())
@settings(max_examples=300, deadline=None, derandomize=True)
def test_a_request_is_opened_as_it_stands_or_not_at_all(raw: dict[str, Any]) -> None:
    request = TraceRequest.model_validate(raw)
    found = state_of(request)
    if found is not None:
        assert settle(found.request()).request == settle(request).request
    else:  # something in it has no control
        assert (
            "tokens" in raw["input"]
            or "values" in raw["input"]
            or raw.get("embedding", {}).get("padding_idx") is not None
            or raw.get("state", {}).get("random", {}).get("seed") not in (None, 1)
            or isinstance(raw.get("loss", {}).get("target", {}), list | int | float)
        )


@given(st.data())
@settings(max_examples=100, deadline=None, derandomize=True)
def test_what_the_page_has_no_control_for_is_not_opened_as_something_else(data: st.DataObject) -> None:
    raw = State().with_(source="random").request().model_dump(exclude_none=True)
    changed: dict[str, Any] = data.draw(
        st.sampled_from(
            [
                {"input": {"values": [[[0.5] * 8] * 5] * 2}},
                {"input": {"tokens": [[1, 2], [3, 4]]}, "embedding": {"num_embeddings": 9, "embedding_dim": 8}},
                {"embedding": {"num_embeddings": 9, "embedding_dim": 8, "padding_idx": 0}},
                {"state": {"random": {"seed": 2}}},
                {"model": raw["model"] | {"num_layers": 64, "hidden_size": 10**9}, "lengths": [5, 3], "mode": "train"}
                | {"loss": {"kind": "mse", "target": [0.0, 0.0]}},
                {"interventions": [{"clamp": {"row": "l0", "quantity": "f", "value": 1.0}}] * 17},
                {"loss": {"kind": "mse", "target": [0.0, 0.5]}},
                {"weights": {"values": {"rnn.weight_ih_l0": [[0.0]]}}},
            ]
        )
    )
    assert state_of(TraceRequest.model_validate(raw | changed)) is None


@pytest.mark.parametrize("example", [each for each in EXAMPLES if each.available], ids=lambda each: each.key)
def test_every_variant_of_an_example_has_an_address(example: Any) -> None:
    for variant in example.variants:
        request = TraceRequest.model_validate(variant.request)
        state = state_of(request)
        assert state is not None, variant.key
        assert settle(state.request()).request == settle(request).request

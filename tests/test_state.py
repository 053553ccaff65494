"""The address of the page: what it can say, what it does with what it does not understand."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from app.recurrent.cost import Limits
from app.recurrent.errors import Refusal
from app.recurrent.examples import EXAMPLES
from app.recurrent.shapes import plan
from app.recurrent.spec import TraceRequest
from app.settings import Settings
from app.web import teaching
from app.web.keys import KEYS, PLACES, Value
from app.web.state import State, read_state, runnable

ROOT = Path(__file__).parents[1]
HELD = '[{"clamp":{"row":"l0","quantity":"h","value":%r}}]'


def of(query: str) -> State:
    """The state of a query that is understood."""
    state, found = read_state(parse_qsl(query, keep_blank_values=True))
    assert found == []
    return state


@st.composite
def states(draw: st.DrawFn) -> State:
    """Any state, each value within its own range."""
    values: dict[str, Value] = {}
    for key in KEYS:
        if isinstance(key.default, bool):
            values[key.name] = draw(st.booleans())
        elif isinstance(key.default, int):
            values[key.name] = draw(st.integers(key.low, min(key.high, 300)))
        elif isinstance(key.default, float):
            values[key.name] = round(draw(st.floats(key.low, key.high)), PLACES)
        elif key.among:
            chosen = draw(st.sets(st.sampled_from(key.among)))
            values[key.name] = ",".join(name for name in key.among if name in chosen)
        elif key.choices:
            values[key.name] = draw(st.sampled_from(key.choices))
        elif key.changes:
            held = round(draw(st.floats(-1, 1)), 3)  # never with an exponent, which is read and written as 1e-7
            values[key.name] = draw(st.sampled_from(["", HELD % held]))
        elif key.listed:
            values[key.name] = ",".join(map(str, draw(st.lists(st.integers(0, 300), max_size=4))))
        else:
            values[key.name] = key.default
    if values["task"] != "read":  # which chooses its own words
        values["interventions"] = ""
    sentence = st.text(st.characters(exclude_categories=("Cs", "Cc", "Z")), min_size=1, max_size=30)
    values["text"] = draw(st.lists(sentence, min_size=1, max_size=4))
    if values["source"] == "random":
        values["text"] = ["the film was not good", "i loved it"]
    return State(values)


@given(state=states())
@settings(max_examples=300, deadline=None, derandomize=True)
def test_a_state_reads_back_from_its_own_query(state: State) -> None:
    again = of(state.query())
    assert again.values == state.values
    assert again.query() == state.query()


def test_the_default_state_is_the_empty_query_and_no_two_of_its_axes_are_alike() -> None:
    assert State().query() == ""
    planned = plan(State().request())
    assert (planned.N, planned.T, planned.F, planned.H) == (2, 5, 8, 6)


@pytest.mark.parametrize("example", [each for each in EXAMPLES if each.available], ids=lambda each: each.key)
def test_an_example_by_its_key_is_the_examples_own_request(example: Any) -> None:
    state = of(f"example={example.key}")
    assert state.query() == f"example={example.key}"
    assert plan(state.request()).request == plan(TraceRequest.model_validate(example.request)).request
    assert runnable(state, Limits())[0].example == example.key


def test_an_example_that_is_changed_is_no_longer_the_example() -> None:
    state = of("example=rnn-hello&hidden_size=7")
    assert state.example == ""
    assert state.values["cell"] == "rnn"
    assert "hidden_size=7" in state.query()


@given(
    st.lists(
        st.tuples(st.sampled_from([key.name for key in KEYS] + ["example", "foo"]), st.text(max_size=12)), max_size=8
    )
)
@settings(max_examples=400, deadline=None, derandomize=True)
def test_no_query_whatever_fails_and_the_nearest_state_runs(pairs: list[tuple[str, str]]) -> None:
    state, _ = read_state(pairs)
    shown, planned, _ = runnable(state, Limits())
    again = runnable(shown, Limits())
    assert again[0].values == shown.values
    assert again[2] == []
    assert planned.request == plan(shown.request(), Limits()).request


@pytest.mark.parametrize(
    ("query", "name", "shown"),
    [
        ("hidden_size=0", "hidden_size", 1),
        ("hidden_size=-3", "hidden_size", 1),
        ("hidden_size=99999", "hidden_size", 2048),
        ("hidden_size=9999999999999999999999", "hidden_size", 2048),
        ("hidden_size=many", "hidden_size", 6),
        ("num_layers=12", "num_layers", 8),
        ("cell=transformer", "cell", "lstm"),
        ("bias=maybe", "bias", True),
        ("dropout=1.5", "dropout", 1.0),
        ("dropout=-0.5", "dropout", 0.0),
        ("dropout=half", "dropout", 0.0),
        ("dropout=1e-3", "dropout", 0.0),
        ("dropout=nan", "dropout", 0.0),
        ("mode=test", "mode", "eval"),
        ("num_layers=2&dropout=0.5&mode=train&task=translate", "mode", "eval"),
        ("num_layers=2&dropout=0.5&mode=train&task=caption", "mode", "eval"),
        ("source=random&batch=1000", "batch", 256),
        ("t=17", "t", 4),
        ("n=9", "n", 1),
        ("row=l5", "row", "l0"),
        ("tensor=nothing", "tensor", "output"),
        ("lang=fr", "lang", ""),
        ("example=no-such-example", "cell", "lstm"),
        ("proj_size=6", "proj_size", 5),
        ("proj_size=99999", "proj_size", 5),
        ("proj_size=2&hidden_size=1", "proj_size", 0),
        ("dtype=float16", "dtype", "float32"),
        ("h0=ones&hidden_size=2048&num_layers=8", "h0", "zeros"),
        ("packed=perhaps", "packed", False),
        ("source=random&packed=true", "packed", False),
        ("source=random&lengths=five", "lengths", ""),
        ("source=random&lengths=5,-3", "lengths", ""),
        ("source=random&lengths=5", "lengths", "5,5"),
        ("source=random&lengths=5,3,1", "lengths", "5,3"),
        ("source=random&lengths=9,0", "lengths", "5,1"),
        ("task=translate&source=random&packed=true", "packed", False),
        ("task=translate&source=random&lengths=5,9", "lengths", "5,5"),
        ("task=caption&h0=ones&text=a", "h0", "zeros"),
        ("source=random&batch=999999999&lengths=5,3", "batch", 256),
        ("task=caption&bidirectional=true&hidden_size=9", "bidirectional", False),
        ("task=caption&bidirectional=true&hidden_size=9", "hidden_size", 9),
    ],
)
def test_a_bad_link_says_what_was_wrong_and_shows_the_nearest_state(query: str, name: str, shown: Value) -> None:
    state, misread = read_state(parse_qsl(query))
    near, _, moved = runnable(state, Limits())
    assert near.values[name] == shown
    assert misread + moved


def test_lengths_are_read_however_they_are_written() -> None:
    for text in ("5,3", "5, 3", "[5, 3]", "5,3,", "05,3"):
        state = of(f"source=random&lengths={text}")
        assert state.values["lengths"] == "5,3"
        assert plan(state.request()).lengths == (5, 3)


def test_each_control_is_the_requests_own_field() -> None:
    asked = of("proj_size=2&dtype=float64&packed=true&head=mean").request()
    assert (asked.model.proj_size, asked.dtype, asked.packed) == (2, "float64", True)
    assert asked.head is not None
    assert asked.head.reads == "mean"
    assert of("cell=gru&proj_size=2").request().model.proj_size == 0  # kept in the address, for an LSTM only
    assert of("lengths=5,3").request().lengths is None  # a text knows its own


def test_a_given_first_state_has_the_shape_of_this_network() -> None:
    asked = of("h0=ones&proj_size=2&num_layers=2&bidirectional=true").request()
    planned = plan(asked)
    assert planned.request.state is not None
    assert torch.tensor(planned.request.state.h_0).equal(torch.ones(4, 2, 2))
    assert torch.tensor(planned.request.state.c_0).equal(torch.ones(4, 2, 6))
    gru = of("h0=ones&cell=gru&proj_size=2&source=random&batch=3").request().state
    assert gru is not None
    assert torch.tensor(gru.h_0).shape == (1, 3, 6)
    assert gru.c_0 is None


def test_a_large_run_keeps_its_lengths_and_projection_while_it_is_made_to_fit() -> None:
    query = "source=random&batch=256&seq_len=5000&input_size=8&hidden_size=2048&proj_size=1000&lengths=7"
    near, planned, found = runnable(of(query), Limits())
    assert {refusal.field for refusal in found} >= {"lengths"}
    assert planned.lengths is not None
    assert planned.lengths[0] == 7
    assert 0 < planned.request.model.proj_size < planned.H
    assert near.values["batch"] == 256


def test_a_run_too_large_as_a_whole_is_shown_at_the_largest_size_that_fits() -> None:
    query = "source=random&batch=256&seq_len=5000&input_size=64&hidden_size=2048"
    near, planned, found = runnable(of(query), Limits())
    assert [refusal.kind for refusal in found] == ["over-limit"]
    assert planned.cost.bytes <= Limits().bytes
    # no hidden_size makes room for this input, no batch for this many steps: these give way, as far as they must
    size = near.values["seq_len"]
    assert isinstance(size, int)
    assert {name for name, value in of(query).values.items() if near.values[name] != value} <= {"seq_len", "row"}
    assert runnable(near.with_(seq_len=size + 1), Limits())[2]


def test_an_unknown_name_in_a_link_is_named() -> None:
    _, found = read_state([("hiden_size", "3")])
    assert found[0].field == "hiden_size"


def test_the_browser_knows_the_same_keys_and_defaults() -> None:
    """The page writes queries by a table of its own, which must not drift from the server's."""
    source = (ROOT / "static/js/core/query.js").read_text(encoding="utf-8")
    table = re.search(r"DEFAULTS = Object\.freeze\(\{(.*?)\n\}\)", source, re.DOTALL)
    assert table is not None
    written = dict(re.findall(r"^\s+(\w+): (.+?),(?: //.*)?$", table[1], re.MULTILINE))
    assert written.pop("example") == '""'

    def literal(value: Value) -> str:
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, list):
            return "[" + ", ".join(f'"{each}"' for each in value) + "]"
        return f"{value:g}" if isinstance(value, int | float) else f'"{value}"'

    assert written == {key.name: literal(key.default) for key in KEYS}


def test_the_browser_leaves_out_and_holds_fast_what_the_server_does() -> None:
    """The names of a teacher's link stand in two tables, and each part has a rule in the style sheet."""
    source = (ROOT / "static/js/core/teaching.js").read_text(encoding="utf-8")
    parts = re.search(r"PARTS = .*?\(\[(.*?)\]\)", source, re.DOTALL)
    assert parts is not None
    assert tuple(re.findall(r'"(\w+)"', parts[1])) == teaching.PARTS
    groups = re.findall(r"^  (\w+): \[(.*?)\]", source, re.DOTALL | re.MULTILINE)
    assert {name: tuple(re.findall(r'"(\w+)"', keys)) for name, keys in groups} == teaching.GROUPS
    sheet = (ROOT / "static/css/teaching.css").read_text(encoding="utf-8")
    assert set(re.findall(r'data-hide~="(\w+)"', sheet)) == set(teaching.PARTS)


def test_what_can_be_held_fast_is_every_key_that_changes_the_run() -> None:
    held = {name for keys in teaching.GROUPS.values() for name in keys}
    assert held == {key.name for key in KEYS if not key.view}
    assert teaching.locked("code,text") == {*teaching.GROUPS["code"], "text"}


def test_a_teachers_link_keeps_what_is_understood_and_names_the_rest() -> None:
    state, (found,) = read_state([("hide", "table, Code,quiz,code"), ("lock", "hidden_size,input")])
    assert state.values["hide"] == "code,table"
    assert state.values["lock"] == "input,hidden_size"
    assert (found.field, found.got) == ("hide", "table, Code,quiz,code")
    assert str(found.expected) == ", ".join(teaching.PARTS)
    assert state.query() == "hide=code%2Ctable&lock=input%2Chidden_size"


def said(query: str, limits: Limits | None = None) -> Refusal:
    """The one thing that is wrong with a link."""
    _, (found,) = read_state(parse_qsl(query, keep_blank_values=True), limits or Limits())
    return found


def test_what_would_be_understood_is_what_this_server_takes() -> None:
    assert said("lang=xx").expected == "en, zh"
    assert said("batch=0").expected == f"1 … {Limits().batch}"
    assert said("hidden_size=0", replace(Limits(), hidden=77)).expected == "1 … 77"
    assert said("seq_len=x").expected == f"1 … {Limits().steps}"
    assert said("bias=maybe").expected == "true, false"
    assert said("dropout=2").expected == "0 … 1"


def test_sentences_too_many_are_counted_as_they_are() -> None:
    found = said("&".join(["text=a"] * 2000))
    assert (found.got, found.expected) == (2000, Limits().sentences)
    state, _ = read_state([("text", "a")] * 5, replace(Limits(), sentences=3))
    assert state.values["text"] == ["a"] * 3


def test_the_settings_and_the_core_have_the_same_defaults() -> None:
    assert Settings().limits == Limits()


NOT = '{"clamp":{"row":"l0","quantity":"z","value":1}}'  # an LSTM has none
GOOD = '{"clamp":{"row":"l0","quantity":"f","value":1.0,"from":2}}'


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (f"[{GOOD}]", f"[{GOOD}]"),
        (f"[{NOT},{GOOD},{NOT}]", f"[{GOOD}]"),
        (f"[{', '.join([NOT] * 16)}]", ""),
        (f"[{', '.join([GOOD] * 17)}]", ""),
        ('[{"clamp": {"row": "l0", "quantity": "f", "value": 1, "from": 2, "to": null}}]', f"[{GOOD}]"),
        ('[{"clamp": {"row": "l9", "quantity": "f", "value": 1}}]', ""),
        ('[{"clamp": {"row": "l0", "quantity": "f", "value": NaN}}]', ""),
        ('[{"clamp": {"row": "l0", "quantity": "f", "value": 1e999}}]', ""),
        ('[{"state": {"h_0": [NaN]}}]', ""),
        ('[{"state": {"h_0": ' + "[" * 900 + "]" * 900 + "}}]", ""),
        ('[{"token": {"step": 3, "token": "\\ud800"}}]', ""),
        ('[{"token": {"step": 3, "token": "unheard"}}]', ""),
        ('[{"token": {"step": 3, "token": "loved"}}]', '[{"token":{"step":3,"token":"loved"}}]'),
        ("[]", ""),
        ("[" * 1900, ""),
        ("{}", ""),
        ("null", ""),
        ("f=1", ""),
        ("[" + "9" * 1900 + "]", ""),
        ("[" + " " * 3000 + "]", ""),
    ],
)
def test_what_cannot_be_done_by_hand_is_dropped_and_said(given: str, kept: str) -> None:
    asked, misread = read_state([("interventions", given)])
    state, planned, found = runnable(asked, Limits())
    assert state.values["interventions"] == kept
    assert len(planned.request.interventions or []) == kept.count("clamp") + kept.count('token":{')
    dropped = given not in ("[]",) and kept != given.replace(" ", "").replace('"value":1,', '"value":1.0,').replace(
        ',"to":null', ""
    )
    assert bool(misread or found) == dropped


@given(st.text(max_size=40))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_no_text_at_all_as_interventions_fails(word: str) -> None:
    for each in (word, f'[{{"token":{{"step":1,"token":"{word}"}}}}]', f'[{{"clamp":{{"row":"{word}"}}}}]'):
        asked, _ = read_state([("interventions", each)])
        state, _, _ = runnable(asked, Limits())
        assert of(state.query()).request() == state.request()

"""Every value of any run can be made again from its terms: 10,000 places of generated requests, and every kind."""

import random
from collections import Counter
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.recurrent.errors import Refusal
from app.recurrent.examples import BY_KEY
from app.recurrent.explain.dependencies import TABLE
from app.recurrent.explain.evaluate import Worked, work_out
from app.recurrent.explain.places import locate
from app.recurrent.explain.value import ExplainAnswer, explain
from app.recurrent.index import select
from app.recurrent.trace import Trace
from app.web import i18n
from tests.clamping import clamped_requests
from tests.core import requests, traced
from tests.decoders import decoders

CONFIGURATIONS, A_TRACE = 400, 30  # together over 10,000 places
english = i18n.sayer("en")

LSTM: dict[str, Any] = {
    "model": {"cell": "lstm", "input_size": 3, "hidden_size": 4, "num_layers": 2, "bidirectional": True},
    "input": {"random": {"batch": 2, "seq_len": 5}},
    "state": {"random": {"seed": 3}},
}
# What chance may leave out: an encoder's c, a target that is ignored, a mean over nothing.
CLASSES: dict[str, Any] = {
    "model": {"cell": "gru", "input_size": 3, "hidden_size": 4},
    "input": {"random": {"batch": 3, "seq_len": 2}},
    "head": {"reads": "last_step", "out_features": 3},
}
SELDOM: list[dict[str, Any]] = [
    BY_KEY["rnn-types"].request or {},
    CLASSES | {"loss": {"kind": "cross_entropy", "target": [1, -100, 2]}},
    CLASSES | {"loss": {"kind": "cross_entropy", "target": [-100, -100, -100]}},
]
GRU: dict[str, Any] = {
    "model": {"cell": "gru", "input_size": 3, "hidden_size": 4, "batch_first": True},
    "input": {"random": {"batch": 2, "seq_len": 5}},
}


def places(trace: Trace, choose: random.Random) -> list[tuple[str, tuple[int, ...]]]:
    """Random places; every tensor has the same chance, so that small ones are met too."""
    names = list(trace.plan.tensors)
    chosen = choose.choices(names, k=A_TRACE)
    return [(name, tuple(choose.randrange(size) for size in trace.plan.tensors[name].shape)) for name in chosen]


def check(trace: Trace, worked: Worked) -> None:
    """The recomputed value is the traced one, and all that leads to it has a place in the trace."""
    assert worked.rule.formula
    assert worked.max_abs_diff <= 1e-5 * max(1.0, abs(worked.value)), (worked.kind, worked.place)
    for run in (run for part in worked.parts for runs in part.runs for run in runs):
        shape: tuple[int, ...] = ()
        if run.kind == "tensor":
            shape = select(trace.plan, run.name, None).shape
        elif run.kind == "parameter":
            shape = trace.plan.parameters[run.name].shape
        for place in (run.at(0), run.at(run.count - 1)):
            assert all(0 <= each < size for each, size in zip(place, shape, strict=True))


def test_ten_thousand_random_values_of_every_kind_are_made_again_from_their_terms() -> None:
    met: Counter[str] = Counter()
    choose = random.Random(0)

    @settings(
        max_examples=CONFIGURATIONS,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of(requests(), requests(), clamped_requests(), decoders()))
    def one_configuration(asked: dict[str, Any]) -> None:
        trace = traced(**asked)
        for name, index in places(trace, choose):
            worked = work_out(trace, locate(trace.plan, name, index))
            check(trace, worked)
            met[worked.kind] += 1

    one_configuration()
    assert met.total() >= 10_000
    for asked in SELDOM:
        trace = traced(**asked)
        for name, index in places(trace, choose) * 3:
            worked = work_out(trace, locate(trace.plan, name, index))
            check(trace, worked)
            met[worked.kind] += 1
    assert set(met) == set(TABLE)  # none without a formula, and no formula that was not tried


def ranges_of(trace: Trace, found: ExplainAnswer) -> list[tuple[str, tuple[int, ...]]]:
    """Every place that the ranges of an answer name, one by one."""
    places = []
    for read in found.reads:
        name = read.tensor or read.parameter
        assert name is not None
        assert (read.tensor is None) != (read.parameter is None)
        spans = [
            range(*slice(*(int(end) if end else None for end in part.split(":"))).indices(size))
            if ":" in part
            else (int(part),)
            for part, size in zip(read.index.split(","), shape_of(trace, name), strict=True)
        ]
        found_here = list(product(*spans))
        assert len(found_here) == read.count
        assert len(read.values) == min(read.count, 6)
        places += [(name, place) for place in found_here]
    return places


def shape_of(trace: Trace, name: str) -> tuple[int, ...]:
    """The shape of a tensor or a parameter, the encoder's among them."""
    if name.startswith("encoder."):
        assert trace.encoder is not None
        return shape_of(trace.encoder, name.removeprefix("encoder."))
    if name in trace.plan.tensors:
        return trace.plan.tensors[name].shape
    return tuple(trace.done.modules.named()[name].shape)


def test_the_ranges_of_a_value_are_exactly_the_places_of_its_factors_in_random_runs() -> None:
    choose = random.Random(1)
    met: Counter[str] = Counter()

    @settings(max_examples=120, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(st.one_of(requests(), requests(), decoders()))
    def one_configuration(asked: dict[str, Any]) -> None:
        trace = traced(**asked)
        chosen = places(trace, choose)[:12]
        if trace.encoder is not None:
            chosen += [(f"encoder.{name}", index) for name, index in places(trace.encoder, choose)[:4]]
        for name, index in chosen:
            found = explained(trace, name, ",".join(map(str, index)))
            factors = [factor.from_ for term in found.terms for factor in term.factors]
            expected = {(each.tensor or each.parameter, tuple(each.index)) for each in factors if not each.constant}
            ranges = ranges_of(trace, found)
            assert len(set(ranges)) == len(ranges), (name, index)
            assert set(ranges) == expected, (name, index)
            met[found.kind] += 1

    one_configuration()
    assert len(met) >= 40


def test_one_range_stands_once_and_begins_with_its_first_numbers() -> None:
    trace = traced(**LSTM)
    found = explained(trace, "l1.f", "1,3,2", 3)
    assert [(each.symbol, each.role, each.tensor or each.parameter, each.index) for each in found.reads] == [
        ("W_if", "input", "rnn.weight_ih_l1", "6,:"),
        ("x", "input", "l0.h", "1,3,:"),
        ("x", "input", "l0_reverse.h", "1,3,:"),
        ("b_if", "input_bias", "rnn.bias_ih_l1", "6"),
        ("W_hf", "state", "rnn.weight_hh_l1", "6,:"),
        ("h_prev", "state", "l1.h", "1,2,:"),
        ("b_hf", "state_bias", "rnn.bias_hh_l1", "6"),
    ]
    for name, read in (("l0", found.reads[1]), ("l0_reverse", found.reads[2])):
        row = next(row.index for row in trace.plan.rows if row.suffix == name)
        assert read.values == trace.done.h[row][3, 1].tolist()
    twice = explained(traced(**GRU), "l0.h", "0,2,1")  # z is read by both of its terms
    assert [each.symbol for each in twice.reads] == ["z", "n", "h_prev"]


def test_a_mean_over_the_steps_reads_only_the_true_ones() -> None:
    asked = GRU | {"lengths": [5, 3], "packed": True, "head": {"reads": "mean", "out_features": 2}}
    found = explained(traced(**asked), "pooled", "1,2")
    assert [(each.tensor, each.index, each.count) for each in found.reads] == [("output", "1,0:3,2", 3)]


def test_a_formula_names_no_bias_that_the_run_does_not_have() -> None:
    with_it, without = (
        explained(traced(**GRU | {"model": GRU["model"] | {"bias": bias}}), "l0.n", "0,2,1") for bias in (True, False)
    )
    assert with_it.formula == "n = tanh(W_in·x + b_in + r·(W_hn·h_prev + b_hn))"
    assert without.formula == "n = tanh(W_in·x + r·(W_hn·h_prev))"
    assert {each.symbol for each in with_it.reads} - {each.symbol for each in without.reads} == {"b_in", "b_hn"}


def explained(trace: Trace, name: str, at: str, limit: int | None = None) -> ExplainAnswer:
    return explain(trace, name, at, limit, english)


def test_a_gate_goes_down_to_every_product_and_both_biases() -> None:
    trace = traced(**LSTM)
    found = explained(trace, "l1.f", "1,3,2")
    roles = Counter(term.role for term in found.terms)
    assert roles == {"input": 8, "input_bias": 1, "state": 4, "state_bias": 1}
    assert found.term_count == 14
    sizes = [abs(term.value or 0) for term in found.terms]
    assert sizes == sorted(sizes, reverse=True)
    one = next(term for term in found.terms if term.role == "input" and term.symbol == "W_if[2,5] · x[5]")
    weight, x = one.factors
    assert (weight.from_.parameter, weight.from_.index) == ("rnn.weight_ih_l1", [4 + 2, 5])
    # features 4 to 7 of what layer 1 reads are the backward direction of layer 0
    assert (x.from_.tensor, x.from_.index) == ("l0_reverse.h", [1, 3, 1])
    assert one.value == pytest.approx((weight.value or 0) * (x.value or 0))


def test_past_the_limit_the_rest_is_summed_and_says_how_many() -> None:
    trace = traced(**LSTM)
    every, some = explained(trace, "l1.f", "1,3,2"), explained(trace, "l1.f", "1,3,2", 3)
    assert [term.count for term in some.terms[:3]] == [1, 1, 1]
    assert sum(term.count for term in some.terms) == every.term_count == some.term_count
    assert sum(term.value or 0 for term in some.terms) == pytest.approx(every.inner)
    assert all(term.from_ is None for term in some.terms[3:])


def test_before_the_first_step_of_a_row_stand_h_0_and_c_0() -> None:
    trace = traced(**LSTM)
    forward, backward = explained(trace, "l0.c", "1,0,2"), explained(trace, "l1_reverse.c", "1,4,2")
    sources = [[factor.from_ for term in each.terms for factor in term.factors] for each in (forward, backward)]
    assert ("c_0", [0, 1, 2]) in [(each.tensor, each.index) for each in sources[0]]
    assert ("c_0", [3, 1, 2]) in [(each.tensor, each.index) for each in sources[1]]


def test_a_backward_row_comes_from_the_step_after() -> None:
    found = explained(traced(**LSTM), "l0_reverse.c", "1,2,0")
    assert ("l0_reverse.c", [1, 3, 0]) in [
        (factor.from_.tensor, factor.from_.index) for term in found.terms for factor in term.factors
    ]


def test_the_reset_gate_of_a_gru_multiplies_b_hn_too() -> None:
    found = explained(traced(**GRU), "l0.n", "0,2,1")
    reset = [term for term in found.terms if term.role in ("state", "state_bias")]
    assert len(reset) == 5
    assert all(term.factors[0].from_.tensor == "l0.r" for term in reset)
    inside = next(term for term in found.terms if term.role == "state_bias")
    assert inside.factors[1].from_.parameter == "rnn.bias_hh_l0"


def test_a_softmax_is_its_share_of_the_exponentials() -> None:
    head = {"reads": "h_n", "out_features": 3, "activation": "softmax"}
    found = explained(traced(**GRU, head=head), "activated", "1,2")
    assert (found.apply, found.term_count) == ("softmax", 3)
    own = next(term for term in found.terms if term.factors[0].from_.index == [1, 2])
    assert found.recomputed == pytest.approx((own.value or 0) / (found.inner or 1))


def test_where_a_packed_run_has_ended_the_value_is_zero_and_says_why() -> None:
    trace = traced(**GRU, lengths=[5, 2], packed=True)
    found = explained(trace, "output", "1,3,0")
    assert (found.kind, found.value, found.terms) == ("padding", 0.0, [])
    assert explained(trace, "h_n", "0,1,0").terms[0].factors[0].from_.index == [1, 1, 0]


def test_a_word_is_read_from_its_row_of_the_table() -> None:
    trace = traced(model={"cell": "gru", "hidden_size": 4, "input_size": 3}, input={"text": ["one two", "three"]})
    found = explained(trace, "embedding", "1,0,2")
    token = int(trace.done.tensors["tokens"][1, 0])
    assert found.terms[0].factors[0].from_.index == [token, 2]
    assert found.picked_by is not None
    assert (found.picked_by.tensor, found.picked_by.index) == ("tokens", [1, 0])


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
def test_every_kind_has_its_sentence_in_both_languages(lang: str) -> None:
    assert {f"explain.{kind}" for kind in TABLE} <= set(i18n.catalogue(lang))


def test_a_sentence_names_the_value_and_what_it_is_made_of() -> None:
    trace = traced(**LSTM)
    found = explained(trace, "l0.c", "1,3,2")
    assert f"{abs(found.value or 0):.4g}" in found.says
    assert "f · c_prev" in found.says


@pytest.mark.parametrize("at", ["", "1,3", "1,:,2", "1,3,2,0", "9,0,0", "a"])
def test_an_index_that_is_not_one_place_is_refused(at: str) -> None:
    with pytest.raises(Refusal) as refused:
        explained(traced(**LSTM), "l0.c", at)
    assert refused.value.kind == "invalid-value"


def test_a_value_that_its_terms_do_not_give_is_never_shown() -> None:
    trace = traced(**GRU)
    trace.done.tensors["output"] = trace.done.tensors["output"] + 1e-3
    with pytest.raises(Refusal) as refused:
        explained(trace, "output", "0,0,0")
    assert refused.value.kind == "proof-failed"


def test_large_values_of_a_relu_may_round_in_proportion() -> None:
    model = {"cell": "rnn", "input_size": 2, "hidden_size": 2, "nonlinearity": "relu", "bias": False}
    weights = {"rnn.weight_ih_l0": [[9.0, 7.0], [5.0, 3.0]], "rnn.weight_hh_l0": [[3.0, 2.7], [2.1, 3.3]]}
    trace = traced(model=model, input={"values": [[[1.3, 2.1]]] * 30}, weights={"values": weights})
    found = explained(trace, "l0.h", "0,29,0")
    assert (found.value or 0) > 1e15
    assert (found.max_abs_diff or 0) <= found.tolerance

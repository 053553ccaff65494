"""Examples, claims and proofs: what FACTS promise, on the real thing."""

from typing import Any

import pytest
import torch

from app.corpora.tokens import encode, tokenize
from app.recurrent import gates, simpler
from app.recurrent import proof as proof_module
from app.recurrent.cost import Limits
from app.recurrent.errors import Cancelled, Refusal
from app.recurrent.examples import BY_KEY, EXAMPLES
from app.recurrent.forward import Pass
from app.recurrent.index import whole
from app.recurrent.shapes import plan
from app.recurrent.spec import TraceRequest
from app.recurrent.trace import Trace, run
from tests.core import planned, traced

SMALL: dict[str, Any] = {"model": {"input_size": 4, "hidden_size": 3}, "input": {"random": {"batch": 2, "seq_len": 5}}}


def example(key: str, variant: str | None = None) -> Trace:
    found = BY_KEY[key]
    request = found.request if variant is None else {each.key: each.request for each in found.variants}[variant]
    assert request is not None
    return run(plan(TraceRequest.model_validate(request), Limits()))


def shapes(trace: Trace) -> dict[str, tuple[int, ...]]:
    return {name: tuple(whole(trace, name).array.shape) for name in trace.done.tensors}


def verdicts(trace: Trace) -> dict[str, bool]:
    return {claim.why.key.removeprefix("claim."): claim.holds for claim in trace.claims}


def test_all_examples_are_listed_and_run() -> None:
    trained = ["sentiment-en", "sentiment-zh", "weather", "names"]
    assert [each.key for each in EXAMPLES] == [
        *trained,
        "sentiment-imdb",
        "embedding-lstm",
        "stacked-cube",
        "regression-every-step",
        "rnn-hello",
        "review-500x100",
        "rnn-types",
        "cross-entropy",
    ]
    assert all(each.available for each in EXAMPLES)


def test_sentiment_imdb_shows_every_stage_with_its_shape() -> None:
    trace = example("sentiment-imdb")
    found = shapes(trace)
    chain = ["tokens", "embedding", "output", "flattened", "logits", "activated", "reshaped", "prediction"]
    assert [found[name] for name in chain] == [
        (50, 200), (50, 200, 30), (50, 200, 512), (10000, 512), (10000, 1), (10000, 1), (50, 200), (50,),
    ]  # fmt: skip
    codes = [stage.code for stage in trace.plan.stages]
    assert "flattened = output.contiguous().view(-1, 512)" in codes
    assert "reshaped = activated.view(50, -1)" in codes
    assert "prediction = reshaped[:, -1]" in codes
    prediction = whole(trace, "prediction").array
    assert 0 < prediction.min() <= prediction.max() < 1


@pytest.mark.parametrize(
    ("variant", "output", "h_n"),
    [
        (None, (10, 20, 18), (1, 10, 18)),
        ("time_first", (20, 10, 18), (1, 10, 18)),
        ("bidirectional", (10, 20, 36), (2, 10, 18)),
    ],
)
def test_embedding_lstm_returns_the_documented_shapes(
    variant: str | None, output: tuple[int, ...], h_n: tuple[int, ...]
) -> None:
    found = shapes(example("embedding-lstm", variant))
    assert (found["output"], found["h_n"], found["c_n"]) == (output, h_n, h_n)


def test_stacked_cube_is_two_layers_of_five_units() -> None:
    found = shapes(example("stacked-cube"))
    assert (found["input"], found["output"], found["h_n"]) == ((3, 7, 4), (3, 7, 5), (2, 3, 5))
    assert shapes(example("stacked-cube", "bidirectional"))["h_n"] == (4, 3, 5)


def test_regression_every_step_folds_the_answers_back_over_time() -> None:
    trace = example("regression-every-step")
    found = shapes(trace)
    T, N, H = found["output"]
    assert found["flattened"] == (T * N, H)
    assert found["logits"] == (T * N, 1)
    assert found["reshaped"] == (T, N, 1)
    assert "flattened = output.contiguous().view(-1, 16)" in [stage.code for stage in trace.plan.stages]


@pytest.mark.parametrize("variant", [None, "relu"])
def test_the_documentations_rnn_ends_where_its_output_ends(variant: str | None) -> None:
    trace = example("rnn-hello", variant)
    found = shapes(trace)
    assert (found["input"], found["h_0"]) == ((5, 3, 10), (1, 3, 20))
    assert (found["output"], found["h_n"]) == ((5, 3, 20), (1, 3, 20))
    tensors = trace.done.tensors
    assert torch.all(tensors["output"][-1] == tensors["h_n"])
    assert tensors["h_0"].abs().max() > 0
    assert trace.claims[0].claim == "torch.all(output[-1] == h_n)"
    assert trace.claims[0].holds


def test_review_500x100_keeps_the_last_state_only() -> None:
    found = shapes(example("review-500x100"))
    assert (found["input"], found["output"]) == ((8, 500, 100), (8, 500, 100))
    assert (found["last_step"], found["prediction"]) == ((8, 100), (8,))
    trace = example("review-500x100", "top_words")
    assert shapes(trace)["embedding"] == (64, 500, 32)
    assert trace.plan.parameters["rnn.weight_hh_l0"].shape == (400, 100)


def test_one_direction_settles_its_claims() -> None:
    found = verdicts(traced(**SMALL))
    assert found == {
        "last_is_h_n": True,
        "h_n_order": True,
        "h_n_batch_first": False,
        "output_is_top_h": True,
        "batch_first_turns": True,
        "gate_order_lstm": True,
        "c_n_is_last_c": True,
        "h_shows_c": True,
        "c_is_a_sum": True,
        "bias_sum": True,
        "parameters_keras": True,
    }


def test_two_directions_and_two_layers_settle_theirs() -> None:
    model = SMALL["model"] | {"bidirectional": True, "num_layers": 2, "batch_first": True}
    trace = traced(**SMALL | {"model": model})
    found = verdicts(trace)
    assert found["forward_half"]
    assert found["backward_half"]
    assert found["stacked"]
    assert found["backward_is_flipped"]
    assert not found["backward_half_at_last_step"]
    assert not found["join_by_reshape"]
    false = [claim for claim in trace.claims if not claim.holds]
    assert all(claim.max_abs_diff is None or claim.max_abs_diff > 0 for claim in false)


@pytest.mark.parametrize("wrong", ["one_by_one", "both_ways"])
def test_the_claims_of_simpler_modules_can_turn_out_false(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = getattr(simpler, wrong)

    def moved(*given: Any) -> Any:
        found = right(*given)
        return found + 1e-3 if wrong == "one_by_one" else (found[0], found[1] + 1e-3)

    monkeypatch.setattr(f"app.recurrent.claims.{wrong}", moved)
    found = verdicts(traced(**SMALL | {"model": SMALL["model"] | {"bidirectional": True, "num_layers": 2}}))
    assert not found["stacked" if wrong == "one_by_one" else "backward_is_flipped"]


def test_h_n_in_another_order_than_the_plain_modules_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def swapped(done: Pass, *given: Any) -> Any:
        evidence = proof_module.prove(done, *given)
        done.h[0], done.h[2] = done.h[2], done.h[0]
        return evidence

    monkeypatch.setattr("app.recurrent.trace.prove", swapped)
    found = verdicts(traced(**SMALL | {"model": SMALL["model"] | {"bidirectional": True, "num_layers": 2}}))
    assert not found["h_n_order"]


def test_batch_first_states_are_a_mistake_also_where_the_shape_fits_by_accident() -> None:
    trace = traced(**SMALL | {"model": SMALL["model"] | {"num_layers": 2}})
    claim = next(claim for claim in trace.claims if claim.why.key == "claim.h_n_batch_first")
    assert not claim.holds
    assert claim.max_abs_diff


@pytest.mark.parametrize("bias", [2.0, 3.0, 6.0, 10.0])
@pytest.mark.parametrize("T", [100, 1000, 5000])
def test_a_memory_that_forgets_nothing_is_proven_too(bias: float, T: int) -> None:
    """Rounding adds up over the steps that a cell remembers; neither side is wrong."""
    weights = {
        "rnn.weight_ih_l0": [[0.5], [0.1], [1.0], [0.3]],
        "rnn.weight_hh_l0": [[0.1], [-0.1], [0.2], [0.1]],
        "rnn.bias_ih_l0": [0.0, bias, 0.0, 0.0],
        "rnn.bias_hh_l0": [0.1, 0.0, 0.1, 0.0],
    }
    trace = traced(
        model={"input_size": 1, "hidden_size": 1},
        input={"values": [[[0.7]]] * T},
        weights={"values": weights},
    )
    assert max(trace.proof.max_abs_diff.values()) <= trace.proof.tolerance


def test_biases_that_cancel_and_values_that_explode_are_proven_too() -> None:
    big = {name: [1000.0, -1000.0, 1000.0] for name in ("rnn.bias_ih_l0",)}
    small = {"rnn.bias_hh_l0": [-1000.0, 1000.0, -1000.0]}
    square = [[0.3, -0.2, 0.1]] * 3
    rnn = {"cell": "rnn", "input_size": 3, "hidden_size": 3}
    values = torch.randn(20, 2, 3, generator=torch.Generator().manual_seed(1)).tolist()
    weights = {"rnn.weight_ih_l0": square, "rnn.weight_hh_l0": square}
    traced(model=rnn, input={"values": values}, weights={"values": weights | big | small})
    grows = {"rnn.weight_ih_l0": square, "rnn.weight_hh_l0": [[9.0, 0.0, 0.0], [0.0, 9.0, 0.0], [0.0, 0.0, 9.0]]}
    exploding = rnn | {"nonlinearity": "relu", "bias": False}
    trace = traced(model=exploding, input={"values": values * 3}, weights={"values": grows})
    assert not torch.isfinite(trace.done.tensors["output"]).all()


def test_padding_drifts_and_packing_mends_it() -> None:
    asked = SMALL | {"input": {"random": {"batch": 3, "seq_len": 6}}, "lengths": [6, 4, 2]}
    padded, packed = traced(**asked), traced(**asked, packed=True)
    found = next(claim for claim in padded.claims if claim.why.key == "claim.padding_drift")
    assert not found.holds
    assert [part.split(":")[0] for part in found.why.params["drift"].split(", ")] == ["6", "4", "2"]
    assert verdicts(packed)["packed_end"]
    assert not verdicts(packed)["last_is_padding"]
    alone = traced(**SMALL | {"input": {"values": padded.done.tensors["input"][:2, 2:].tolist()}})
    assert torch.allclose(packed.done.tensors["h_n"][0, 2], alone.done.tensors["h_n"][0, 0], atol=1e-7)
    assert packed.plan.positions.h_n[0].step == (5, 3, 1)
    assert packed.done.tensors["batch_sizes"].tolist() == [3, 3, 2, 2, 1, 1]


def test_a_parameter_can_be_read_like_a_tensor() -> None:
    trace = traced(**SMALL)
    matrix = whole(trace, "rnn.weight_hh_l0").array
    assert matrix.shape == (12, 3)
    assert torch.equal(torch.as_tensor(matrix), trace.done.modules.named()["rnn.weight_hh_l0"])


def test_with_a_single_step_the_backward_half_of_the_last_step_is_its_end() -> None:
    model = SMALL["model"] | {"bidirectional": True}
    trace = traced(model=model, input={"random": {"batch": 2, "seq_len": 1}})
    assert verdicts(trace)["backward_half_of_one_step"]


def test_a_gru_can_not_move_its_hidden_bias_over() -> None:
    found = verdicts(traced(**SMALL | {"model": SMALL["model"] | {"cell": "gru"}}))
    assert not found["bias_sum_gru"]
    assert found["gru_equation"]
    assert "c_is_a_sum" not in found


@pytest.mark.parametrize(
    ("changed", "count"),
    [
        ({}, 2560),
        ({"num_layers": 2}, 5920),
        ({"bidirectional": True}, 5120),
        ({"num_layers": 2, "bidirectional": True}, 15040),
    ],
)
def test_parameters_are_counted_as_the_facts_say(changed: dict[str, Any], count: int) -> None:
    asked = planned(
        model={"input_size": 10, "hidden_size": 20, **changed}, input={"random": {"batch": 1, "seq_len": 1}}
    )
    assert asked.parameter_count == count


def test_every_small_trace_is_compared_whole() -> None:
    checked = traced(**SMALL).proof.checked
    assert (checked.samples, checked.steps, checked.units) == ([0, 1], 5, 3)


def test_a_large_trace_says_which_part_was_compared() -> None:
    trace = traced(model={"input_size": 30, "hidden_size": 128}, input={"random": {"batch": 100, "seq_len": 50}})
    checked = trace.proof.checked
    assert checked.of == {"samples": 100, "steps": 50, "units": 128}
    assert 1 <= len(checked.samples) < 100


def test_a_wrong_number_anywhere_in_the_record_fails_the_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof itself can fail: one unit of one step is moved by a hair."""
    for row in (0, 3):

        def spoiled(done: Pass, *given: Any, row: int = row) -> Any:
            done.h[row] = done.h[row].clone()
            done.h[row][2, 1, 0] += 1e-4
            return proof_module.prove(done, *given)

        monkeypatch.setattr("app.recurrent.trace.prove", spoiled)
        model = SMALL["model"] | {"bidirectional": True, "num_layers": 2}
        with pytest.raises(Refusal) as caught:
            traced(**SMALL | {"model": model})
        assert caught.value.kind == "proof-failed"


def test_gates_in_another_order_fail_the_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    right = gates._lstm
    monkeypatch.setattr(gates, "_lstm", lambda z, *rest: right((z[0], z[2], z[1], z[3]), *rest))
    with pytest.raises(Refusal) as caught:
        traced(**SMALL)
    assert caught.value.say.params["name"] in ("c", "gates")


def test_numbers_that_are_not_finite_are_kept_and_do_not_break_the_proof() -> None:
    big = 3e38
    trace = traced(
        model={"cell": "rnn", "nonlinearity": "relu", "input_size": 1, "hidden_size": 1, "bias": False},
        input={"values": [[[big]], [[big]], [[big]]]},
        weights={"values": {"rnn.weight_ih_l0": [[1.0]], "rnn.weight_hh_l0": [[1.0]]}},
    )
    assert not torch.isfinite(trace.done.tensors["output"]).all()


def test_a_run_stops_between_two_kernels_when_nobody_waits() -> None:
    asked = planned(**SMALL | {"model": SMALL["model"] | {"num_layers": 3}})
    calls = iter([False, False, True])  # one look before each row
    with pytest.raises(Cancelled):
        run(asked, lambda: next(calls))


def test_a_very_long_row_runs_in_parts_to_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    model = SMALL["model"] | {"bidirectional": True, "num_layers": 2}
    whole_at_once = traced(**SMALL | {"model": model})
    monkeypatch.setattr("app.recurrent.kernel.AT_A_TIME", 300)
    in_parts = traced(**SMALL | {"model": model})  # proven against the plain module on the way
    for name, tensor in whole_at_once.done.tensors.items():
        assert torch.allclose(in_parts.done.tensors[name], tensor, rtol=0, atol=1e-6), name


def test_a_small_text_with_one_long_sentence_is_refused_before_it_is_filled_up() -> None:
    text = ["a"] * 60 + ["a " * 9_000]
    with pytest.raises(Refusal) as caught:
        plan(
            TraceRequest.model_validate({"model": {"input_size": 2, "hidden_size": 2}, "input": {"text": text}}),
            Limits(steps=100),
        )
    assert caught.value.expected == 100


def test_chinese_splits_into_characters_and_words_keep_their_apostrophe() -> None:
    assert tokenize("It's 不好看!") == ["it's", "不", "好", "看", "!"]
    assert tokenize("  ") == []


def test_the_vocabulary_is_the_texts_own_in_order_of_appearance() -> None:
    encoded = encode(["good film", "a good one, good"])
    assert encoded.vocabulary == ["<pad>", "good", "film", "a", "one", ","]
    assert encoded.ids == [[1, 2, 0, 0, 0], [3, 1, 4, 5, 1]]
    assert encoded.lengths == [2, 5]
    assert encoded.tokens[0] == ["good", "film", "<pad>", "<pad>", "<pad>"]

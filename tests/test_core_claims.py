"""Examples, claims and proofs: what FACTS promise, on the real thing."""

from typing import Any

import pytest
import torch

from app.corpora.tokens import encode, tokenize
from app.recurrent import gates
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


def test_all_eight_examples_are_listed_and_six_run() -> None:
    assert [each.key for each in EXAMPLES] == [
        "sentiment-imdb",
        "embedding-lstm",
        "stacked-cube",
        "regression-every-step",
        "rnn-hello",
        "review-500x100",
        "rnn-types",
        "cross-entropy",
    ]
    assert [each.key for each in EXAMPLES if not each.available] == ["rnn-types", "cross-entropy"]


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
        "batch_first_turns": True,
        "gate_order": True,
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
    assert all(claim.max_abs_diff > 0 for claim in false)


def test_with_a_single_step_the_backward_half_of_the_last_step_is_its_end() -> None:
    model = SMALL["model"] | {"bidirectional": True}
    trace = traced(model=model, input={"random": {"batch": 2, "seq_len": 1}})
    assert verdicts(trace)["backward_half_at_last_step"]


def test_a_gru_can_not_move_its_hidden_bias_over() -> None:
    found = verdicts(traced(**SMALL | {"model": SMALL["model"] | {"cell": "gru"}}))
    assert not found["bias_sum_gru"]
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

        def spoiled(done: Pass, row: int = row) -> Any:
            done.h[row] = done.h[row].clone()
            done.h[row][2, 1, 0] += 1e-4
            return proof_module.prove(done)

        monkeypatch.setattr("app.recurrent.trace.prove", spoiled)
        model = SMALL["model"] | {"bidirectional": True, "num_layers": 2}
        with pytest.raises(Refusal) as caught:
            traced(**SMALL | {"model": model})
        assert caught.value.kind == "proof-failed"


def test_gates_in_another_order_fail_the_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    right = gates._lstm
    monkeypatch.setattr(gates, "_lstm", lambda z, c_0: right((z[0], z[2], z[1], z[3]), c_0))
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
    monkeypatch.setattr("app.recurrent.forward.AT_A_TIME", 300)
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

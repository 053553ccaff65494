"""What can't run is refused in Python, with both numbers and the very text torch would print."""

import copy
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from app.recurrent.cost import Limits
from app.recurrent.errors import Refusal
from app.recurrent.shapes import plan
from app.recurrent.spec import TraceRequest
from app.web.i18n import LANGUAGES, catalogue, sayer
from tests.core import traced

GOOD: dict[str, Any] = {
    "model": {"cell": "lstm", "input_size": 10, "hidden_size": 20, "num_layers": 2},
    "input": {"random": {"batch": 3, "seq_len": 5}},
}


def refused(limits: Limits | None = None, **changed: Any) -> Refusal:
    """The refusal of GOOD with some parts changed."""
    with pytest.raises(Refusal) as caught:
        plan(TraceRequest.model_validate(copy.deepcopy(GOOD) | changed), limits)
    for lang in LANGUAGES:  # every refusal has its sentence, in every language
        assert sayer(lang)(caught.value.say)
        assert f"problem.{caught.value.kind}" in catalogue(lang)
    return caught.value


def torch_says(call: Any) -> str:
    """What torch itself prints for a call that fails."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the kind is part of the text compared
        call()
    return f"{type(caught.value).__name__}: {caught.value}"


def zeros(*shape: int) -> Any:
    return torch.zeros(shape).tolist()


def test_a_wrong_feature_axis_says_what_torch_says() -> None:
    refusal = refused(input={"values": zeros(5, 3, 7)})
    assert (refusal.kind, refusal.got, refusal.expected) == ("shape-mismatch", 7, 10)
    assert refusal.torch == torch_says(lambda: nn.LSTM(10, 20, 2)(torch.zeros(5, 3, 7)))


def test_four_axes_say_what_torch_says() -> None:
    refusal = refused(input={"values": zeros(1, 5, 3, 10)})
    assert (refusal.got, refusal.expected) == (4, 3)
    assert refusal.torch == torch_says(lambda: nn.LSTM(10, 20, 2)(torch.zeros(1, 5, 3, 10)))


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("shape", [(3, 2, 20), (2, 4, 20), (2, 3, 19), (2, 20), (1, 2, 3, 20)])
def test_a_first_state_of_the_wrong_shape_says_what_torch_says(cell: str, shape: tuple[int, ...]) -> None:
    model = GOOD["model"] | {"cell": cell}
    refusal = refused(model=model, state={"h_0": zeros(*shape)})
    assert (refusal.got, refusal.expected) == (list(shape), [2, 3, 20])
    module = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}[cell](10, 20, 2)
    h_0 = torch.zeros(shape)
    state: Any = (h_0, h_0) if cell == "lstm" else h_0
    assert refusal.torch == torch_says(lambda: module(torch.zeros(5, 3, 10), state))


def test_batch_first_does_not_move_the_batch_of_h_0() -> None:
    model = GOOD["model"] | {"batch_first": True}
    assert refused(model=model, state={"h_0": zeros(3, 2, 20)}).expected == [2, 3, 20]
    plan(TraceRequest.model_validate(GOOD | {"model": model, "state": {"h_0": zeros(2, 3, 20)}}))


def test_a_token_outside_the_table_says_what_torch_says() -> None:
    embedding = {"num_embeddings": 5, "embedding_dim": 10}
    refusal = refused(embedding=embedding, input={"tokens": [[1, 2], [5, 0]]})
    assert (refusal.field, refusal.got) == ("input.tokens[1][0]", 5)
    assert refusal.torch == torch_says(lambda: nn.Embedding(5, 10)(torch.tensor([[1, 2], [5, 0]])))


def test_a_padding_index_outside_the_table_says_what_torch_says() -> None:
    embedding = {"num_embeddings": 5, "embedding_dim": 10, "padding_idx": 5}
    refusal = refused(embedding=embedding, input={"tokens": [[1, 2], [4, 0]]})
    assert refusal.torch == torch_says(lambda: nn.Embedding(5, 10, padding_idx=5))


def test_proj_size_outside_an_lstm_says_what_torch_says() -> None:
    refusal = refused(model=GOOD["model"] | {"cell": "gru", "proj_size": 3})
    assert refusal.torch == torch_says(lambda: nn.GRU(10, 20, proj_size=3))


def test_a_projection_that_widens_says_what_torch_says() -> None:
    refusal = refused(model=GOOD["model"] | {"proj_size": 20})
    assert refusal.torch == torch_says(lambda: nn.LSTM(10, 20, proj_size=20))


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("shape", [(2, 3, 20), (2, 19), (3, 20), (20,)])
def test_a_state_for_a_sequence_without_a_batch_says_what_torch_says(cell: str, shape: tuple[int, ...]) -> None:
    model = GOOD["model"] | {"cell": cell}
    refusal = refused(model=model, input={"values": zeros(5, 10)}, state={"h_0": zeros(*shape)})
    assert refusal.expected == [2, 20]
    module = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}[cell](10, 20, 2)
    h_0 = torch.zeros(shape)
    state: Any = (h_0, h_0) if cell == "lstm" else h_0
    assert refusal.torch == torch_says(lambda: module(torch.zeros(5, 10), state))


def test_a_projected_state_is_as_wide_as_h_and_c_are() -> None:
    model = GOOD["model"] | {"proj_size": 4}
    assert refused(model=model, state={"h_0": zeros(2, 3, 20)}).expected == [2, 3, 4]
    refusal = refused(model=model, state={"c_0": zeros(2, 3, 4)})
    assert refusal.expected == [2, 3, 20]
    states = (torch.zeros(2, 3, 4), torch.zeros(2, 3, 4))
    assert refusal.torch == torch_says(lambda: nn.LSTM(10, 20, 2, proj_size=4)(torch.zeros(5, 3, 10), states))


@pytest.mark.parametrize(
    ("lengths", "field", "call"),
    [
        ([5, 4], "lengths", lambda: nn.utils.rnn.pack_padded_sequence(torch.zeros(5, 3, 10), torch.tensor([5, 4]))),
        (
            [5, 4, 0],
            "lengths[2]",
            lambda: nn.utils.rnn.pack_padded_sequence(torch.zeros(5, 3, 10), torch.tensor([5, 4, 0])),
        ),
        ([6, 4, 3], "lengths[0]", None),
    ],
)
def test_lengths_that_do_not_fit_say_what_torch_says(lengths: list[int], field: str, call: Any) -> None:
    refusal = refused(lengths=lengths, packed=True)
    assert refusal.field == field
    if call is None:
        assert refusal.torch is None
        return
    assert refusal.torch is not None
    assert refusal.torch in torch_says(call)


def test_packing_needs_lengths_and_a_batch() -> None:
    assert refused(packed=True).field == "lengths"
    assert refused(input={"values": zeros(5, 10)}, lengths=[5]).field == "lengths"


def test_an_empty_sequence_says_what_torch_says() -> None:
    refusal = refused(model={"input_size": 10, "hidden_size": 20}, input={"text": ["good", "  "]})
    assert refusal.field == "input.text[1]"
    assert refusal.torch == torch_says(lambda: nn.LSTM(10, 20)(torch.zeros(0, 3, 10)))


def test_weights_of_the_wrong_shape_say_what_torch_says() -> None:
    module = nn.RNN(2, 3)
    values = {f"rnn.{name}": value.tolist() for name, value in module.named_parameters()}
    values["rnn.weight_hh_l0"] = zeros(3, 4)
    with pytest.raises(Refusal) as caught:
        traced(
            model={"cell": "rnn", "input_size": 2, "hidden_size": 3},
            input={"values": zeros(1, 1, 2)},
            weights={"values": values},
        )
    state = {name.removeprefix("rnn."): torch.tensor(value) for name, value in values.items()}
    assert caught.value.torch is not None
    said = torch_says(lambda: module.load_state_dict(state))
    assert caught.value.torch.removeprefix("RuntimeError: ") in said


def test_the_constructor_warning_is_torchs_own() -> None:
    trace = traced(
        model={"input_size": 2, "hidden_size": 3, "dropout": 0.5}, input={"random": {"batch": 1, "seq_len": 2}}
    )
    with pytest.warns(UserWarning, match="dropout option") as caught:
        nn.LSTM(2, 3, dropout=0.5)
    assert trace.warnings == [f"UserWarning: {caught[0].message}"]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"input": {"values": []}}, "input.values"),
        ({"input": {"values": [[[]]]}}, "input.values[0][0]"),
        ({"input": {"values": [[[1.0] * 10, [1.0] * 9]]}}, "input.values[0][1]"),
        ({"input": {"values": [[[1.0] * 9 + ["x"]]]}}, "input.values[0][0][9]"),
        ({"input": {"values": [[[1.0] * 9 + [True]]]}}, "input.values[0][0][9]"),
        ({"input": {"values": [[[1.0] * 9 + [1e39]]]}}, "input.values[0][0][9]"),
        ({"input": {"values": [[[1.0] * 10], 3.0]}}, "input.values[1]"),
        ({"input": {"tokens": [[1, 2]]}}, "embedding"),
        ({"input": {"tokens": [[1, 2.5]]}, "embedding": {"num_embeddings": 5}}, "input.tokens[0][1]"),
        ({"input": {"tokens": [[1, -1]]}, "embedding": {"num_embeddings": 5}}, "input.tokens[0][1]"),
        ({"input": {"tokens": [[1, 2]]}, "embedding": {}}, "embedding.num_embeddings"),
        ({"input": {"text": []}}, "input.text"),
        ({"model": {"hidden_size": 3}}, "model.input_size"),
        ({"embedding": {"num_embeddings": 5, "embedding_dim": 4}}, "embedding.embedding_dim"),
        ({"input": {"values": zeros(1, 1, 10)}, "embedding": {"num_embeddings": 5}}, "embedding"),
        ({"input": {"text": ["a b c"]}, "embedding": {"num_embeddings": 3}}, "embedding.num_embeddings"),
        (
            {"model": {"cell": "gru", "input_size": 10, "hidden_size": 20}, "state": {"c_0": zeros(1, 3, 20)}},
            "state.c_0",
        ),
        ({"state": {"random": {}, "h_0": zeros(2, 3, 20)}}, "state"),
    ],
)
def test_each_fault_names_its_place(changed: dict[str, Any], field: str) -> None:
    assert refused(**changed).field == field


@pytest.mark.parametrize(
    ("changed", "field", "got", "expected"),
    [
        ({"input": {"random": {"batch": 257, "seq_len": 5}}}, "input.random.batch", 257, 256),
        ({"input": {"random": {"batch": 1, "seq_len": 100_001}}}, "input.random.seq_len", 100_001, 100_000),
        ({"model": {"input_size": 4097, "hidden_size": 1}}, "model.input_size", 4097, 4096),
        ({"model": {"input_size": 1, "hidden_size": 2049}}, "model.hidden_size", 2049, 2048),
        ({"model": {"input_size": 1, "hidden_size": 1, "num_layers": 9}}, "model.num_layers", 9, 8),
        ({"embedding": {"num_embeddings": 200_001}}, "embedding.num_embeddings", 200_001, 200_000),
        ({"head": {"reads": "h_n", "out_features": 1025}}, "head.out_features", 1025, 1024),
    ],
)
def test_each_limit_says_both_numbers(changed: dict[str, Any], field: str, got: int, expected: int) -> None:
    refusal = refused(Limits(), **changed)
    assert (refusal.kind, refusal.field, refusal.got, refusal.expected) == ("over-limit", field, got, expected)
    assert "UNROLLED_MAX_" in sayer("en")(refusal.say._replace(key=refusal.say.key + ".hint"))


def test_sizes_that_are_allowed_one_by_one_can_be_too_much_together() -> None:
    huge = {"model": {"input_size": 64, "hidden_size": 2048}, "input": {"random": {"batch": 256, "seq_len": 90_000}}}
    refusal = refused(Limits(), **huge)
    assert refusal.kind == "over-limit"
    assert refusal.got > refusal.expected


def test_shapes_are_laid_out_at_any_size() -> None:
    asked = {
        "model": {"input_size": 10**9, "hidden_size": 10**9, "num_layers": 64, "bidirectional": True},
        "input": {"random": {"batch": 10**9, "seq_len": 10**9}},
        "head": {"reads": "every_step"},
    }
    planned = plan(TraceRequest.model_validate(asked))
    assert planned.tensors["flattened"].shape == (10**18, 2 * 10**9)
    assert planned.cost.multiply_adds > 10**36


@pytest.mark.parametrize(
    "broken",
    [
        {"input": {}},
        {"input": {"text": ["a"], "random": {"batch": 1, "seq_len": 1}}},
        {"model": {"hidden_size": 0, "input_size": 1}},
        {"model": {"hidden_size": "3", "input_size": 1}},
        {"model": {"hidden_size": 3.0, "input_size": 1}},
        {"model": {"hidden_size": True, "input_size": 1}},
        {"model": {"hidden_size": 3, "input_size": 1, "hidden_sise": 3}},
        {"model": {"hidden_size": 3, "input_size": 1, "dropout": float("nan")}},
        {"weights": {"seed": -1}},
        {"weights": {}},
    ],
)
def test_a_request_that_is_not_one_never_gets_as_far(broken: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TraceRequest.model_validate(copy.deepcopy(GOOD) | broken)

"""What a loss refuses: targets of the wrong shape, rank, class or range, each with the text torch prints."""

import warnings
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from app.recurrent.errors import Refusal
from app.recurrent.settle_loss import aim
from app.recurrent.spec import TraceRequest
from tests.core import planned, traced
from tests.test_losses import ONE_CALL, SMALL, generated


def refusal_of(asked: dict[str, Any]) -> Refusal | None:
    try:
        planned(**asked)
    except Refusal as refusal:
        return refusal
    return None


def printed_by(kind: str, x: Tensor, target: Tensor, rows: tuple[int, ...] | None) -> str | None:
    """What torch prints for this call, an error before a warning; None when it prints nothing."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            ONE_CALL[kind](x, target if rows is None else target.reshape(rows))
        except (ValueError, RuntimeError, IndexError) as error:
            return f"{type(error).__name__}: {error}"
    return f"{warned[0].category.__name__}: {warned[0].message}" if warned else None


@given(
    kind=st.sampled_from(["cross_entropy", "nll", "bce", "mse"]),
    reads=st.sampled_from(["every_step", "last_step"]),
    out=st.integers(1, 3),
    first=st.booleans(),
    batched=st.booleans(),
    shape=st.lists(st.integers(1, 3), max_size=3),
)
@settings(generated, max_examples=600)
def test_a_target_of_another_shape_is_refused_with_what_torch_prints(
    kind: str, reads: str, out: int, first: bool, batched: bool, shape: list[int]
) -> None:
    N, T = 3, 2
    asked = {
        "model": SMALL["model"] | {"batch_first": first},
        "input": {"values": torch.zeros((N, T, 3) if batched and first else (T, N, 3) if batched else (T, 3)).tolist()},
        "head": {"reads": reads, "out_features": out, "activation": "sigmoid" if kind == "bce" else None},
        "loss": {"kind": kind, "target": torch.zeros(shape, dtype=torch.long).tolist()},
    }
    N = N if batched else 1
    found = aim(TraceRequest.model_validate(asked), N, T, batched=batched)
    x = torch.full(found.x, 0.5)
    classes = kind in ("cross_entropy", "nll")
    target = torch.zeros(shape, dtype=torch.long if classes else torch.float32)
    refused = refusal_of(asked)
    rows = None if not found.every_step else (-1,) if classes else (-1, out)
    printed = printed_by(kind, x, target, rows)
    if refused is None:
        assert traced(**asked).done.tensors["target"].numel() == target.numel()
        assert printed is None or target.numel() == 1  # torch broadcasts one number, which changes nothing
    elif refused.torch is None:  # torch takes it for something else: another order, or one class for samples
        assert printed is None
        assert found.every_step or out == 1
    else:
        assert refused.torch == printed


@pytest.mark.parametrize("kind", ["cross_entropy", "nll"])
@pytest.mark.parametrize("wrong", [7, -1, 5])
def test_a_class_that_is_none_is_refused_with_torchs_text(kind: str, wrong: int) -> None:
    head = {"reads": "last_step", "out_features": 5}
    with pytest.raises(Refusal) as refused:
        planned(**SMALL, head=head, loss={"kind": kind, "target": [0, wrong, 1]})
    with pytest.raises(IndexError) as error:
        ONE_CALL[kind](torch.zeros(3, 5), torch.tensor([0, wrong, 1]))
    assert refused.value.torch == f"IndexError: {error.value}"
    assert (refused.value.got, refused.value.expected) == (wrong, "0 … 4")


@pytest.mark.parametrize("activation", [None, "tanh", "relu", "log_softmax"])
def test_bce_wants_probabilities(activation: str | None) -> None:
    head = {"reads": "last_step", "out_features": 2, "activation": activation}
    with pytest.raises(Refusal) as refused:
        planned(**SMALL, head=head, loss={"kind": "bce", "target": {"random": {}}})
    with pytest.raises(RuntimeError) as error:
        F.binary_cross_entropy(torch.full((3, 2), -1.0), torch.zeros(3, 2))
    assert refused.value.torch == f"RuntimeError: {error.value}"


def test_bce_refuses_a_target_beyond_one_with_torchs_text() -> None:
    head = {"reads": "last_step", "activation": "sigmoid"}
    with pytest.raises(Refusal) as refused:
        planned(**SMALL, head=head, loss={"kind": "bce", "target": [0, 1.5, 1]})
    with pytest.raises(RuntimeError) as error:
        F.binary_cross_entropy(torch.full((3,), 0.5), torch.tensor([0, 1.5, 1]))
    assert refused.value.torch == f"RuntimeError: {error.value}"


def test_answers_that_are_no_numbers_have_no_bce_and_no_5xx() -> None:
    huge = 3e38
    weights = {
        name: torch.full(parameter.shape, huge if name == "head.weight" else 1.0).tolist()
        for name, parameter in planned(**SMALL, head={"reads": "last_step"}).parameters.items()
    }
    weights["head.weight"] = [[huge, huge, huge, huge]]
    weights["head.bias"] = [-huge]
    head = {"reads": "last_step", "out_features": 1, "activation": "softmax"}
    # softmax of one infinite number is NaN
    with pytest.raises(Refusal) as refused:
        traced(**SMALL, head=head, weights={"values": weights}, loss={"kind": "bce", "target": {"random": {}}})
    assert refused.value.torch == "RuntimeError: all elements of input should be between 0 and 1"


def test_a_loss_without_a_head_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        planned(**SMALL, loss={"kind": "mse", "target": [1.0]})
    assert (refused.value.field, refused.value.expected) == ("loss", "head")


def test_a_class_is_a_whole_number() -> None:
    with pytest.raises(Refusal) as refused:
        planned(
            **SMALL, head={"reads": "h_n", "out_features": 5}, loss={"kind": "cross_entropy", "target": [0.5, 1, 2]}
        )
    assert refused.value.field == "loss.target[0]"

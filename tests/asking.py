"""Short ways to run what a question is about, and to compare two runs."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from app.recurrent.errors import Refusal
from app.recurrent.index import whole
from app.recurrent.trace import Trace
from tests.core import planned, traced

NUDGE = 0.5


def lstm(*sizes: int, random: tuple[int, int] = (3, 5), **asked: Any) -> Trace:
    """A trace of LSTM(F, H, L) over a random (N, T) batch; other arguments are the model's."""
    F, H, L = (*sizes, 1)[:3]
    model = {"input_size": F, "hidden_size": H, "num_layers": L} | asked
    return traced(model=model, input={"random": {"batch": random[0], "seq_len": random[1]}})


def fed(values: Tensor, H: int = 4, **model: Any) -> Trace:
    """A trace of given values; the same weights for the same sizes."""
    return traced(model={"input_size": values.shape[-1], "hidden_size": H} | model, input={"values": values.tolist()})


def named(trace: Trace, name: str) -> Tensor:
    return torch.from_numpy(np.array(whole(trace, name).array))


def said(call: Any) -> str:
    """What torch prints for a call that fails."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the kind is part of the text
        call()
    return f"{type(caught.value).__name__}: {caught.value}"


def refusal(**asked: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        planned(**asked)
    return caught.value


def touched(before: Tensor, after: Tensor, axis: int = 0) -> list[int]:
    """The places along `axis` at which anything changed."""
    different = (before != after).movedim(axis, 0).flatten(1).any(1)
    return [int(place) for place in different.nonzero()]

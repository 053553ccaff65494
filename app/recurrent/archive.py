"""Every tensor of a trace in one file, for numpy.load or safetensors: the numbers exactly as PyTorch computed them."""

import io
from math import prod
from typing import Literal

import numpy as np
from safetensors.numpy import save

from app.recurrent.errors import Refusal, Say
from app.recurrent.index import Selection, read, select
from app.recurrent.shapes import Plan
from app.recurrent.trace import Trace

Form = Literal["npz", "safetensors"]
ITEM = {"float32": 4, "float64": 8, "int64": 8}  # bytes


def parts(plan: Plan, names: list[str], most: int) -> list[Selection]:
    """The tensors and parameters named, or all of them; raises Refusal (answer-too-large) above `most` bytes."""
    wanted = list(dict.fromkeys(names)) or [*plan.tensors, *plan.parameters]
    found = [select(plan, name, None) for name in wanted]
    size = sum(prod(part.shape) * _item(plan, part.name) for part in found)
    if size > most:
        say = Say("problem.archive_large", {"got": size, "expected": most})
        raise Refusal("answer-too-large", say, field="name", got=size, expected=most)
    return found


def _item(plan: Plan, name: str) -> int:
    held = plan.tensors.get(name)
    return ITEM[held.dtype if held is not None else plan.request.dtype]


def archive(trace: Trace, chosen: list[Selection], form: Form) -> bytes:
    """One file with an array a name, whole, in torch's own layout."""
    arrays = {part.name: np.ascontiguousarray(read(trace, part).array).reshape(part.shape) for part in chosen}
    if form == "safetensors":
        held: bytes = save(arrays)
        return held
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()

"""A nested state_dict as flat names: {"model": {"lstm.weight_ih_l0": …}} → "model.lstm.weight_ih_l0"."""

from collections.abc import Iterator
from typing import Any

from app.zoo.files.content import Unreadable
from app.zoo.files.unpickle import Tensor, damaged

DEEPEST = 16
MOST_NODES = 50_000  # a few lists that hold each other unfold into very many


def tensors(root: Any, skipped: list[str] | None) -> Iterator[tuple[str, Tensor]]:
    """Every tensor with its name; the state of an optimizer is left out and named in `skipped`, if there is one."""
    left = MOST_NODES

    def walk(value: Any, name: str, depth: int) -> Iterator[tuple[str, Tensor]]:
        nonlocal left
        left -= 1
        if left < 0 or depth > DEEPEST:
            raise damaged()
        if isinstance(value, Tensor):
            yield name, value
        elif isinstance(value, dict):
            if skipped is not None and {"state", "param_groups"} <= set(value):
                skipped.append(name)
                return
            for key, each in value.items():
                yield from walk(each, f"{name}.{key}" if name else str(key), depth + 1)
        elif isinstance(value, list | tuple):
            for place, each in enumerate(value):
                yield from walk(each, f"{name}.{place}" if name else str(place), depth + 1)

    yield from walk(root, "", 0)
    if left == MOST_NODES - 1 and skipped == [""]:
        raise Unreadable("problem.file.optimizer")

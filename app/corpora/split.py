"""Which sample belongs to training, validation or test: by the hash of its id, so that no order and no seed decides."""

import hashlib
from typing import Literal

Part = Literal["train", "valid", "test"]


def part_of(id: str, *, test: int = 20, valid: int = 10) -> Part:
    """The part of the sample `id`; of a hundred, `test` and `valid` go there."""
    place = int.from_bytes(hashlib.sha256(id.encode()).digest()[:8], "big") % 100
    return "test" if place < test else "valid" if place < test + valid else "train"

"""Files that are there whole or not at all: whoever reads one never sees half of it."""

import os
import tempfile
from pathlib import Path


def write_whole(folder: Path, name: str, data: bytes) -> None:
    """`data` as `folder`/`name`, readable by this user alone; a file of that name is replaced. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, part = tempfile.mkstemp(dir=folder, suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.replace(part, folder / name)
    except BaseException:
        os.unlink(part)
        raise

"""Written sources run as a person would run them: in a process of their own, their variables read back."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.core import planned, requests

Arrays = dict[str, npt.NDArray[Any]]

# keras is imported once for all sources; each source has a namespace of its own
RUNNER = """
import runpy, sys
import numpy as np
import torch
for path in sys.argv[1:]:
    torch.set_default_dtype(torch.float32)
    if "keras" in sys.modules:
        sys.modules["keras"].config.set_floatx("float32")
        sys.modules["keras"].config.set_dtype_policy("float32")
    found = {}
    for name, value in runpy.run_path(path).items():
        if hasattr(value, "__array__") and not isinstance(value, type):
            found[name] = np.asarray(value.detach() if hasattr(value, "detach") else value)
    np.savez(path + ".npz", **found)
"""


@st.composite
def asked(draw: st.DrawFn) -> dict[str, Any]:
    """A request of the whole surface, at times with its weights and first states given as numbers."""
    found = draw(requests())
    if draw(st.integers(0, 2)) > 0:
        return found
    made = planned(**found)
    generator = torch.Generator().manual_seed(draw(st.integers(0, 9999)))

    def numbers(shape: tuple[int, ...]) -> Any:
        return (torch.randn(shape, generator=generator) / 2).tolist()

    weights = {name: numbers(parameter.shape) for name, parameter in made.parameters.items()}
    found["weights"] = {"values": weights}
    if "state" in found:
        names = [name for name in ("h_0", "c_0") if name in made.tensors and draw(st.booleans())]
        found["state"] = {name: numbers(made.tensors[name].shape) for name in names}
    if found["model"]["num_layers"] > 1:
        found["model"].setdefault("dropout", 0.5)
    return found


def generated(count: int) -> list[dict[str, Any]]:
    """The same `count` requests each time, from the whole surface."""
    found: list[dict[str, Any]] = []

    @settings(max_examples=count, derandomize=True, database=None, deadline=None, phases=[Phase.generate])
    @given(asked())
    def collect(one: dict[str, Any]) -> None:
        found.append(one)

    collect()
    return found


def run(sources: list[str], folder: Path, *options: str, **environment: str) -> list[Arrays]:
    """Every tensor each source leaves behind, by the name of its variable. One process for all of them."""
    paths = []
    for k, source in enumerate(sources):
        paths.append(folder / f"{k}.py")
        paths[-1].write_text(source, encoding="utf-8")
    runner = folder / "runner.py"
    runner.write_text(RUNNER, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, *options, str(runner), *map(str, paths)],
        cwd=folder,
        env=dict(os.environ) | environment,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [dict(np.load(f"{path}.npz", allow_pickle=False)) for path in paths]

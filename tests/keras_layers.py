"""Keras on torch, for the tests alone: its recurrent layers with a trace's weights in them.

Importing this module chooses Keras's backend for the process; its settings file stays out of the home folder.
"""

import os
import tempfile
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from tests.referee import Array, Recurrent, Strand, regate

os.environ["KERAS_BACKEND"] = "torch"
with tempfile.TemporaryDirectory() as folder:
    os.environ["KERAS_HOME"] = folder  # Keras writes a keras.json into it when it is imported
    import keras  # noqa: TID251 - a referee; the application never imports it

    del os.environ["KERAS_HOME"]

assert keras.backend.backend() == "torch", "something imported keras before, with another backend"

LAYERS: dict[str, Any] = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU, "rnn": keras.layers.SimpleRNN}
# each gate by torch's letter, in torch's order and in Keras's (which calls g "c" and n "h")
TORCH_GATES = {"lstm": "ifgo", "gru": "rzn", "rnn": "h"}
KERAS_GATES = {"lstm": "ifgo", "gru": "zrn", "rnn": "h"}


def layer(ours: Recurrent, number: int, gates: str | None = None, **options: Any) -> Any:
    """Keras's layer for one of a trace's, both directions of it, built and filled; `options` go to Keras."""
    model, strands = ours.request.model, ours.layers[number]
    if model.cell == "rnn":
        options["activation"] = model.nonlinearity
    else:
        options["use_cudnn"] = False  # Keras's own equations, never a kernel of torch
    options |= {"units": model.hidden_size, "use_bias": model.bias}
    made = _built(model.cell, model.bidirectional, strands[0].W_ih.shape[1], tuple(options.items()))
    made.set_weights([part for strand in strands for part in parameters(model.cell, strand, gates)])
    return made


@lru_cache(maxsize=512)  # to make a layer takes longer than to run it
def _built(cell: str, bidirectional: bool, width: int, options: tuple[tuple[str, Any], ...]) -> Any:
    made = LAYERS[cell](**dict(options))
    if bidirectional:
        made = keras.layers.Bidirectional(made)
    made.build((None, None, width))
    return made


def parameters(cell: str, strand: Strand, gates: str | None = None) -> list[Array]:
    """kernel (F, gates·H), recurrent kernel (H, gates·H) and, if there is one, Keras's bias."""
    order = [TORCH_GATES[cell], gates or KERAS_GATES[cell]]
    found = [regate(strand.W_ih, *order).T, regate(strand.W_hh, *order).T]
    if strand.b_ih is not None and strand.b_hh is not None:
        b_ih, b_hh = regate(strand.b_ih, *order), regate(strand.b_hh, *order)
        # one bias, but for a GRU, whose b_hn stays inside the reset product
        found.append(np.stack([b_ih, b_hh]) if cell == "gru" else b_ih + b_hh)
    return found


def judged(ours: Recurrent, gates: str | None = None) -> dict[str, Array]:
    """output, h and c by Keras: the layers one after the other, each with its first state, each giving its last.

    On torch Keras multiplies in float32 even where its layer is float64, so a float64 trace is rounded first.
    """
    reads = torch.from_numpy(ours.x.swapaxes(0, 1).astype(np.float32))  # (N, T, F)
    mask = None
    if ours.lengths is not None:
        mask = torch.arange(reads.shape[1]) < torch.from_numpy(ours.lengths)[:, None]  # (N, T)
    last: dict[str, list[Array]] = {state: [] for state in ours.first}
    with torch.no_grad():
        for number in range(len(ours.layers)):
            slabs = range(ours.rows(number).start, ours.rows(number).stop)
            first = [torch.from_numpy(ours.first[state][slab]).float() for slab in slabs for state in ours.first]
            made = layer(ours, number, gates, return_sequences=True, return_state=True)
            reads, *states = made(reads, initial_state=first, mask=mask)
            for k, state in enumerate(states):  # forward h, c, backward h, c
                last[list(ours.first)[k % len(ours.first)]].append(state.numpy())
    output = reads.numpy().swapaxes(0, 1)
    return {"output": output} | {state: np.stack(slabs) for state, slabs in last.items()}

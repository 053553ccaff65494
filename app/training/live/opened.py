"""A snapshot as a trace request: the weights as lists, the samples that were held out, and nothing else."""

from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from app.recurrent.spec import Cell
from app.training.live.learn import EMBEDDING, Weights
from app.training.live.spec import TrainingRequest
from app.training.live.tasks import PAD


def read_weights(file: Path) -> Weights:
    """The parameters of a snapshot, by their names in the API."""
    return load_file(file)


def trace_request(asked: TrainingRequest, about: dict[str, Any], cell: Cell, weights: Weights) -> dict[str, Any]:
    """What POST /traces takes, with the samples that `about` (of learn.described) shows."""
    model = {
        "cell": cell,
        "input_size": about["input_size"],
        "hidden_size": asked.hidden_size,
        "num_layers": asked.num_layers,
        "batch_first": True,
    }
    found: dict[str, Any] = {
        "model": model,
        "head": {
            "reads": about["reads"],
            "out_features": about["out"],
            "activation": "softmax" if about["classes"] else None,
        },
        "input": about["input"],
        "weights": {"values": {name: value.tolist() for name, value in weights.items()}},
    }
    if about["vocabulary"]:
        found["embedding"] = {
            "num_embeddings": about["vocabulary"],
            "embedding_dim": EMBEDDING,
            "padding_idx": PAD,
        }
    if about["lengths"] is not None:
        found |= {"lengths": about["lengths"], "packed": True}
    return found

"""Trained weights by name: the modules that they fit, their vocabulary, and the tensors themselves."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from safetensors.torch import load
from torch import Tensor

from app.corpora.vocabulary import Vocabulary
from app.recurrent.spec import EmbeddingSpec, HeadSpec, ModelSpec

FOLDER = files("app.zoo") / "models"


@dataclass(frozen=True)
class Trained:
    """Weights that were trained, and what they fit.

    field    where a request names them, e.g. "weights.bundled"
    name     the name it gives
    load     every parameter by the API's name, float32; not to be written to
    """

    field: str
    name: str
    model: ModelSpec
    embedding: EmbeddingSpec | None
    head: HeadSpec | None
    vocabulary: Vocabulary | None
    load: Callable[[], dict[str, Tensor]]
    card: dict[str, Any]
    id: str = ""  # where its name is not its address: of an upload
    free: tuple[str, ...] = ()  # arguments of the module that nobody knows, so that a request may choose them


@cache
def bundled_names() -> tuple[str, ...]:
    """The bundled models, in the order they are listed."""
    cards = [json.loads(each.read_text("utf-8")) for each in FOLDER.iterdir() if each.name.endswith(".card.json")]
    return tuple(card["id"] for card in sorted(cards, key=lambda card: card["place"]))


@cache
def bundled(name: str) -> Trained | None:
    """A bundled model; None when there is none of this name."""
    if name not in bundled_names():
        return None
    card = json.loads((FOLDER / f"{name}.card.json").read_text("utf-8"))
    embedding, words = card["embedding"], None
    if embedding is not None:
        words = Vocabulary(**json.loads((FOLDER / f"{name}.vocabulary.json").read_text("utf-8")))
        words = Vocabulary(words.unit, tuple(words.words), words.lower)
    return Trained(
        "weights.bundled",
        name,
        ModelSpec.model_validate(card["model"]),
        None if embedding is None else EmbeddingSpec.model_validate(embedding),
        HeadSpec.model_validate(card["head"]),
        words,
        lambda: _weights(name),
        card,
    )


def file_of(name: str) -> bytes:
    """The bytes of a bundled model's weights, as safetensors."""
    return (FOLDER / f"{name}.safetensors").read_bytes()


@cache
def _weights(name: str) -> dict[str, Tensor]:
    return {each: tensor.float() for each, tensor in load(file_of(name)).items()}

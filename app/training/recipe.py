"""What every recipe is given and what it leaves behind: weights, a vocabulary, a card whose numbers its log holds."""

import json
import platform
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from app.corpora.vocabulary import Vocabulary
from app.recurrent.spec import EmbeddingSpec, HeadSpec, ModelSpec
from app.training.fetch import Package

Log = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """What the command line says: seeds (the weights of the first are kept), folders, and a smaller budget."""

    seeds: tuple[int, ...]
    out: Path
    cache: Path
    epochs: int | None = None  # fewer than the recipe's own


@dataclass(frozen=True)
class Recipe:
    """A model that can be trained again."""

    id: str
    place: int  # in the list of bundled models
    model: ModelSpec
    head: HeadSpec
    unit: str
    packages: tuple[Package, ...]
    licence: str


def specs(recipe: Recipe, words: Vocabulary | None) -> dict[str, Any]:
    """model, embedding and head as a request says them."""
    embedding = None if words is None else EmbeddingSpec(
        num_embeddings=len(words.words), embedding_dim=recipe.model.input_size, padding_idx=0
    )  # fmt: skip
    return {
        "model": recipe.model.model_dump(mode="json", exclude_unset=True),
        "embedding": None if embedding is None else embedding.model_dump(mode="json"),
        "head": recipe.head.model_dump(mode="json"),
    }


def rounded(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights as they are shipped: embeddings to 16 bits, which halves the file. Scores are of these."""
    return {name: w.half().float() if name == "embedding.weight" else w for name, w in weights.items()}


def spread(scores: list[float], shipped: float) -> dict[str, Any]:
    """The score of the weights that are kept, every seed's, their mean and standard deviation."""
    return {
        "shipped": round(shipped, 4),
        "each": [round(score, 4) for score in scores],
        "mean": round(statistics.mean(scores), 4),
        "deviation": round(statistics.stdev(scores), 4) if len(scores) > 1 else None,
    }


def keep(
    recipe: Recipe,
    options: Options,
    weights: dict[str, Tensor],
    words: Vocabulary | None,
    told: dict[str, Any],
) -> None:
    """Write the three files of a model to `options.out`; `told` is what the run found out."""
    options.out.mkdir(parents=True, exist_ok=True)
    tensors = {name: w.half() if name == "embedding.weight" else w.contiguous() for name, w in weights.items()}
    (options.out / f"{recipe.id}.safetensors").write_bytes(save(tensors))
    if words is not None:
        held = {"unit": words.unit, "lower": words.lower, "words": list(words.words)}
        _write(options.out / f"{recipe.id}.vocabulary.json", held, indent=None)
    card = {
        "id": recipe.id,
        "place": recipe.place,
        "unit": recipe.unit,
        **specs(recipe, words),
        "parameters": sum(w.numel() for w in weights.values()),
        "packages": [
            {"tool": each.tool, "name": each.name, "version": each.version, "file": each.file, "sha256": each.sha256}
            for each in recipe.packages
        ],
        "licence": recipe.licence,
        "seeds": list(options.seeds),
        "torch": torch.__version__,
        "python": platform.python_version(),
        **told,
    }
    _write(options.out / f"{recipe.id}.card.json", card, indent=1)


def _write(path: Path, held: Any, *, indent: int | None) -> None:
    path.write_text(json.dumps(held, ensure_ascii=False, indent=indent) + "\n", "utf-8")

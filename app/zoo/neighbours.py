"""Words near a word in a trained embedding: by the cosine of their vectors, computed by torch."""

import torch
from pydantic import BaseModel
from torch import Tensor
from torch.nn.functional import cosine_similarity

from app.corpora.tokens import PAD
from app.corpora.vocabulary import UNKNOWN
from app.recurrent.errors import Refusal, Say
from app.zoo.trained import Trained

MOST = 50


class Neighbour(BaseModel):
    """A word, its id and the cosine of its vector with the one asked for."""

    word: str
    id: int
    cosine: float


class NeighboursAnswer(BaseModel):
    """The words whose vectors point most nearly the same way, the nearest first, the word itself left out."""

    model: str
    word: str
    id: int
    neighbours: list[Neighbour]


def neighbours(trained: Trained, word: str, most: int) -> NeighboursAnswer:
    """The nearest words of `word`; raises Refusal where the model reads no words or does not know this one."""
    words = trained.vocabulary
    if words is None:
        raise Refusal("invalid-value", Say("problem.neighbours_none", {"name": trained.name}), field="id")
    id = words.ids.get(word, words.ids.get(word.lower()))
    if id is None:
        raise Refusal(
            "invalid-value", Say("problem.neighbours_unknown", {"got": word[:40]}), field="word", got=word[:40]
        )
    table = trained.load()["embedding.weight"]
    near = nearest(table, id, [k for k, each in enumerate(words.words) if each in (PAD, UNKNOWN)], most)
    found = [Neighbour(word=words.words[k], id=k, cosine=cosine) for k, cosine in near]
    return NeighboursAnswer(model=trained.name, word=words.words[id], id=id, neighbours=found)


def nearest(table: Tensor, id: int, without: list[int], most: int) -> list[tuple[int, float]]:
    """The `most` rows of `table` (V, F) with the largest cosine to row `id`, but for itself and `without`."""
    cosines = cosine_similarity(table[id : id + 1], table)  # (V,)
    cosines[[id, *without]] = -2.0  # below every cosine
    values, places = torch.topk(cosines, min(most, max(1, len(table) - 1 - len(set(without) - {id}))))
    return list(zip(places.tolist(), values.tolist(), strict=True))

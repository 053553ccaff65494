"""One model a seed on the same rows; the one that is best on the validation rows is kept, all are reported."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from app.corpora.vocabulary import Vocabulary
from app.recurrent.spec import EmbeddingSpec
from app.training.classify import Course, Rows, accuracy, train
from app.training.net import Net
from app.training.recipe import Log, Options, Recipe, rounded, spread

SMALL = 0.05  # the standard deviation of the first embeddings: a token seen once should say little


def trained_on(
    recipe: Recipe, words: Vocabulary, rows: dict[str, Rows], course: Course, drop: float, options: Options, log: Log
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The weights that are kept, and the held-out accuracies of all seeds; rows are "train", "valid" and "test"."""
    kept: dict[str, Tensor] = {}
    best, shipped, found = -1.0, 0.0, []
    for seed in options.seeds:
        torch.manual_seed(seed)
        embedding = EmbeddingSpec(num_embeddings=len(words.words), padding_idx=0)
        net = Net(recipe.model, embedding, recipe.head, drop)
        assert net.embedding is not None
        nn.init.normal_(net.embedding.weight, std=SMALL)
        asked = replace(course, epochs=options.epochs or course.epochs, seed=seed)
        valid = train(net, rows["train"], rows["valid"], asked, log)
        net.load_state_dict(rounded(net.weights()))
        found.append(accuracy(net, rows["test"]))
        log(f"seed {seed} validation {valid:.4f} held-out {found[-1]:.4f}")
        if valid > best:
            best, shipped, kept = valid, found[-1], net.weights()
    return kept, spread(found, shipped)


def ids_of(words: Vocabulary, text: str) -> list[int]:
    """The ids of one text; "<unk>" alone where it has no token."""
    return [words.id(token) or 0 for token in words.tokens(text)] or [1]

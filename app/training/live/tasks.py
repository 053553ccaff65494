"""The tasks as data: batches drawn from a seed, what is held out, and what an answer is worth."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from app.training.live.surnames import SURNAMES

Reads = Literal["every_step", "last_step", "h_n"]
HELD_OUT = 256  # samples that are never trained on, drawn before anything else
SHARE = 0.2  # of given data is held out
IGNORED = -100  # a target that does not count, as in nn.CrossEntropyLoss
SYMBOLS, COPIED = 6, 3  # of the copying task: how many symbols there are, and how many are copied
PAD = 0


@dataclass(frozen=True)
class Batch:
    """x: values (N, T, F) or tokens (N, T); target: classes or numbers, (N,) or (N, T)."""

    x: Tensor
    target: Tensor
    lengths: Tensor | None = None  # (N,), where sequences differ


@dataclass(frozen=True)
class Shown:
    """A sample as words, for whoever looks at it."""

    tokens: list[list[str]] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)


class Task(Protocol):
    """What a learner needs to know."""

    @property
    def width(self) -> int:
        """Numbers a step, or the vocabulary's size where tokens are read."""

    @property
    def tokens(self) -> bool:
        """Are there tokens to look up, and no numbers?"""

    @property
    def out(self) -> int:
        """How many classes; 1 for a regression."""

    @property
    def classes(self) -> Sequence[str]:
        """Their names; none for a regression."""

    @property
    def reads(self) -> Reads:
        """What the head reads."""

    @property
    def held_out(self) -> Batch:
        """Samples that are never trained on."""

    def draw(self, size: int, generator: Generator) -> Batch:
        """A batch to train on."""

    def shown(self, batch: Batch) -> Shown:
        """The samples of a batch as words."""


def loss_of(task: Task, logits: Tensor, batch: Batch) -> Tensor:
    """Cross-entropy of classes, the mean square of numbers. logits: (N, out) or (N, T, out)."""
    if task.classes:
        return functional.cross_entropy(logits.flatten(0, -2), batch.target.flatten(), ignore_index=IGNORED)
    return functional.mse_loss(logits.squeeze(-1), batch.target)


def accuracy_of(task: Task, logits: Tensor, batch: Batch) -> float | None:
    """The share of right answers, between 0 and 1; None for a regression."""
    if not task.classes:
        return None
    counted = batch.target != IGNORED
    right = (logits.argmax(-1) == batch.target) & counted
    return float(right.sum() / counted.sum())


def baseline_of(task: Task) -> float:
    """The held-out loss of the best answer that does not look at the input."""
    target = task.held_out.target
    if not task.classes:
        return float(target.var(unbiased=False))
    counted = target[target != IGNORED]
    share = torch.bincount(counted, minlength=task.out).double() / counted.numel()
    return float(-(share[share > 0] * share[share > 0].log()).sum())


class Adding:
    """x[t] = (number, mark); the answer is the sum of the two marked numbers."""

    width, tokens, out = 2, False, 1
    reads: Reads = "last_step"
    classes: Sequence[str] = ()

    def __init__(self, seq_len: int, generator: Generator) -> None:
        self.seq_len = seq_len
        self.held_out = self.draw(HELD_OUT, generator)

    def draw(self, size: int, generator: Generator) -> Batch:
        numbers = torch.rand(size, self.seq_len, generator=generator)
        half = self.seq_len // 2
        first = torch.randint(0, half, (size,), generator=generator)
        second = torch.randint(half, self.seq_len, (size,), generator=generator)
        marks = torch.zeros(size, self.seq_len)
        rows = torch.arange(size)
        marks[rows, first] = marks[rows, second] = 1
        return Batch(torch.stack([numbers, marks], 2), numbers[rows, first] + numbers[rows, second])

    def shown(self, batch: Batch) -> Shown:
        return Shown(targets=[f"{value:.3f}" for value in batch.target.tolist()])


class Copying:
    """One-hot symbols, then blanks, then a mark at each step at which the next symbol is to be said again."""

    width, tokens, out = SYMBOLS + 2, False, SYMBOLS
    reads: Reads = "every_step"
    classes: Sequence[str] = tuple("abcdefghij"[:SYMBOLS])

    def __init__(self, delay: int, generator: Generator) -> None:
        self.delay = delay
        self.held_out = self.draw(HELD_OUT, generator)

    def draw(self, size: int, generator: Generator) -> Batch:
        symbols = torch.randint(0, SYMBOLS, (size, COPIED), generator=generator)
        blanks = torch.full((size, self.delay), SYMBOLS)
        asked = torch.full((size, COPIED), SYMBOLS + 1)
        said = torch.cat([symbols, blanks, asked], 1)
        silent = torch.full((size, COPIED + self.delay), IGNORED)
        return Batch(functional.one_hot(said, self.width).float(), torch.cat([silent, symbols], 1))

    def shown(self, batch: Batch) -> Shown:
        names = [*self.classes, "·", "?"]
        said = batch.x.argmax(2).tolist()
        targets = ["".join(self.classes[k] for k in row if k != IGNORED) for row in batch.target.tolist()]
        return Shown([[names[k] for k in row] for row in said], targets)


class Sine:
    """x[t] = sin(ω·t + φ); the answer at each step is x[t + 1]."""

    width, tokens, out = 1, False, 1
    reads: Reads = "every_step"
    classes: Sequence[str] = ()

    def __init__(self, seq_len: int, generator: Generator) -> None:
        self.seq_len = seq_len
        self.held_out = self.draw(HELD_OUT, generator)

    def draw(self, size: int, generator: Generator) -> Batch:
        pace = 0.15 + 0.45 * torch.rand(size, 1, generator=generator)  # radians a step
        phase = 2 * torch.pi * torch.rand(size, 1, generator=generator)
        wave = torch.sin(pace * torch.arange(self.seq_len + 1) + phase)
        return Batch(wave[:, :-1, None], wave[:, 1:])

    def shown(self, batch: Batch) -> Shown:
        return Shown()


class Given:
    """A fixed set of sequences with labels, part of it held out."""

    def __init__(
        self, x: Tensor, target: Tensor, lengths: Tensor | None, classes: Sequence[str], generator: Generator
    ) -> None:
        order = torch.randperm(len(x), generator=generator)
        held = max(1, int(SHARE * len(x)))
        self.all = Batch(x, target, lengths)
        self._train, self._held = order[held:], order[:held]
        self.held_out = self._part(self._held)
        self.classes, self.out = tuple(classes), len(classes) or 1
        self.tokens = not x.is_floating_point()
        self.width = x.shape[2] if x.dim() == 3 else 0
        self.reads: Reads = "h_n"
        self.words: list[str] = []

    def _part(self, which: Tensor) -> Batch:
        lengths = None if self.all.lengths is None else self.all.lengths[which]
        return Batch(self.all.x[which], self.all.target[which], lengths)

    def draw(self, size: int, generator: Generator) -> Batch:
        """Drawn with replacement from what is not held out."""
        return self._part(self._train[torch.randint(0, len(self._train), (size,), generator=generator)])

    def shown(self, batch: Batch) -> Shown:
        names = self.classes
        targets = [names[int(k)] if names else f"{k:.4g}" for k in batch.target.tolist()]
        if not self.tokens or batch.lengths is None:
            return Shown(targets=targets)
        rows = zip(batch.x.tolist(), batch.lengths.tolist(), strict=True)
        return Shown([[self.words[k] for k in row[:length]] for row, length in rows], targets)


def of_tokens(rows: Sequence[tuple[Sequence[str], str]], generator: Generator) -> Given:
    """Sequences of words or letters with their labels; ids in order of first appearance, 0 is padding."""
    words: dict[str, int] = {"<pad>": PAD}
    for row, _ in rows:
        for word in row:
            words.setdefault(word, len(words))
    classes = sorted({label for _, label in rows})
    x = nn.utils.rnn.pad_sequence([torch.tensor([words[w] for w in row]) for row, _ in rows], batch_first=True)
    target = torch.tensor([classes.index(label) for _, label in rows])
    task = Given(x, target, torch.tensor([len(row) for row, _ in rows]), classes, generator)
    task.width, task.words = len(words), list(words)
    return task


def surnames(generator: Generator) -> Given:
    """Letters of surnames, and the language each is usual in."""
    named = [(name, language) for language, names in SURNAMES.items() for name in names.split()]
    return of_tokens([(list(name.lower()), language) for name, language in named], generator)

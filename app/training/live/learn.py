"""The race itself: every cell sees the same batches; after some steps its weights are kept."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from app.recurrent.spec import Cell
from app.training.live import table, tasks
from app.training.live.spec import Adding, Copying, Names, Sentences, Sine, TrainingRequest
from app.training.live.tasks import Batch, Task, accuracy_of, baseline_of, loss_of

EMBEDDING = 12  # numbers a token becomes
CLIP = 1.0  # the largest norm of a gradient that is applied
SHOWN = 4  # held-out samples that go with the snapshots
MODULES: dict[Cell, type[nn.LSTM] | type[nn.GRU] | type[nn.RNN]] = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
Weights = dict[str, Tensor]


def task_of(asked: TrainingRequest) -> Task:
    """The task with its held-out part, drawn from the request's seed; raises Refusal for data that is no task."""
    generator = Generator().manual_seed(asked.seed)
    match asked.task:
        case Adding(seq_len=steps):
            return tasks.Adding(steps, generator)
        case Copying(delay=delay):
            return tasks.Copying(delay, generator)
        case Sine(seq_len=steps):
            return tasks.Sine(steps, generator)
        case Names():
            return tasks.surnames(generator)
        case Sentences() as given:
            return table.sentences(given, generator)
        case given:
            return table.table(given, generator)


class Learner(nn.Module):
    """Embedding where tokens are read, the recurrent module, and a linear head; parameter names are the API's."""

    def __init__(self, cell: Cell, task: Task, hidden_size: int, num_layers: int) -> None:
        super().__init__()
        self.reads = task.reads
        self.embedding = nn.Embedding(task.width, EMBEDDING, padding_idx=tasks.PAD) if task.tokens else None
        self.rnn = MODULES[cell](EMBEDDING if task.tokens else task.width, hidden_size, num_layers, batch_first=True)
        self.head = nn.Linear(hidden_size, task.out)

    def forward(self, batch: Batch) -> Tensor:
        """Logits: (N, out), or (N, T, out) where every step answers."""
        x = batch.x if self.embedding is None else self.embedding(batch.x)  # (N, T, F)
        if batch.lengths is None:
            output, ends = self.rnn(x)
        else:
            packed, ends = self.rnn(pack_padded_sequence(x, batch.lengths, batch_first=True, enforce_sorted=False))
            output, _ = pad_packed_sequence(packed, batch_first=True)
        h_n = ends[0] if isinstance(ends, tuple) else ends
        read = {"every_step": output, "last_step": output[:, -1], "h_n": h_n[-1]}[self.reads]
        logits: Tensor = self.head(read)
        return logits

    def weights(self) -> Weights:
        """A copy of every parameter by its name in the API."""
        return {name: value.detach().clone().contiguous() for name, value in self.named_parameters()}


@dataclass(frozen=True)
class Progress:
    """What the cells answered on the batch of this step."""

    step: int
    loss: dict[str, float]
    accuracy: dict[str, float | None]
    seconds: float


@dataclass(frozen=True)
class Snapshot:
    """One cell's weights after `step` steps, and how it does on what is held out."""

    cell: Cell
    step: int
    loss: float
    accuracy: float | None
    weights: Weights


def race(asked: TrainingRequest, task: Task, clock: Callable[[], float] = time.perf_counter) -> Iterator[Any]:
    """Progress after every step, a Snapshot of every cell after some. The same seed gives the same numbers.

    Ends early, after a last Progress, when a loss is no number any more.
    """
    generator = Generator().manual_seed(asked.seed + 1)
    learners: dict[Cell, Learner] = {}
    for cell in asked.cells:
        torch.manual_seed(asked.seed)
        learners[cell] = Learner(cell, task, asked.hidden_size, asked.num_layers)
    rules = {cell: torch.optim.Adam(each.parameters(), lr=asked.learning_rate) for cell, each in learners.items()}
    kept = set(asked.snapshot_steps)
    yield from (_snapshot(cell, 0, each, task) for cell, each in learners.items())
    began = clock()
    for step in range(1, asked.steps + 1):
        batch = task.draw(asked.batch, generator)
        losses: dict[str, float] = {}
        accuracies: dict[str, float | None] = {}
        for cell, learner in learners.items():
            logits = learner(batch)
            loss = loss_of(task, logits, batch)
            rules[cell].zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(learner.parameters(), CLIP)
            rules[cell].step()
            losses[cell], accuracies[cell] = loss.item(), accuracy_of(task, logits, batch)
        yield Progress(step, losses, accuracies, clock() - began)
        if not all(map(math.isfinite, losses.values())):
            return
        if step in kept:
            yield from (_snapshot(cell, step, each, task) for cell, each in learners.items())


@torch.no_grad()
def _snapshot(cell: Cell, step: int, learner: Learner, task: Task) -> Snapshot:
    logits = learner(task.held_out)
    loss = loss_of(task, logits, task.held_out)
    return Snapshot(cell, step, float(loss), accuracy_of(task, logits, task.held_out), learner.weights())


def described(asked: TrainingRequest, task: Task) -> dict[str, Any]:
    """What a race is about: classes, the loss of an answer that looks at nothing, and some held-out samples."""
    held = task.held_out
    few = Batch(held.x[:SHOWN], held.target[:SHOWN], None if held.lengths is None else held.lengths[:SHOWN])
    shown = task.shown(few)
    lengths = None if few.lengths is None else few.lengths.tolist()
    x = few.x if lengths is None else few.x[:, : max(lengths)]
    counts = {cell: sum(p.numel() for p in _empty(cell, asked, task).parameters()) for cell in asked.cells}
    return {
        "classes": list(task.classes),
        "baseline": baseline_of(task),
        "reads": task.reads,
        "tokens": shown.tokens,
        "targets": shown.targets,
        "input": {"tokens" if task.tokens else "values": x.tolist()},
        "lengths": lengths,
        "input_size": EMBEDDING if task.tokens else task.width,
        "vocabulary": task.width if task.tokens else None,
        "out": task.out,
        "held_out": len(held.target),
        "parameters": counts,
    }


def _empty(cell: Cell, asked: TrainingRequest, task: Task) -> Learner:
    with torch.device("meta"):
        return Learner(cell, task, asked.hidden_size, asked.num_layers)

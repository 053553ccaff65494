"""Training on rows of ids with one answer each: soft labels by a sigmoid, or one class of many."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn

from app.training.net import Net, padded

Log = Callable[[str], None]


@dataclass(frozen=True)
class Rows:
    """Rows of ids and what is to be answered: numbers in 0…1, or the number of a class."""

    ids: list[list[int]]
    target: Tensor  # (N): float for a sigmoid, long for classes
    weight: Tensor | None = None  # (N), how much each row counts; None: all the same


@dataclass(frozen=True)
class Course:
    """How long and how hard a run trains."""

    epochs: int
    batch: int = 64
    lr: float = 3e-3
    unknown: float = 0.0  # the part of the tokens that are replaced by "<unk>" (id 1) while training
    weight_decay: float = 0.0
    seed: int = 0


def answers(net: Net, ids: list[list[int]], batch: int = 256) -> Tensor:
    """The head's answers, (N, out); rows of like length go together."""
    net.eval()
    order = sorted(range(len(ids)), key=lambda k: len(ids[k]))
    found = torch.empty(len(ids), net.head.out_features)
    with torch.no_grad():
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            found[chosen] = net.last(*padded([ids[k] for k in chosen]))
    return found


def accuracy(net: Net, rows: Rows) -> float:
    """The part of the rows answered rightly; soft labels count as the side of ½ they are on."""
    said = answers(net, rows.ids)
    if rows.target.is_floating_point():
        return float(((said[:, 0] > 0) == (rows.target > 0.5)).float().mean())
    return float((said.argmax(-1) == rows.target).float().mean())


def train(net: Net, rows: Rows, valid: Rows, course: Course, log: Log) -> float:
    """Train with Adam and a falling rate; the weights of the best epoch on `valid` stay. Returns its accuracy."""
    generator = Generator().manual_seed(course.seed)
    optimizer = torch.optim.AdamW(net.parameters(), lr=course.lr, weight_decay=course.weight_decay)
    batches = -(-len(rows.ids) // course.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, course.lr, total_steps=batches * course.epochs)
    best, kept, started = -1.0, net.weights(), time.monotonic()
    for epoch in range(course.epochs):
        net.train()
        total = 0.0
        for chosen in _batches(rows.ids, course.batch, generator):
            x, lengths = padded([rows.ids[k] for k in chosen])
            if course.unknown:
                x[(torch.rand(x.shape, generator=generator) < course.unknown) & (x > 1)] = 1
            optimizer.zero_grad()
            loss = _loss(net.last(x, lengths), rows, chosen)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total += loss.item() * len(chosen)
        found = accuracy(net, valid)
        seconds = time.monotonic() - started
        log(f"epoch {epoch + 1} loss {total / len(rows.ids):.4f} validation {found:.4f} after {seconds:.0f} s")
        if found > best:
            best, kept = found, net.weights()
    net.load_state_dict(kept)
    return best


def _loss(said: Tensor, rows: Rows, chosen: list[int]) -> Tensor:
    target = rows.target[chosen]
    if target.is_floating_point():
        each = nn.functional.binary_cross_entropy_with_logits(said[:, 0], target, reduction="none")
    else:
        each = nn.functional.cross_entropy(said, target, reduction="none")
    return each.mean() if rows.weight is None else (each * rows.weight[chosen]).mean()


def _batches(ids: list[list[int]], batch: int, generator: Generator) -> list[list[int]]:
    """Shuffled batches of rows of like length: sorted within runs of 32 batches, so that little is padding."""
    order = torch.randperm(len(ids), generator=generator).tolist()
    found: list[list[int]] = []
    for start in range(0, len(order), 32 * batch):
        run = sorted(order[start : start + 32 * batch], key=lambda k: len(ids[k]))
        found += [run[at : at + batch] for at in range(0, len(run), batch)]
    return [found[k] for k in torch.randperm(len(found), generator=generator).tolist()]

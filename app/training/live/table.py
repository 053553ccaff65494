"""The asker's own data as a task: labelled sentences, or a CSV with one sample a line."""

import csv
import io
import math

import torch
from torch import Generator

from app.corpora.tokens import tokenize
from app.recurrent.errors import Refusal, Say
from app.training.live.spec import Sentences, Table
from app.training.live.tasks import Given, of_tokens

MOST_STEPS = 200
MOST_ROWS = 5000
MOST_CLASSES = 20
FEWEST = 4
WORDY = ("text", "sentence", "name")  # a column that is read word by word


def sentences(asked: Sentences, generator: Generator) -> Given:
    """Word by word; raises Refusal."""
    return _texts([(row.text, row.label) for row in asked.rows], "task.rows", generator)


def table(asked: Table, generator: Generator) -> Given:
    """A column of texts, or columns of numbers that are the steps of one feature, in their order; raises Refusal.

    Numbers are standardised with the mean and the deviation of all of them. A label that is a number in more than
    MOST_CLASSES ways is a regression; else each of its values is a class.
    """
    reader = csv.reader(io.StringIO(asked.csv))
    try:
        rows = [row for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise _refused("csv", str(error)[:60]) from None
    if len(rows) < FEWEST + 1:
        raise _refused("few", max(0, len(rows) - 1), FEWEST)
    if len(rows) - 1 > MOST_ROWS:
        raise _refused("many", len(rows) - 1, MOST_ROWS)
    header, *body = ([cell.strip() for cell in row] for row in rows)
    at = len(header) - 1
    if asked.label is not None:
        if asked.label not in header:
            raise _refused("label", asked.label, ", ".join(header[:12]), "task.label")
        at = header.index(asked.label)
    for number, row in enumerate(body, 2):
        if len(row) != len(header):
            raise _refused("width", len(row), len(header), line=number)
    labels = [row[at] for row in body]
    others = [k for k in range(len(header)) if k != at]
    words = [k for k in others if header[k].lower() in WORDY]
    if words:
        return _texts([(row[words[0]], label) for row, label in zip(body, labels, strict=True)], "task.csv", generator)
    if not 1 <= len(others) <= MOST_STEPS:
        raise _refused("steps", len(others), MOST_STEPS)
    x = torch.tensor([[_number(row[k], number, header[k]) for k in others] for number, row in enumerate(body, 2)])
    x = (x - x.mean()) / x.std().clamp_min(1e-6)
    classes = sorted(set(labels))
    if len(classes) > MOST_CLASSES and all(_is_number(label) for label in labels):
        target = torch.tensor([float(label) for label in labels])
        target = (target - target.mean()) / target.std().clamp_min(1e-6)
        return Given(x[:, :, None], target, None, [], generator)
    _check_classes(classes, "task.csv")
    return Given(x[:, :, None], torch.tensor([classes.index(label) for label in labels]), None, classes, generator)


def _texts(rows: list[tuple[str, str]], field: str, generator: Generator) -> Given:
    cut = [(tokenize(text), label) for text, label in rows]
    for number, (words, _) in enumerate(cut):
        if not words:
            raise _refused("empty", number + 1, field=field)
        if len(words) > MOST_STEPS:
            raise _refused("long", len(words), MOST_STEPS, field, line=number + 1)
    _check_classes(sorted({label for _, label in cut}), field)
    return of_tokens(cut, generator)


def _check_classes(classes: list[str], field: str) -> None:
    if not 2 <= len(classes) <= MOST_CLASSES:
        raise _refused("classes", len(classes), MOST_CLASSES, field)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _number(text: str, line: int, column: str) -> float:
    if not _is_number(text) or abs(float(text)) > 1e30:
        raise _refused("number", text[:40], column[:40], line=line)
    return float(text)


def _refused(what: str, got: object, expected: object = None, field: str = "task.csv", line: int = 0) -> Refusal:
    say = Say(f"problem.training.{what}", {"got": got, "expected": expected, "line": line})
    return Refusal("invalid-value", say, field=field, got=got, expected=expected)

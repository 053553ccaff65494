"""What may be asked of a training run: the task, the cells that race, the sizes and the steps."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from app.recurrent.spec import Cell, Seed, Strict

Text = Annotated[str, Field(min_length=1, max_length=400)]
Label = Annotated[str, Field(min_length=1, max_length=60)]


class Adding(Strict):
    """Two numbers of a sequence are marked; the answer is their sum (Hochreiter and Schmidhuber, 1997)."""

    kind: Literal["adding"]
    seq_len: Annotated[int, Field(ge=4, le=200)] = 20


class Copying(Strict):
    """A few symbols, then `delay` blanks, then the symbols again."""

    kind: Literal["copying"]
    delay: Annotated[int, Field(ge=1, le=100)] = 8


class Sine(Strict):
    """The next value of a sine wave of unknown pace, at every step."""

    kind: Literal["sine"]
    seq_len: Annotated[int, Field(ge=4, le=200)] = 40


class Names(Strict):
    """A surname, letter by letter; the answer is the language it is usual in."""

    kind: Literal["names"]


class Row(Strict):
    """One sentence and what it is called."""

    text: Text
    label: Label


class Sentences(Strict):
    """The asker's own labelled sentences, word by word."""

    kind: Literal["sentences"]
    rows: Annotated[list[Row], Field(min_length=4, max_length=2000)]


class Table(Strict):
    """The asker's own labelled CSV: one sample a line, a header, the label in a column of its own."""

    kind: Literal["csv"]
    csv: Annotated[str, Field(min_length=1, max_length=500_000)]
    label: Annotated[str | None, Field(max_length=60, description="The label's column; left out: the last.")] = None


Task = Annotated[Adding | Copying | Sine | Names | Sentences | Table, Field(discriminator="kind")]


class TrainingRequest(Strict):
    """One race: every cell is trained on the same batches from the same seed."""

    task: Task
    cells: list[Cell] = Field(default=["lstm"], min_length=1, max_length=3)
    hidden_size: Annotated[int, Field(ge=1, le=64)] = 16
    num_layers: Annotated[int, Field(ge=1, le=2)] = 1
    steps: Annotated[int, Field(ge=1, le=1_000_000)] = 300
    batch: Annotated[int, Field(ge=1, le=128)] = 32
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.01
    snapshots: Annotated[int, Field(ge=1, le=60, description="How many, spread evenly; the start is one more.")] = 20
    seed: Seed = 0

    @field_validator("cells")
    @classmethod
    def _each_once(cls, cells: list[Cell]) -> list[Cell]:
        if len(set(cells)) < len(cells):
            raise ValueError("each cell once")
        return cells

    @property
    def snapshot_steps(self) -> list[int]:
        """The steps after which the weights are kept: 0, …, the last."""
        count = min(self.snapshots, self.steps)
        return [0, *(round(self.steps * (k + 1) / count) for k in range(count))]

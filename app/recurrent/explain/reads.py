"""What one value was computed from, as ranges: each stretch of numbers once, with its symbol in the formula."""

from itertools import islice

from pydantic import BaseModel, Field

from app.recurrent.explain.evaluate import Worked
from app.recurrent.explain.sources import Run, source_shape

FIRST = 6  # numbers of a range that stand in the answer by themselves


class ReadAnswer(BaseModel):
    """Numbers in a row that a value was computed from, e.g. all of h one step before: "1,2,:".

    `symbol` is their letter in the formula, `role` that of the term. `values` are the first of `count` numbers.
    """

    symbol: str
    role: str
    tensor: str | None = None
    parameter: str | None = None
    index: str = Field(examples=["1,2,:", "4,0:6"])
    count: int
    values: list[float | None]


def reads_of(worked: Worked) -> list[ReadAnswer]:
    """One entry per range, in the order of the formula; what several factors read stands once, constants not at all."""
    found: dict[tuple[str, str], ReadAnswer] = {}
    for part in worked.parts:
        for factor, runs, numbers in zip(part.term.factors, part.runs, part.factors, strict=True):
            past = iter(numbers.tolist())
            for run in runs:
                values = list(islice(past, run.count))
                if run.kind == "constant":
                    continue
                index = index_text(worked, run)
                answer = ReadAnswer(
                    symbol=factor.symbol,
                    role=part.term.role,
                    tensor=run.name if run.kind == "tensor" else None,
                    parameter=run.name if run.kind == "parameter" else None,
                    index=index,
                    count=run.count,
                    values=list(values[:FIRST]),
                )
                found.setdefault((run.name, index), answer)
    return list(found.values())


def index_text(worked: Worked, run: Run) -> str:
    """The places of a run as torch writes them: "1,2,:", or "0:3,2" where it is a part of an axis."""
    shape = source_shape(worked.place.plan, run)
    parts = (
        (":" if run.count == size else f"0:{run.count}") if place is None else str(place)
        for place, size in zip(run.index, shape, strict=True)
    )
    return ",".join(parts)


def written(worked: Worked) -> str:
    """The formula as this run computed it: without the biases that it does not have."""
    formula, there = worked.rule.formula, [part.term for part in worked.parts]
    for term in worked.rule.terms:
        if there and term not in there:
            formula = formula.replace(f" + {term.factors[-1].symbol}", "")
    return formula

"""One value, taken apart: its formula, every product in it, and the same number made again from them."""

import numpy as np
from pydantic import BaseModel, Field

from app.recurrent import index
from app.recurrent.answer import Speak
from app.recurrent.errors import Refusal, Say
from app.recurrent.explain.dependencies import PREPARED, Factor
from app.recurrent.explain.evaluate import Part, Worked, tolerance, work_out
from app.recurrent.explain.places import Place, locate
from app.recurrent.explain.reads import ReadAnswer, reads_of, written
from app.recurrent.explain.sources import Numbers, Run, picked_by
from app.recurrent.shapes import Plan
from app.recurrent.trace import Trace

MANY = 8  # terms that a sentence still spells out


class Source(BaseModel):
    """Where a number stands: a place of a tensor or of a parameter, or a constant."""

    tensor: str | None = None
    parameter: str | None = None
    constant: str | None = None
    index: list[int]


class FactorAnswer(BaseModel):
    """One number of a product; `apply` is done to it first: identity, tanh, one_minus, exp (less the largest),
    negative, ln, ln_one_minus (both at least −100). `used` is what comes of that, which is what is multiplied."""

    symbol: str
    value: float | None
    apply: str
    used: float | None
    from_: Source = Field(serialization_alias="from")


class TermAnswer(BaseModel):
    """One summand. `from` is the number the arrow starts at, `factors` are all it is the product of.

    `count` above 1: the smaller products of `role` summed as one, without factors of their own.
    """

    symbol: str
    role: str
    value: float | None
    from_: Source | None = Field(serialization_alias="from")
    factors: list[FactorAnswer]
    count: int


class ExplainAnswer(BaseModel):
    """How one value was made. `recomputed` is `apply` of the terms, in double precision.

    `reads` are the ranges of numbers that it was computed from: what a page marks and draws arrows from.
    """

    tensor: str
    index: list[int]
    axes: list[str]
    kind: str
    value: float | None
    formula: str
    apply: str
    inner: float | None
    reads: list[ReadAnswer]
    terms: list[TermAnswer]
    term_count: int
    recomputed: float | None
    max_abs_diff: float | None
    tolerance: float
    picked_by: Source | None
    says: str


def explain(trace: Trace, name: str, at: str | None, limit: int | None, speak: Speak) -> ExplainAnswer:
    """The value `name[at]` taken apart, terms sorted by size, at most `limit` of them by themselves.

    "encoder.h_n" is a value of the encoder, and so is all that it was made of.

    Raises Refusal: not-found, invalid-value, or proof-failed when the terms do not give the traced value.
    """
    if trace.encoder is not None and name.startswith(index.ENCODER):
        return _of_encoder(explain(trace.encoder, name.removeprefix(index.ENCODER), at, limit, speak))
    worked = work_out(trace, locate(trace.plan, name, one_place(trace.plan, name, at)))
    terms = _terms(worked, limit)
    return ExplainAnswer(
        tensor=name,
        index=list(worked.place.index),
        axes=list(trace.plan.tensors[name].axes),
        kind=worked.kind,
        value=worked.value,
        formula=written(worked),
        apply=worked.rule.apply,
        inner=worked.inner if worked.rule.terms else None,
        reads=reads_of(worked),
        terms=terms,
        term_count=sum(part.values.size for part in worked.parts),
        recomputed=worked.recomputed,
        max_abs_diff=worked.max_abs_diff,
        tolerance=tolerance(worked),
        picked_by=_picked_by(worked),
        says=speak(_sentence(worked, terms)),
    )


def _of_encoder(found: ExplainAnswer) -> ExplainAnswer:
    """The same answer under the names that the encoder's tensors and parameters have here."""

    def names(place: Source | ReadAnswer) -> dict[str, str]:
        known = {"tensor": place.tensor, "parameter": place.parameter}
        return {kind: f"{index.ENCODER}{name}" for kind, name in known.items() if name}

    def source(place: Source | None) -> Source | None:
        return None if place is None else place.model_copy(update=names(place))

    terms = [
        term.model_copy(
            update={
                "from_": source(term.from_),
                "factors": [each.model_copy(update={"from_": source(each.from_)}) for each in term.factors],
            }
        )
        for term in found.terms
    ]
    reads = [read.model_copy(update=names(read)) for read in found.reads]
    named = {"tensor": f"{index.ENCODER}{found.tensor}", "terms": terms, "reads": reads}
    return found.model_copy(update=named | {"picked_by": source(found.picked_by)})


def one_place(plan: Plan, name: str, at: str | None) -> tuple[int, ...]:
    """A checked index of one number; negative places count from the end."""
    selected = index.select(plan, name, at)
    if selected.axes:
        axes = ", ".join(index.select(plan, name, None).axes)
        raise Refusal(
            "invalid-value",
            Say("problem.index_one", {"axes": axes}),
            field="index",
            got=at,
            expected=f"{axes}: one each",
        )
    return tuple(first for first, _, _ in selected.bounds)


def _terms(worked: Worked, limit: int | None) -> list[TermAnswer]:
    """Every product by itself, the largest first; those past the limit summed, one term a role."""
    values = np.concatenate([part.values for part in worked.parts]) if worked.parts else np.zeros(0)
    owner = np.repeat(np.arange(len(worked.parts)), [part.values.size for part in worked.parts])
    first = np.cumsum([0, *(part.values.size for part in worked.parts)])
    order = np.argsort(-np.abs(values), kind="stable")
    kept = order if limit is None or limit >= len(order) else order[:limit]
    found = [term_answer(worked.place, worked.parts[owner[k]], int(k - first[owner[k]])) for k in kept]
    rest = order[len(kept) :]
    for number, part in enumerate(worked.parts):
        mine = rest[owner[rest] == number]
        if mine.size:
            symbol = "Σ " + " · ".join(factor.symbol for factor in part.term.factors)
            found.append(
                TermAnswer(
                    symbol=symbol,
                    role=part.term.role,
                    value=float(values[mine].sum()),
                    from_=None,
                    factors=[],
                    count=int(mine.size),
                )
            )
    return found


def term_answer(place: Place, part: Part, k: int) -> TermAnswer:
    """The k-th product of a term, with where each of its factors stands."""
    factors = [
        _factor(place, factor, runs, (read, used), k)
        for factor, runs, read, used in zip(part.term.factors, part.runs, part.factors, part.used, strict=True)
    ]
    start = next((each.from_ for each in reversed(factors) if each.from_.tensor), factors[-1].from_)
    return TermAnswer(
        symbol=" · ".join(each.symbol for each in factors),
        role=part.term.role,
        value=float(part.values[k]),
        from_=start,
        factors=factors,
        count=1,
    )


def _factor(place: Place, factor: Factor, runs: list[Run], found: tuple[Numbers, Numbers], k: int) -> FactorAnswer:
    """`found`: the factor's numbers as they are read, and as they enter the product."""
    read, used = found
    k = k if read.size > 1 else 0
    past = k
    for run in runs:
        if past < run.count:
            break
        past -= run.count
    at = run.at(past)
    where = Source(
        tensor=run.name if run.kind == "tensor" else None,
        parameter=run.name if run.kind == "parameter" else None,
        constant=run.name if run.kind == "constant" else None,
        index=at,
    )
    symbol = factor.symbol
    if run.kind == "parameter":  # as the textbook counts: a row within the gate, not in the stacked matrix
        symbol += f"[{','.join(map(str, at if factor.source == 'table' else [place.u, *at[1:]]))}]"
    elif None in run.index:
        symbol += f"[{','.join(map(str, at)) if factor.source == 'all losses' else k}]"
    symbol = PREPARED.get(factor.apply, "{}").format(symbol)
    return FactorAnswer(symbol=symbol, value=float(read[k]), apply=factor.apply, used=float(used[k]), from_=where)


def _picked_by(worked: Worked) -> Source | None:
    """The token that chose a row of the embedding table, the target that chose a class."""
    if worked.kind in ("losses.cross_entropy", "losses.nll", "losses.ignored"):
        return Source(tensor="target", index=list(worked.place.index))
    if worked.kind not in ("embedding", "input.decoded"):
        return None
    run = picked_by(worked.place)
    return None if run is None else Source(tensor=run.name, index=run.at(0))


def _sentence(worked: Worked, terms: list[TermAnswer]) -> Say:
    """What a screen reader says: the value, what it is, and what it was made of."""
    place = worked.place
    leading = [each for each in terms if each.count == 1]
    shown = leading if len(leading) == len(terms) <= MANY else leading[:1]
    return Say(
        f"explain.{worked.kind}",
        {
            "value": _short(worked.value),
            "name": place.name,
            "row": place.row.suffix if place.row else "",
            "sample": place.n,
            "step": place.t,
            "unit": place.u,
            "sum": _short(worked.inner),
            "count": sum(part.values.size for part in worked.parts),
            "parts": "; ".join(_product(each) for each in shown),
        },
    )


def _product(term: TermAnswer) -> str:
    return f"{term.symbol} = {_short(term.value)}"


def _short(value: float | None) -> str:
    return "∞" if value is None else f"{value:.4g}".replace("-", "−")

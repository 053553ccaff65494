"""One value made again from its factors, in double precision, and compared with the traced one."""

from dataclasses import dataclass
from math import exp, inf, isfinite, isnan, log, tanh

import numpy as np

from app.recurrent.errors import Refusal, Say
from app.recurrent.explain.dependencies import TABLE, Rule, Term, kind_of
from app.recurrent.explain.places import Place
from app.recurrent.explain.sources import Numbers, Run, left_out, numbers, source
from app.recurrent.holds import clamp_at
from app.recurrent.trace import Trace

TOLERANCE = 1e-5  # of the size of what is summed: float32 sums of thousands of products differ by less


@dataclass(frozen=True)
class Part:
    """The products of one term: `values[k]` is the product of the k-th number of each factor."""

    term: Term
    runs: list[list[Run]]  # per factor
    factors: list[Numbers]  # per factor, as read
    used: list[Numbers]  # per factor, as it enters the product
    values: Numbers


@dataclass(frozen=True)
class Worked:
    """A value and what it was made of. `inner` is the sum that the rule's function is applied to."""

    place: Place
    rule: Rule
    kind: str
    value: float
    parts: list[Part]
    inner: float
    recomputed: float
    max_abs_diff: float


def work_out(trace: Trace, place: Place) -> Worked:
    """Read every factor of one value, multiply, sum, and compare with the traced value."""
    clamped = clamp_at(place.plan, place.name, place.n, place.t, place.u) if place.row is not None else None
    kind = left_out(trace, place) or ("padding" if place.is_padding() else kind_of(place.plan, place.name, place.t))
    rule = TABLE[kind]
    if clamped is not None:
        kind, rule = "clamped", Rule(f"{place.name.rpartition('.')[2]} = {clamped:g}: clamped here", ())
    value = float(numbers(trace, [Run("tensor", place.name, place.index)])[0])
    parts = [part for part in (_part(trace, place, term) for term in rule.terms) if part is not None]
    if parts:
        inner = sum(float(part.values.sum()) for part in parts)
        if rule.apply == "argmax":
            inner = float(parts[0].values.max())
        own = int(value) if rule.apply == "argmax" else place.u
        recomputed = _within(_applied(rule.apply, inner, parts, own), trace)
    elif clamped is not None:
        inner = recomputed = clamped
    else:
        inner = recomputed = 0.0 if kind in ("padding", "h_0.zero", "c_0.zero", "losses.ignored") else value
    apart = 0.0 if recomputed == value or (isnan(recomputed) and isnan(value)) else abs(recomputed - value)
    worked = Worked(place, rule, kind, value, parts, inner, recomputed, apart)
    if not apart <= tolerance(worked):
        raise Refusal(
            "proof-failed",
            Say(
                "problem.explain_failed",
                {"name": place.name, "got": f"{apart:.3g}", "expected": f"{tolerance(worked):.3g}"},
            ),
            field="tensor",
            got=apart if isfinite(apart) else "inf",
            expected=tolerance(worked),
        )
    return worked


def tolerance(worked: Worked) -> float:
    """1e-5, and in proportion for large numbers: rounding grows with what is summed."""
    sizes = [abs(worked.value), *(float(np.abs(part.values).sum()) for part in worked.parts if part.values.size)]
    return TOLERANCE * max([1.0, *(size for size in sizes if isfinite(size))])


def _part(trace: Trace, place: Place, term: Term) -> Part | None:
    runs = [source(trace, place, factor.source) for factor in term.factors]
    if not all(runs):
        return None  # a bias that this run does not have
    factors = [numbers(trace, each) for each in runs]
    used = [_prepared(factor.apply, found) for factor, found in zip(term.factors, factors, strict=True)]
    values = np.ones(1)
    for each in used:
        values = values * each
    return Part(term, runs, factors, used, values)


def _prepared(apply: str, x: Numbers) -> Numbers:
    prepared: Numbers = x
    if apply == "tanh":
        prepared = np.tanh(x)
    elif apply == "exp":
        prepared = np.exp(x - x.max())  # the largest first, so that nothing overflows
    elif apply == "one_minus":
        prepared = 1 - x
    elif apply == "negative":
        prepared = -x
    elif apply in ("ln", "ln_one_minus"):
        with np.errstate(divide="ignore"):
            prepared = np.maximum(np.log(x if apply == "ln" else 1 - x), -100)
    return prepared


def _applied(apply: str, inner: float, parts: list[Part], own: int) -> float:
    """The rule's function of the sum; softmax, log_softmax and argmax read all of it, and which is its `own`."""
    if apply == "sigmoid":
        return 1 / (1 + exp(-inner)) if inner >= 0 else exp(max(inner, -745)) / (1 + exp(max(inner, -745)))
    if apply == "tanh":
        return tanh(inner)
    if apply == "negative":
        return -inner
    if apply == "square":
        return inner * inner
    if apply == "relu":
        return inner if isnan(inner) else max(inner, 0.0)
    if apply in ("softmax", "log_softmax"):
        part = parts[0]
        if apply == "softmax":
            return float(part.values[own]) / inner
        return float(part.factors[0][own] - part.factors[0].max()) - log(inner)
    if apply == "argmax":  # of two that differ by rounding alone, either may have been chosen
        found = parts[0].values
        return float(own if found.max() - found[own] <= TOLERANCE else found.argmax())
    return inner


def _within(value: float, trace: Trace) -> float:
    """Infinite where the traced type would be."""
    largest = float(np.finfo(trace.plan.tensors["output"].dtype).max)
    return value if abs(value) <= largest or isnan(value) else inf if value > 0 else -inf

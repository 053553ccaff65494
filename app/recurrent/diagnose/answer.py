"""What is wrong with a request, an error message or a piece of code: the reason, the fix, a request that runs."""

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import ValidationError

from app.recurrent.diagnose import code as diagnose_code
from app.recurrent.diagnose import request as diagnose_request
from app.recurrent.diagnose import silent as diagnose_silent
from app.recurrent.diagnose import traceback as diagnose_traceback
from app.recurrent.diagnose.finding import Finding, of_match
from app.recurrent.diagnose.marks import Sizes, shapes, sizes_of
from app.recurrent.diagnose.match import Match, recognise
from app.recurrent.diagnose.narrow import candidates, narrow
from app.recurrent.errors import Refusal, Say
from app.recurrent.shapes import Plan
from app.recurrent.spec import TraceRequest

MOST_TEXT = 20_000  # bytes of a pasted traceback, and of code
Planner = Callable[[TraceRequest], Plan]  # lays a run out within the limits, or raises Refusal


def never() -> bool:
    """Nobody cancels."""
    return False


def of_request(raw: dict[str, Any], planner: Planner, cancelled: Callable[[], bool] = never) -> list[Finding]:
    """What is wrong with a request, also with one that runs.

    Raises ValidationError for a request that is broken in no known way, and Refusal for one that is fine
    but too large; both say what and where.
    """
    fault = diagnose_request.first_fault(raw, planner)
    if fault is not None:
        found = [fault.finding.with_(fixed=_mended(fault.mended, planner))]
        return _marked(found, sizes_of(raw))
    plan = planner(TraceRequest.model_validate(raw))
    found = [each.with_(fixed=runs(each.options, planner)) for each in diagnose_silent.of_plan(plan, raw, cancelled)]
    found.sort(key=lambda each: not each.sure)
    sizes = {"N": plan.N, "T": plan.T, "F": plan.F, "H": plan.P, "L": plan.L, "D": plan.D}
    sizes["batch_first"] = int(plan.request.model.batch_first)
    return _marked(found, sizes) or [Finding("fine", fixed=raw)]


def of_traceback(text: str, planner: Planner) -> list[Finding]:
    """What the last error of a pasted text means. One that is not known is said to be so."""
    check_size("traceback", text)
    last = diagnose_traceback.read(text)
    match = recognise(last.tail if last.said else text) or _near(last, text)
    if match is None and last.said is not None and last.chained:
        match = recognise(text)
    if match is None:
        kind = "unknown" if last.said else "unreadable"
        return [Finding(kind, sure=False, code_line=last.code, line=last.line, got=last.said)]
    kind, _, _ = narrow(match)
    found = of_match(match, code_line=last.code, line=last.line, fixed=runs(candidates(kind, match), planner))
    # since 1.11 a matrix is taken as one sequence: what older versions refused runs today
    return _marked([found.with_(torch=None) if kind == "input-unbatched" else found], {})


def of_code(text: str, planner: Planner) -> list[Finding]:
    """What is wrong in a piece of code; it is read, never run."""
    check_size("code", text)
    found = [each.with_(fixed=runs(each.options, planner)) for each in diagnose_code.of_code(text)]
    found.sort(key=lambda each: not each.sure)
    return _marked(found, {})


def check_size(name: str, text: str) -> None:
    """Refuse a text longer than MOST_TEXT bytes."""
    size = len(text.encode("utf-8", "replace"))
    if size > MOST_TEXT:
        say = Say("problem.diagnose_long", {"got": size, "expected": MOST_TEXT})
        raise Refusal("over-limit", say, field=name, got=size, expected=MOST_TEXT)


def _marked(found: Sequence[Finding], sizes: Sizes) -> list[Finding]:
    """The findings with the shapes they are about."""
    return [
        each.with_(shapes=tuple(shapes(each.kind, each.got, each.expected, each.at, each.params, sizes)))
        for each in found
    ]


def runs(options: Sequence[dict[str, Any]], planner: Planner) -> dict[str, Any] | None:
    """The first of these requests that this server would run."""
    for option in options:
        try:
            planner(TraceRequest.model_validate(option))
        except (Refusal, ValidationError):
            continue
        return option
    return None


def _near(last: diagnose_traceback.Last, text: str) -> Match | None:
    """Some messages mean a recurrent net only when one stands somewhere in the traceback."""
    if last.said is None:
        return None
    match = recognise(f"{text}\n{last.tail}")
    flat = " ".join(f"{text}\n{last.tail}".split())
    return match if match is not None and match.start >= len(flat) - len(" ".join(last.tail.split())) else None


def _mended(raw: dict[str, Any] | None, planner: Planner) -> dict[str, Any] | None:
    """`raw` with its further faults mended too, one after the other; None when that does not end."""
    for _ in range(8):
        if raw is None:
            return None
        try:
            fault = diagnose_request.first_fault(raw, planner)
        except (Refusal, ValidationError):
            return None
        if fault is None:
            return raw
        raw = fault.mended
    return None

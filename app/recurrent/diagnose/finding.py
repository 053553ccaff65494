"""`Finding`: one mistake, what it is about and how to be rid of it; `Diagnosis`: all of them, as an answer says it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import BaseModel, Field

from app.recurrent.diagnose.marks import MarkedShape
from app.recurrent.diagnose.match import Match
from app.recurrent.diagnose.narrow import narrow
from app.recurrent.errors import Say
from app.recurrent.shapes import plan
from app.recurrent.spec import TraceRequest

Sayer = Callable[[Say], str]
Hinter = Callable[[Say], str | None]
Opener = Callable[[dict[str, Any]], str | None]  # the address of the page that shows a request


@dataclass(frozen=True)
class Finding:
    """One mistake, or one thing worth a look.

    sure      False: it runs and may be what was meant
    says      the reason where a refusal brings its own sentence; otherwise it is "diagnose.{kind}.why"
    options   requests that would do it right, the best first
    fixed     the first of them that runs
    measured  numbers of a real run that prove it
    shapes    the shapes it is about, the axis that does not fit marked
    """

    kind: str
    sure: bool = True
    torch: str | None = None
    older: tuple[str, ...] = ()
    axis: str | None = None
    question: int | None = None
    at: str | None = None
    got: Any = None
    expected: Any = None
    params: dict[str, Any] = field(default_factory=dict)
    says: Say | None = None
    options: tuple[dict[str, Any], ...] = ()
    fixed: dict[str, Any] | None = None
    measured: dict[str, Any] | None = None
    line: int | None = None
    code_line: str | None = None
    shapes: tuple[MarkedShape, ...] = ()

    def with_(self, **changed: Any) -> "Finding":
        """The same finding with some parts filled in."""
        return replace(self, **changed)


def of_match(match: Match, **more: Any) -> Finding:
    """What a recognised message of PyTorch is about."""
    kind, axis, question = narrow(match)
    numbers: dict[str, Any] = {}
    for name in ("got", "expected"):
        dims = match.dims(name)
        whole = match.number(name)
        value = whole if whole is not None else dims if len(dims) > 1 else match.found.get(name) or None
        numbers[name] = value
    found = Finding(
        kind=kind,
        torch=match.today,
        older=tuple(match.olders),
        axis=axis,
        question=question,
        got=numbers["got"],
        expected=numbers["expected"],
    )
    return found.with_(**more)


class Noticed(BaseModel):
    """One thing that was found."""

    kind: str = Field(description="A name for the mistake that does not change; `fine`, `unknown`.")
    torch: str | None = Field(description="What PyTorch prints for it today; null when it prints nothing.")
    axis: str | None = Field(description="The axis at fault: N, T, F, H, L·D, or rank: one too many or too few.")
    axis_says: str | None = Field(description="The same in words, with both numbers where they are known.")
    shapes: list[MarkedShape] = Field(description="The shapes it is about, the axis that does not fit marked.")
    why: str
    fix: str | None
    fixed_request: dict[str, Any] | None = Field(description="A request that runs; send it to POST /traces.")
    fixed_code: str | None = Field(description="The lines of PyTorch that `fixed_request` stands for.")
    page: str | None = Field(description="The page's address that shows `fixed_request`; null where it can't.")
    question: int | None = Field(description="Which of the 25 questions this is.")
    question_says: str | None
    code_line: str | None = Field(description="The line of the pasted code or traceback that it is about.")
    line: int | None
    measured: dict[str, Any] | None = Field(description="Numbers of a real run that prove a silent mistake.")


class DiagnoseAnswer(Noticed):
    """What is wrong, why, and what to do."""

    ok: bool | None = Field(
        description="true: nothing wrong was found; false: a mistake; null: not known, or not sure."
    )
    read_as: str = Field(description="What the text was taken for: request, traceback or code.")
    torch_older: list[str] = Field(description="The same in the words of earlier versions.")
    field: str | None
    got: Any
    expected: Any
    also: list[Noticed] = Field(description="What else was found, by weight.")


def answered(
    findings: list[Finding],
    say: Sayer,
    hint: Hinter,
    *,
    read_as: str = "request",
    page: Opener = lambda _: None,
) -> DiagnoseAnswer:
    """The first finding as the answer, the others in `also`; `findings` is never empty."""
    first = findings[0]
    return DiagnoseAnswer(
        **_noticed(first, say, hint, page),
        ok=first.kind == "fine" or (False if first.sure else None),
        read_as=read_as,
        torch_older=list(first.older),
        field=first.at,
        got=first.got,
        expected=first.expected,
        also=[Noticed(**_noticed(each, say, hint, page)) for each in findings[1:]],
    )


def _noticed(found: Finding, say: Sayer, hint: Hinter, page: Opener) -> dict[str, Any]:
    why, fix = _sentences(found, say, hint)
    fixed = found.fixed
    return {
        "kind": found.kind,
        "torch": found.torch,
        "axis": found.axis,
        "axis_says": _axis_says(found, say),
        "shapes": list(found.shapes),
        "why": why,
        "fix": fix,
        "fixed_request": fixed,
        "fixed_code": _code(fixed) if fixed is not None else None,
        "page": page(fixed) if fixed is not None else None,
        "question": found.question,
        "question_says": say(Say(f"question.{found.question}")) if found.question else None,
        "code_line": found.code_line,
        "line": found.line,
        "measured": found.measured,
    }


def _code(request: dict[str, Any]) -> str:
    """Every line of PyTorch of a request that runs."""
    stages = plan(TraceRequest.model_validate(request)).stages
    return "\n".join(stage.code for stage in stages if stage.op != "name").strip()


def _axis_says(found: Finding, say: Sayer) -> str | None:
    """Which axis does not fit, by its letter and its meaning, and how long it is and should be."""
    if found.axis is None:
        return None
    if found.axis == "rank":
        return say(Say("diagnose.axis.rank"))
    meant = {"axis": found.axis, "meaning": say(Say(f"page.axis.{found.axis}"))}
    sizes = {
        shape.role: [axis.size for axis in shape.axes if axis.fault]
        for shape in found.shapes
        if sum(axis.fault for axis in shape.axes) == 1
    }
    got, expected = (sizes.get(role, [None])[0] for role in ("got", "expected"))
    if isinstance(got, int) and isinstance(expected, int) and got != expected:
        return say(Say("diagnose.axis.sizes", meant | {"got": got, "expected": expected}))
    return say(Say("diagnose.axis", meant))


def _sentences(found: Finding, say: Sayer, hint: Hinter) -> tuple[str, str | None]:
    if found.says is not None:
        return say(found.says), hint(found.says)
    return say(Say(f"diagnose.{found.kind}.why", found.params)), hint(Say(f"diagnose.{found.kind}", found.params))

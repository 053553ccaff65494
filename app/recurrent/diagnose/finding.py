"""`Finding`: one mistake, what it is about and how to be rid of it; `Diagnosis`: all of them, as an answer says it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import BaseModel, Field

from app.recurrent.diagnose.match import Match
from app.recurrent.diagnose.narrow import narrow
from app.recurrent.errors import Say

Sayer = Callable[[Say], str]
Hinter = Callable[[Say], str | None]


@dataclass(frozen=True)
class Finding:
    """One mistake, or one thing worth a look.

    sure      False: it runs and may be what was meant
    says      the reason where a refusal brings its own sentence; otherwise it is "diagnose.{kind}.why"
    options   requests that would do it right, the best first
    fixed     the first of them that runs
    measured  numbers of a real run that prove it
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
    """A further thing that was found."""

    kind: str
    axis: str | None
    why: str
    fix: str | None
    question: int | None
    line: int | None = None
    measured: dict[str, Any] | None = None


class DiagnoseAnswer(BaseModel):
    """What is wrong, why, and what to do."""

    ok: bool | None = Field(
        description="true: nothing wrong was found; false: a mistake; null: not known, or not sure."
    )
    kind: str = Field(description="A name for the mistake that does not change; `fine`, `unknown`.")
    torch: str | None = Field(description="What PyTorch prints for it today; null when it prints nothing.")
    torch_older: list[str] = Field(description="The same in the words of earlier versions.")
    axis: str | None = Field(description="The axis at fault: N, T, F, H, L·D, or rank: one too many or too few.")
    why: str
    fix: str | None
    fixed_request: dict[str, Any] | None = Field(description="A request that runs; send it to POST /traces.")
    question: int | None = Field(description="Which of the 25 questions this is.")
    field: str | None
    got: Any
    expected: Any
    code_line: str | None = Field(description="The line of the pasted code or traceback that it is about.")
    line: int | None
    measured: dict[str, Any] | None = Field(description="Numbers of a real run that prove a silent mistake.")
    also: list[Noticed] = Field(description="What else was found, by weight.")


def answered(findings: list[Finding], say: Sayer, hint: Hinter) -> DiagnoseAnswer:
    """The first finding as the answer, the others in `also`; `findings` is never empty."""
    first = findings[0]
    why, fix = _sentences(first, say, hint)
    return DiagnoseAnswer(
        ok=first.kind == "fine" or (False if first.sure else None),
        kind=first.kind,
        torch=first.torch,
        torch_older=list(first.older),
        axis=first.axis,
        why=why,
        fix=fix,
        fixed_request=first.fixed,
        question=first.question,
        field=first.at,
        got=first.got,
        expected=first.expected,
        code_line=first.code_line,
        line=first.line,
        measured=first.measured,
        also=[_noticed(each, say, hint) for each in findings[1:]],
    )


def _noticed(found: Finding, say: Sayer, hint: Hinter) -> Noticed:
    why, fix = _sentences(found, say, hint)
    return Noticed(
        kind=found.kind,
        axis=found.axis,
        why=why,
        fix=fix,
        question=found.question,
        line=found.line,
        measured=found.measured,
    )


def _sentences(found: Finding, say: Sayer, hint: Hinter) -> tuple[str, str | None]:
    if found.says is not None:
        return say(found.says), hint(found.says)
    return say(Say(f"diagnose.{found.kind}.why", found.params)), hint(Say(f"diagnose.{found.kind}", found.params))

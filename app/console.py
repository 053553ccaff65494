"""What the command line prints: a plan, a trace, a reading as tables for people."""

import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from math import prod

from app.recurrent.answer import PlanAnswer, ProofAnswer, ShapesAnswer, TraceAnswer
from app.recurrent.errors import Say
from app.web.code import ReadAnswer
from app.web.i18n import sayer


def width(text: str) -> int:
    """Columns a text takes in a terminal; a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text if each.isprintable())


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns padded to their widest cell, a rule under the heads; columns of numbers stand to the right."""
    cells = [list(head), *([" ".join(cell.split()) for cell in row] for row in rows)]
    widths = [max(width(row[k]) for row in cells) for k in range(len(head))]
    right = [all(not row[k] or row[k][0] in "-0123456789" for row in cells[1:]) for k in range(len(head))]

    def line(row: Sequence[str]) -> str:
        padded = []
        for k, cell in enumerate(row):
            space = " " * (widths[k] - width(cell))
            padded.append(space + cell if right[k] else cell + space)
        return "  ".join(padded).rstrip()

    return "\n".join([line(cells[0]), "  ".join("─" * each for each in widths), *map(line, cells[1:])])


def shape(sizes: Sequence[int]) -> str:
    """(2, 5, 8), and (2,) with the comma that a single size needs."""
    inner = ", ".join(map(str, sizes))
    return f"({inner},)" if len(sizes) == 1 else f"({inner})"


def shapes(answer: ShapesAnswer, lang: str) -> str:
    """Stages, parameters, the cost."""
    before = _before(answer.encoder, lang)
    return "\n\n".join([*before, answer.code, _stages(answer, lang), _parameters(answer, lang), _cost(answer, lang)])


def trace(answer: TraceAnswer, lang: str) -> str:
    """Stages with the range of their numbers, the proof, the claims, what torch warned."""
    before = _before(answer.encoder, lang)
    parts = [*before, answer.code, _stages(answer, lang), _proof(answer.proof, lang), _claims(answer, lang)]
    if answer.warnings:
        parts.append("\n".join(answer.warnings))
    return "\n\n".join(parts)


def reading(answer: ReadAnswer, lang: str) -> str:
    """The constructor's line, then what was not read and what was assumed."""
    say = sayer(lang)
    parts = [answer.code]
    if answer.unread:
        head = [say(Say("console.unread")), say(Say("console.line")), say(Say("console.why"))]
        parts.append(table(head, [[each.what, str(each.line), each.why] for each in answer.unread]))
    if answer.assumed:
        head = [say(Say("console.assumed")), say(Say("console.value")), say(Say("console.why"))]
        parts.append(table(head, [[each.what, str(each.value), each.why] for each in answer.assumed]))
    return "\n\n".join(parts)


def _before(encoder: PlanAnswer | None, lang: str) -> list[str]:
    """The encoder's stages, which run first."""
    return [] if encoder is None else [encoder.code, _stages(encoder, lang)]


def _stages(answer: PlanAnswer, lang: str) -> str:
    say = sayer(lang)
    numbers = any(tensor.min is not None for tensor in answer.tensors.values())
    head = [say(Say(f"console.{name}")) for name in ("stage", "tensor", "shape")]
    head += [say(Say(f"console.{name}")) for name in ("min", "mean", "max")] if numbers else []
    rows = []
    for stage in answer.stages:
        for k, name in enumerate(stage.outputs):
            tensor = answer.tensors[name]
            row = [stage.name if k == 0 else "", name, f"{shape(tensor.shape)} {','.join(tensor.axes)}"]
            rows.append(row + ([_number(each) for each in (tensor.min, tensor.mean, tensor.max)] if numbers else []))
    return table(head, rows)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _parameters(answer: ShapesAnswer, lang: str) -> str:
    say = sayer(lang)
    rows = [
        [name, shape(each.shape), " ".join(each.bands), f"{prod(each.shape)}"]
        for name, each in answer.parameters.items()
    ]
    rows.append([say(Say("console.total")), "", "", str(answer.parameter_count)])
    return table([say(Say(f"console.{name}")) for name in ("parameter", "shape", "gates", "count")], rows)


def _cost(answer: ShapesAnswer, lang: str) -> str:
    cost = {"bytes": answer.cost.bytes, "multiply_adds": answer.cost.multiply_adds}
    return sayer(lang)(Say("console.cost", cost))


def _proof(proof: ProofAnswer, lang: str) -> str:
    say = sayer(lang)
    checked, of = proof.checked, proof.checked.of
    part = {
        "against": proof.against,
        "samples": f"{len(checked.samples)}/{of['samples']}",
        "steps": f"{checked.steps}/{of['steps']}",
        "units": f"{checked.units}/{of['units']}",
    }
    rows = [[name, f"{apart:.2g}", f"{proof.tolerance:.2g}"] for name, apart in proof.max_abs_diff.items()]
    head = [say(Say(f"console.{name}")) for name in ("proof", "difference", "tolerance")]
    return say(Say("console.against", part)) + "\n" + table(head, rows)


def _claims(answer: TraceAnswer, lang: str) -> str:
    """Each claim on a line with its verdict, the reason under it."""
    say = sayer(lang)
    words = {True: say(Say("console.true")), False: say(Say("console.false"))}
    room = max(map(width, words.values()))
    lines = []
    for claim in answer.claims:
        word = words[claim.holds]
        apart = "" if claim.max_abs_diff is None else f"  ({claim.max_abs_diff:.2g})"
        lines.append(f"{word}{' ' * (room - width(word))}  {' '.join(claim.claim.split())}{apart}")
        lines += textwrap.wrap(claim.why, 100, initial_indent=" " * (room + 2), subsequent_indent=" " * (room + 2))
    return "\n".join([say(Say("console.claims")), *lines])

"""What the examples' menu offers, which of it is shown, and what the page says about a task."""

from functools import cache
from typing import Any

from app.recurrent.code.short import encoder_lines, loop_lines
from app.recurrent.examples import EXAMPLES
from app.recurrent.settle_decode import encoder_request
from app.recurrent.shapes import Plan
from app.recurrent.spec import TraceRequest
from app.web import i18n
from app.web.state import State, state_of


@cache
def _offers() -> list[tuple[str, str | None, State]]:
    """Example, variant (None: the example itself) and state, in the menu's order."""
    found: list[tuple[str, str | None, State]] = []
    for example in EXAMPLES:
        for key, raw in [(None, example.request), *((each.key, each.request) for each in example.variants)]:
            state = None if raw is None else state_of(TraceRequest.model_validate(raw))
            if state is not None:  # what the page has no controls for is not in its menu
                found.append((example.key, key, state))
    return found


@cache
def menu(lang: str) -> list[dict[str, Any]]:
    """The examples with their variants, in words: key, title, says, available, variants (key, title, query)."""
    return [
        {
            "key": example.key,
            "title": i18n.text(lang, f"example.{example.key}.title"),
            "says": i18n.text(lang, f"example.{example.key}.says"),
            "available": example.available,
            "variants": [
                {"key": key, "title": i18n.text(lang, f"example.{name}.variant.{key}"), "query": state.query()}
                for name, key, state in _offers()
                if name == example.key and key is not None
            ],
        }
        for example in EXAMPLES
    ]


def shown(state: State) -> dict[str, str | None] | None:
    """The example that `state` runs, and its variant; a variant tells more than an example that runs the same."""
    asked = state.request()
    found = [(name, key) for name, key, each in _offers() if each.request() == asked]
    if state.example:
        found = [each for each in found if each[0] == state.example]
    named = next((each for each in found if each[1] is not None), found[0] if found else None)
    return None if named is None else {"example": named[0], "variant": named[1]}


def lines(plan: Plan, lang: str) -> dict[str, Any]:
    """The lines of code of a task, its sentence, and the address of its encoder alone: a page's query, None where no
    page says it."""
    request = encoder_request(plan.request)
    alone = None if request is None else state_of(request)
    return {
        "way": way(plan, lang),
        "way_columns": [min(steps, most) for steps, most in _drawn(plan)],
        "encoder_code": encoder_lines(plan),
        "loop_code": loop_lines(plan),
        "encoder_query": None if alone is None else alone.query(),
    }


def way(plan: Plan, lang: str) -> str:
    """Which steps read something and which answer, in one sentence."""
    head, every = plan.request.head, _span(0, plan.T - 1)
    handed = "h_n, c_n" if plan.request.model.cell == "lstm" else "h_n"
    if plan.encoder is not None:
        key = "encoder_decoder"
        return i18n.text(lang, f"page.way.{key}", read=_span(0, plan.encoder.T - 1), steps=every, handed=handed)
    if plan.request.input.decode is not None:
        key = "one_to_many" if plan.T > 1 else "one_to_word"
    elif head is None:
        key = "output"
    elif plan.T == 1:
        key = "one_to_one"
    elif head.reads == "every_step":
        key = "many_to_many"
    else:
        key = "mean" if head.reads == "mean" else "many_to_one"
    return i18n.text(lang, f"page.way.{key}", steps=every, later=_span(1, plan.T - 1), last=plan.T - 1)


def _drawn(plan: Plan) -> list[tuple[int, int]]:
    """The steps of the small figure and how many of them are drawn, the encoder's first; views/way.js draws them."""
    if plan.encoder is None:
        return [(plan.T, 8)]
    return [(plan.encoder.T, 5), (plan.T, 5)]


def _span(first: int, last: int) -> str:
    return f"{first}–{last}" if last > first else str(first)

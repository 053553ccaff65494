"""/compare: two runs side by side, each given by the query of its own page; and the same as JSON."""

import json
import re
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import ValidationError

from app.recurrent.answer import describe_plan
from app.recurrent.compare import code_lines
from app.recurrent.errors import Refusal
from app.recurrent.shapes import Plan
from app.recurrent.source import rnn_code
from app.recurrent.spec import TraceRequest
from app.web import i18n
from app.web.assets import Assets
from app.web.bodies import parsed
from app.web.errors import STATUS, Later, lang_of, problem, refusals_of
from app.web.negotiate import preferred
from app.web.question import compared
from app.web.state import State, read_state, runnable
from app.web.traces import Client, Traces
from app.web.work import Work

router = APIRouter()

Q = dict[str, Any]
CELLS = ("lstm", "gru", "rnn")
MOST = 1_000_000_000  # of a step or a sample in the address
MOST_LENGTHS = 1000  # samples in a list that is still an address


@dataclass(frozen=True)
class Side:
    """One of the two: what was given, what runs, and what was wrong with what was given."""

    given: str
    state: State | None  # None: given as a request, which the page's controls may not be able to say
    plan: Plan
    refusals: list[Refusal]


@router.get("/compare", include_in_schema=False)
async def compare_page(request: Request) -> Response:
    """Two runs side by side: `a` and `b` are queries of the page, or trace requests as JSON."""
    work: Work = request.app.state.work
    traces: Traces = request.app.state.traces
    lang = lang_of(request)
    wants_json = preferred(request, ("text/html", "application/json")) == "application/json"
    status, headers = 200, {"Cache-Control": "no-store", "Vary": "Accept"}
    given = [request.query_params.get(name, default) for name, default in (("a", ""), ("b", "cell=gru"))]
    sides: list[Side] = []
    found: Q | None = None
    refusals: list[Refusal] = []
    try:
        sides = await work.run(lambda _: [_side(each, traces) for each in given], Client(request), light=True)
        found = json.loads(await compared(request, *(side.plan for side in sides)))
    except Refusal as refusal:
        refusals, status = [refusal], STATUS[refusal.kind]
        if isinstance(refusal, Later):
            headers["Retry-After"] = str(refusal.retry_after)
    twin = {
        **{name: _described(side, lang) for name, side in zip("ab", sides, strict=False)},
        "lines": [each.model_dump() for each in code_lines(sides[0].plan, sides[1].plan)] if found else [],
        "compare": found,
        "problems": [problem(each, lang) for each in (*refusals, *(r for side in sides for r in side.refusals))][:20],
        "lang": lang,
    }
    if wants_json:
        return Response(json.dumps(twin, ensure_ascii=False), status, headers, media_type="application/json")
    view = _view(request)
    html = await work.run(lambda _: _render(request, twin, sides, given, view, lang), Client(request), light=True)
    return Response(html, status, headers, media_type="text/html; charset=utf-8")


def _side(given: str, traces: Traces) -> Side:
    if given.lstrip().startswith("{"):
        try:
            return Side(given, None, traces.plan(parsed(TraceRequest, given.encode())), [])
        except ValidationError as error:
            raise refusals_of(error)[0] from None
    asked, refusals = read_state(parse_qsl(given.removeprefix("?"), keep_blank_values=True), traces.limits)
    state, plan, moved = runnable(asked, traces.limits)
    return Side(given, state, plan, [*refusals, *moved])


def _described(side: Side, lang: str) -> Q:
    shapes = describe_plan(side.plan, i18n.sayer(lang))
    return {
        "query": None if side.state is None else side.state.query(),
        "request": side.plan.request.model_dump(mode="json"),
        "code": rnn_code(side.plan.request.model),
        "shapes": {name: {"shape": each.shape, "axes": each.axes} for name, each in shapes.tensors.items()},
    }


def _view(request: Request) -> dict[str, str]:
    """What is looked at: language, theme, step, sample, whether a − b is drawn. What is not understood is left out."""
    given = request.query_params
    known = {"lang": i18n.LANGUAGES, "theme": ("light", "dark"), "difference": ("1",)}
    found = {name: given[name] for name, values in known.items() if given.get(name) in values}
    for name in ("t", "n"):
        text = given.get(name, "")
        if text.isascii() and text.isdigit() and len(text) <= len(str(MOST)) and 0 < int(text) <= MOST:
            found[name] = str(int(text))
    return found


def _render(request: Request, twin: Q, sides: list[Side], given: list[str], view: dict[str, str], lang: str) -> str:
    assets: Assets = request.app.state.assets
    theme = view.get("theme", "")
    around = {name: value for name, value in view.items() if name in ("lang", "theme")}
    found = twin["compare"] or {}
    here = {"a": given[0], "b": given[1]}
    other = next(each for each in i18n.LANGUAGES if each != lang)

    def link(**changed: str) -> str:
        return "/compare?" + urlencode(here | view | changed)

    return assets.render(
        "compare.html",
        twin=twin,
        say=partial(i18n.text, lang),
        lang=lang,
        theme=theme or "auto",
        given=here,
        view=view,
        around=around,
        catalogue=i18n.written(lang),
        first={
            "a": found.get("a"),
            "b": found.get("b"),
            "t": int(view.get("t", 0)),
            "n": int(view.get("n", 0)),
            "difference": "difference" in view,
            "lang": lang,
        },
        pairs=[{"name": name, "href": link(a=a, b=b), "chosen": [a, b] == given} for name, a, b in _pairs(sides, lang)],
        presets=[
            {"name": name, "href": link(a=a, b=b), "chosen": b == given[1]} for name, a, b in _presets(given[0], sides)
        ],
        swap=link(a=given[1], b=given[0]),
        other_lang_url=link(lang=other),
        homes=[_home(side, around) for side in sides],
        pieces=pieces,
    )


def _home(side: Side, view: dict[str, str]) -> str | None:
    """The page that shows this side, if its controls can."""
    if side.state is None:
        return None
    return "/?" + "&".join(filter(None, (side.state.query(), urlencode(view))))


def _base(sides: list[Side]) -> State:
    """What the presets change: A, where the page's controls can say it."""
    return sides[0].state if sides and sides[0].state is not None else State()


def _pairs(sides: list[Side], lang: str) -> list[tuple[str, str, str]]:
    """What is worth a comparison with A's own sentence and sizes: (shown name, a, b)."""
    state = _base(sides)
    plain: Q = {"proj_size": 0, "interventions": ""}  # which another cell need not have
    cells = {cell: state.with_(**plain, cell=cell).query() for cell in CELLS}
    found = [(f"{one.upper()} · {other.upper()}", cells[one], cells[other]) for one, other in combinations(CELLS, 2)]
    lengths = {} if state.values["source"] == "text" or state.values["lengths"] else {"lengths": _shorter(state)}
    for key, changes in (
        ("batch_first", [{"batch_first": first} for first in (True, False)]),
        ("directions", [{"bidirectional": both} for both in (False, True)]),
        ("packed", [{"packed": packed} | lengths for packed in (False, True)]),
    ):
        a, b = (state.with_(interventions="", **change).query() for change in changes)
        found.append((i18n.text(lang, f"compare.pair.{key}"), a, b))
    return found


def _shorter(state: State) -> str:
    """A length for every sample, each a step shorter than the one before."""
    samples, steps = int(str(state.values["batch"])), int(str(state.values["seq_len"]))
    return ",".join(str(max(1, steps - n)) for n in range(min(samples, MOST_LENGTHS)))


def _presets(a: str, sides: list[Side]) -> list[tuple[str, str, str]]:
    """What B may be: A with one thing changed; (shown name, a, b)."""
    state = _base(sides)
    if not (sides and sides[0].state):
        a = ""
    v: Q = dict(state.values)
    changes: list[tuple[str, Q]] = [(f"nn.{cell.upper()}", {"cell": cell}) for cell in CELLS if cell != v["cell"]]
    changes += [(f"{name}={not v[name]}", {name: not v[name]}) for name in ("batch_first", "bidirectional", "bias")]
    changes.append((f"num_layers={v['num_layers'] + 1}", {"num_layers": v["num_layers"] + 1}))
    changes.append((f"hidden_size={2 * v['hidden_size']}", {"hidden_size": 2 * v["hidden_size"]}))
    changes.append((f"seed {v['seed'] + 1}", {"seed": v["seed"] + 1}))
    return [(name, a, state.with_(**change).query()) for name, change in changes]


def pieces(code: str | None, other: str | None) -> list[tuple[str, bool]]:
    """A line of code in pieces, each with whether the other line lacks it."""
    if code is None:
        return []
    split = re.compile(r"([(),]\s*)")
    known = set(split.split(other or ""))
    return [(part, part not in known and not split.fullmatch(part)) for part in split.split(code) if part]

"""The page: the address's query is its state, and the same address as JSON is its twin."""

import json
from dataclasses import asdict
from functools import partial
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.recurrent.errors import Refusal
from app.recurrent.shapes import Plan
from app.web import i18n, teaching
from app.web.assets import Assets, Written
from app.web.errors import STATUS, Later, lang_of, problem
from app.web.hands import parsed, sentences, written
from app.web.keys import BY_NAME, KEYS
from app.web.negotiate import preferred
from app.web.offered import lines, menu, shown
from app.web.plotly import URL as PLOTLY_URL
from app.web.state import State, read_state, runnable
from app.web.traces import Client, Traces
from app.web.work import Work
from app.zoo.trained import bundled_names

router = APIRouter()


@router.get("/", include_in_schema=False)
async def page(request: Request) -> Response:
    """The one screen, with the first answer in it; its JSON twin when the Accept header asks for JSON.

    With `Prefer: handling=strict` the twin of a state that can't run has no trace, only the problems.
    """
    traces: Traces = request.app.state.traces
    work: Work = request.app.state.work
    client, lang = Client(request), lang_of(request)
    wants_json = preferred(request, ("text/html", "application/json")) == "application/json"
    status, headers, body = 200, {"Cache-Control": "no-store", "Vary": "Accept"}, "null"
    pairs = request.query_params.multi_items()
    asked, refusals = read_state(pairs, traces.limits)
    state, told = asked, dict[str, Any]()
    try:
        state, (id, plan), moved = await work.run(lambda _: _laid_out(asked, traces), client, light=True)
        refusals += moved
        strict = wants_json and "handling=strict" in request.headers.get("prefer", "")
        if strict and any(map(is_about_the_run, refusals)):
            # somebody is editing: the last good picture stays, so none is computed
            around = _around(asked, refusals, traces, lang) | {"fixed": state.query()}
            return _twin(around, body, status, headers)
        body = (await traces.answer(id, plan, client, lang)).body.decode()
        told = await work.run(lambda _: {"shown": shown(state), "lines": lines(plan, lang)}, client, light=True)
        if not wants_json:
            around = _around(state, refusals, traces, lang) | told
            html = await work.run(lambda _: _render(request, around, body, lang), client, light=True)
            return Response(html, status, headers, media_type="text/html; charset=utf-8")
    except Refusal as refusal:  # the server is busy, or the numbers could not be confirmed
        refusals, body = [*refusals, refusal], "null"
        status = STATUS[refusal.kind]
        if isinstance(refusal, Later):
            headers["Retry-After"] = str(refusal.retry_after)
    around = _around(state, refusals, traces, lang) | told
    if wants_json:
        return _twin(around, body, status, headers)
    return Response(_render(request, around, body, lang), status, headers, media_type="text/html; charset=utf-8")


def is_about_the_run(refusal: Refusal) -> bool:
    """Whether more than a place to look at was not understood: a tensor that a new run lacks is only left."""
    key = BY_NAME.get(refusal.field or "")
    return key is None or not key.view


def _laid_out(asked: State, traces: Traces) -> tuple[State, tuple[str, Plan], list[Refusal]]:
    state, plan, moved = runnable(asked, traces.limits)
    return state, traces.named(plan), moved


def _twin(around: dict[str, Any], trace: str, status: int, headers: dict[str, str]) -> Response:
    return Response(_joined(around, trace), status, headers, media_type="application/json")


def _joined(around: dict[str, Any], trace: str) -> str:
    """The twin's JSON; the trace's is at hand as text."""
    return f'{json.dumps(around, ensure_ascii=False)[:-1]}, "trace": {trace}}}'


def _around(state: State, refusals: list[Refusal], traces: Traces, lang: str) -> dict[str, Any]:
    """The twin without its trace: the state as it runs, and what was wrong with what was asked."""
    limits = {name: most for name, most in asdict(traces.limits).items() if isinstance(most, int)}
    return {
        "state": {"example": state.example, **state.values, "lang": lang},
        "query": state.query(),
        "problems": [problem(refusal, lang) for refusal in refusals[:20]],
        "shown": None,  # the example that runs, and its variant
        "lines": None,  # the lines of code of a decoder and its encoder, and where the encoder runs by itself
        "fixed": None,  # the query of the nearest state that runs, where that is not what `state` says
        "limits": limits,
        "lang": lang,
    }


def _compare_url(state: dict[str, Any], given: list[tuple[str, str]], lang: str) -> str:
    """What is shown, beside the same with another cell."""
    shown = State({key.name: key.default if key.view else state[key.name] for key in KEYS}, state["example"])
    other = shown.with_(cell="gru" if state["cell"] == "lstm" else "lstm", bundled="")
    view = [(name, value) for name, value in given if name == "theme"]
    return "/compare?" + urlencode([("a", shown.query()), ("b", other.query()), ("lang", lang), *view])


def _hands(state: dict[str, Any], vocabulary: list[str], lang: str) -> dict[str, Any]:
    """What is changed by hand, each with the address without it; and the address without any."""
    shown = State({key.name: state[key.name] for key in KEYS}, state["example"])
    given = parsed(state["interventions"])

    def address(kept: str) -> str:
        return f"/?{shown.with_(interventions=kept).query()}"

    found = [
        {"says": says, "without": address(written(given[:k] + given[k + 1 :]))}
        for k, says in enumerate(sentences(lang, state["interventions"], vocabulary))
    ]
    return {"hands": found, "no_hands": address("")}


def _held(state: dict[str, Any]) -> list[tuple[str, str]]:
    """What the link holds fast, for a form whose own controls for it are disabled."""
    names = sorted(teaching.locked(state["lock"]))
    values = {name: state[name] if isinstance(state[name], list) else [state[name]] for name in names}
    return [(name, BY_NAME[name].write(value)) for name in names for value in values[name]]


def _render(request: Request, around: dict[str, Any], body: str, lang: str) -> str:
    trace = json.loads(body)
    text = ((trace["encoder"] or trace) if trace else {}).get("text")
    vocabulary = text["vocabulary"] if text else []
    twin = Written({**around, "trace": trace}, _joined(around, body))
    assets: Assets = request.app.state.assets
    other = next(each for each in i18n.LANGUAGES if each != lang)
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    return assets.render(
        "index.html",
        plotly_url=PLOTLY_URL,
        compare_url=_compare_url(twin["state"], query, lang),
        twin=twin,
        **_hands(twin["state"], vocabulary, lang),
        say=partial(i18n.text, lang),
        lang=lang,
        theme=twin["state"]["theme"],
        teaching=teaching,
        locked=teaching.locked(twin["state"]["lock"]),
        held=_held(twin["state"]),
        catalogue=i18n.written(lang),
        token_ids={token: id for id, token in enumerate(vocabulary)},
        other_lang_url="/?" + urlencode([*query, ("lang", other)]),
        examples=menu(lang),
        bundled_menu=[
            ("", i18n.text(lang, "page.code.weights.seed")),
            *((name, f"{name}.safetensors") for name in bundled_names()),
        ],
    )

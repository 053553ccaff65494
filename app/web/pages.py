"""The page: the address's query is its state, and the same address as JSON is its twin."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.recurrent.errors import Refusal
from app.recurrent.examples import EXAMPLES
from app.web import i18n
from app.web.assets import Assets
from app.web.errors import STATUS, Later, lang_of, problem
from app.web.state import State, read_state, runnable
from app.web.traces import Client, Traces

router = APIRouter()


@router.get("/", include_in_schema=False)
async def page(request: Request) -> Response:
    """The one screen, with the first answer in it; its JSON twin when the Accept header asks for JSON.

    With `Prefer: handling=strict` the twin of a state that can't run has no trace, only the problems.
    """
    traces: Traces = request.app.state.traces
    lang = lang_of(request)
    asked, misread = read_state(request.query_params.multi_items())
    state, plan, moved = runnable(asked, traces.limits)
    refusals, status, headers = [*misread, *moved], 200, {"Cache-Control": "no-store", "Vary": "Accept"}
    body = "null"
    strict = _wants_json(request) and "handling=strict" in request.headers.get("prefer", "")
    if strict and refusals:  # somebody is editing: the last good picture stays, so none is computed
        return _twin(_around(asked, refusals, traces, lang), body, status, headers)
    try:
        body = (await traces.answer(plan, Client(request), lang)).body.decode()
    except Refusal as refusal:  # the server is busy, or the numbers could not be confirmed
        refusals.append(refusal)
        status = STATUS[refusal.kind]
        if isinstance(refusal, Later):
            headers["Retry-After"] = str(refusal.retry_after)
    around = _around(state, refusals, traces, lang)
    if _wants_json(request):
        return _twin(around, body, status, headers)
    html = _render(request, {**around, "trace": json.loads(body)}, lang)
    return Response(html, status, headers, media_type="text/html; charset=utf-8")


def _twin(around: dict[str, Any], trace: str, status: int, headers: dict[str, str]) -> Response:
    body = f'{json.dumps(around, ensure_ascii=False)[:-1]}, "trace": {trace}}}'
    return Response(body, status, headers, media_type="application/json")


def _wants_json(request: Request) -> bool:
    accept = request.headers.get("accept", "")
    return "application/json" in accept and "text/html" not in accept


def _around(state: State, refusals: list[Refusal], traces: Traces, lang: str) -> dict[str, Any]:
    """The twin without its trace: the state as it runs, and what was wrong with what was asked."""
    limits = {name: most for name, most in asdict(traces.limits).items() if isinstance(most, int)}
    return {
        "state": {"example": state.example, **state.values, "lang": lang},
        "query": state.query(),
        "problems": [problem(refusal, lang) for refusal in refusals[:20]],
        "limits": limits,
        "lang": lang,
    }


def _render(request: Request, twin: Mapping[str, Any], lang: str) -> str:
    assets: Assets = request.app.state.assets
    other = next(each for each in i18n.LANGUAGES if each != lang)
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    return assets.render(
        "index.html",
        twin=twin,
        say=partial(i18n.text, lang),
        lang=lang,
        theme=twin["state"]["theme"],
        catalogue=dict(i18n.catalogue(lang)),
        other_lang_url="/?" + urlencode([*query, ("lang", other)]),
        examples=[
            {
                "key": each.key,
                "title": i18n.text(lang, f"example.{each.key}.title"),
                "says": i18n.text(lang, f"example.{each.key}.says"),
                "available": each.available,
            }
            for each in EXAMPLES
        ],
    )

"""/train: a form for a training run; the script starts it over the API and shows it as it learns."""

import math
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.training.live.spec import TrainingRequest
from app.web import i18n
from app.web.assets import Assets
from app.web.errors import lang_of
from app.web.keys import BY_NAME
from app.web.negotiate import preferred

KINDS = ("adding", "copying", "sine", "names", "sentences", "csv")
CELLS = ("lstm", "gru", "rnn")
RATES = ("0.001", "0.003", "0.01", "0.03", "0.1")


@dataclass(frozen=True)
class Whole:
    """A whole number of the form, with its default and its bounds."""

    name: str
    default: int
    least: int
    most: int


NUMBERS = (
    Whole("seq_len", 20, 4, 200),
    Whole("delay", 8, 1, 100),
    Whole("hidden_size", 16, 1, 64),
    Whole("steps", 300, 1, 1_000_000),
    Whole("seed", TrainingRequest.model_fields["seed"].default, 0, (1 << 53) - 1),
)


async def page(request: Request) -> Response:
    """The form as the query has it; what is no choice is at its default. As JSON: the form and its choices."""
    lang, assets = lang_of(request), request.app.state.assets
    asked = dict(request.query_params)
    state = read(asked)
    view = {name: asked[name] for name in ("lang", "theme") if asked.get(name) in BY_NAME[name].choices}
    if view.get("theme") == "auto":
        del view["theme"]
    headers = {"Cache-Control": "no-store", "Vary": "Accept, Accept-Language", "Content-Language": lang}
    twin = {"lang": lang, "state": state, "tasks": KINDS, "cells": CELLS, "start": "/api/v1/trainings"}
    if preferred(request, ("text/html", "application/json")) == "application/json":
        return JSONResponse(twin, headers=headers)
    return Response(_render(assets, twin, view), headers=headers, media_type="text/html; charset=utf-8")


def read(asked: dict[str, str]) -> dict[str, Any]:
    """Task, cells, sizes, rate and seed out of a query, each valid."""
    state: dict[str, Any] = {"task": asked["task"] if asked.get("task") in KINDS else KINDS[0]}
    state["cells"] = [cell for cell in CELLS if cell in asked.get("cells", "").split(",")] or ["lstm", "rnn"]
    for each in NUMBERS:
        text = asked.get(each.name, "")
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 17 else each.default
        state[each.name] = number if each.least <= number <= each.most else each.default
    try:
        rate = float(asked.get("learning_rate", ""))
    except ValueError:
        rate = math.nan
    state["learning_rate"] = rate if 0 < rate <= 1 else TrainingRequest.model_fields["learning_rate"].default
    return state


def _render(assets: Assets, twin: dict[str, Any], view: dict[str, str]) -> str:
    lang, state = twin["lang"], twin["state"]
    other = next(each for each in i18n.LANGUAGES if each != lang)
    kept = {name: ",".join(value) if isinstance(value, list) else value for name, value in state.items()}
    return assets.render(
        "train.html",
        twin=twin,
        say=partial(i18n.text, lang),
        lang=lang,
        theme=view.get("theme", "auto"),
        around=urlencode(view),
        numbers=NUMBERS,
        rates=RATES,
        catalogue={key: value for key, value in i18n.catalogue(lang).items() if key.startswith("train.")},
        other_lang_url="/train?" + urlencode(kept | view | {"lang": other}),
        theme_urls={each: "/train?" + urlencode(kept | view | {"theme": each}) for each in BY_NAME["theme"].choices},
    )


ROUTES = [Route("/train", page, methods=["GET"])]

"""/models and /models/{id}: the cards of the trained models as pages, complete without a script."""

from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from app.recurrent import trace
from app.recurrent.errors import Refusal
from app.recurrent.spec import TraceRequest
from app.web import i18n
from app.web.assets import Assets
from app.web.errors import fault, lang_of, problem
from app.web.keys import BY_NAME
from app.web.models import described
from app.web.negotiate import preferred
from app.web.state import state_of
from app.web.traces import Client, Traces
from app.web.work import Work
from app.zoo.neighbours import neighbours
from app.zoo.trained import Trained, bundled, bundled_names

OFFERS = ("text/html", "application/json")
HEADERS = {"Cache-Control": "no-store", "Vary": "Accept, Accept-Language"}

# Sentences of our own that a model reads wrongly, or is expected to.
FAILURES: dict[str, tuple[str, ...]] = {
    "sentiment-en": ("not a bad film", "it is not that it is not good", "a masterpiece of boredom", "what a sick beat"),
    "sentiment-zh": ("不是不好看", "没有一处让人失望", "好得让人睡着了"),
    "names": ("Schmidt", "García", "Nakamura"),
}


async def every_model(request: Request) -> Response:
    """GET /models."""
    lang, models = lang_of(request), [each for each in map(bundled, bundled_names()) if each is not None]
    cards = [described(each, lang).model_dump() for each in models]
    if preferred(request, OFFERS) == "application/json":
        return JSONResponse({"models": cards}, headers=HEADERS)
    opened = {each.name: _address(each, lang) for each in models}
    return _page(request, "models.html", lang, "/models", models=cards, opened=opened)


async def one_model(request: Request) -> Response:
    """GET /models/{id}, with ?word=… the words near that one."""
    found = bundled(request.path_params["id"])
    if found is None:
        raise fault("not-found", field="id", expected=", ".join(bundled_names()))
    lang, word = lang_of(request), request.query_params.get("word", "")[:100].strip()
    card = described(found, lang).model_dump()
    if preferred(request, OFFERS) == "application/json":
        return JSONResponse(card, headers=HEADERS)
    work: Work = request.app.state.work
    traces: Traces = request.app.state.traces
    near, refused = None, None
    try:
        if word:
            near = (await work.run(lambda _: neighbours(found, word, 10), Client(request), light=True)).model_dump()
    except Refusal as refusal:
        refused = problem(refusal, lang)
    failures = await work.run(_failing(found, traces), Client(request)) if found.name in FAILURES else []
    return _page(
        request, "model.html", lang, f"/models/{found.name}",
        each=card, word=word, near=near, refused=refused, failures=failures, opened=_address(found, lang),
    )  # fmt: skip


def _failing(found: Trained, traces: Traces) -> Callable[[Callable[[], bool]], list[dict[str, Any]]]:
    """What the model says of the sentences it fails at, each with the address that shows it."""

    def failing(cancelled: Callable[[], bool]) -> list[dict[str, Any]]:
        texts = FAILURES[found.name]
        prediction = trace.run(traces.plan(_asked(found, *texts)), cancelled).done.tensors["prediction"]
        said = []
        for text, line in zip(texts, prediction.tolist(), strict=True):
            best = max(range(len(line)), key=line.__getitem__) if isinstance(line, list) else None
            says = f"{line:.3f}" if best is None else f"{found.card['classes'][best]} {line[best]:.3f}"
            said.append({"text": text, "says": says, "url": f"/?{_query(_asked(found, text))}"})
        return said

    return failing


def _asked(found: Trained, *texts: str) -> TraceRequest:
    return TraceRequest.model_validate({
        "weights": {"bundled": found.name},
        "model": {"batch_first": True},
        "packed": True,
        "input": {"text": list(texts)},
    })  # fmt: skip


def _query(asked: TraceRequest) -> str:
    state = state_of(asked)
    return "" if state is None else state.query()


def _address(found: Trained, lang: str) -> str:
    return f"/?{urlencode({'example': found.name, 'lang': lang})}"


def _page(request: Request, template: str, lang: str, path: str, **parts: Any) -> Response:
    assets: Assets = request.app.state.assets
    other = next(each for each in i18n.LANGUAGES if each != lang)
    theme = request.query_params.get("theme", "auto")
    theme = theme if theme in BY_NAME["theme"].choices else "auto"
    kept = {"lang": other} | ({} if theme == "auto" else {"theme": theme})
    page = assets.render(
        template,
        lang=lang,
        theme=theme,
        other=other,
        other_url=f"{path}?{urlencode(kept)}",
        say=partial(i18n.text, lang),
        **parts,
    )
    return HTMLResponse(page, headers=HEADERS | {"Content-Language": lang})


ROUTES = [Route("/models", every_model), Route("/models/{id}", one_model)]

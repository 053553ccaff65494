"""/problems and /problems/{kind}: a page, or its JSON twin, that explains each kind of problem."""

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from app.web import i18n
from app.web.assets import Assets
from app.web.errors import MEDIA_TYPE, STATUS, fault, lang_of
from app.web.negotiate import preferred

OFFERS = ("text/html", "application/json", MEDIA_TYPE)


def explanation(kind: str, lang: str) -> dict[str, Any]:
    """What a kind of problem means and what to do about it."""
    return {
        "kind": kind,
        "status": STATUS[kind],
        "title": i18n.text(lang, f"problem.{kind}"),
        "says": i18n.text(lang, f"problem.{kind}.page"),
    }


async def every_problem(request: Request) -> Response:
    """GET /problems."""
    return _page(request, list(STATUS))


async def one_problem(request: Request) -> Response:
    """GET /problems/{kind}."""
    kind = request.path_params["kind"]
    if kind not in STATUS:
        raise fault("not-found", field="kind")
    return _page(request, [kind])


def _page(request: Request, kinds: list[str]) -> Response:
    lang = lang_of(request)
    problems = [explanation(kind, lang) for kind in kinds]
    headers = {"Vary": "Accept, Accept-Language", "Content-Language": lang}
    if preferred(request, OFFERS).endswith("json"):
        return JSONResponse({"lang": lang, "problems": problems}, headers=headers)
    assets: Assets = request.app.state.assets
    page = assets.render(
        "problem.html",
        lang=lang,
        theme="auto",
        say=lambda key, **params: i18n.text(lang, key, **params),
        problems=problems,
        single=len(kinds) == 1,
    )
    return HTMLResponse(page, headers=headers)


ROUTES = [Route("/problems", every_problem), Route("/problems/{kind}", one_problem)]

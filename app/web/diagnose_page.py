"""/diagnose: paste what went wrong, read what it means; the same address as JSON is its twin."""

from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlencode

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.recurrent.diagnose.answer import MOST_TEXT
from app.recurrent.diagnose.kind import Kind
from app.recurrent.diagnose.samples import SAMPLES
from app.recurrent.errors import Refusal, Say
from app.web import i18n
from app.web.assets import Assets
from app.web.diagnosing import look, of_text
from app.web.errors import STATUS, Later, fault, lang_of, problem, refusals_of
from app.web.keys import BY_NAME
from app.web.negotiate import preferred
from app.web.traces import Client, Traces
from app.web.work import Work

KINDS: tuple[Kind, ...] = ("traceback", "code", "request")
FORM = "application/x-www-form-urlencoded"
MOST_BODY = 4 * MOST_TEXT  # bytes of a form: every character escaped, and the small fields
LONGEST_ADDRESS = 6_000  # bytes of a query; the script posts what is longer, and old proxies pass this
HEADERS = {
    "Cache-Control": "no-store",
    "Vary": "Accept, Accept-Language",
    # with no-referrer a browser posts a form without its origin, and the guard takes that for another site
    "Referrer-Policy": "same-origin",
}

Fields = dict[str, str]


async def page(request: Request) -> Response:
    """GET with the text in the query, or POST with a form; nothing pasted gives the empty page."""
    fields, refusals = await _fields(request)
    lang = fields["lang"] or lang_of(request)
    work: Work = request.app.state.work
    traces: Traces = request.app.state.traces
    answer, read_as, status, headers = None, None, 200, HEADERS | {"Content-Language": lang}
    if fields["text"].strip() and not refusals:
        try:
            read_as, answer = await work.run(_looked(fields, traces, lang), Client(request))
        except ValidationError as error:
            refusals = refusals_of(error)
        except Later as later:
            refusals, status = [later], STATUS[later.kind]
            headers["Retry-After"] = str(later.retry_after)
        except Refusal as refusal:
            refusals = [refusal]
    twin = {
        "state": fields,
        "read_as": read_as,
        "answer": answer,
        "problems": [problem(refusal, lang) for refusal in refusals],
        "samples": [_sample(key.key, key.text, lang) for key in SAMPLES],
        "limits": {"text": MOST_TEXT, "address": LONGEST_ADDRESS},
        "lang": lang,
    }
    if preferred(request, ("text/html", "application/json")) == "application/json":
        return JSONResponse(twin, status, headers)
    if status == 200:
        html = await work.run(lambda _: _render(request, twin), Client(request), light=True)
    else:  # the queue is full: this page is small
        html = _render(request, twin)
    return Response(html, status, headers, media_type="text/html; charset=utf-8")


def _looked(fields: Fields, traces: Traces, lang: str) -> Callable[[Callable[[], bool]], tuple[str, dict[str, Any]]]:
    def looked(cancelled: Callable[[], bool]) -> tuple[str, dict[str, Any]]:
        chosen = next((kind for kind in KINDS if kind == fields["kind"]), None)
        kind, asked = of_text(fields["text"], chosen)
        return kind, look(asked, traces, lang, cancelled).model_dump(mode="json")

    return looked


async def _fields(request: Request) -> tuple[Fields, list[Refusal]]:
    """What the form says: text, kind, lang, theme; a text that is too long is left out, and what is no choice."""
    pairs, found = request.query_params.multi_items(), []
    if request.method == "POST":
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
            raise fault("unsupported-media-type", field="Content-Type", expected=FORM)
        body = await request.body()
        if len(body) > MOST_BODY:
            pairs, found = [], [_too_long(len(body))]
        else:
            pairs = parse_qsl(body.decode("ascii", "replace"), keep_blank_values=True, errors="replace")
    given = dict(pairs)  # the last of a name counts, as on the page of the explorer
    fields = {"text": given.get("text", "").replace("\r\n", "\n"), "kind": given.get("kind", "")}
    if not fields["text"].strip():
        fields["text"] = ""
    if fields["kind"] not in KINDS:
        fields["kind"] = ""
    for name in ("lang", "theme"):
        value = given.get(name, "")
        fields[name] = value if value in BY_NAME[name].choices else str(BY_NAME[name].default)
    return fields, found


def _too_long(size: int) -> Refusal:
    return Refusal("over-limit", Say("problem.diagnose_long", {"got": size, "expected": MOST_TEXT}), field="text")


def _sample(key: str, text: str, lang: str) -> dict[str, str]:
    query = urlencode({"text": text})
    return {"key": key, "title": i18n.text(lang, f"diagnose.sample.{key}"), "text": text, "page": f"/diagnose?{query}"}


def _render(request: Request, twin: dict[str, Any]) -> str:
    assets: Assets = request.app.state.assets
    lang, state = twin["lang"], twin["state"]
    other = next(each for each in i18n.LANGUAGES if each != lang)
    around = {name: state[name] for name in ("lang", "theme") if state[name] not in ("", "auto")}
    same = urlencode({name: value for name, value in state.items() if value and name != "lang"} | {"lang": other})
    return assets.render(
        "diagnose.html",
        twin=twin,
        say=partial(i18n.text, lang),
        lang=lang,
        other=other,
        other_url="/diagnose?" + (same if len(same) <= LONGEST_ADDRESS else urlencode(around | {"lang": other})),
        theme=state["theme"],
        kinds=("", *KINDS),
        around=urlencode(around),
    )


ROUTES = [Route("/diagnose", page, methods=["GET", "POST"])]

"""/questions: the 25 questions people ask, each with its answer and the state of the page that settles it."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.recurrent.diagnose.samples import SAMPLES
from app.web import i18n
from app.web.assets import Assets
from app.web.errors import lang_of
from app.web.keys import BY_NAME
from app.web.negotiate import preferred


@dataclass(frozen=True)
class Asked:
    """One question; its texts are the catalogue's question.{number}, .answer and .look.

    query    of the page that settles it
    text     what PyTorch prints for it, or code that goes wrong: what /diagnose is shown
    against  the query of a second run, where two side by side settle it
    """

    query: str
    text: str | None = None
    against: str | None = None
    number: int = 0


_SAMPLE = {each.key: each.text for each in SAMPLES}
_RANDOM = "source=random&batch=3&seq_len=5&head=none"
_STACKED = f"{_RANDOM}&input_size=10&hidden_size=20&num_layers=2"

QUESTIONS: tuple[Asked, ...] = tuple(
    replace(each, number=number)
    for number, each in enumerate(
        (
            Asked("num_layers=2&t=4"),
            Asked(_STACKED, _SAMPLE["hidden"], f"{_STACKED}&batch_first=false"),
            Asked(f"{_RANDOM}&batch_first=false", _SAMPLE["batch_first"]),
            Asked("source=random&seq_len=12&hidden_size=5&head=none"),
            Asked(f"{_RANDOM}&num_layers=3"),
            Asked("bidirectional=true&head=last_step&t=4", _SAMPLE["bidirectional"]),
            Asked("bidirectional=true&tensor=h_n", _SAMPLE["reshape"]),
            Asked(
                "source=random&batch=4&seq_len=1&input_size=3&head=none",
                None,
                "source=random&batch=4&seq_len=3&input_size=1&head=none",
            ),
            Asked("panel=ledger&t=4"),
            Asked("head=last_step&t=4&n=1"),
            Asked("packed=true&t=3", None, ""),
            Asked(
                "source=random&batch=2&num_layers=2&h0=random&head=none",
                "RuntimeError: Expected hidden[0] size (2, 2, 20), got [2, 3, 20]",
            ),
            Asked("head=last_step", _SAMPLE["tuple"]),
            Asked("source=random&batch=1&seq_len=5&head=none", "RuntimeError: input must have 3 dimensions, got 2"),
            Asked(
                f"{_RANDOM}&num_layers=2&h0=random",
                "RuntimeError: For batched 3-D input, hx and cx should also be 3-D but got (2-D, 2-D) tensors",
            ),
            Asked("tensor=l0.i&t=2"),
            Asked("", None, "bias=false"),
            Asked(
                "source=random&input_size=10&hidden_size=20&head=none",
                None,
                "source=random&input_size=10&hidden_size=20&num_layers=2&bidirectional=true&head=none",
            ),
            Asked("num_layers=2&dropout=0.5&mode=train"),
            Asked("num_layers=2&bidirectional=true&tensor=h_n"),
            Asked("source=random&seq_len=8&head=none", None, "source=random&seq_len=16&head=none"),
            Asked("h0=random", "RuntimeError: Trying to backward through the graph a second time"),
            Asked("bidirectional=true&head=every_step"),
            Asked("head=last_step&t=4"),
            Asked("proj_size=3&head=none", None, "cell=gru&head=none"),
        ),
        start=1,
    )
)


async def page(request: Request) -> Response:
    """Every question as a page, or as its JSON twin."""
    lang, theme = lang_of(request), request.query_params.get("theme", "")
    view = {"theme": theme} if theme in BY_NAME["theme"].choices and theme != "auto" else {}
    if request.query_params.get("lang") == lang:
        view = {"lang": lang} | view
    headers = {"Cache-Control": "no-store", "Vary": "Accept, Accept-Language", "Content-Language": lang}
    twin = {"lang": lang, "questions": [_shown(each, lang, view) for each in QUESTIONS]}
    if preferred(request, ("text/html", "application/json")) == "application/json":
        return JSONResponse(twin, headers=headers)
    assets: Assets = request.app.state.assets
    other = next(each for each in i18n.LANGUAGES if each != lang)
    html = assets.render(
        "questions.html",
        twin=twin,
        say=partial(i18n.text, lang),
        lang=lang,
        theme=view.get("theme", "auto"),
        around=urlencode(view),
        other_lang_url="/questions?" + urlencode(view | {"lang": other}),
        theme_urls={each: "/questions?" + urlencode(view | {"theme": each}) for each in BY_NAME["theme"].choices},
    )
    return Response(html, headers=headers, media_type="text/html; charset=utf-8")


def _shown(asked: Asked, lang: str, view: dict[str, str]) -> dict[str, Any]:
    text, number = partial(i18n.text, lang), asked.number
    sides = {"a": asked.query, "b": asked.against or ""}
    return {
        "number": number,
        "question": text(f"question.{number}"),
        "answer": text(f"question.{number}.answer"),
        "look": text(f"question.{number}.look"),
        "page": "/?" + "&".join(filter(None, (asked.query, urlencode(view)))),
        "diagnose": "/diagnose?" + urlencode({"text": asked.text, **view}) if asked.text else None,
        "compare": "/compare?" + urlencode(sides | view) if asked.against is not None else None,
    }


ROUTES = [Route("/questions", page, methods=["GET"])]

"""/gallery: one golden drawing a configuration, each with a sentence and the link that opens it live."""

import re
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.recurrent.source import rnn_code
from app.web import i18n
from app.web.assets import Assets
from app.web.errors import lang_of
from app.web.keys import BY_NAME, Value
from app.web.state import State


@dataclass(frozen=True)
class Plate:
    """A drawing: its key in the catalogue (gallery.{key}.title and .says) and what the page shows there."""

    key: str
    changed: dict[str, Value]

    @property
    def state(self) -> State:
        return State().with_(**self.changed)


_RANDOM: dict[str, Value] = {"source": "random", "batch": 2, "seq_len": 5}
_THREE: dict[str, Value] = {"out_features": 3, "activation": "softmax"}
_TASK: dict[str, Value] = {"head": "every_step", "out_features": 12, "activation": "none"}
_UNEQUAL: dict[str, Value] = {"text": ["the film was not good", "i loved it", "boring"]}

# In the order of the page. Together: each head, both directions, layers, proj_size, packing, the five types.
PLATES: tuple[Plate, ...] = (
    Plate("many_to_one", {"t": 4}),
    Plate("time_first", {"batch_first": False, "t": 2}),
    Plate("bidirectional", {"bidirectional": True, "hidden_size": 4, "t": 0}),
    Plate("stacked", {"bidirectional": True, "num_layers": 2, "hidden_size": 4, "head": "none", "t": 2}),
    Plate("proj_size", {"proj_size": 3, "num_layers": 2, "head": "last_step", "activation": "none", "t": 3}),
    Plate("padded", _UNEQUAL | {"head": "last_step", "t": 3}),
    Plate("packed", _UNEQUAL | {"packed": True, "t": 3}),
    Plate("mean", _RANDOM | {"head": "mean", "seq_len": 7, "t": 3}),
    Plate("gru", {"cell": "gru", "t": 2}),
    Plate("rnn", _RANDOM | {"cell": "rnn", "batch": 3, "batch_first": False, "head": "none", "h0": "random", "t": 4}),
    Plate("one_to_one", _RANDOM | _THREE | {"seq_len": 1, "head": "last_step", "t": 0}),
    Plate("one_to_many", _RANDOM | _TASK | {"task": "caption", "decode_steps": 5, "t": 1}),
    Plate("many_to_many", _RANDOM | _THREE | {"head": "every_step", "t": 2}),
    Plate("encoder_decoder", _TASK | {"task": "translate", "t": 1}),
    Plate(
        "regression",
        _RANDOM
        | {"input_size": 3, "hidden_size": 7, "num_layers": 2, "batch_first": False, "batch": 4, "seq_len": 6}
        | {"head": "every_step", "activation": "none", "t": 5, "n": 1},
    ),
    Plate("loss", _RANDOM | {"batch": 4, "out_features": 5, "activation": "none", "loss": "cross_entropy", "t": 4}),
)


async def page(request: Request) -> Response:
    """Every plate with its drawing in the reader's language."""
    lang, theme = lang_of(request), request.query_params.get("theme", "")
    view = {"theme": theme} if theme in BY_NAME["theme"].choices and theme != "auto" else {}
    if request.query_params.get("lang") == lang:
        view = {"lang": lang} | view
    assets: Assets = request.app.state.assets
    other = next(each for each in i18n.LANGUAGES if each != lang)
    html = assets.render(
        "gallery.html",
        plates=[_shown(plate, lang, view, assets) for plate in PLATES],
        say=partial(i18n.text, lang),
        lang=lang,
        theme=view.get("theme", "auto"),
        around=urlencode(view),
        other_lang_url="/gallery?" + urlencode(view | {"lang": other}),
        theme_urls={each: "/gallery?" + urlencode(view | {"theme": each}) for each in BY_NAME["theme"].choices},
    )
    headers = {"Cache-Control": "no-store", "Vary": "Accept-Language", "Content-Language": lang}
    return Response(html, headers=headers, media_type="text/html; charset=utf-8")


def _shown(plate: Plate, lang: str, view: dict[str, str], assets: Assets) -> dict[str, Any]:
    file = f"gallery/{plate.key}.{lang}.svg"
    size = re.search(rb'width="(\d+)" height="(\d+)"', assets.read(file))
    assert size is not None  # every drawing begins with its size
    return {
        "key": plate.key,
        "title": i18n.text(lang, f"gallery.{plate.key}.title"),
        "says": i18n.text(lang, f"gallery.{plate.key}.says"),
        "code": rnn_code(plate.state.request().model),
        "url": assets.url(file),
        "width": int(size[1]),
        "height": int(size[2]),
        "live": "/?" + "&".join(filter(None, (plate.state.query(), urlencode(view)))),
    }


ROUTES = [Route("/gallery", page, methods=["GET"])]

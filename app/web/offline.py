"""GET /traces/{id}/page: one HTML file that opens from disk with the scene alive and every number in it."""

import base64
import hashlib
import re
from collections.abc import Iterable
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.recurrent.answer import describe, describe_plan
from app.recurrent.errors import Refusal, Say
from app.recurrent.index import ENCODER, whole
from app.recurrent.shapes import Plan
from app.recurrent.trace import Trace
from app.settings import Settings
from app.web import i18n
from app.web.assets import Assets, script_json
from app.web.bundle import bundle
from app.web.docs import answers
from app.web.errors import lang_of
from app.web.keys import KEYS
from app.web.question import Id, ask
from app.web.store import canonical, id_of
from app.web.weight import ITEM_BYTES

router = APIRouter(prefix="/api/v1")

View = dict[str, str | int]  # of the page's own keys those that say what is looked at

ENTRY = "js/offline.js"
SHEETS = (
    "tokens",
    "base",
    "controls",
    "layout",
    "parts",
    "popups",
    "time",
    "film",
    "records",
    "network",
    "phone",
    "offline",
)
_SAID = re.compile(r"[\"'`]([a-z]\w*\.[\w.]*)")  # a key of the catalogue, or its beginning before ${


@router.get(
    "/traces/{id}/page",
    tags=["traces"],
    summary="The live page as one HTML file",
    responses=answers({304: None}, 404, 413, 422, 429)
    | {200: {"description": "The file", "content": {"text/html": {"schema": {"type": "string"}}}}},
    response_class=Response,
)
async def get_page(
    request: Request,
    id: Id,
    t: Annotated[int, Query(ge=0, le=1_000_000, description="The step it opens at.")] = 0,
    n: Annotated[int, Query(ge=0, le=1_000_000, description="The sample it opens at.")] = 0,
    cut: Annotated[Literal["T", "N", "F"], Query(description="The axis along which cubes are cut.")] = "T",
    pose: Annotated[
        Literal["cut", "pull", "apart", "whole", "flat"], Query(description="What becomes of the slice.")
    ] = "cut",
    unit: Annotated[int, Query(ge=0, le=1_000_000, description="Where a cut along the last axis is.")] = 0,
    theme: Annotated[Literal["auto", "light", "dark"], Query(description="The theme it opens in.")] = "auto",
) -> Response:
    """Scripts, styles and every number stand in it; it asks for nothing, and its own policy forbids it to. In both
    languages. A run with more numbers than `max_page_bytes` is refused."""
    settings: Settings = request.app.state.settings
    assets: Assets = request.app.state.assets
    lang = lang_of(request)

    def check(plan: Plan) -> object:
        size = _bytes_of(plan)
        if size > settings.max_page_bytes:
            say = Say("problem.page_large", {"got": size, "expected": settings.max_page_bytes})
            raise Refusal("answer-too-large", say, field="id", got=size, expected=settings.max_page_bytes)
        return assets.url(ENTRY)  # names the version of every script and style

    view: View = {"t": t, "n": n, "cut": cut, "pose": pose, "unit": unit, "lang": lang, "theme": theme}
    answer = await ask(
        request,
        id,
        "page",
        check,
        lambda trace, _: page(trace, assets, view).encode(),
        *view.values(),
        mime="text/html",
    )
    if answer.status_code == 200:
        answer.headers["Content-Type"] = "text/html; charset=utf-8"
        answer.headers["Content-Disposition"] = 'attachment; filename="unrolled.html"'
    return answer


def page(trace: Trace, assets: Assets, view: View) -> str:
    """The whole file. `view` says where it opens."""
    lang = str(view["lang"])
    script = bundle(ENTRY, lambda path: assets.read(path).decode())
    style = "\n".join(assets.read(f"css/{sheet}.css").decode() for sheet in SHEETS)
    answer = describe(trace, lambda plan: id_of(canonical(plan.request)), i18n.sayer(lang)).model_dump(mode="json")
    shown = answer["encoder"] or answer
    body = assets.render(
        "offline.html",
        say=partial(i18n.text, lang),
        lang=lang,
        trace=answer,
        state={key.name: key.default for key in KEYS}
        | view
        | {"t": min(int(view["t"]), trace.plan.T - 1), "n": min(int(view["n"]), trace.plan.N - 1)},
        code=answer["code"],
        text=shown["text"],
    )
    data = {
        "view": view,
        "trace": _bare(answer),
        "numbers": dict(_numbers(trace)),
        "says": {each: _says(trace.plan, each) for each in i18n.LANGUAGES},
        "catalogues": {each: _spoken(script + body, each) for each in i18n.LANGUAGES},
    }
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )
    return "\n".join(
        [
            "<!doctype html>",
            f'<html lang="{"zh-CN" if lang == "zh" else "en"}" data-theme="{view["theme"]}">',
            '<head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            "<title>Unrolled</title>",
            f"<style>{style}</style></head>",
            f"<body>{body}",
            f'<script type="application/json" id="data">{script_json(data)}</script>',
            f"<script>{script}</script></body></html>\n",
        ]
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _bytes_of(plan: Plan) -> int:
    own = sum(each.numbers * ITEM_BYTES[each.dtype] for each in plan.tensors.values())
    return own + (0 if plan.encoder is None else _bytes_of(plan.encoder))


def _bare(answer: dict[str, Any]) -> dict[str, Any]:
    """Without the values, which go in as bytes."""
    tensors = {name: {**each, "values": None} for name, each in answer["tensors"].items()}
    encoder = answer.get("encoder")
    return {**answer, "tensors": tensors, "encoder": encoder and _bare(encoder)}


def _numbers(trace: Trace, before: str = "") -> Iterable[tuple[str, str]]:
    """By the page's name of a tensor: little-endian float32, float64 where the run is (and for whole numbers)."""
    if trace.encoder is not None:
        yield from _numbers(trace.encoder, ENCODER)
    for name in trace.plan.tensors:
        array = whole(trace, name).array
        kind = "<f4" if array.dtype == "float32" else "<f8"
        yield before + name, base64.b64encode(array.astype(kind).tobytes()).decode()


def _says(plan: Plan, lang: str) -> dict[str, str]:
    """The sentence of each stage, by the page's name of the stage."""
    described = describe_plan(plan, i18n.sayer(lang))
    inner = described.encoder.stages if described.encoder is not None else []
    return {ENCODER + each.name: each.says for each in inner} | {each.name: each.says for each in described.stages}


def _spoken(text: str, lang: str) -> dict[str, str]:
    """The part of the catalogue that these scripts and this page can ask for."""
    said = set(_SAID.findall(text))
    heads = tuple(each for each in said if each.endswith("."))
    return {key: value for key, value in i18n.catalogue(lang).items() if key in said or key.startswith(heads)}

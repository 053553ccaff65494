"""The gallery: its runs are what PyTorch computes now; each drawing has its words, its file and a live link."""

import json
import re
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest

from app.web import i18n
from app.web.gallery import PLATES
from tests import golden

pytestmark = pytest.mark.anyio
SHAPE = "`make golden` makes them anew"


def compared(kept: Any, now: Any, path: str = "") -> None:
    """The same everywhere; numbers of a tensor may differ in their last bits from one processor to another."""
    if isinstance(kept, dict) and isinstance(now, dict):
        assert set(kept) == set(now), f"{path}: {SHAPE}"
        for name in kept:
            compared(kept[name], now[name], f"{path}.{name}")
    elif path.endswith((".values", ".min", ".max", ".mean")) and kept is not None:
        np.testing.assert_allclose(np.array(kept), np.array(now), rtol=1e-5, atol=2e-6, err_msg=f"{path}: {SHAPE}")
    else:
        assert kept == now, f"{path}: {SHAPE}"


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN:UserWarning")
@pytest.mark.parametrize("plate", PLATES, ids=lambda plate: plate.key)
def test_the_run_behind_a_drawing_is_what_pytorch_computes(plate: Any) -> None:
    kept = json.loads((golden.RUNS / f"{plate.key}.json").read_text("utf-8"))
    compared(kept, json.loads(json.dumps(golden.traced(plate))))


def test_no_run_is_left_over() -> None:
    assert {path.stem for path in golden.RUNS.glob("*.json")} == {plate.key for plate in PLATES}


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
async def test_the_page_has_each_drawing_with_its_sentence_and_both_links(client: httpx.AsyncClient, lang: str) -> None:
    page = (await client.get(f"/gallery?lang={lang}&theme=dark")).text
    assert 'data-theme="dark"' in page
    assert "<script" not in page
    for plate in PLATES:
        article = re.search(rf'<article class="plate" id="{plate.key}".*?</article>', page, re.DOTALL)
        assert article is not None
        text = unescape(article[0])
        for part in ("title", "says"):
            assert i18n.text(lang, f"gallery.{plate.key}.{part}") in text
        image = re.search(r'<img class="plate-image" src="([^"]+)" width="(\d+)" height="(\d+)"', text)
        assert image is not None
        drawing = await client.get(image[1])
        assert drawing.headers["content-type"] == "image/svg+xml"
        assert f'width="{image[2]}" height="{image[3]}"' in drawing.text
        live = re.search(r'class="button" href="([^"]+)"', text)
        assert live is not None
        assert {"lang": lang, "theme": "dark"}.items() <= dict(httpx.QueryParams(urlsplit(live[1]).query)).items()


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN:UserWarning")
@pytest.mark.parametrize("plate", PLATES, ids=lambda plate: plate.key)
async def test_the_link_opens_the_run_that_was_drawn(client: httpx.AsyncClient, plate: Any) -> None:
    twin = (await client.get(f"/?{plate.state.query()}", headers={"Accept": "application/json"})).json()
    assert twin["problems"] == []
    kept = json.loads((golden.RUNS / f"{plate.key}.json").read_text("utf-8"))
    assert twin["trace"]["request"] == kept["trace"]["request"]
    assert (twin["state"]["t"], twin["state"]["n"]) == (kept["t"], kept["n"])


async def test_the_gallery_can_be_found_from_the_other_pages(client: httpx.AsyncClient) -> None:
    for address in ("/", "/diagnose", "/compare"):
        assert 'href="/gallery' in (await client.get(address)).text
    assert (await client.get("/gallery?theme=nothing&lang=xx")).status_code == 200

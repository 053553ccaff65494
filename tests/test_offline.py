"""The one HTML file: nothing in it leads outside, its policy names its own content only, and every number is there."""

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from app.recurrent.examples import BY_KEY
from app.settings import Settings
from tests.test_api import is_problem

pytestmark = pytest.mark.anyio
TRACES = "/api/v1/traces"
ASKED: dict[str, Any] = {
    "model": {"cell": "lstm", "input_size": 3, "hidden_size": 4, "batch_first": True},
    "input": {"text": ["</script><script>alert(1)//", "fine"]},
    "head": {"reads": "h_n"},
}


async def taken(client: httpx.AsyncClient, asked: dict[str, Any], **params: Any) -> tuple[dict[str, Any], str]:
    trace = (await client.post(TRACES, json=asked)).json()
    got = await client.get(f"{TRACES}/{trace['id']}/page", params=params)
    assert got.status_code == 200, got.text
    assert got.headers["content-disposition"] == 'attachment; filename="unrolled.html"'
    assert got.headers["content-type"] == "text/html; charset=utf-8"
    return trace, got.text


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


async def test_the_policy_allows_exactly_the_script_and_the_style_that_stand_there(client: httpx.AsyncClient) -> None:
    _, page = await taken(client, ASKED)
    policy = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', page)
    assert policy is not None
    for kind in ("script", "style"):
        parts = re.findall(rf"<{kind}>(.*?)</{kind}>", page, re.DOTALL)
        assert len(parts) == 1
        digest = base64.b64encode(hashlib.sha256(parts[0].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy[1]
    assert policy[1].startswith("default-src 'none'")
    assert "unsafe" not in policy[1]
    assert page.count("<script") == 2
    assert re.findall(r'(?:src|href|action)="', page.split("<script>")[0].split("</style>")[1]) == []
    assert "@import" not in page
    assert "url(" not in re.findall(r"<style>(.*?)</style>", page, re.DOTALL)[0]


async def test_every_number_is_in_the_file_bit_for_bit(client: httpx.AsyncClient) -> None:
    trace, page = await taken(client, ASKED, lang="zh", t=99, n=1)
    data = data_of(page)
    assert set(data["numbers"]) == set(trace["tensors"])
    for name, told in trace["tensors"].items():
        kind = "<f4" if told["dtype"] == "float32" else "<f8"
        held = np.frombuffer(base64.b64decode(data["numbers"][name]), kind).reshape(told["shape"])
        assert held.tolist() == told["values"]
    assert data["trace"]["id"] == trace["id"]
    lies = {"cut": "T", "pose": "cut", "unit": 0}
    assert data["view"] == {"t": 99, "n": 1, "lang": "zh", "theme": "auto", **lies}


async def test_an_encoder_comes_along_and_doubles_stay_doubles(client: httpx.AsyncClient) -> None:
    asked = {**(BY_KEY["rnn-types"].request or {}), "dtype": "float64"}
    trace, page = await taken(client, asked)
    data = data_of(page)
    for name, told in [
        ("encoder.output", trace["encoder"]["tensors"]["output"]),
        ("output", trace["tensors"]["output"]),
    ]:
        held = np.frombuffer(base64.b64decode(data["numbers"][name]), "<f8")
        assert held.tolist() == np.array(told["values"]).ravel().tolist()


async def test_it_speaks_both_languages_and_only_what_it_needs(client: httpx.AsyncClient) -> None:
    trace, page = await taken(client, ASKED)
    data = data_of(page)
    assert set(data["catalogues"]) == set(data["says"]) == {"en", "zh"}
    for lang, catalogue in data["catalogues"].items():
        assert {"scene.hint", "offline.foot", "page.axis.N", "page.time.play"} <= set(catalogue), lang
        assert not any(key.startswith(("problem.", "diagnose.", "example.")) for key in catalogue)
    assert data["says"]["en"]["rnn"] == next(each["says"] for each in trace["stages"] if each["name"] == "rnn")
    assert data["says"]["zh"]["rnn"] != data["says"]["en"]["rnn"]


class TestSmallPages:
    """With a small limit of bytes in one page."""

    @pytest.fixture
    def settings(self, tmp_path: Path) -> Settings:
        return Settings(data=tmp_path / "data", max_page_bytes=1000)

    async def test_a_large_run_is_refused_with_both_numbers(self, client: httpx.AsyncClient) -> None:
        trace = (await client.post(TRACES, json=ASKED)).json()
        found = is_problem(await client.get(f"{TRACES}/{trace['id']}/page"), 413, "answer-too-large")
        held = sum(
            np.prod(each["shape"]) * (4 if each["dtype"] == "float32" else 8) for each in trace["tensors"].values()
        )
        assert (found["got"], found["expected"]) == (held, 1000)


@pytest.mark.parametrize("query", ["t=-1", "n=x", "theme=pink", "cut=x"])
async def test_a_view_that_is_none_is_a_problem(client: httpx.AsyncClient, query: str) -> None:
    trace = (await client.post(TRACES, json=ASKED)).json()
    assert (await client.get(f"{TRACES}/{trace['id']}/page?{query}")).status_code == 422
    is_problem(await client.get(f"{TRACES}/nothing/page"), 404, "not-found")

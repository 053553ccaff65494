"""The pages beside the API: its documentation, the explanations of problems, the static files."""

import httpx
import pytest
from fastapi import FastAPI

from app.web import i18n
from app.web.errors import STATUS
from tests.test_api import is_problem

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
async def test_every_kind_of_problem_has_a_page_and_a_json_twin(client: httpx.AsyncClient, lang: str) -> None:
    for kind, status in STATUS.items():
        page = await client.get(f"/problems/{kind}?lang={lang}", headers={"Accept": "text/html"})
        twin = await client.get(f"/problems/{kind}?lang={lang}", headers={"Accept": "application/json"})
        found = twin.json()["problems"][0]
        assert (found["kind"], found["status"]) == (kind, status)
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        assert found["title"] in page.text.replace("&#39;", "'")
    assert (await client.get("/problems")).status_code == 200
    is_problem(await client.get("/problems/nothing"), 404, "not-found")


async def test_the_interactive_documentation_needs_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    page = (await client.get("/docs")).text
    assert "//" not in page.replace("<!doctype html>", "")
    linked = [part.split('"')[0] for start in ('href="', 'src="') for part in page.split(start)[1:]]
    for address in linked:
        if address.startswith("/"):
            assert (await client.get(address)).status_code == 200
    schema = (await client.get("/api/v1/openapi.json")).json()
    assert schema["openapi"].startswith("3.1")
    assert "TraceRequest" in schema["components"]["schemas"]


async def test_static_files_have_their_hash_in_the_address_and_a_pinned_type(
    client: httpx.AsyncClient, app: FastAPI
) -> None:
    address = app.state.assets.url("docs/start.js")
    found = await client.get(address)
    assert found.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in found.headers["cache-control"]
    stale = await client.get("/static/0000/docs/start.js")
    assert stale.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path", ["../app/main.py", "%2e%2e/app/main.py", "..%2fapp%2fmain.py", "/etc/passwd", "%2fetc%2fpasswd", "", "\\x"]
)
async def test_no_path_leads_out_of_the_static_files(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(f"http://127.0.0.1/static/0000/{path}")
    assert response.status_code == 404

"""Two runs side by side: the page, its JSON twin, and both without a script, hold torch's own differences."""

import json
import re
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import torch
from playwright.sync_api import Browser, expect
from torch import Tensor, nn

from tests.browser import watch
from tests.conftest import LiveServer
from tests.test_accessibility import violations

BY_HAND = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
TEXTS = torch.tensor([[1, 2, 3, 4, 5], [6, 7, 8, 0, 0]])  # "the film was not good", "i loved it"


def output_of(cell: str, **how: Any) -> Tensor:
    """The output of the page's default network with another cell, as a person would write it."""
    torch.manual_seed(0)
    embedding = nn.Embedding(9, 8, padding_idx=0)
    module: Any = BY_HAND[cell](8, 6, batch_first=True, **how)
    with torch.no_grad():
        output: Tensor = module(embedding(TEXTS))[0]
    return output


def asked(**query: str) -> str:
    return "/compare?" + urlencode(query)


@pytest.mark.anyio
async def test_the_twin_holds_what_the_api_says_and_what_torch_computes(client: httpx.AsyncClient) -> None:
    twin = (await client.get(asked(a="", b="cell=rnn"), headers={"Accept": "application/json"})).json()
    found = twin["compare"]
    assert [(each["name"], each["a"], each["b"]) for each in found["request"]] == [("model.cell", "lstm", "rnn")]
    apart = next(each for each in found["values"] if each["name"] == "output")
    difference = (output_of("lstm") - output_of("rnn")).abs()
    assert apart["max_abs_diff"] == pytest.approx(float(difference.max()), abs=1e-6)
    assert apart["at"] == [int(k) for k in torch.unravel_index(difference.argmax(), difference.shape)]
    both = {name: twin[name]["request"] for name in "ab"}
    assert (await client.post("/api/v1/compare", json=both)).json() == found
    lines = {each["stage"]: each for each in twin["lines"]}
    assert not lines["rnn"]["same"]
    assert lines["embedding"]["same"]


@pytest.mark.anyio
async def test_a_run_beside_itself_is_the_same_and_packing_is_one_of_the_pairs(client: httpx.AsyncClient) -> None:
    json_too = {"Accept": "application/json"}
    assert (await client.get(asked(a="", b="t=3"), headers=json_too)).json()["compare"]["same"] is True
    page = (await client.get(asked(a="", b="", lang="en"))).text
    assert "the same run" in page
    packed = next(href for href in re.findall(r'href="(/compare[^"]+)"', page) if "packed%3Dtrue" in href)
    found = (await client.get(packed.replace("&amp;", "&"), headers=json_too)).json()
    assert [each["name"] for each in found["compare"]["request"]] == [
        "lengths",
        "packed",
    ]  # a packed text knows its lengths
    assert (found["a"]["query"], found["b"]["query"]) == ("", "packed=true")
    assert "pack_padded_sequence" in json.dumps(found["lines"])


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("b", "status"),
    [("cell=pqr", 200), ("hidden_size=99999999", 200), ('{"model": 1}', 422), ("{", 400), ("\x00%FF&&==", 200)],
)
async def test_a_side_that_can_not_be_read_says_so(client: httpx.AsyncClient, b: str, status: int) -> None:
    for accept in ("text/html", "application/json"):
        answer = await client.get(asked(a="", b=b), headers={"Accept": accept})
        assert answer.status_code == status
    assert answer.json()["problems"]
    assert (answer.json()["compare"] is None) == (status >= 400)


@pytest.mark.anyio
async def test_the_page_links_to_itself_beside_another_cell(client: httpx.AsyncClient) -> None:
    page = (await client.get("/?example=stacked-cube&lang=en")).text
    href = next(href for href in re.findall(r'id="compare" href="([^"]+)"', page)).replace("&amp;", "&")
    twin = (await client.get(href, headers={"Accept": "application/json"})).json()
    assert [each["name"] for each in twin["compare"]["request"]] == ["model.cell"]
    assert twin["a"]["request"]["model"]["num_layers"] == 2


@pytest.mark.browser
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_two_cells_are_read_off_the_page(browser: Browser, live_server: LiveServer, scripts: bool) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB", java_script_enabled=scripts)
    watched = watch(context.new_page(), live_server.url)
    page = watched.page
    page.goto(live_server.url)
    page.locator("#compare").click()
    expect(page.get_by_test_id("verdict")).to_contain_text("settings 1")
    expect(page.locator("tr[data-name='model.cell'] td")).to_have_text(["lstm", "gru"])
    value = page.get_by_test_id("values").locator("tr[data-name=output] td[data-value]")
    difference = float((output_of("lstm") - output_of("gru")).abs().max())
    assert float(value.get_attribute("data-value") or "nan") == pytest.approx(difference, abs=1e-6)
    expect(value).to_contain_text(f"{difference:.4f}")
    expect(page.locator("tr[data-stage=rnn] mark").first).to_be_visible()
    page.get_by_role("link", name="bidirectional=True").click()
    expect(page.locator("tr[data-name='model.bidirectional'] td")).to_have_text(["False", "True"])
    page.get_by_role("link", name="Change B in the explorer").click()
    page.wait_for_url("**/?bidirectional=true*")
    if scripts:
        watched.check()
    context.close()


@pytest.mark.browser
def test_the_link_follows_the_controls_and_the_theme_needs_no_button(browser: Browser, live_server: LiveServer) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="en-GB")
    page.goto(live_server.url)
    page.locator("[data-arg=hidden_size]").fill("7")
    expect(page.locator("#compare")).to_have_attribute("href", re.compile("hidden_size%3D7.*cell%3Dgru"))
    page.locator("#compare").click()
    page.get_by_test_id("theme").select_option("dark")
    page.wait_for_url("**theme=dark**")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("#side-b")).to_contain_text("nn.GRU(8, 7")
    page.close()


@pytest.mark.browser
@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing_wrong_with_two_runs(
    browser: Browser, live_server: LiveServer, width: int, theme: Any, lang: str
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 844}, color_scheme=theme)
    page.goto(live_server.url + asked(a="", b="num_layers=2&bidirectional=true", theme=theme, lang=lang))
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.close()

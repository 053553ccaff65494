"""Stepping in on the page, by keyboard in a real browser: what it shows beside the API's answer and a loop by hand."""

import json
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
import torch
from playwright.sync_api import Browser, Locator, Page, expect
from torch import nn
from torch.nn.functional import linear

from tests.browser import Watched, watch
from tests.conftest import LiveServer
from tests.test_accessibility import violations

pytestmark = [pytest.mark.browser]

TOKENS = torch.tensor([[1, 2, 3, 4, 5], [6, 7, 8, 0, 0]])  # of the page's two sentences
HELD = [{"clamp": {"row": "l0", "quantity": "f", "value": 1.0, "from": 2}}]


def by_hand(tokens: torch.Tensor = TOKENS, f_from: int = 99, silent: int | None = None) -> list[float]:
    """The page's default prediction by the textbook's loop: f = 1 from a step on, h of one unit 0."""
    torch.manual_seed(0)
    embedding, lstm, head = nn.Embedding(9, 8, padding_idx=0), nn.LSTM(8, 6, batch_first=True), nn.Linear(6, 1)
    w = dict(lstm.named_parameters())
    with torch.no_grad():
        x = embedding(tokens)
        h = c = torch.zeros(2, 6)
        for t in range(5):
            gates = linear(x[:, t], w["weight_ih_l0"], w["bias_ih_l0"]) + linear(h, w["weight_hh_l0"], w["bias_hh_l0"])
            i, f, g, o = gates.chunk(4, dim=1)  # each (N, H)
            f = torch.ones(2, 6) if t >= f_from else f.sigmoid()
            c = f * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            if silent is not None:
                h[:, silent] = 0
        return [float(value) for value in head(h).sigmoid().flatten()]


def open_at(watched: Watched, live_server: LiveServer, **query: str) -> Page:
    watched.page.goto(f"{live_server.url}/?{urlencode(query)}")
    ready(watched.page)
    return watched.page


def ready(page: Page) -> None:
    expect(page.locator("body")).to_have_attribute("data-status", "ready")


def pin_by_keyboard(page: Page, tensor: str, row: str, unit: int) -> Locator:
    """Keep a number of the heat map at the current step; the form that steps in."""
    plot = page.locator("#heatmaps [role=application]").nth("ifgoch".index(tensor))
    page.locator("#timeline [data-do=step]").focus()  # a focus that the keyboard gave
    page.keyboard.press("Tab")
    plot.focus()
    for _ in range(unit):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    hold = page.locator("[data-testid=hold]")
    expect(page.locator("[data-testid=inspector] .cell-name")).to_contain_text(f"{row}.{tensor}[")
    expect(hold).to_be_visible()
    return hold


def press(page: Page, target: Locator, *keys: str) -> None:
    target.focus()
    for key in keys:
        page.keyboard.press(key)


def predictions(page: Page, run: str) -> list[float]:
    found = page.locator(f"[data-testid=changed-prediction] data[data-run={run}]")
    expect(found.first).to_be_visible()
    return [float(each) for each in found.evaluate_all("(all) => all.map(({ value }) => value)")]


def asked(interventions: list[dict[str, Any]]) -> dict[str, Any]:
    """The page's default request, written out."""
    return {
        "model": {"input_size": 8, "hidden_size": 6, "batch_first": True},
        "input": {"text": ["the film was not good", "i loved it"]},
        "head": {"reads": "h_n", "activation": "sigmoid"},
        "interventions": interventions,
    }


def answer(live_server: LiveServer, interventions: list[dict[str, Any]]) -> dict[str, Any]:
    """GET …/changed of the same request, asked for by a client of its own."""
    with httpx.Client(base_url=f"{live_server.url}/api/v1") as client:
        trace = client.post("/traces", json=asked(interventions)).json()
        found: dict[str, Any] = client.get(f"/traces/{trace['id']}/changed").json()
        return found


def test_a_gate_is_held_by_keyboard_and_the_page_says_what_changed(watched: Watched, live_server: LiveServer) -> None:
    page = open_at(watched, live_server, t="2")
    hold = pin_by_keyboard(page, "f", "l0", 3)
    press(page, hold.locator("[name=hold-units]"), "ArrowDown")
    press(page, hold.locator("[name=hold-samples]"), "ArrowDown")
    press(page, hold.locator("[data-hold=hold-1]"), "Enter")
    chips = page.locator("[data-testid=hands] .hand")
    expect(chips).to_have_count(1)
    expect(chips).to_contain_text("f of layer 0 = 1 from step 2 on")
    ready(page)

    assert predictions(page, "now") == pytest.approx(by_hand(f_from=2), abs=1e-6)
    assert predictions(page, "original") == pytest.approx(by_hand(), abs=1e-6)
    theirs = answer(live_server, HELD)
    differ = {each["name"]: each for each in theirs["tensors"] if each["max_abs_diff"]}
    rows = page.locator("[data-testid=changed] .changed-tensors tbody tr")
    shown: list[dict[str, str]] = rows.evaluate_all(
        """(all) => all.map((row) => ({name: row.dataset.name, first: row.lastChild.textContent,
            max: row.querySelector('[data-what=max]').dataset.value,
            mean: row.querySelector('[data-what=mean]').dataset.value}))"""
    )
    assert {each["name"] for each in shown} == set(differ)
    for each in shown:
        change = differ[each["name"]]
        assert float(each["max"]) == change["max_abs_diff"]
        assert float(each["mean"]) == change["mean_abs_diff"]
        assert each["first"] == ("–" if change["first_step"] is None else str(change["first_step"]))
    sizes = [float(each["max"]) for each in shown]
    assert sizes == sorted(sizes, reverse=True)
    strip = page.locator("[data-testid=changed] .changed-strips tr[data-name='l0.h'] td")
    steps = [float(each) for each in strip.evaluate_all("(all) => all.map(({ dataset }) => dataset.value)")]
    assert steps == differ["l0.h"]["per_step"]
    assert steps[:2] == [0, 0]

    expect(page.locator("[data-testid=inspector] .value-short")).to_have_attribute("data-value", "1")
    expect(page.locator("#heatmaps .net-held")).to_have_count(1)
    expect(page.locator("[data-testid=proof] summary")).to_contain_text("held steps by their equations")
    where = rows.first.locator("button")
    press(page, where, "Enter")
    expect(page.locator("[data-testid=inspector] .cell-name")).to_have_text(where.inner_text())


def test_what_is_taken_back_leaves_the_numbers_of_before(watched: Watched, live_server: LiveServer) -> None:
    both = [*HELD, {"clamp": {"row": "l0", "quantity": "h", "value": 0, "units": [4]}}]
    page = open_at(watched, live_server, interventions=json.dumps(both))
    chips = page.locator("[data-testid=hands] .hand")
    expect(chips).to_have_count(2)
    assert predictions(page, "now") == pytest.approx(by_hand(f_from=2, silent=4), abs=1e-6)
    press(page, chips.first.locator("a"), "Enter")
    expect(chips).to_have_count(1)
    expect(chips).to_contain_text("h of layer 0 = 0 at every step · unit 4")
    expect(chips.locator("a")).to_be_focused()
    ready(page)
    expect(page.locator("[data-testid=changed] .changed-body")).not_to_have_attribute("aria-busy", "true")
    assert predictions(page, "now") == pytest.approx(by_hand(silent=4), abs=1e-6)
    press(page, page.locator("[data-testid=hands] .hands-all"), "Enter")
    expect(page.locator("[data-testid=changed]")).to_be_hidden()
    expect(page).to_have_url(f"{live_server.url}/")
    shown = page.locator("[data-role=prediction] data").evaluate_all("(all) => all.map(({ value }) => value)")
    assert [float(each) for each in shown] == pytest.approx(by_hand(), abs=1e-6)
    page.go_back()
    expect(chips).to_have_count(1)


def test_a_unit_is_silenced_and_another_value_held(watched: Watched, live_server: LiveServer) -> None:
    page = open_at(watched, live_server, t="1")
    hold = pin_by_keyboard(page, "o", "l0", 4)
    press(page, hold.locator("[data-hold=zero]"), "Enter")
    expect(page.locator("[data-testid=hands] .hand")).to_contain_text("h of layer 0 = 0 at every step · unit 4")
    assert predictions(page, "now") == pytest.approx(by_hand(silent=4), abs=1e-6)
    value = hold.locator("[name=hold-value]")
    value.fill("1.5")  # a sigmoid never gives it
    value.press("Enter")
    expect(value).to_have_attribute("aria-invalid", "true")
    value.fill("0.25")
    value.press("Enter")
    expect(page.locator("[data-testid=hands] .hand")).to_have_count(2)
    expect(page.locator("[data-testid=hands]")).to_contain_text(
        "o of layer 0 = 0.25 from step 1 on · unit 4 · sample 0"
    )
    ready(page)
    expect(page.locator("[data-testid=inspector] .value-short")).to_have_attribute("data-value", "0.25")
    value = hold.locator("[name=hold-value]")
    value.fill("0.75")
    value.press("Enter")
    expect(page.locator("[data-testid=hands]")).to_contain_text("o of layer 0 = 0.75 from step 1 on")
    expect(page.locator("[data-testid=hands] .hand")).to_have_count(2)  # in the place of the one before


def test_another_word_is_read_in_one_place(watched: Watched, live_server: LiveServer) -> None:
    page = open_at(watched, live_server, t="3")
    pin_by_keyboard(page, "c", "l0", 0)
    press(page, page.locator("[data-testid=inspector] .token-name button"), "Enter")
    expect(page.locator("[data-testid=inspector] .cell-name")).to_have_text("tokens[0, 3]")
    choice = page.locator("[name=hold-token]")
    expect(choice).to_have_value("not")
    choice.focus()
    page.keyboard.type("lov")
    expect(choice).to_have_value("loved")
    press(page, page.locator("[data-hold=replace]"), "Enter")
    expect(page.locator("[data-testid=hands] .hand")).to_contain_text("sample 0 reads “loved” at step 3")
    changed = TOKENS.clone()
    changed[0, 3] = 7
    assert predictions(page, "now") == pytest.approx(by_hand(changed), abs=1e-6)
    expect(page.locator("[data-testid=timeline] .steps [data-t='3']")).to_contain_text("loved")


def test_the_run_starts_from_another_number(watched: Watched, live_server: LiveServer) -> None:
    page = open_at(watched, live_server, tensor="c_0")
    cell = page.locator('[data-testid=table] td[data-tensor="c_0"][data-index="0,0,2"]')
    cell.click()
    value = page.locator("[name=hold-value]")
    value.fill("2")
    value.press("Enter")
    expect(page.locator("[data-testid=hands] .hand")).to_contain_text("c_0 set by hand")
    torch.manual_seed(0)
    embedding, lstm, head = nn.Embedding(9, 8, padding_idx=0), nn.LSTM(8, 6, batch_first=True), nn.Linear(6, 1)
    c_0 = torch.zeros(1, 2, 6)
    c_0[0, 0, 2] = 2
    with torch.no_grad():
        _, (h_n, _) = lstm(embedding(TOKENS), (torch.zeros(1, 2, 6), c_0))
        theirs = [float(each) for each in head(h_n[-1]).sigmoid().flatten()]
    assert predictions(page, "now") == pytest.approx(theirs, abs=1e-6)


def test_an_address_opens_the_same_without_the_script_too(browser: Browser, live_server: LiveServer) -> None:
    both = [*HELD, {"token": {"step": 3, "token": "loved"}}]
    address = f"{live_server.url}/?lang=zh&interventions={quote(json.dumps(both))}"
    told = []
    for script in (True, False):
        context = browser.new_context(java_script_enabled=script)
        page = context.new_page()
        page.goto(address)
        if script:
            ready(page)
        told.append(page.locator("[data-testid=hands] .hand").all_inner_texts())
        if not script:
            page.locator("[data-testid=hands] a").nth(1).click()
            assert page.locator("[data-testid=hands] .hand").all_inner_texts() == told[0][:1]
        context.close()
    assert told[0] == told[1]
    assert told[0][0].startswith("从第 2 步起，第 0 层的 f = 1")


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_wrong(browser: Browser, live_server: LiveServer, theme: Any, lang: str) -> None:
    query = urlencode({"interventions": json.dumps(HELD), "lang": lang, "theme": theme, "t": "2"})
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=theme, reduced_motion="reduce")
    page = context.new_page()
    found = watch(page, live_server.url)
    page.goto(f"{live_server.url}/?{query}", wait_until="networkidle")
    expect(page.locator("[data-testid=changed] tbody tr").first).to_be_visible()
    page.locator("[data-testid=table] td[data-tensor]").first.click()
    expect(page.locator("[data-testid=hold]")).to_be_visible()
    assert violations(page) == []
    found.check()
    context.close()

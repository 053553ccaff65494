"""What a number is computed from, on the page: marks, formula, numbers and sentence are those of the API."""

import random
import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import Watched
from tests.conftest import LiveServer

pytestmark = [pytest.mark.browser]

CELLS = 12
PAGES = {
    "lstm": "t=2",
    "gru": "cell=gru&t=1&batch_first=false",
    "stacked": "num_layers=2&bidirectional=true&t=1&n=1",
    "head": "head=every_step&out_features=3&activation=softmax",
    "types": "example=rnn-types",
}


def opened(page: Page, url: str) -> dict[str, Any]:
    """The page, and its trace as the API gives it."""
    page.goto(url)
    trace: dict[str, Any] = page.evaluate("JSON.parse(document.querySelector('#first-answer').textContent).trace")
    return trace


def keep(page: Page, tensor: str, index: list[int]) -> Locator:
    """Keep a number by a click on it in the table, whose slice is led there; its list of sources, once it is there."""
    page.locator("[data-testid=table] select[data-arg=tensor]").select_option(tensor)
    cell = page.locator(f'[data-testid=table] td[data-tensor="{tensor}"][data-index="{",".join(map(str, index))}"]')
    cell.first.click()
    expect(page.locator("[data-testid=inspector] .cell-name")).to_have_text(
        f"{tensor}[{', '.join(map(str, index))}]" if index else tensor
    )
    expect(page.locator("[data-testid=inspector] .equation-part")).not_to_have_class(re.compile("is-waiting"))
    return page.locator("[data-testid=sources]")


def in_reach(page: Page, trace: dict[str, Any], choose: random.Random) -> tuple[str, list[int]]:
    """A random number that the table shows: of a random tensor, at the page's own sample and step."""
    names = [name for name, tensor in trace["tensors"].items() if tensor["shape"]]
    name = choose.choice(names)
    page.locator("[data-testid=table] select[data-arg=tensor]").select_option(name)
    expect(page.locator(f'[data-testid=table] td[data-tensor="{name}"]').first).to_be_visible()
    found: list[str] = page.locator(f'[data-testid=table] td[data-tensor="{name}"]').evaluate_all(
        "(all) => all.map((td) => td.dataset.index)"
    )
    return name, [int(part) for part in choose.choice(found).split(",")]


def api(page: Page, url: str, trace: str, tensor: str, index: str) -> dict[str, Any]:
    answer = page.request.get(
        f"{url}/api/v1/traces/{trace}/explain", params={"tensor": tensor, "index": index, "lang": "en"}
    )
    assert answer.ok, answer.text()
    found: dict[str, Any] = answer.json()
    return found


def four(value: float) -> str:
    """As the page writes a number."""
    if value == int(value) and abs(value) >= 1e15:
        return str(value)
    if value != 0 and abs(value) < 0.00005:
        mantissa, exponent = f"{value:.1e}".split("e")
        return f"{mantissa}e{int(exponent)}"
    return f"{value:.4f}"


@pytest.mark.parametrize("which", PAGES)
def test_what_is_marked_and_written_for_random_numbers_is_what_the_api_says(
    watched: Watched, live_server: LiveServer, which: str
) -> None:
    page, choose = watched.page, random.Random(which)
    trace = opened(page, f"{live_server.url}/?{PAGES[which]}")
    met: set[str] = set()
    for _ in range(CELLS):
        sources = keep(page, *in_reach(page, trace, choose))
        part = page.locator("[data-testid=inspector] .equation-part")
        home, at = sources.get_attribute("data-tensor"), sources.get_attribute("data-index")
        assert home is not None
        found = api(page, live_server.url, trace["id"], home, at or "")
        met.add(found["kind"])
        listed = sources.locator("li").evaluate_all(
            "(all) => all.map(({ dataset: at }) => [at.symbol, at.tensor ?? at.parameter, at.index])"
        )
        assert listed == [
            [read["symbol"], read["tensor"] or read["parameter"], read["index"]] for read in found["reads"]
        ]
        if found["reads"]:
            formula = part.locator(".equation").get_attribute("data-formula") or ""
            copy = [term["role"] for term in found["terms"]] == ["same"] and found["apply"] == "identity"
            assert formula == (f"{home} = {found['terms'][0]['symbol']}" if copy else found["formula"])
            check_numbers(part, found, copy=copy)
        expect(page.locator("[data-testid=products] .products-says")).to_have_text(found["says"])
        check_marks(page, found)
    assert len(met) >= 4, met


def check_numbers(part: Locator, found: dict[str, Any], *, copy: bool) -> None:
    """Under each letter its number; beside each vector's letter its first ones."""
    numbers = {read["symbol"]: read["values"] for read in reversed(found["reads"])}
    for term in part.locator(".term").all():
        letters, number = term.inner_text().split("\n")
        symbol = found["reads"][0]["symbol"] if copy else letters
        result = letters in (found["tensor"], found["formula"].split(" = ")[0]) and letters not in numbers
        value = found["value"] if result else numbers[symbol][0]
        assert number == four(value), letters
    for vector in part.locator(".vector").all():
        symbol = vector.get_attribute("data-symbol")
        values = [value for read in found["reads"] if read["symbol"] == symbol for value in read["values"]]
        shown = vector.locator(".cell-link, .cell-number").all_inner_texts()
        assert shown == [four(value) for value in values[:6]], symbol


def check_marks(page: Page, found: dict[str, Any]) -> None:
    """Every frame on a strip or a heat map stands for one of the ranges, and those of the shown row have one."""
    marked: set[str] = set(page.locator(".net-source").evaluate_all("(all) => all.map((one) => one.dataset.source)"))
    ranges = {f"{read['tensor']}[{read['index']}]" for read in found["reads"] if read["tensor"]}
    if found["picked_by"]:
        ranges.add(f"{found['picked_by']['tensor']}[{','.join(map(str, found['picked_by']['index']))}]")
    assert marked <= ranges
    maps = page.locator("[data-testid=heatmaps] .heat-readout, .heat-plot").count()
    assert maps > 0
    row = str(page.locator(".net-row.is-row").get_attribute("data-row"))
    sample = int(page.locator("[data-testid=timeline] select").first.input_value() or 0)
    here = {
        f"{read['tensor']}[{read['index']}]"
        for read in found["reads"]
        if str(read["tensor"]).startswith(f"{row}.") and int(read["index"].split(",")[0]) == sample
    }
    assert here <= marked


def test_pointing_marks_the_sources_after_a_rest_and_leaving_unmarks_them(
    watched: Watched, live_server: LiveServer
) -> None:
    page = watched.page
    opened(page, f"{live_server.url}/?t=2")
    plot = page.locator(".heat-plot").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 10)
    expect(page.locator("[data-testid=inspector] .cell-name")).to_have_text("l0.i[0, 2, 0]")
    expect(page.locator('.heat-plot .net-source[data-source="l0.h[0,1,:]"]')).to_be_visible()
    expect(page.locator('.net-stage .net-source[data-source="input[0,2,:]"]')).to_be_visible()
    assert page.locator(".net-way").count() == 2  # one arrow a range
    page.mouse.move(5, 5)
    expect(page.locator(".net-source")).to_have_count(0)
    expect(page.locator(".net-way")).to_have_count(0)


def test_only_where_the_pointer_rests_is_the_server_asked_and_never_twice(
    watched: Watched, live_server: LiveServer
) -> None:
    page = watched.page
    opened(page, f"{live_server.url}/?t=2")
    expect(page.locator("[data-testid=sources]")).to_be_attached()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/explain?" in request.url else None)
    plot = page.locator(".heat-plot").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    for _ in range(2):
        page.mouse.move(box["x"] + 3, box["y"] + 10)
        page.mouse.move(box["x"] + box["width"] - 3, box["y"] + 10, steps=10)
        expect(page.locator('[data-testid=sources][data-index="0,4,0"]')).to_be_attached()
        expect(page.locator(".net-source").first).to_be_visible()
    assert len([url for url in asked if "index=0%2C4%2C0" in url]) == 1
    assert len(asked) <= 3


def test_the_first_state_of_a_decoder_lights_up_what_the_encoder_left(
    watched: Watched, live_server: LiveServer
) -> None:
    page = watched.page
    trace = opened(page, f"{live_server.url}/?example=rnn-types")
    assert trace["encoder"] is not None
    keep(page, "h_0", [0, 0, 1])
    listed = page.locator("[data-testid=sources] li").all_inner_texts()
    assert [text.split(": ")[1] for text in listed] == ["encoder.h_n[0,0,1]"]
    expect(page.locator("[data-testid=inspector] .marked")).to_be_visible()

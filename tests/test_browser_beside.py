"""Two runs drawn on one time axis: no number on the page of two runs differs from the API's, and all move together."""

import re
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser import Watched
from tests.conftest import LiveServer

pytestmark = [pytest.mark.browser]

PAIRS = [
    {"a": "", "b": "cell=gru"},
    {"a": "seed=3", "b": "cell=rnn&seed=3&hidden_size=7"},
    {"a": "num_layers=2", "b": "num_layers=2&bidirectional=true&head=every_step"},
    {
        "a": "source=random&batch=3&seq_len=4&lengths=4,2,1",
        "b": "source=random&batch=3&seq_len=4&lengths=4,2,1&packed=true",
    },
]
TABLES = """() => ({
  apart: [...document.querySelectorAll(":is([data-testid=values], [data-testid=weights]) tr[data-name]")].map((row) => {
    const [shape, value, at] = row.querySelectorAll("td");
    return [row.dataset.name, shape.textContent, value.dataset.value, value.textContent.trim(), at.textContent];
  }),
  equal: [...document.querySelectorAll("[data-role=equal]")].map((each) => each.textContent),
  versus: [...document.querySelectorAll(".versus tr[data-name]")].map((row) => {
    return [row.dataset.name, ...[...row.querySelectorAll("td")].map(({ textContent }) => textContent)];
  }),
  totals: [...document.querySelectorAll(".records .versus tr:not([data-name]) td")].map((each) => each.textContent),
})"""
# Numbers of two steps in the network's picture, pointed at one after the other; what the page then reads out.
READ = """async ({ cells }) => {
  const frame = () => new Promise((then) => requestAnimationFrame(then));
  const read = [];
  for (const { x, y, id } of cells) {
    const host = document.querySelector(id);
    const { left, top } = host.getBoundingClientRect();
    host.dispatchEvent(new PointerEvent("pointermove", { bubbles: true, clientX: left + x, clientY: top + y }));
    for (let k = 0; k < 200 && document.querySelector("#readout .readout-name") === null; k++) await frame();
    await frame();
    const data = [...document.querySelectorAll("#readout data")];
    const values = data.map((each) => [each.dataset.run, [each.getAttribute("value"), each.textContent]]);
    read.push([document.querySelector("#readout .readout-name")?.textContent ?? "", Object.fromEntries(values)]);
    host.dispatchEvent(new PointerEvent("pointerleave"));
  }
  return read;
}"""


def shape_text(shape: list[int] | None) -> str:
    if shape is None:
        return "not there"
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def opened(watched: Watched, live_server: LiveServer, **query: str) -> Page:
    page = watched.page
    page.goto(f"{live_server.url}/compare?{urlencode({**query, 'lang': 'en'})}")
    expect(page.get_by_test_id("drawn")).to_have_attribute("data-state", "ready")
    return page


def test_no_number_on_the_page_of_two_runs_differs_from_the_apis(watched: Watched, live_server: LiveServer) -> None:
    with httpx.Client(base_url=live_server.url, timeout=30) as api:
        for pair in PAIRS:
            page = opened(watched, live_server, **pair, difference="1", t="1")
            twin = api.get(f"/compare?{urlencode(pair)}", headers={"Accept": "application/json"}).json()
            found = twin["compare"]
            asked = {name: twin[name]["request"] for name in "ab"}
            assert api.post("/api/v1/compare", json=asked).json() == found
            _tables(page.evaluate(TABLES), found)
            _readout(page, api, found)


def _tables(shown: dict[str, Any], found: dict[str, Any]) -> None:
    """The tables that stand there without a script."""
    all_apart = [*found["values"], *found["weights"]]
    differing = {each["name"]: each for each in all_apart if each["max_abs_diff"] != 0}
    assert {row[0] for row in shown["apart"]} == set(differing)
    for name, shape, value, text, at in shown["apart"]:
        each = differing[name]
        assert (shape, float(value), at) == (
            shape_text(each["shape"]),
            each["max_abs_diff"],
            f"[{', '.join(map(str, each['at']))}]",
        )
        assert float(text) == pytest.approx(each["max_abs_diff"], rel=0.06, abs=5.1e-5)
    equal = {name for text in shown["equal"] for name in re.findall(r"[\w.·]*\w", text.partition(": ")[2].rstrip("."))}
    assert equal == {each["name"] for each in all_apart} - set(differing)
    expected = {each["name"]: (each["a"], each["b"]) for kind in ("shapes", "parameters") for each in found[kind]}
    rows = {name: texts for name, *texts in shown["versus"]}
    assert set(rows) == set(expected) | {each["name"] for each in found["request"]}
    assert {name: tuple(rows[name]) for name in expected} == {k: tuple(map(shape_text, v)) for k, v in expected.items()}
    numbers = [int(text.replace(",", "")) for text in shown["totals"]]
    assert numbers == [*found["parameter_count"], *found["multiply_adds"]]


def _readout(page: Page, api: httpx.Client, found: dict[str, Any]) -> None:
    """What is read out under the pointer: A's value, B's and A − B, or that there is none."""
    expect(page.locator("#difference-says")).to_contain_text("A minus B")
    boxes = page.locator("#network-a :is(.net-cell[data-t='0'], .net-cell[data-t='1']) rect").evaluate_all(
        "(all) => all.map((each) => ['x', 'y', 'width', 'height'].map((name) => each[name].baseVal.value))"
    )
    cells = [
        {"id": "#network-a .net-stage", "x": x + w * along, "y": y + h * down}
        for x, y, w, h in boxes
        for along in (0.15, 0.75)
        for down in (0.25, 0.7)
    ]
    named = 0
    subtracted = api.get(f"/api/v1/traces/{found['a']}/difference", params={"minus": found["b"]}).json()
    for name, shown in page.evaluate(READ, {"cells": cells}):
        if not name:
            continue
        named += 1
        tensor, index = name.rstrip("]").split("[")
        at = index.replace(" ", "")
        paths = {
            "A": (f"/api/v1/traces/{found['a']}/tensors/{tensor}", {}),
            "B": (f"/api/v1/traces/{found['b']}/tensors/{tensor}", {}),
            "A − B": (f"/api/v1/traces/{found['a']}/difference/{tensor}", {"minus": found["b"]}),
        }
        assert set(shown) == set(paths)
        for run, (path, params) in paths.items():
            answer = api.get(path, params=params | {"index": at, "format": "json"})
            value, text = shown[run]
            if answer.status_code == 200:
                assert float(value) == answer.json()["values"], f"{run} {name}"
                assert float(text.replace("e", "E")) == pytest.approx(answer.json()["values"], abs=5.1e-5)
            else:
                assert (value, text) == (None, "not there"), f"{run} {name}"
        assert (shown["A − B"][0] is not None) == (tensor in subtracted["tensors"])
    assert named >= 6


def test_both_move_together_by_keyboard_and_the_address_says_where(watched: Watched, live_server: LiveServer) -> None:
    page = opened(watched, live_server, a="", b="cell=gru&text=a+b+c+d+e+f+g&text=a+b")
    now = page.get_by_test_id("axis").locator(".t-now")
    expect(now).to_have_text("t = 0 / 6")  # as long as the longer one
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(now).to_have_text("t = 2 / 6")
    for side in "ab":
        expect(page.locator(f"#network-{side} .is-now").first).to_have_attribute("data-t", "2")
    centres = [
        page.locator(f"#network-{side} .net-cell[data-t='3'] rect").first.evaluate(
            "(each) => each.x.baseVal.value + each.width.baseVal.value / 2"
        )
        for side in "ab"
    ]
    assert centres[0] == centres[1]  # one time axis
    page.wait_for_url("**t=2*")
    button = page.get_by_role("button", name="A − B")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#difference-says")).to_contain_text("the axis T is 5 long in A and 7 in B")
    expect(page.locator("#network-d")).to_contain_text("other sizes")
    page.wait_for_url("**difference=1*")
    swap = page.get_by_role("link", name="Swap A and B")
    expect(swap).to_have_attribute("href", re.compile("t=2.*difference=1"))
    page.keyboard.press("Enter")
    expect(page.locator("#scene-d")).to_be_hidden()
    page.locator("#scene-a [role=application]").focus()
    page.keyboard.press("]")
    expect(page.get_by_test_id("readout")).to_contain_text("embedding[0, 2, 0]")
    expect(page.get_by_test_id("readout").locator("data")).to_have_count(3)

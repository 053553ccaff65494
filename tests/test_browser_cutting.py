"""How the cubes lie, in a real browser: by the controls and by keys, in the address, and still every number its own."""

import re

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser import Watched
from tests.conftest import LiveServer

pytestmark = pytest.mark.browser
CUBE = "/?source=random&batch=3&seq_len=4&hidden_size=5&head=none"


def test_the_cubes_are_cut_pulled_and_flattened_and_the_address_says_so(
    live_server: LiveServer, watched: Watched
) -> None:
    page = watched.page
    page.goto(live_server.url + CUBE)
    bar = page.get_by_test_id("cutting")
    bar.locator("input[value=F]").click()
    bar.locator("input[value=pull]").click()
    bar.locator("[data-role=unit]").fill("3")
    expect(page).to_have_url(re.compile(r"cut=F&pose=pull&unit=3"))
    scene = page.locator("#scene [role=application]")
    scene.focus()
    for key in ("c", "c", "f"):  # F → T → N
        page.keyboard.press(key)
    expect(page).to_have_url(re.compile(r"cut=N&pose=flat"))
    expect(bar.locator("input:checked")).to_have_count(2)
    page.keyboard.press("f")
    page.keyboard.press("s")
    # sample by sample the slice that is pulled out follows the cell, and its number is torch's
    for key in ("]", "PageDown", "PageDown", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    expect(page).to_have_url(re.compile(r"n=2&.*cut=N&pose=pull"))
    told = page.locator("#scene-cell")
    expect(told).to_contain_text("[2, ")
    name, index, shown = re.findall(r"At (\S+)\[([\d, ]+)\]: (\S+)", told.inner_text())[0]
    model = {"cell": "lstm", "input_size": 8, "hidden_size": 5, "batch_first": True}
    asked = {"model": model, "input": {"random": {"batch": 3, "seq_len": 4, "seed": 0}}, "weights": {"seed": 0}}
    trace = httpx.post(f"{live_server.url}/api/v1/traces", json=asked).json()
    value = trace["tensors"][name]["values"]
    for place in index.split(", "):
        value = value[int(place)]
    assert float(shown.replace("−", "-")) == pytest.approx(value, abs=5e-5)
    page.reload()
    expect(bar.locator("input[value=pull]")).to_be_checked()
    watched.check()


def test_batch_first_turns_the_cubes_and_they_come_to_rest(live_server: LiveServer, watched: Watched) -> None:
    page = watched.page
    page.goto(live_server.url + CUBE)
    page.wait_for_selector("#scene:not([data-expect]) canvas")
    shown = page.locator("#scene-shown")
    expect(shown).to_contain_text("output (3, 4, 5): N (batch) = 3, T (time) = 4")
    page.locator("[data-arg=batch_first]").click()
    expect(shown).to_contain_text("output (4, 3, 5): T (time) = 4, N (batch) = 3")
    expect(shown).to_contain_text("h_n (1, 3, 5): L·D (layers × directions) = 1, N (batch) = 3")
    still = "() => { const now = document.querySelector('#scene canvas').toDataURL();"
    still += " const same = now === window.before; window.before = now; return same; }"
    page.wait_for_function(still, polling=400)  # it stands still
    watched.check()

"""Going into the scene in a real browser: down to products and back by pointer, keys and fingers; a gate's knob."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.browser import Watched, watch
from tests.conftest import LiveServer

pytestmark = [pytest.mark.browser]

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
LAST = "[data-testid=crumbs] li:last-child button"


def opened(page: Page, url: str) -> str:
    """The id of the trace on the page."""
    page.goto(url)
    expect(page.locator("[data-testid=crumbs] li").first).to_be_visible()
    found: str = page.evaluate("JSON.parse(document.querySelector('#first-answer').textContent).trace.id")
    return found


def explained(page: Page, url: str, trace: str, tensor: str, index: str, limit: int = 0) -> dict[str, Any]:
    params: dict[str, str | float | bool] = {"tensor": tensor, "index": index, "limit": limit, "lang": "en"}
    answer = page.request.get(f"{url}/api/v1/traces/{trace}/explain", params=params)
    assert answer.ok, answer.text()
    found: dict[str, Any] = answer.json()
    return found


def wire(page: Page, name: str) -> float:
    """The exact number on a wire."""
    return float(page.locator(f'[data-wire="{name}"]').get_attribute("data-value") or "nan")


def place_in(page: Page, across: float, down: float) -> tuple[float, float]:
    """A point of the scene's canvas, once it is in sight: a share of its width, px of its height."""
    page.locator("[data-testid=crumbs]").evaluate("(node) => node.scrollIntoView()")
    box = page.locator("[data-testid=scene] canvas").bounding_box()
    assert box is not None
    return box["x"] + across * box["width"], box["y"] + down


def test_double_clicks_lead_down_to_the_products_and_escape_leads_back_out(
    watched: Watched, live_server: LiveServer
) -> None:
    page = watched.page
    trace = opened(page, f"{live_server.url}/?t=2")
    for depth, across, down in (("output", 0.65, 240), ("t = ", 0.5, 250), ("unit ", 0.47, 100)):
        page.mouse.dblclick(*place_in(page, across, down))
        expect(page.locator(LAST)).to_contain_text(depth)
    page.locator('[data-of="i"] .cell-value').dblclick()
    expect(page.locator(LAST)).to_have_text("l0.i: products")
    index = re.findall(r"\d+", page.locator(".number-head .code").first.inner_text().split("[")[1])
    found = explained(page, live_server.url, trace, "l0.i", ",".join(index), 12)
    shown = page.locator(".waterfall tbody data").evaluate_all("(all) => all.map((one) => Number(one.value))")
    products = [number for number in shown if number in {term["value"] for term in found["terms"]}]
    assert len(products) >= len(found["terms"])
    assert float(page.locator('.waterfall [data-product="sum"] data').get_attribute("value") or "nan") == found["inner"]
    page.wait_for_url(re.compile(r"zoom=number-l0\.i-n\.t\."))
    page.reload()  # the place is in the address
    expect(page.locator(LAST)).to_have_text("l0.i: products")
    for depth in ("unit ", "t = ", "output", "Whole"):
        page.keyboard.press("Escape")
        expect(page.locator(LAST)).to_contain_text(depth)
    expect(page.locator("[data-testid=scene] canvas")).to_be_visible()


@pytest.mark.parametrize(
    ("query", "row", "letters"),
    [
        ("t=2&n=1", "l0", "figoch"),
        ("num_layers=2&bidirectional=true&t=1", "l1_reverse", "figoch"),
        ("cell=gru&t=3&batch_first=false", "l0", "zrnh"),
        ("cell=rnn&t=0&h0=random", "l0", "h"),
    ],
)
def test_every_number_on_the_diagram_is_the_apis(
    watched: Watched, live_server: LiveServer, query: str, row: str, letters: str
) -> None:
    page = watched.page
    last = "c" if "c" in letters else "h"
    trace = opened(page, f"{live_server.url}/?{query}&zoom=cell-{row}.{last}-n.t.2-{row}.h")
    expect(page.locator('[data-wire="h"][data-value]')).to_be_visible()
    t, n = (int((re.search(rf"\b{name}=(\d)", query) or [0, 0])[1]) for name in "tn")
    for letter in letters:
        found = explained(page, live_server.url, trace, f"{row}.{letter}", f"{n},{t},2", 8)
        assert wire(page, letter) == found["value"], letter
        if letter in "figozr":
            sums = explained(page, live_server.url, trace, f"{row}.{letter}", f"{n},{t},2")["terms"]
            for role in ("state", "input"):
                assert wire(page, f"{letter}.{role}") == next(one["value"] for one in sums if one["role"] == role)
        if letter == "c" or (letter == "h" and "z" in letters):
            for role in ("kept", "written"):
                assert wire(page, role) == next(one["value"] for one in found["terms"] if one["role"] == role)
        if letter == "h" and "c" in letters:
            (shown,) = found["terms"]
            assert wire(page, "tanh_c") == next(one["used"] for one in shown["factors"] if one["apply"] == "tanh")
    written = page.locator(f'[data-of="{last}"] .cell-value').text_content()
    assert written == f"{wire(page, last):.4f}"


def test_a_gate_dragged_shut_by_keyboard_erases_what_was_kept(watched: Watched, live_server: LiveServer) -> None:
    page = watched.page
    opened(page, f"{live_server.url}/?t=3&zoom=cell-l0.c-n.t.1-output")
    knob = page.locator('input[data-knob="f"]')
    expect(page.locator('[data-wire="kept"][data-value]')).to_be_visible()
    assert wire(page, "kept") != 0
    knob.focus()
    page.keyboard.press("Home")
    expect(page.locator('[data-gate="f"]')).to_have_class(re.compile("is-held"))
    expect(page.locator('[data-wire="f"]')).to_have_attribute("data-value", "0")
    assert wire(page, "kept") == 0
    assert wire(page, "c") == pytest.approx(wire(page, "written"), abs=1e-7)  # one is a float32
    expect(page.locator("[data-testid=changed]")).to_be_visible()
    expect(page.locator(".net-changed").first).to_be_attached()  # from here on the network differs, and says so
    assert page.locator(".net-changed").count() == 2  # steps 3 and 4
    page.locator('button[data-knob="f"][data-end="0"]').click()  # the pressed one lets go
    expect(page.locator('[data-gate="f"]')).not_to_have_class(re.compile("is-held"))
    expect(page.locator('[data-wire="kept"]')).not_to_have_attribute("data-value", re.compile(r"^-?0$"))


def test_the_keyboard_alone_leads_from_the_first_tab_to_what_made_this_number(
    watched: Watched, live_server: LiveServer
) -> None:
    page = watched.page
    opened(page, live_server.url)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # skip to the picture
    page.keyboard.press("Tab")
    expect(page.locator("[data-testid=scene] [role=application]")).to_be_focused()
    page.keyboard.press("]")
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-testid=inspector] .cell-name")).to_have_text("embedding[0, 0, 1]")
    page.keyboard.press("Enter")
    expect(page.locator("[data-testid=inspector]")).to_have_class(re.compile("is-open"))
    expect(page.locator("[data-testid=inspector] .equation-part")).not_to_have_class(re.compile("is-waiting"))
    page.keyboard.press("k")  # kept beside others
    expect(page.locator("[data-testid=pins] tbody tr")).to_have_count(1)
    page.keyboard.press("+")
    page.keyboard.press("+")
    page.keyboard.press("+")
    expect(page.locator(LAST)).to_contain_text("products")
    page.keyboard.press("Backspace")
    expect(page.locator(LAST)).not_to_contain_text("products")


def test_numbers_kept_side_by_side_are_in_the_address_and_each_can_go(
    watched: Watched, live_server: LiveServer
) -> None:
    page = watched.page
    trace = opened(page, f"{live_server.url}/?pins=output-0.3.2--l0.c-1.1.0--output-9.9.9")
    rows = page.locator("[data-testid=pins] tbody tr")
    expect(rows).to_have_count(2)  # the third is not in this run
    for tensor, index in (("output", "0,3,2"), ("l0.c", "1,1,0")):
        value = page.locator(f'[data-testid=pins] [data-cell="{tensor}-{index.replace(",", ".")}"] data').get_attribute(
            "value"
        )
        assert float(value or "nan") == explained(page, live_server.url, trace, tensor, index)["value"]
    rows.first.locator("[data-do=unpin]").click()
    expect(rows).to_have_count(1)
    page.wait_for_url(re.compile(r"pins=l0\.c-1\.1\.0$"))


def touch(session: CDPSession, kind: str, *points: tuple[float, float]) -> None:
    """One real touch event, as a screen would send it."""
    at = [{"x": x, "y": y, "id": k} for k, (x, y) in enumerate(points)]
    session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})


def test_two_fingers_go_in_and_out_one_turns_sideways_and_scrolls_the_page_up_and_down(
    browser: Browser, live_server: LiveServer
) -> None:
    context = browser.new_context(**PHONE, locale="en-GB", reduced_motion="reduce")
    found = watch(context.new_page(), live_server.url)
    page = found.page
    screen = context.new_cdp_session(page)
    opened(page, f"{live_server.url}/?source=random&num_embeddings=0")
    page.locator("[data-testid=crumbs]").evaluate("(node) => node.scrollIntoView()")
    box = page.locator("[data-testid=scene] canvas").bounding_box()
    assert box is not None
    x, y = box["x"] + 70.0, box["y"] + 130.0
    picture = "document.querySelector('[data-testid=scene] canvas').toDataURL()"
    touch(screen, "touchStart", (x - 20, y), (x + 20, y))
    for apart in (30, 45, 60):
        touch(screen, "touchMove", (x - apart, y), (x + apart, y))
    touch(screen, "touchEnd")
    expect(page.locator(LAST)).not_to_have_text("Whole")
    before, top = page.evaluate(picture), page.evaluate("scrollY")
    touch(screen, "touchStart", (100, 400))
    for far in (20, 60, 110):
        touch(screen, "touchMove", (100 + far, 402))
    touch(screen, "touchEnd")
    page.wait_for_function(f"(old) => {picture} !== old", arg=before)  # it has turned
    assert page.evaluate("scrollY") == top
    for k, depth in enumerate((70, 20)):  # together again: back out
        touch(screen, "touchStart" if k == 0 else "touchMove", (200 - depth, 400), (200 + depth, 400))
    touch(screen, "touchEnd")
    expect(page.locator(LAST)).to_have_text("Whole")
    still = page.evaluate(picture)
    touch(screen, "touchStart", (200, 500))
    for far in (20, 60, 120, 180):
        touch(screen, "touchMove", (201, 500 - far))
    touch(screen, "touchEnd")
    page.wait_for_function("(top) => scrollY > top + 60", arg=top)  # up and down is the page's
    assert page.evaluate(picture) == still
    found.check()
    context.close()

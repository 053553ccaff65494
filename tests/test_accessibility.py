"""The pages as axe and a keyboard find them: in both languages, light and dark."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import LiveServer

pytestmark = [pytest.mark.browser]

AXE = Path(__file__).parent / "js" / "node_modules" / "axe-core" / "axe.min.js"
PAGES = [
    "/?",
    "/?num_layers=2&bidirectional=true&head=every_step&",
    "/?hidden_size=abc&",
    "/?present=1&",
    "/?zoom=cell-l0.c-n.t.2-output&pins=output-0.3.2&",
]
# Pages without a picture that is drawn by a script.
PLAIN = ["/problems/shape-mismatch?", "/questions?", "/gallery?", "/models?", "/compare?"]


def opened(browser: Browser, url: str, **how: Any) -> Page:
    """A page whose views have all been drawn."""
    page = browser.new_page(**how)
    page.set_default_timeout(15_000)
    page.goto(url, wait_until="networkidle")
    if "/?" in url:
        expect(page.locator("body")).to_have_attribute("data-status", "ready")
        expect(
            page.locator("[data-testid=timeline], [data-testid=presenter]").locator("visible=true").first
        ).to_be_visible()
    return page


def violations(page: Page) -> list[str]:
    """What axe has against the page. Its source is evaluated, because the page's own policy lets no script in."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: Any = page.evaluate("async () => (await axe.run(document, {resultTypes: ['violations']})).violations")
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:160]} | {node['failureSummary'][:240]}"
        for rule in found
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_wrong(browser: Browser, live_server: LiveServer, path: str, theme: Any, lang: str) -> None:
    url = f"{live_server.url}{path}theme={theme}&lang={lang}"
    page = opened(browser, url, viewport={"width": 1440, "height": 900}, color_scheme=theme, reduced_motion="reduce")
    assert violations(page) == []
    page.close()


@pytest.mark.parametrize("path", PLAIN)
def test_axe_finds_nothing_wrong_on_pages_of_text(browser: Browser, live_server: LiveServer, path: str) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    for theme in ("light", "dark"):
        for lang in ("en", "zh"):
            page.goto(f"{live_server.url}{path}theme={theme}&lang={lang}", wait_until="networkidle")
            assert violations(page) == []
    page.close()


def test_axe_finds_nothing_wrong_on_a_phone(browser: Browser, live_server: LiveServer) -> None:
    url = f"{live_server.url}/?num_layers=2&bidirectional=true&lang=zh"
    page = opened(browser, url, viewport={"width": 390, "height": 844}, has_touch=True)
    assert violations(page) == []
    page.locator("[data-testid=table] td[data-tensor]").first.tap()
    expect(page.locator("[data-testid=inspector]")).to_be_visible()
    assert violations(page) == []
    page.close()


def test_axe_finds_nothing_wrong_beside_a_refused_value_and_an_open_menu(
    browser: Browser, live_server: LiveServer
) -> None:
    page = opened(browser, f"{live_server.url}/?lang=en")
    page.locator("[data-arg=hidden_size]").fill("99999")
    expect(page.locator("[data-arg=hidden_size]")).to_have_attribute("aria-invalid", "true")
    assert violations(page) == []
    for menu in ("#examples", "[data-testid=proof]"):
        page.locator(f"{menu} summary").press("Enter")
        assert violations(page) == []
        page.keyboard.press("Escape")
    page.close()


FOCUSED = """() => {
  const at = document.activeElement;
  const style = getComputedStyle(at);
  const box = at.getBoundingClientRect();
  return {
    name: at.outerHTML.slice(0, 120),
    body: at === document.body,
    ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1,
    drawn: at.querySelector('.net-ring, .net-rowhit') !== null,
    seen: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight,
  };
}"""


def test_the_tab_key_reaches_every_part_in_order_shows_where_it_is_and_is_never_trapped(
    browser: Browser, live_server: LiveServer
) -> None:
    page = opened(browser, f"{live_server.url}/?lang=en", viewport={"width": 1440, "height": 900})
    parts = ["masthead", "code-line", "input-text", "proof", "scene", "timeline", "network", "heatmaps", "table"]
    reached: list[str] = []
    for _ in range(120):
        page.keyboard.press("Tab")
        at: Any = page.evaluate(FOCUSED)
        if at["body"]:
            break
        assert at["seen"], f"focus is out of sight: {at}"
        assert at["ring"] or at["drawn"], f"focus cannot be seen: {at}"
        part = page.evaluate(
            "(parts) => parts.find((id) => document.getElementById(id)?.contains(document.activeElement)) ?? ''", parts
        )
        if part and (not reached or reached[-1] != part):
            reached.append(part)
    else:
        pytest.fail("Tab never left the page")
    assert reached == parts
    page.close()


def test_escape_closes_what_lies_over_the_page(browser: Browser, live_server: LiveServer) -> None:
    page = opened(browser, f"{live_server.url}/?lang=en", viewport={"width": 1440, "height": 900})
    for menu in ("#examples", "[data-testid=proof] details"):
        page.locator(f"{menu} summary").focus()
        page.keyboard.press("Enter")
        expect(page.locator(menu)).to_have_attribute("open", "")
        page.keyboard.press("Escape")
        expect(page.locator(menu)).not_to_have_attribute("open", "")
    page.locator("[data-testid=table] td[data-tensor]").first.click()
    release = page.locator("[data-testid=inspector] [data-do=release]")
    expect(release).to_be_visible()
    page.keyboard.press("Escape")
    expect(release).to_have_count(0)
    page.close()


def test_the_pictures_are_read_with_the_keyboard(browser: Browser, live_server: LiveServer) -> None:
    page = opened(browser, f"{live_server.url}/?lang=en", viewport={"width": 1440, "height": 900})
    name = page.locator("[data-testid=inspector] .cell-name")
    page.locator("[data-testid=heatmaps] [role=application]").first.focus()
    page.keyboard.press("ArrowDown")
    expect(name).to_have_text("l0.i[0, 0, 1]")
    page.locator("[data-testid=network] [role=gridcell][tabindex='0']").focus()
    page.keyboard.press("ArrowRight")
    expect(name).to_have_text("l0.h[0, 1, 0]")
    page.locator("[data-testid=scene] [role=application]").focus()
    page.keyboard.press("]")
    expect(name).to_have_text("embedding[0, 0, 0]")
    page.keyboard.press("ArrowRight")
    expect(name).to_have_text("embedding[0, 0, 1]")
    page.close()


def test_a_finger_taps_a_number_turns_the_cubes_and_scrolls_the_page(browser: Browser, live_server: LiveServer) -> None:
    page = opened(browser, f"{live_server.url}/?lang=en", viewport={"width": 390, "height": 844}, has_touch=True)
    canvas = page.locator("[data-testid=scene] canvas")
    canvas.scroll_into_view_if_needed()
    page.evaluate("document.querySelector('#scene').scrollIntoView()")
    box = canvas.bounding_box()
    assert box
    drag = page.context.new_cdp_session(page)

    def swipe(dx: float, dy: float) -> None:
        x, y = box["x"] + 290, 200.0
        drag.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
        for k in range(1, 9):
            point = {"x": x + dx * k / 8, "y": y + dy * k / 8}
            drag.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
            page.wait_for_timeout(20)
        drag.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        page.wait_for_timeout(200)

    picture = "document.querySelector('[data-testid=scene] canvas').toDataURL()"
    before, top = page.evaluate(picture), page.evaluate("scrollY")
    swipe(-120, 0)
    assert page.evaluate(picture) != before
    assert page.evaluate("scrollY") == top
    turned = page.evaluate(picture)
    swipe(0, -120)
    assert page.evaluate("scrollY") > top + 40
    assert page.evaluate(picture) == turned
    page.close()

"""Before a class: the presenter view, links that leave out and hold fast, the sheet of keys, in a real browser."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import Watched
from tests.conftest import LiveServer
from tests.test_accessibility import violations

pytestmark = [pytest.mark.browser]


def opened(watched: Watched, live_server: LiveServer, query: str = "?lang=en") -> Page:
    watched.page.goto(f"{live_server.url}/{query}")
    expect(watched.page.locator("body")).to_have_attribute("data-status", "ready")
    return watched.page


def test_the_sheet_of_keys_opens_on_a_key_and_gives_the_focus_back(watched: Watched, live_server: LiveServer) -> None:
    page = opened(watched, live_server, "?lang=en&t=1")
    play = page.locator("#timeline [data-do=play]")
    play.focus()
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Help and keys")
    expect(sheet).to_be_visible()
    expect(sheet.get_by_role("button", name="Close")).to_be_focused()
    assert violations(page) == []
    for key in ("ArrowRight", "p"):  # the page beneath keeps still
        page.keyboard.press(key)
    expect(page.locator("[data-role=t-now]")).to_have_text("t = 1 / 4")
    expect(page.locator("body")).not_to_have_attribute("data-present", "")
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(play).to_be_focused()
    sentence = page.locator("[data-arg=text]").first
    sentence.fill("why")
    sentence.press("?")  # a character like any other
    expect(sheet).to_be_hidden()
    expect(sentence).to_have_value("why?")
    # whoever speaks to the page switches single characters off, and stays so
    help_button = page.locator("#masthead [data-open=help]")
    help_button.click()
    sheet.get_by_role("checkbox").uncheck()
    page.keyboard.press("Escape")
    expect(help_button).to_be_focused()
    page.reload()
    expect(page.locator("body")).to_have_attribute("data-status", "ready")
    page.keyboard.press("?")
    expect(sheet).to_be_hidden()


def test_before_a_class_there_is_the_scene_alone_larger_and_every_step_by_key(
    watched: Watched, live_server: LiveServer
) -> None:
    watched.page.set_viewport_size({"width": 1024, "height": 768})  # a projector
    page = opened(watched, live_server)
    page.locator("#scene canvas").wait_for()
    page.keyboard.press("p")
    expect(page.locator("#masthead")).to_be_hidden()
    expect(page.locator("#code-line")).to_be_hidden()
    expect(page.locator("#inspector")).to_be_hidden()
    bar = page.get_by_role("toolbar", name="Present")
    expect(bar).to_be_focused()
    fits = "document.documentElement.scrollHeight <= innerHeight && document.documentElement.scrollWidth <= innerWidth"
    for _ in range(50):  # the drawing follows the view by a frame or two
        if page.evaluate(fits):
            break
        page.wait_for_timeout(100)
    assert page.evaluate(fits)
    shown = page.locator("#scene-shown")
    expect(shown).to_contain_text("t = 0")
    page.keyboard.press("ArrowRight")
    expect(shown).not_to_contain_text("t = 0")
    page.keyboard.press("ArrowLeft")
    expect(shown).to_contain_text("t = 0")
    page.mouse.move(500, 300)
    expect(page.locator("#spot")).to_have_class("spot is-seen")
    assert violations(page) == []
    blackout = page.locator("#blackout")
    for key in ("b", "."):
        page.keyboard.press(key)
        expect(blackout).to_be_visible()
        assert page.evaluate("getComputedStyle(document.querySelector('#blackout')).backgroundColor") == "rgb(0, 0, 0)"
        page.keyboard.press(key)
        expect(blackout).to_be_hidden()
    page.keyboard.press("b")
    page.keyboard.press("Escape")  # the dark first
    expect(blackout).to_be_hidden()
    expect(bar).to_be_visible()
    assert "present=true" in page.url
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()
    expect(page.locator("#code-line")).to_be_visible()
    page.wait_for_timeout(300)
    page.evaluate("layoutShifts = []")  # the reader changed the view; only a browser in a hurry takes it for a shift


def test_a_pointer_finds_the_same_number_however_large_the_scene_is(browser: Browser, live_server: LiveServer) -> None:
    page = browser.new_page(viewport={"width": 2200, "height": 1300}, reduced_motion="reduce")
    page.goto(f"{live_server.url}/?lang=en&present=1", wait_until="networkidle")
    canvas = page.locator("#scene canvas")
    box = canvas.bounding_box()
    assert box
    seen: set[str] = set()
    for k in range(1, 30):  # along a line through the tokens, the cube, the module, the output
        page.mouse.move(box["x"] + box["width"] * k / 30, box["y"] + box["height"] * 0.27)
        page.wait_for_timeout(30)
        seen.add((page.locator("#scene-cell").text_content() or "").split("[")[0])
    assert {"At tokens", "At embedding", "At output"} <= seen
    page.close()


def test_what_a_link_leaves_out_is_gone_for_everybody_and_what_it_holds_cannot_change(
    watched: Watched, live_server: LiveServer
) -> None:
    hidden = "code,claims,inspector,network,charts,links,table,stages,notes"
    page = opened(watched, live_server, f"?lang=en&hide={hidden}&lock=input,hidden_size")
    tree = page.locator("body").aria_snapshot()
    assert 'spinbutton "hidden_size"' not in tree
    assert "What made this number" not in tree
    assert "Diagnose" not in tree
    assert "Examples" not in tree  # one would change what is held fast
    sentence = page.locator("[data-arg=text]").first
    expect(sentence).to_be_disabled()
    expect(page.get_by_role("button", name="Add a sentence")).to_be_hidden()
    page.goto(f"{live_server.url}/?lang=en&lock=hidden_size")
    expect(page.locator("body")).to_have_attribute("data-status", "ready")
    expect(page.locator("[data-arg=hidden_size]")).to_be_disabled()
    layers = page.locator("[data-arg=num_layers]")
    layers.press("ArrowUp")  # by hand: the picture grows because somebody asked
    expect(page.locator("[data-testid=network] [role=gridcell]")).to_have_count(10)
    expect(page.locator("[data-arg=hidden_size]")).to_be_disabled()
    assert "lock=hidden_size" in page.url


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_teacher_ticks_what_a_link_takes_away_and_copies_it(
    browser: Browser, live_server: LiveServer, lang: str
) -> None:
    context: Any = browser.new_context(permissions=["clipboard-read", "clipboard-write"], reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{live_server.url}/?lang={lang}&t=2", wait_until="networkidle")
    page.locator("#masthead [data-open=share]").click()
    sheet = page.locator("#share")
    sheet.locator("[data-hide=claims]").check()
    sheet.locator("[data-hide=examples]").check()
    sheet.locator("[data-lock=code]").check()
    sheet.locator("[data-present]").check()
    assert violations(page) == []
    sheet.locator("[data-do=copy]").click()
    expect(sheet.locator("[data-role=copied]")).not_to_be_empty()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == f"{live_server.url}/?t=2&present=true&hide=examples%2Cclaims&lock=code&lang={lang}"
    assert "hide" not in page.url  # the page here stays as it is
    page.goto(link)
    expect(page.locator("#presenter")).to_be_visible()
    context.close()


def test_without_a_script_a_link_leaves_out_and_holds_fast_too(browser: Browser, live_server: LiveServer) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server.url}/?lang=en&hide=claims&lock=hidden_size,input&hidden_size=7")
    expect(page.locator("#claims")).to_be_hidden()
    expect(page.locator("#arg-hidden_size")).to_be_disabled()
    page.locator("#arg-num_layers").fill("2")
    page.locator("noscript .button, .submit .button").first.click()
    expect(page.locator("#arg-num_layers")).to_have_value("2")
    for kept in ("hidden_size=7", "num_layers=2", "hide=claims", "text=the+film+was+not+good"):
        assert kept in page.url
    context.close()


@pytest.mark.parametrize("width", [1440, 390])
def test_a_first_visit_plays_once_and_explains_itself_in_three_hints_that_never_come_again(
    browser: Browser, live_server: LiveServer, width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 844}, locale="en-GB")
    page = context.new_page()
    page.goto(f"{live_server.url}/")
    hints = page.get_by_role("complementary", name="First steps")
    expect(hints).to_be_visible()
    play = page.locator("#timeline [data-do=play]")
    expect(play).to_have_attribute("aria-pressed", "true")
    assert violations(page) == []
    for text in ("It plays once", "Point at any number", "can be edited"):
        expect(hints.get_by_role("status")).to_contain_text(text)
        hints.get_by_role("button").last.click()
    expect(hints).to_be_hidden()
    page.goto(f"{live_server.url}/")
    expect(page.locator("body")).to_have_attribute("data-status", "ready")
    expect(hints).to_be_hidden()
    expect(play).to_have_attribute("aria-pressed", "false")
    context.close()


def test_a_link_and_a_reader_who_wants_no_motion_are_let_alone(browser: Browser, live_server: LiveServer) -> None:
    context = browser.new_context(reduced_motion="reduce", locale="zh-CN")
    page = context.new_page()
    page.goto(f"{live_server.url}/?t=1")
    expect(page.locator("body")).to_have_attribute("data-status", "ready")
    expect(page.locator("#hints")).to_be_hidden()
    page.goto(f"{live_server.url}/")
    expect(page.locator("#hints")).to_be_visible()
    expect(page.locator("#timeline [data-do=play]")).to_have_attribute("aria-pressed", "false")
    page.locator("#hints [data-do=close]").focus()
    page.keyboard.press("Escape")
    expect(page.locator("#hints")).to_be_hidden()
    expect(page.locator("#scene")).to_be_focused()
    context.close()

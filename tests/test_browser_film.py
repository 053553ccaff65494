"""The film of the computation in a real browser: one position is one picture, either way and after a reload."""

import hashlib
import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import LiveServer

pytestmark = pytest.mark.browser

BOTH = "?num_layers=2&bidirectional=true&head=every_step"

# Every canvas and the network's drawing, as bytes.
PICTURE = """async () => {
  await document.fonts.ready;
  for (let k = 0; k < 4; k++) await new Promise(requestAnimationFrame);
  const canvases = [...document.querySelectorAll('#scene canvas, #network canvas')].filter((one) => !one.hidden);
  const network = document.querySelector('#network svg.net-picture').cloneNode(true);
  for (const one of network.querySelectorAll('[class]')) one.setAttribute('class', [...one.classList].sort().join(' '));
  const drawing = network.outerHTML;
  return canvases.map((one) => one.toDataURL()).join() + drawing + document.querySelector('#caption').textContent;
}"""


SCRUB = """(el, to) => {
  el.value = to * Number(el.max);
  el.dispatchEvent(new Event('input', { bubbles: true }));
}"""


def opened(browser: Browser, url: str, **how: Any) -> Page:
    page = browser.new_page(viewport={"width": 1280, "height": 900}, **how)
    page.goto(url)
    expect(page.locator("#network svg.net-picture")).to_be_visible()
    page.wait_for_load_state("networkidle")
    return page


def picture(page: Page) -> str:
    """Once nothing changes any more: numbers may still be on their way."""
    before = ""
    for _ in range(20):
        now: str = page.evaluate(PICTURE)
        if now == before:
            return hashlib.sha256(now.encode()).hexdigest()
        before = now
        page.wait_for_timeout(80)
    pytest.fail("the picture does not come to rest")


def scrub(page: Page, share: float) -> str:
    page.locator("[data-role=film]").evaluate(SCRUB, share)
    return picture(page)


def test_ten_positions_and_back_are_the_same_pictures_and_so_is_the_address(
    browser: Browser, live_server: LiveServer
) -> None:
    page = opened(browser, f"{live_server.url}/{BOTH}")
    scrub(page, 0.0)
    everything = scrub(page, 1.0)
    shares = [0.0, 0.04, 0.11, 0.23, 0.37, 0.5, 0.63, 0.77, 0.86, 0.95]
    forward = [scrub(page, share) for share in shares]
    assert len(set(forward)) == len(shares)
    backward = [scrub(page, share) for share in reversed(shares)]
    assert backward == forward[::-1]
    assert scrub(page, 1.0) == everything
    scrub(page, 0.5)
    expect(page).to_have_url(re.compile(r"[?&]p=\d"))
    page.reload()
    expect(page.locator("#network svg.net-picture")).to_be_visible()
    assert picture(page) == scrub(page, float(page.evaluate("document.querySelector('[data-role=film]').value")) / 1000)
    page.close()


def test_with_less_motion_a_position_is_always_a_whole_beat(browser: Browser, live_server: LiveServer) -> None:
    page = opened(browser, f"{live_server.url}/", reduced_motion="reduce")
    scrub(page, 0.37)
    expect(page).to_have_url(re.compile(r"[?&]p=\d+(&|$)"))
    page.locator("[data-role=speed]").select_option("4")
    page.evaluate(
        """() => {
          window.seen = new Set();
          const film = document.querySelector('[data-role=film]');
          new MutationObserver(() => window.seen.add(film.value)).observe(film, { attributes: true });
        }"""
    )
    page.locator("[data-do=play]").click()
    expect(page.locator("[data-do=play]")).to_have_attribute("aria-pressed", "false", timeout=20_000)
    beats = int(re.findall(r"of (\d+)", page.evaluate(BEATS))[0])
    assert 3 <= len(page.evaluate("[...window.seen]")) <= beats + 1
    page.close()


BEATS = """() => {
  const film = document.querySelector('[data-role=film]');
  film.dispatchEvent(new KeyboardEvent('keydown', { key: 'Home', bubbles: true }));
  film.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));
  return film.getAttribute('aria-valuetext');
}"""


def test_the_caption_has_the_steps_own_numbers_and_what_is_not_computed_cannot_be_pointed_at(
    browser: Browser, live_server: LiveServer
) -> None:
    page = opened(browser, f"{live_server.url}/?p=6")
    caption = page.locator("[data-testid=caption]")
    request = {
        "model": {"cell": "lstm", "input_size": 8, "hidden_size": 6, "batch_first": True},
        "input": {"text": ["the film was not good", "i loved it"]},
        "head": {"reads": "h_n", "activation": "sigmoid"},
    }
    trace = httpx.post(f"{live_server.url}/api/v1/traces", json=request).json()

    def number(tensor: str) -> str:
        answer = httpx.get(f"{live_server.url}/api/v1/traces/{trace['id']}/tensors/{tensor}", params={"index": "0,3,0"})
        return f"{answer.json()['values']:.2f}".replace("-", "−")

    expect(caption).to_contain_text("Layer 0 reads step 3, “not”: x[3] and h[2] make the four gates")
    for tensor in ("l0.f", "l0.c", "l0.h"):
        expect(caption).to_contain_text(number(tensor))
    expect(page.locator(".net-cell:not(.is-undone)")).to_have_count(4)
    page.keyboard.press("ArrowRight")
    expect(caption).to_contain_text("“good”")
    page.keyboard.press("ArrowLeft")
    page.locator("#timeline .steps [data-t='0']").click()
    expect(caption).to_contain_text("“the”")
    expect(page.locator(".net-cell:not(.is-undone)")).to_have_count(1)
    page.locator("[data-do=all]").click()
    expect(caption).to_contain_text("Everything is computed")
    expect(page.locator(".net-cell.is-undone")).to_have_count(0)
    page.close()

"""What is taken along, in a real browser: the one file from disk, the picture, the drawing, paper, the gallery."""

import re
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import Watched, watch
from tests.conftest import LiveServer
from tests.test_accessibility import violations

pytestmark = [pytest.mark.browser]

STATE = "num_layers=2&bidirectional=true&t=1&n=1"


def first_trace(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate("JSON.parse(document.querySelector('#first-answer').textContent).trace")
    return found


def flat(values: Any) -> list[float]:
    return [each for part in values for each in flat(part)] if isinstance(values, list) else [values]


def picture(page: Page) -> str:
    """The scene's canvas as it is drawn."""
    page.wait_for_timeout(150)  # a frame or two
    url: str = page.locator("[data-testid=scene] canvas").evaluate("(canvas) => canvas.toDataURL()")
    return url


def test_the_file_opens_from_disk_with_the_scene_alive_and_the_api_s_numbers(
    watched: Watched, live_server: LiveServer, browser: Browser, tmp_path: Path
) -> None:
    page = watched.page
    page.goto(f"{live_server.url}/?{STATE}")
    trace = first_trace(page)
    page.locator("#take > summary").click()
    with page.expect_download() as download:
        page.locator("#take a[data-role=page]").click()
    expect(page.locator("#take [role=status]")).to_contain_text("unrolled.html")
    file = tmp_path / "unrolled.html"
    download.value.save_as(file)
    watched.check()

    alone = browser.new_context(offline=True, viewport={"width": 1280, "height": 800}).new_page()
    seen = watch(alone, "file:///")
    alone.goto(file.as_uri())
    expect(alone.locator("[data-role=t-now]")).to_have_text("t = 1 / 4")
    first = picture(alone)

    # stepping
    alone.locator("[data-do=step]").click()
    expect(alone.locator("[data-role=t-now]")).to_have_text("t = 2 / 4")
    assert picture(alone) != first
    alone.locator("[data-do=back]").click()
    assert picture(alone) == first

    # every number that the keyboard or the pointer reaches is the API's
    host = alone.locator("[data-testid=scene] [role=application]")
    host.focus()
    value = alone.locator("[data-testid=reading] .value-short")
    seen_tensors = set()
    for keys in ["]", "]", "ArrowRight", "ArrowDown", "]", "PageUp", "ArrowRight", "]", "ArrowRight", "]", "]"]:
        host.press(keys)
        name, index = value.get_attribute("data-tensor"), value.get_attribute("data-index")
        assert name is not None
        told = trace["tensors"][name]
        number: Any = told["values"]
        for part in (index or "").split(","):
            number = number[int(part)]
        assert float(value.get_attribute("data-value") or "nan") == number
        seen_tensors.add(name)
    assert len(seen_tensors) >= 4
    page_value = float(value.get_attribute("data-value") or "nan")
    name, index = value.get_attribute("data-tensor"), value.get_attribute("data-index")
    told = page.request.get(f"{live_server.url}/api/v1/traces/{trace['id']}/tensors/{name}?index={index}&format=json")
    assert flat(told.json()["values"]) == [page_value]

    alone.evaluate("window.scrollTo(0, 0)")
    box = host.bounding_box()
    assert box is not None
    shown = []
    for x, y in ((x, y) for y in (160, 200) for x in range(40, int(box["width"]) - 40, 20)):
        alone.mouse.move(box["x"] + x, box["y"] + y)
        shown.append((value.get_attribute("data-tensor"), value.get_attribute("data-index")))
    assert len(set(shown)) > 2

    # turning
    alone.mouse.move(box["x"] + 300, box["y"] + 40)
    host.press("Escape")
    before = picture(alone)
    alone.mouse.down()
    alone.mouse.move(box["x"] + 380, box["y"] + 60, steps=3)
    alone.mouse.up()
    assert picture(alone) != before

    # the other language and theme
    alone.locator("#language").click()
    expect(alone.locator("#scene-title")).to_have_text("从输入到最后的状态")
    expect(alone.locator("[data-testid=reading] h2")).to_have_text("这个数字")
    alone.locator("#theme").select_option("dark")
    assert alone.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 23, 26)"
    assert violations(alone) == []
    seen.check()
    alone.context.close()


def colours(png: bytes, size: int = 4) -> set[bytes]:
    """Different pieces of a PNG's rows, filtered as they are: enough to tell a drawing from an empty sheet. Of a single
    pixel, that pixel itself."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, data = 8, b""
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + length]
        at += 12 + length
    raw = zlib.decompress(data)
    return {raw[k : k + size] for k in range(1, len(raw) - size + 1, size)}


def test_the_picture_is_twice_as_fine_and_the_drawing_says_the_same(watched: Watched, live_server: LiveServer) -> None:
    page = watched.page
    page.goto(f"{live_server.url}/?{STATE}&theme=dark")
    trace = first_trace(page)
    canvas = page.locator("[data-testid=scene] canvas").bounding_box()
    assert canvas is not None
    page.locator("#take > summary").click()
    with page.expect_download() as download:
        page.locator("#take [data-do=png]").click()
    png = Path(download.value.path()).read_bytes()
    width, height = struct.unpack(">II", png[16:24])
    assert width == 2 * round(canvas["width"])
    assert abs(height - 2 * canvas["height"]) <= 60  # the line of hints may be one less
    assert len(colours(png)) > 100

    with page.expect_download() as download:
        page.locator("#take [data-do=svg]").click()
    svg = Path(download.value.path()).read_text(encoding="utf-8")
    assert svg.startswith(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width // 2}"')
    assert 'fill="#15171a"' in svg  # as dark as the page
    for name in ("tokens", "output", "h_n", "c_n", "prediction"):
        assert re.search(rf">{name}[<= ]", svg), name
    for value in flat(trace["tensors"]["prediction"]["values"]):
        assert f">{value:.2f}<".replace("-", "−") in svg
    opened = page.context.new_page()
    opened.set_content("<!doctype html><body></body>")
    assert opened.evaluate(
        "(text) => new DOMParser().parseFromString(text, 'image/svg+xml').querySelector('parsererror') === null", svg
    )
    opened.close()

    page.locator("#take [data-do=copy]").click()
    expect(page.locator("#take [role=status]")).not_to_be_empty()
    assert page.locator("#take [data-role=address]").input_value() == page.url
    page.keyboard.press("Escape")
    expect(page.locator("#take > summary")).to_be_focused()
    expect(page.locator("#take")).not_to_have_attribute("open", "")
    watched.check()


def test_paper_has_the_drawing_the_code_and_the_tables_and_the_screen_comes_back(
    watched: Watched, live_server: LiveServer
) -> None:
    page = watched.page
    page.goto(f"{live_server.url}/?theme=dark")
    expect(page.locator("[data-testid=scene] canvas")).to_be_visible()
    page.evaluate(
        """() => addEventListener("beforeprint", () => {
          const drawn = document.querySelector("#scene .printed");
          const texts = [...drawn.querySelectorAll("text")].map((text) => text.textContent);
          window.atPrint = { texts, theme: document.documentElement.dataset.theme };
        })"""
    )
    pdf = page.pdf(format="A4", print_background=True)
    assert pdf[:5] == b"%PDF-"
    assert len(pdf) > 30_000
    assert b"/Subtype /Image" not in pdf  # the scene is lines and letters, no picture of them
    at_print = page.evaluate("window.atPrint")
    assert at_print["theme"] == "light"
    assert {"tokens", "h_n", "prediction"} <= set(at_print["texts"])
    page.wait_for_function("() => !document.querySelector('#scene .printed')")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    watched.check()
    page.emulate_media(media="print")
    for hidden in (".timebar", ".inspector", ".tools", "#take"):
        expect(page.locator(hidden).first).to_be_hidden()
    for shown in ("[data-testid=code-line]", "#stages", "[data-testid=table]"):
        expect(page.locator(shown)).to_be_visible()
    page.emulate_media(media="screen")
    page.wait_for_timeout(300)
    page.evaluate("window.layoutShifts.length = 0")  # paper is laid out otherwise


def test_what_the_server_refuses_is_said_in_the_menu(watched: Watched, live_server: LiveServer) -> None:
    page = watched.page
    page.goto(f"{live_server.url}/?source=random&batch=40&seq_len=100&hidden_size=120")
    page.locator("#take > summary").click()
    page.locator("#take a[data-role=page]").click()
    expect(page.locator("#take [role=status]")).to_contain_text("8 388 608")
    assert [each.split(" ")[0] for each in watched.failed] == ["413"]
    watched.failed.clear()
    watched.console.clear()  # the browser names the answer there too
    page.locator("#take select").select_option("h_n")
    with page.expect_download() as download:
        page.locator("#take a[data-role=tensor-csv]").click()
    assert Path(download.value.path()).read_text().startswith("L·D,N,H,value")


@pytest.mark.parametrize("look", ["lang=en&theme=light", "lang=zh&theme=dark"])
def test_the_gallery_needs_no_script_and_has_no_barrier(browser: Browser, live_server: LiveServer, look: str) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    seen = watch(page, live_server.url)
    page.goto(f"{live_server.url}/gallery?{look}")
    assert page.locator(".plate img").count() >= 12
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    first = page.locator(".plate-links .button").first
    first.click()
    expect(page.locator("[data-testid=code-line]")).to_be_visible()
    assert seen.elsewhere == []
    assert seen.failed == []
    context.close()
    with_script = browser.new_context(viewport={"width": 1024, "height": 768}).new_page()
    with_script.goto(f"{live_server.url}/gallery?{look}")
    assert violations(with_script) == []
    image = with_script.locator(".plate img").first.bounding_box()
    assert image is not None
    pixel = with_script.screenshot(clip={"x": image["x"] + 3, "y": image["y"] + 3, "width": 1, "height": 1})
    paper = (0x15, 0x17, 0x1A) if "dark" in look else (0xFD, 0xFD, 0xFB)
    assert tuple(next(iter(colours(pixel, 3))))[:3] == paper  # the drawing takes the theme of its page
    with_script.context.close()

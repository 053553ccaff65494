"""In a real browser: a mistake is pasted, its axis is marked, and one click opens the run that does it right."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from app.recurrent.diagnose.samples import SAMPLES
from tests.browser import Watched, watch
from tests.conftest import LiveServer
from tests.test_accessibility import violations

pytestmark = [pytest.mark.browser]

HIDDEN = "RuntimeError: Expected hidden[0] size (2, 3, 20), got [3, 2, 20]"
MARKED = {  # the sample and its marked axes, as somebody reads them
    "input_size": ["F=7", "10"],
    "batch_first": ["N", "T"],
    "hidden": ["N=3", "L·D=2", "L·D=2", "N=3"],
    "tuple": [],
    "bidirectional": ["T", "2·H=40", "20"],
    "reshape": ["L·D", "N", "N", "L·D"],
}


@pytest.fixture
def resized(browser: Browser, live_server: LiveServer) -> Iterator[Watched]:
    """The same for a run that becomes hundreds of times as large: its picture and its line of code may grow."""
    page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="en-GB", reduced_motion="reduce")
    page.set_default_timeout(15_000)
    found = watch(page, live_server.url)
    yield found
    assert (found.console, found.elsewhere, found.failed) == ([], [], [])
    page.close()


def ready(page: Page) -> None:
    expect(page.locator("body")).to_have_attribute("data-status", "ready")


def proved(page: Page) -> None:
    """The explorer stands, and its run agrees with PyTorch's own call."""
    ready(page)
    expect(page.locator("[data-testid=proof] summary")).to_contain_text("matches torch.nn.")
    expect(page.locator("#problems")).to_be_hidden()


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda each: each.key)
def test_a_sample_shows_its_axis_and_opens_the_run_that_does_it_right(
    watched: Watched, live_server: LiveServer, sample: Any
) -> None:
    page = watched.page
    page.goto(f"{live_server.url}/diagnose")
    page.locator(f"[data-sample={sample.key}]").click()
    expect(page.locator("#text")).to_have_value(sample.text)
    first = page.locator(".finding").first
    expect(first).to_have_attribute("data-verdict", "mistake")
    assert page.locator("mark.fault").all_inner_texts() == MARKED[sample.key]
    if MARKED[sample.key]:
        expect(first.locator(".axis-says")).to_contain_text("axis")
    first.locator("[data-testid=open]").click()
    proved(page)
    page.go_back()
    expect(page.locator("#text")).to_have_value(sample.text)


def test_everything_is_done_with_the_keyboard(watched: Watched, live_server: LiveServer) -> None:
    page = watched.page
    page.goto(f"{live_server.url}/diagnose")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # skip to the text
    page.keyboard.press("Tab")
    page.locator("#text").focus()
    page.keyboard.insert_text(HIDDEN)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".finding")).to_have_attribute("data-kind", "hidden-batch-first")
    assert "kind=" not in page.url
    assert "theme=" not in page.url
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.testid === 'open'"):
            break
    page.keyboard.press("Enter")
    proved(page)
    assert "num_layers=2" in page.url


def test_a_long_text_is_posted_and_keeps_its_language(watched: Watched, live_server: LiveServer) -> None:
    page = watched.page
    page.goto(f"{live_server.url}/diagnose?lang=en")
    page.locator("#text").fill("# a remark\n" * 900 + "net = nn.Sequential(nn.LSTM(10, 20), nn.Linear(20, 2))")
    page.locator("#send").click()
    expect(page.locator(".finding")).to_have_attribute("data-kind", "sequential")
    expect(page.locator(".at-line")).to_have_text("line 901")
    page.locator("#language").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.locator(".finding")).to_have_attribute("data-kind", "sequential")


def test_the_theme_turns_at_once_and_goes_along(watched: Watched, live_server: LiveServer) -> None:
    page = watched.page
    page.goto(f"{live_server.url}/diagnose")
    page.locator("[data-testid=theme]").select_option("dark")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert "theme=dark" in page.url
    page.locator("[data-sample=hidden]").click()
    expect(page.locator(".finding")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.locator("[data-testid=open]").click()
    ready(page)
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_it_is_read_and_sent_without_javascript(browser: Browser, live_server: LiveServer) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(f"{live_server.url}/diagnose")
    page.locator("#text").fill(HIDDEN)
    page.locator("#send").click()
    expect(page.locator("mark.fault")).to_have_count(4)
    page.locator("#text").fill("# a remark\n" * 2_000)
    page.locator("[formmethod=post]").click()
    expect(page.locator("#problems")).to_contain_text("20 000")
    page.locator("#text").fill("# a remark\n" * 1_000 + "net = nn.Sequential(nn.LSTM(10, 20), nn.Linear(20, 2))")
    page.locator("[formmethod=post]").click()
    expect(page.locator(".finding")).to_have_attribute("data-kind", "sequential")
    context.close()


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_wrong(browser: Browser, live_server: LiveServer, theme: Any, lang: str) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme=theme, reduced_motion="reduce")
    page.goto(f"{live_server.url}/diagnose?theme={theme}&lang={lang}")
    assert violations(page) == []
    for key in ("bidirectional", "hidden"):
        page.locator(f"[data-sample={key}]").click()
        expect(page.locator(".finding").first).to_be_visible()
        assert violations(page) == []
    page.locator("#text").fill('{"model": ')
    page.locator("#send").click()
    expect(page.locator("#problems")).to_be_visible()
    assert violations(page) == []
    page.close()


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_the_page_is_never_wider_than_its_window(browser: Browser, live_server: LiveServer, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 844})
    for lang in ("en", "zh"):
        page.goto(f"{live_server.url}/diagnose?lang={lang}")
        for sample in SAMPLES:
            page.locator(f"[data-sample={sample.key}]").click()
            expect(page.locator(".finding").first).to_be_visible()
            wide: Any = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
            assert wide[0] <= wide[1], (lang, sample.key)
    page.close()


# --- the explorer: a refused value, and what PyTorch does not notice --------------------------------------


def test_a_refused_size_is_marked_and_mended_with_one_click_and_back_undoes_it(
    resized: Watched, live_server: LiveServer
) -> None:
    page = resized.page
    page.goto(live_server.url)
    ready(page)
    field = page.locator("[data-arg=hidden_size]")
    field.fill("99999")
    expect(field).to_have_attribute("aria-invalid", "true")
    refusal = page.locator("#refusals")
    expect(refusal.locator("[data-role=got]")).to_contain_text("h_n (L·D=1, N=2, H=99999)")
    expect(refusal.locator("[data-role=expected]")).to_contain_text("h_n (L·D=1, N=2, H=2048)")
    assert refusal.locator("mark.fault").all_inner_texts() == ["H=99999", "H=2048"]
    assert violations(page) == []
    refusal.get_by_role("button", name="Fix it: hidden_size=2048").click()
    ready(page)
    assert "hidden_size=2048" in page.url
    expect(page.locator("[data-shape-of=output]").first).to_contain_text("H 2048")
    assert page.locator('[data-testid=input-text] input[data-row="0"]').input_value() == "the film was not good"
    page.go_back()
    ready(page)
    expect(field).to_have_value("6")
    expect(page.locator("[data-shape-of=output]").first).to_contain_text("H 6")


def test_what_is_too_much_altogether_is_marked_where_it_can_be_mended(browser: Browser, server_with: Any) -> None:
    server: LiveServer = server_with(UNROLLED_MAX_BYTES="32000000")
    page = browser.new_page(locale="en-GB")
    page.goto(f"{server.url}/?source=random&batch=8&seq_len=20")
    ready(page)
    field = page.locator("[data-arg=hidden_size]")
    field.fill("600")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#refusals mark.fault").first).to_have_text("H=600")
    page.locator("#refusals [data-do=fix]").click()
    ready(page)
    expect(page.locator("#refusals")).to_be_empty()
    assert 6 < int(field.input_value()) < 600
    expect(page.locator("[data-arg=batch]")).to_have_value("8")
    page.close()


def test_the_last_step_of_two_directions_is_a_note_with_a_fix(watched: Watched, live_server: LiveServer) -> None:
    page = watched.page
    page.goto(f"{live_server.url}/?bidirectional=true&head=last_step&source=random")
    proved(page)
    notes = page.locator("[data-testid=notes]")
    notes.locator("summary").press("Enter")
    note = notes.locator("[data-kind=bidirectional-last]")
    expect(note).to_contain_text("Question 6 of 25")
    assert note.locator("mark.fault").all_inner_texts() == ["T=5"]
    assert violations(page) == []
    note.get_by_role("button", name="Fix it: head=h_n").press("Enter")
    proved(page)
    expect(page.locator("[data-arg=head]")).to_have_value("h_n")
    expect(notes.locator("summary")).to_have_count(0)
    page.go_back()
    ready(page)
    expect(page.locator("[data-arg=head]")).to_have_value("last_step")
    expect(notes.locator("summary")).to_be_visible()


def test_padding_is_noted_with_its_drift_and_asked_for_once_a_state(watched: Watched, live_server: LiveServer) -> None:
    page = watched.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/v1/diagnose" in request.url else None)
    page.goto(f"{live_server.url}/?lang=en")
    notes = page.locator("[data-testid=notes]")
    expect(notes.locator("summary")).to_contain_text("padded sequences")
    page.locator("[data-testid=timeline] [data-do=step]").click()
    notes.locator("summary").click()
    expect(notes.locator("[data-kind=padding-drift]")).to_contain_text("sample 1 ends after 3 of 5 steps")
    page.locator("[data-arg=hidden_size]").fill("7")
    expect(page.locator("[data-shape-of=output]").first).to_contain_text("H 7")
    expect(notes.locator("summary")).to_be_visible()
    page.locator("[data-arg=hidden_size]").fill("6")
    expect(page.locator("[data-shape-of=output]").first).to_contain_text("H 6")
    expect(notes.locator("summary")).to_be_visible()
    page.wait_for_timeout(900)
    assert len(asked) == 2


def test_a_run_with_nothing_to_note_says_nothing(watched: Watched, live_server: LiveServer) -> None:
    page = watched.page
    with page.expect_response(lambda response: "/diagnose" in response.url):
        page.goto(f"{live_server.url}/?example=stacked-cube")
    proved(page)
    expect(page.locator("[data-testid=notes] summary")).to_have_count(0)


def test_the_masthead_leads_there_and_back(watched: Watched, live_server: LiveServer) -> None:
    page = watched.page
    page.goto(f"{live_server.url}/?lang=zh&theme=dark")
    ready(page)
    page.locator("#pages [data-page='/diagnose']").click()
    expect(page.locator("#text")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.locator(".masthead .name").click()
    ready(page)
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")

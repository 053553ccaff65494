"""The main job, in a real browser: type two sentences, read true numbers off the page."""

import re
from typing import Any

import pytest
import torch
from playwright.sync_api import Browser, Page, expect
from torch import Tensor, nn

from tests.browser import Watched
from tests.conftest import LiveServer

pytestmark = [pytest.mark.browser]

TYPED = ["a quiet film", "loud and far too long"]


def by_hand(sentences: list[str], *, bidirectional: bool = False) -> dict[str, Tensor]:
    """The page's default network, written out as a person would, for other sentences."""
    words = [sentence.split() for sentence in sentences]
    vocabulary = {"<pad>": 0}
    for word in (word for row in words for word in row):
        vocabulary.setdefault(word, len(vocabulary))
    steps = max(map(len, words))
    tokens = torch.tensor([[vocabulary[word] for word in row] + [0] * (steps - len(row)) for row in words])
    torch.manual_seed(0)
    embedding = nn.Embedding(len(vocabulary), 8, padding_idx=0)
    lstm = nn.LSTM(8, 6, batch_first=True, bidirectional=bidirectional)
    with torch.no_grad():
        output, (h_n, c_n) = lstm(embedding(tokens))
    return {"output": output, "h_n": h_n, "c_n": c_n}


def type_sentences(page: Page, sentences: list[str]) -> None:
    for row, sentence in enumerate(sentences):
        page.locator(f'[data-testid=input-text] input[data-arg=text][data-row="{row}"]').fill(sentence)
    expect(page.locator("[data-testid=timeline]")).to_contain_text(sentences[0].split()[1])
    ready(page)


def ready(page: Page) -> None:
    """The answer to the last change is on the screen."""
    expect(page.locator("body")).to_have_attribute("data-status", "ready")


def read(page: Page, tensor: str, index: str) -> float:
    """A number as the page's table shows it to a reader, at the four decimals it prints."""
    page.locator("[data-testid=table] select[data-arg=tensor]").select_option(tensor)
    cell = page.locator(f'[data-testid=table] td[data-tensor="{tensor}"][data-index="{index}"]')
    expect(cell).to_be_visible()
    return float(cell.inner_text().replace("−", "-"))


def choose_sample(page: Page, sample: int) -> None:
    page.locator("[data-testid=timeline] select[data-arg=n]").select_option(str(sample))


def test_two_typed_sentences_give_pytorchs_own_numbers(watched: Watched, live_server: LiveServer) -> None:
    page = watched.page
    page.goto(live_server.url)
    ready(page)
    type_sentences(page, TYPED)
    theirs = by_hand(TYPED)
    choose_sample(page, 1)
    for t, unit in ((0, 0), (4, 5)):
        shown = read(page, "output", f"1,{t},{unit}")
        assert shown == pytest.approx(float(theirs["output"][1, t, unit]), abs=5.1e-5)
    for name in ("h_n", "c_n"):
        assert read(page, name, "0,1,3") == pytest.approx(float(theirs[name][0, 1, 3]), abs=5.1e-5)


def test_the_inspector_shows_the_exact_value_under_the_focus(watched: Watched, live_server: LiveServer) -> None:
    page = watched.page
    page.goto(live_server.url)
    ready(page)
    type_sentences(page, TYPED)
    theirs = by_hand(TYPED)
    cell = page.locator("[data-testid=network] [role=gridcell][tabindex='0']")
    cell.focus()
    expect(page.locator("[data-testid=inspector]")).to_contain_text("l0.h[0, 0, 0]")
    value = page.locator("[data-testid=inspector] [data-tensor]").first
    expect(value).to_be_visible()
    assert value.get_attribute("data-tensor") == "l0.h"
    n, t, unit = map(int, (value.get_attribute("data-index") or "").split(","))
    assert float(value.get_attribute("data-value") or "nan") == pytest.approx(
        float(theirs["output"][n, t, unit]), abs=1e-7
    )


def test_time_is_stepped_scrubbed_and_played(watched: Watched, live_server: LiveServer) -> None:
    page = watched.page
    page.goto(live_server.url)
    ready(page)
    timeline = page.locator("[data-testid=timeline]")
    now = timeline.locator("[data-role=t-now]")
    expect(now).to_contain_text("t = 0 / 4")
    timeline.locator("[data-do=step]").click()
    expect(now).to_contain_text("t = 1 / 4")
    timeline.locator("[data-t='3']").click()
    expect(now).to_contain_text("t = 3 / 4")
    page.locator("body").click(position={"x": 5, "y": 5})
    page.keyboard.press("ArrowLeft")
    expect(now).to_contain_text("t = 2 / 4")
    timeline.locator("[data-role=speed]").select_option("4")
    timeline.locator("[data-do=play]").click()
    expect(now).to_contain_text("t = 3 / 4")  # on its way
    expect(timeline.locator("[data-do=play]")).to_have_attribute("aria-pressed", "false", timeout=20_000)
    expect(now).to_contain_text("t = 4 / 4")
    expect(page).to_have_url(f"{live_server.url}/?t=4")
    page.reload()
    expect(now).to_contain_text("t = 4 / 4")


def test_bidirectional_turns_h_n_from_one_slab_into_two(watched: Watched, live_server: LiveServer) -> None:
    page = watched.page
    page.goto(live_server.url)
    ready(page)
    network = page.locator("[data-testid=network]")
    expect_shape(page, "h_n", [1, 2, 6])
    page.locator("[data-arg=bidirectional]").check(force=True)
    ready(page)
    expect(network).to_contain_text("h_n[1]")
    expect_shape(page, "h_n", [2, 2, 6])
    expect_shape(page, "output", [2, 5, 12])
    theirs = by_hand(["the film was not good", "i loved it"], bidirectional=True)
    assert read(page, "h_n", "1,0,2") == pytest.approx(float(theirs["h_n"][1, 0, 2]), abs=5.1e-5)
    page.go_back()
    expect(network).not_to_contain_text("h_n[1]")
    expect_shape(page, "h_n", [1, 2, 6])
    page.go_forward()
    expect(network).to_contain_text("h_n[1]")


def expect_shape(page: Page, tensor: str, shape: list[int]) -> None:
    """The shape as the page prints it, once the newest answer is there."""
    dims = page.locator(f"[data-shape-of={tensor}]").first.locator(".dim")
    expect(dims).to_have_text([re.compile(rf"\D{size}$") for size in shape])


def test_the_language_switches_in_place_and_back(watched: Watched, live_server: LiveServer) -> None:
    page = watched.page
    page.goto(f"{live_server.url}/?hidden_size=5&t=2")
    ready(page)
    page.locator("[data-testid=language]").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.locator("[data-testid=claims]")).to_contain_text("最上层")
    expect(page.locator("[data-testid=timeline] [data-role=t-now]")).to_contain_text("t = 2 / 4")
    assert "hidden_size=5" in page.url
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    page.locator("[data-testid=language]").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_the_theme_switches(watched: Watched, live_server: LiveServer) -> None:
    page = watched.page
    page.goto(live_server.url)
    ready(page)
    before = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    page.locator("[data-testid=theme]").select_option("dark")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") != before


def test_a_refused_value_stays_in_its_field_and_the_last_picture_stays(
    watched: Watched, live_server: LiveServer
) -> None:
    page = watched.page
    page.goto(live_server.url)
    ready(page)
    field = page.locator("[data-arg=hidden_size]")
    field.fill("99999")
    expect(field).to_have_attribute("aria-invalid", "true")
    assert field.input_value() == "99999"
    expect(page.locator("body")).to_contain_text("2048")
    expect_shape(page, "output", [2, 5, 6])
    first = page.locator('[data-testid=input-text] input[data-row="0"]')
    assert first.input_value() == "the film was not good"
    field.fill("4")
    ready(page)
    expect_shape(page, "output", [2, 5, 4])


def test_a_bad_link_says_what_was_wrong_and_shows_what_runs(watched: Watched, live_server: LiveServer) -> None:
    page = watched.page
    page.goto(f"{live_server.url}/?hidden_size=abc&cell=gru&what=1")
    ready(page)
    expect(page.locator("body")).to_contain_text("hidden_size=abc")
    expect(page.locator("body")).to_contain_text("what")
    assert page.locator("[data-arg=cell]").input_value() == "gru"
    expect_shape(page, "output", [2, 5, 6])


def test_a_large_example_is_drawn_from_slices(watched: Watched, live_server: LiveServer) -> None:
    page = watched.page
    page.goto(f"{live_server.url}/?example=sentiment-imdb&t=150")
    ready(page)
    expect_shape(page, "output", [50, 200, 512])
    cell = page.locator('[data-testid=table] td[data-tensor="output"]').first
    expect(cell).to_be_visible()
    assert -1 < float(cell.get_attribute("data-value") or "nan") < 1


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_without_javascript_the_first_answer_can_be_read(browser: Browser, live_server: LiveServer, lang: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server.url}/?lang={lang}")
    theirs = by_hand(["the film was not good", "i loved it"])
    for tensor, index, value in (
        ("output", "0,4,5", theirs["output"][0, 4, 5]),
        ("h_n", "0,1,3", theirs["h_n"][0, 1, 3]),
        ("c_n", "0,0,0", theirs["c_n"][0, 0, 0]),
    ):
        cell = page.locator(f'[data-testid=table] td[data-tensor="{tensor}"][data-index="{index}"]')
        assert float(cell.inner_text()) == pytest.approx(float(value), abs=5.1e-5)
    page.locator("[data-arg=hidden_size]").fill("4")
    page.locator("form#ask button[type=submit]").click()
    assert "hidden_size=4" in page.url
    assert page.locator('[data-testid=table] td[data-tensor="h_n"][data-index="0,1,3"]').count() == 1
    assert page.locator('[data-testid=table] td[data-tensor="h_n"][data-index="0,1,4"]').count() == 0
    context.close()


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_no_page_is_wider_than_its_window(browser: Browser, live_server: LiveServer, width: int) -> None:
    for query in ("", "?num_layers=2&bidirectional=true&lang=zh", "?example=sentiment-imdb"):
        context = browser.new_context(viewport={"width": width, "height": 844})
        page = context.new_page()
        page.goto(f"{live_server.url}/{query}")
        ready(page)
        found: Any = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert found[0] <= found[1], query
        context.close()

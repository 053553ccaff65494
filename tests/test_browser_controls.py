"""Every control of what the core can run, set by keyboard in a real browser, beside PyTorch's own numbers."""

import re
from typing import Any

import pytest
import torch
from playwright.sync_api import Browser, Page, expect
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from tests.browser import Watched
from tests.conftest import LiveServer
from tests.test_accessibility import violations

pytestmark = [pytest.mark.browser]

TOKENS = torch.tensor([[1, 2, 3, 4, 5], [6, 7, 8, 0, 0]])  # of the page's two sentences
LENGTHS = [5, 3]


def by_hand(*, packed: bool = False, dtype: torch.dtype = torch.float32, **options: Any) -> dict[str, Tensor]:
    """The page's default network with other arguments, written out as a person would."""
    torch.manual_seed(0)
    embedding = nn.Embedding(9, 8, padding_idx=0, dtype=dtype)
    lstm = nn.LSTM(8, 6, batch_first=True, dtype=dtype, **options)
    with torch.no_grad():
        x: Any = embedding(TOKENS)
        if packed:
            x = pack_padded_sequence(x, torch.tensor(LENGTHS), batch_first=True, enforce_sorted=False)
        output, (h_n, c_n) = lstm(x)
        if packed:
            output, _ = pad_packed_sequence(output, batch_first=True, total_length=5)
    return {"output": output, "h_n": h_n, "c_n": c_n}


def opened(watched: Watched, live_server: LiveServer, query: str = "") -> Page:
    watched.page.goto(f"{live_server.url}/{query}")
    ready(watched.page)
    return watched.page


def ready(page: Page) -> None:
    """The answer to the last change is on the screen."""
    expect(page.locator("body")).to_have_attribute("data-status", "ready")


def unfold(page: Page) -> None:
    """The arguments behind the three dots, by keyboard."""
    dots = page.locator("[data-do=more]")
    dots.focus()
    page.keyboard.press("Enter")
    expect(dots).to_have_attribute("aria-expanded", "true")
    expect(page.locator("[data-arg=proj_size]")).to_be_focused()


def choose(page: Page, arg: str, letters: str) -> None:
    """A menu by keyboard: typing goes to the first entry that begins so."""
    page.locator(f"[data-arg={arg}]").focus()
    page.keyboard.type(letters)
    ready(page)


def read(page: Page, tensor: str, index: str) -> float:
    """A number as the page's table has it, exactly."""
    page.locator("[data-testid=table] select[data-arg=tensor]").select_option(tensor)
    cell = page.locator(f'[data-testid=table] td[data-tensor="{tensor}"][data-index="{index}"]')
    expect(cell).to_be_visible()
    return float(cell.get_attribute("data-value") or "nan")


def expect_shape(page: Page, tensor: str, shape: list[int]) -> None:
    dims = page.locator(f"[data-shape-of={tensor}]").first.locator(".dim")
    expect(dims).to_have_text([re.compile(rf"\D{size}$") for size in shape])


def test_a_projection_narrows_h_and_leaves_c_as_it_is(watched: Watched, live_server: LiveServer) -> None:
    page = opened(watched, live_server)
    expect(page.locator("[data-arg=proj_size]")).to_be_hidden()
    unfold(page)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect_shape(page, "output", [2, 5, 2])
    expect_shape(page, "c_n", [1, 2, 6])
    ready(page)
    theirs = by_hand(proj_size=2)
    assert read(page, "output", "0,4,1") == pytest.approx(float(theirs["output"][0, 4, 1]), abs=1e-6)
    assert read(page, "c_n", "0,0,5") == pytest.approx(float(theirs["c_n"][0, 0, 5]), abs=1e-6)
    assert "proj_size=2" in page.url
    page.locator("[data-do=more]").click()
    expect(page.locator("[data-arg=proj_size]")).to_be_visible()  # what is not at its default stays in sight
    page.locator("[data-arg=cell]").select_option("gru")
    ready(page)
    expect(page.locator("[data-arg=proj_size]")).to_be_hidden()
    expect_shape(page, "output", [2, 5, 6])


def test_a_projection_too_wide_says_so_beside_its_own_field(watched: Watched, live_server: LiveServer) -> None:
    page = opened(watched, live_server, "?proj_size=3")
    field = page.locator("[data-arg=proj_size]")
    field.fill("6")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#refusals")).to_contain_text("proj_size")
    expect_shape(page, "output", [2, 5, 3])
    field.fill("5")
    ready(page)
    expect_shape(page, "output", [2, 5, 5])


def test_double_precision_gives_the_numbers_of_float64(watched: Watched, live_server: LiveServer) -> None:
    page = opened(watched, live_server, "?n=1")
    unfold(page)
    choose(page, "dtype", "torch.float64")
    expect(page.locator("[data-testid=table] .table-fact")).to_contain_text("float64")
    theirs = by_hand(dtype=torch.float64)
    assert read(page, "h_n", "0,1,2") == pytest.approx(float(theirs["h_n"][0, 1, 2]), abs=1e-7)
    page.reload()
    expect(page.locator("[data-arg=dtype]")).to_have_value("float64")


def test_packing_stops_each_sample_at_its_own_end(watched: Watched, live_server: LiveServer) -> None:
    page = opened(watched, live_server, "?n=1")
    expect(page.locator("[data-role=lengths]")).to_have_text("5, 3")
    choose(page, "packed", "pack")
    expect_shape(page, "packed", [8, 8])
    theirs = by_hand(packed=True)
    assert read(page, "h_n", "0,1,3") == pytest.approx(float(theirs["h_n"][0, 1, 3]), abs=1e-6)
    assert read(page, "batch_sizes", "3") == 1
    assert read(page, "output", "1,4,0") == 0
    expect(page.locator("[data-testid=network]")).to_contain_text("a packed batch does not compute them")
    expect(page.locator("[data-testid=heatmaps]")).to_contain_text("not computed")


def test_lengths_of_random_input_are_typed_and_follow_the_batch(watched: Watched, live_server: LiveServer) -> None:
    page = opened(watched, live_server, "?source=random")
    field = page.locator("[data-arg=lengths]")
    expect(page.locator("[data-testid=padding]")).to_be_hidden()
    field.focus()
    page.keyboard.type("5, 2")
    expect(page.locator("[data-testid=padding]")).to_be_visible()
    ready(page)
    assert "lengths=5%2C2" in page.url
    page.locator("[data-arg=batch]").fill("3")
    expect(field).to_have_value("5, 2, 5")
    ready(page)
    expect_shape(page, "input", [3, 5, 8])
    field.fill("5, 9, 1")
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill("5, 4, 1")
    ready(page)
    expect(field).not_to_have_attribute("aria-invalid", "true")


def test_the_mean_reads_true_steps_only(watched: Watched, live_server: LiveServer) -> None:
    page = opened(watched, live_server, "?n=1")
    choose(page, "head", "(output * mask)")
    theirs = by_hand()["output"]
    mean = torch.stack([theirs[n, :length].mean(0) for n, length in enumerate(LENGTHS)])
    assert read(page, "pooled", "1,4") == pytest.approx(float(mean[1, 4]), abs=1e-6)


def test_first_states_are_given_and_start_every_row(watched: Watched, live_server: LiveServer) -> None:
    page = opened(watched, live_server, "?proj_size=2")
    choose(page, "h0", "ones")
    expect(page.locator("[data-role=state-c]")).to_have_text(", torch.ones(1, 2, 6)")
    torch.manual_seed(0)
    embedding = nn.Embedding(9, 8, padding_idx=0)
    lstm = nn.LSTM(8, 6, batch_first=True, proj_size=2)
    with torch.no_grad():
        _, (h_n, c_n) = lstm(embedding(TOKENS), (torch.ones(1, 2, 2), torch.ones(1, 2, 6)))
    assert read(page, "h_n", "0,0,1") == pytest.approx(float(h_n[0, 0, 1]), abs=1e-6)
    assert read(page, "c_n", "0,0,4") == pytest.approx(float(c_n[0, 0, 4]), abs=1e-6)


def test_padded_stands_beside_packed_with_the_drift_of_every_sample(watched: Watched, live_server: LiveServer) -> None:
    page = opened(watched, live_server)
    panel = page.locator("[data-testid=padding]")
    padded, packed = by_hand(), by_hand(packed=True)
    for sample in range(2):
        drift = float((padded["output"][sample, -1] - packed["h_n"][0, sample]).abs().max())
        shown = panel.locator(f'[data-drift=padded][data-sample="{sample}"]')
        assert float(shown.get_attribute("data-value") or "nan") == pytest.approx(drift, abs=1e-6)
        mended = panel.locator(f'[data-drift=packed][data-sample="{sample}"]')
        assert float(mended.get_attribute("data-value") or "nan") <= 1e-6
    assert drift > 0.01
    panel.locator("[data-do=pack]").focus()
    page.keyboard.press("Enter")
    expect_shape(page, "batch_sizes", [5])
    ready(page)
    expect(page.locator("[data-arg=packed]")).to_have_value("true")
    expect(panel.locator(".padding-sizes")).to_have_text("[2, 2, 2, 1, 1]")
    expect(panel.locator("[data-do=pack]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("[data-arg=packed]")).to_have_value("false")
    ready(page)


def test_without_javascript_every_control_is_in_the_form(browser: Browser, live_server: LiveServer) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(live_server.url)
    page.locator("[data-arg=proj_size]").fill("2")
    page.locator("[data-arg=dtype]").select_option("float64")
    page.locator("[data-arg=packed]").select_option("true")
    page.locator("[data-arg=head]").select_option("mean")
    page.locator("form#ask button[type=submit]").click()
    theirs = by_hand(packed=True, proj_size=2, dtype=torch.float64)
    cell = page.locator('[data-testid=table] td[data-tensor="h_n"][data-index="0,1,1"]')
    assert float(cell.get_attribute("data-value") or "nan") == pytest.approx(float(theirs["h_n"][0, 1, 1]), abs=1e-13)
    for part in ("proj_size=2", "dtype=float64", "packed=true", "head=mean"):
        assert part in page.url
    page.goto(f"{live_server.url}/?source=random&lengths=5,2")
    page.locator("[data-arg=lengths]").fill("4, 5")
    page.locator("form#ask button[type=submit]").click()
    assert page.locator("[data-arg=lengths]").input_value() == "4, 5"
    context.close()


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(
    ("query", "theme"),
    [
        ("proj_size=2&dtype=float64&packed=true&bidirectional=true", "dark"),
        ("source=random&lengths=5,3&head=mean", "light"),
    ],
)
def test_axe_finds_nothing_wrong_with_them(
    browser: Browser, live_server: LiveServer, query: str, theme: Any, lang: str
) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=theme, reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{live_server.url}/?{query}&lang={lang}&theme={theme}", wait_until="networkidle")
    ready(page)
    expect(page.locator("[data-testid=padding] [data-drift]").first).to_be_attached()
    page.locator("[data-do=more]").click()
    assert violations(page) == []
    context.close()


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_the_page_stays_within_its_window(browser: Browser, live_server: LiveServer, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 844})
    page = context.new_page()
    for query in ("?proj_size=2&dtype=float64&packed=true&head=mean", "?source=random&batch=40&lengths=5,3,2&lang=zh"):
        page.goto(f"{live_server.url}/{query}")
        ready(page)
        if page.locator("[data-do=more]").is_visible():
            page.locator("[data-do=more]").click()
        sizes: Any = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert sizes[0] <= sizes[1], query
    context.close()

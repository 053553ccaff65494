"""The charts in a real browser: drawn under the page's own policy, their words and tables are torch's numbers."""

from typing import Any

import pytest
import torch
from playwright.sync_api import Browser, Locator, Page, Request, expect
from torch import Tensor, nn

from tests.browser import Watched
from tests.conftest import LiveServer
from tests.test_accessibility import violations

pytestmark = [pytest.mark.browser]

H = 6
TABS = ["ledger", "gradients", "wiring", "spread"]


def network() -> tuple[Tensor, nn.LSTM]:
    """What enters the page's default network for "the film was not good", (1, 5, 8), and its LSTM."""
    torch.manual_seed(0)
    embedding, lstm = nn.Embedding(9, 8, padding_idx=0), nn.LSTM(8, H, batch_first=True)
    return embedding(torch.tensor([[1, 2, 3, 4, 5]])).detach(), lstm.requires_grad_(False)


def drawn(page: Page, name: str) -> Locator:
    """The panel of a tab, once its chart is there."""
    panel = page.locator(f"#{name}")
    expect(panel).to_have_attribute("data-state", "ready", timeout=30_000)
    expect(panel.locator(".chart-host svg.main-svg").first).to_be_visible()
    return panel


def table(panel: Locator) -> list[list[str]]:
    """The rows of the text twin, exact; the first cell is the row's name."""
    if panel.locator("details[open]").count() == 0:
        panel.locator("summary").click()
    names = panel.locator("tbody th").all_inner_texts()
    cells: list[list[str]] = panel.locator("tbody tr").evaluate_all(
        "(rows) => rows.map((row) => [...row.querySelectorAll('td')].map((cell) => cell.dataset.value))"
    )
    return [[name, *line] for name, line in zip(names, cells, strict=True)]


def test_nothing_of_plotly_is_asked_for_before_a_chart_is_opened(watched: Watched, live_server: LiveServer) -> None:
    page, asked = watched.page, list[str]()

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    page.goto(live_server.url, wait_until="networkidle")
    assert not [url for url in asked if "plotly.min" in url or "figures" in url]
    page.locator("#tab-ledger").click()
    drawn(page, "ledger")
    assert len([url for url in asked if url.endswith("plotly.min.js")]) == 1
    for name in ("gradients", "wiring"):
        page.locator(f"#tab-{name}").click()
        drawn(page, name)
    assert len([url for url in asked if url.endswith("plotly.min.js")]) == 1


def test_the_parts_of_the_ledger_add_up_to_the_c_of_torch(watched: Watched, live_server: LiveServer) -> None:
    page = watched.page
    page.goto(f"{live_server.url}/?panel=ledger")
    panel = drawn(page, "ledger")
    x, lstm = network()
    _, (_, c_n) = lstm(x)
    rows = table(panel)
    assert [row[0] for row in rows[:2]] == ["c_0", "step 0 “the”"]
    assert sum(float(row[1]) for row in rows[:-1]) == pytest.approx(float(c_n[0, 0, 0]), abs=1e-6)
    assert float(rows[-1][1]) == pytest.approx(float(c_n[0, 0, 0]), abs=1e-6)
    id = page.evaluate("JSON.parse(document.querySelector('#first-answer').textContent).trace.id")
    answer = page.request.get(f"{live_server.url}/api/v1/traces/{id}/ledger").json()
    assert [float(row[2]) for row in rows[:-1]] == [line[0] for line in answer["so_far"]]
    expect(panel.locator(".chart-says")).to_contain_text(f"c = {float(c_n[0, 0, 0]):.4f}".replace("-", "−"))
    panel.locator("[data-choice=unit]").fill("3")
    expect(panel.locator(".chart-says")).to_contain_text(f"c = {float(c_n[0, 0, 3]):.4f}".replace("-", "−"))
    drawn(page, "ledger")
    assert float(table(panel)[-1][1]) == pytest.approx(float(c_n[0, 0, 3]), abs=1e-6)


def test_a_click_on_a_bar_or_on_a_step_of_the_table_moves_time(watched: Watched, live_server: LiveServer) -> None:
    page = watched.page
    page.goto(f"{live_server.url}/?panel=ledger")
    panel = drawn(page, "ledger")
    now = page.locator("[data-testid=timeline] [aria-current=step]")
    bar = panel.locator(".barlayer .point path").nth(5)
    bar.evaluate("(el) => el.scrollIntoView({ block: 'center' })")
    box = bar.bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(now).to_have_attribute("data-t", "4")
    expect(panel.locator(".shapelayer path")).to_have_count(1)
    panel.locator("summary").click()
    panel.locator("tbody button").nth(1).press("Enter")
    expect(now).to_have_attribute("data-t", "1")
    expect(panel.locator("tr.is-now")).to_have_attribute("data-t", "1")


def test_a_change_of_time_alone_asks_for_nothing_where_nothing_changes(
    watched: Watched, live_server: LiveServer
) -> None:
    page, asked = watched.page, list[str]()
    page.goto(f"{live_server.url}/?panel=ledger")
    drawn(page, "ledger")
    page.on("request", lambda request: asked.append(request.url))
    page.locator("#timeline [data-do=step]").click()
    page.wait_for_timeout(400)
    assert not [url for url in asked if "/api/" in url and "/explain?" not in url]  # the inspector follows the step
    page.locator("#tab-wiring").click()
    drawn(page, "wiring")
    page.locator("#timeline [data-do=step]").click()
    expect(page.locator("#wiring .chart-says")).to_contain_text("step 2 ")
    assert not [url for url in asked if "ledger" in url]


def test_the_gradients_of_the_table_are_those_of_autograd(watched: Watched, live_server: LiveServer) -> None:
    page = watched.page
    page.goto(f"{live_server.url}/?panel=gradients")
    panel = drawn(page, "gradients")
    x, lstm = network()
    x = x.double().requires_grad_()
    lstm.double()(x)[0][0, -1].sum().backward()
    assert x.grad is not None
    norms = x.grad[0].norm(dim=1).tolist()
    assert [float(row[1]) for row in table(panel)] == pytest.approx(norms, rel=1e-5)
    panel.locator("[data-choice=cut]").select_option("true")
    expect(panel.locator(".chart-says")).to_contain_text("4 of the steps")
    drawn(page, "gradients")
    assert [float(row[1]) for row in table(panel)][:4] == [0, 0, 0, 0]


def test_three_cells_stand_beside_each_other(watched: Watched, live_server: LiveServer) -> None:
    page = watched.page
    page.goto(f"{live_server.url}/?panel=gradients")
    panel = drawn(page, "gradients")
    panel.locator("[data-choice=beside]").select_option("cells")
    expect(panel.locator(".legendtext")).to_have_text(["LSTM", "GRU", "RNN"])
    x, _ = network()
    rows = table(panel)
    kinds: list[Any] = [nn.LSTM, nn.GRU, nn.RNN]
    for column, kind in enumerate(kinds, 1):
        torch.manual_seed(0)
        nn.Embedding(9, 8, padding_idx=0)
        cell, entering = kind(8, H, batch_first=True).double(), x.double().requires_grad_()
        cell(entering)[0][0, -1].sum().backward()
        assert entering.grad is not None
        assert float(rows[0][column]) == pytest.approx(float(entering.grad[0, 0].norm()), rel=1e-5)


def test_the_products_of_a_gate_and_the_whole_matrix_are_torchs(watched: Watched, live_server: LiveServer) -> None:
    page = watched.page
    page.goto(f"{live_server.url}/?panel=wiring&t=2")
    panel = drawn(page, "wiring")
    panel.locator("[data-choice=gate]").select_option("f")
    panel.locator("[data-choice=unit]").fill("1")
    expect(panel.locator(".chart-says")).to_contain_text("f of unit 1")
    drawn(page, "wiring")
    x, lstm = network()
    w = lstm.state_dict()
    h = lstm(x[:, :2])[0][0, -1]
    j = H + 1
    inner = w["weight_ih_l0"][j] @ x[0, 2] + w["weight_hh_l0"][j] @ h + w["bias_ih_l0"][j] + w["bias_hh_l0"][j]
    values = [float(row[1]) for row in table(panel)]
    assert len(values) == 8 + H + 2
    assert sum(values) == pytest.approx(float(inner), abs=1e-6)
    panel.locator("[data-choice=whole]").select_option("all")
    expect(panel.locator(".chart-says")).to_contain_text("hears 6 values")
    drawn(page, "wiring")
    strongest = w["weight_hh_l0"][H : 2 * H].abs().max()
    assert abs(float(table(panel)[0][1])) == pytest.approx(float(strongest), abs=1e-7)
    image = panel.locator(".heatmaplayer image")
    expect(image).to_have_count(1)
    assert image.evaluate("(el) => getComputedStyle(el).imageRendering") == "pixelated"


def test_a_gru_says_why_it_has_no_ledger_and_a_failed_chart_can_be_asked_for_again(
    browser: Browser, live_server: LiveServer
) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="en-GB")
    page.goto(f"{live_server.url}/?panel=ledger&cell=gru")
    expect(page.locator("#ledger .chart-says")).to_contain_text("Only an LSTM has a cell state")
    expect(page.locator("#ledger .chart-host")).to_be_hidden()
    page.route("**/plotly.min.js", lambda route: route.abort())
    page.locator("#tab-gradients").click()
    expect(page.locator("#gradients")).to_have_attribute("data-state", "error")
    page.unroute("**/plotly.min.js")
    page.locator("#gradients > button").click()
    drawn(page, "gradients")
    page.close()


def test_the_tab_stands_in_the_address_and_the_arrow_keys_choose_it(watched: Watched, live_server: LiveServer) -> None:
    page = watched.page
    page.goto(live_server.url)
    page.locator("#tab-gates").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tab-ledger")).to_be_focused()
    drawn(page, "ledger")
    expect(page.locator("#heatmaps")).to_be_hidden()
    page.wait_for_url("**/?panel=ledger")
    page.keyboard.press("Home")
    expect(page.locator("#heatmaps")).to_be_visible()
    expect(page.locator("[data-testid=timeline] [aria-current=step]")).to_have_attribute("data-t", "0")


def test_language_and_theme_reach_the_chart(watched: Watched, live_server: LiveServer) -> None:
    page = watched.page
    page.goto(f"{live_server.url}/?panel=ledger")
    panel = drawn(page, "ledger")
    page.locator("[data-testid=language]").click()
    expect(panel.locator(".ytitle")).to_have_text("单元")
    page.locator("[data-testid=theme]").select_option("dark")
    background = panel.locator(".main-svg").first
    expect(background).to_have_css("background-color", "rgb(21, 23, 26)")


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("tab", TABS)
def test_axe_finds_nothing_wrong_with_a_chart(
    browser: Browser, live_server: LiveServer, tab: str, theme: Any, lang: str
) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme=theme, reduced_motion="reduce")
    page.goto(f"{live_server.url}/?panel={tab}&theme={theme}&lang={lang}")
    drawn(page, tab).locator("summary").click()
    assert violations(page) == []
    page.close()


@pytest.mark.parametrize("tab", TABS)
def test_a_chart_fits_a_phone(browser: Browser, live_server: LiveServer, tab: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844}, has_touch=True, locale="zh-CN")
    page.goto(f"{live_server.url}/?panel={tab}&num_layers=2&bidirectional=true")
    drawn(page, tab).locator("summary").tap()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert violations(page) == []
    page.close()


def test_a_distribution_counts_torchs_numbers_and_a_loss_is_torchs(watched: Watched, live_server: LiveServer) -> None:
    page = watched.page
    page.goto(f"{live_server.url}/?panel=spread&head=every_step&out_features=2&activation=none&loss=cross_entropy")
    panel = drawn(page, "spread")
    panel.locator("[data-choice=tensor]").select_option("output")
    panel.locator("[data-choice=samples]").select_option("own")
    expect(panel.locator(".chart-says")).to_contain_text("The 30 numbers of output")
    drawn(page, "spread")
    x, lstm = network()
    output, _ = lstm(x)
    counts = [int(row[1]) for row in table(panel)]
    reach = float(table(panel)[-1][0].split(" … ")[1])
    assert counts == torch.histc(output.double(), 40, -reach, reach).int().tolist()
    panel.locator("[data-choice=by]").select_option("step")
    drawn(page, "spread")
    expect(panel.locator("tbody tr")).to_have_count(5)
    page.locator("#tab-loss").click()
    panel = drawn(page, "loss")
    losses = page.evaluate(
        """async () => {
          const id = JSON.parse(document.querySelector("#first-answer").textContent).trace.id;
          return (await fetch(`/api/v1/traces/${id}/tensors/losses?index=0:5&format=json`)).json();
        }"""
    )["values"]
    assert [float(row[1]) for row in table(panel)] == losses
    expect(panel.locator(".chart-says")).to_contain_text("cross_entropy")

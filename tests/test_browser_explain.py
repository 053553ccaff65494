"""Down to each product, in a real browser: the inspector's terms are PyTorch's, and they make the number shown."""

import math
from typing import Any

import pytest
import torch
from playwright.sync_api import Browser, Locator, Page, expect
from torch import nn

from tests.browser import Watched
from tests.conftest import LiveServer

pytestmark = [pytest.mark.browser]

N, T, H, J = 0, 1, 6, 2  # the number that is taken apart: sample, step; units in a gate; its unit


def network() -> tuple[nn.Embedding, nn.LSTM]:
    """The page's default network: 9 words (padding is one), features 8, units 6."""
    torch.manual_seed(0)
    embedding, lstm = nn.Embedding(9, 8, padding_idx=0), nn.LSTM(8, H, batch_first=True)
    return embedding.requires_grad_(False), lstm.requires_grad_(False)


def pin(page: Page, tensor: str, index: str) -> Locator:
    """Keep a number by a click on it in the table; the products of the number, once they are there."""
    page.locator("[data-testid=table] select[data-arg=tensor]").select_option(tensor)
    page.locator(f'[data-testid=table] td[data-tensor="{tensor}"][data-index="{index}"]').first.click()
    return arrived(page)


def arrived(page: Page) -> Locator:
    products = page.locator("[data-testid=products]")
    expect(products.locator(".recomputed")).to_be_visible()
    return products


def numbers(products: Locator, kind: str) -> list[float]:
    found = products.locator(f"tr[data-product={kind}] td data").evaluate_all("(all) => all.map(({ value }) => value)")
    return [float(each) for each in found]


def shown(page: Page) -> float:
    return float(page.locator("[data-testid=inspector] .value-short").get_attribute("data-value") or "nan")


def test_the_products_the_rest_and_the_biases_make_the_gate(watched: Watched, live_server: LiveServer) -> None:
    page = watched.page
    page.goto(f"{live_server.url}/?t={T}")
    products = pin(page, "l0.i", f"{N},{T},{J}")
    expect(products.locator("[data-do=products]")).to_have_attribute("aria-expanded", "true")
    terms, rest, biases = (numbers(products, kind) for kind in ("product", "rest", "bias"))
    assert len(biases) == 2
    assert rest
    assert terms == sorted(terms, key=abs, reverse=True)
    inner = sum(terms) + sum(rest) + sum(biases)
    assert numbers(products, "sum") == pytest.approx([inner])
    assert 1 / (1 + math.exp(-inner)) == pytest.approx(shown(page), abs=1e-6)
    assert numbers(products, "applied") == pytest.approx([shown(page)], abs=1e-6)
    expect(products.locator(".products-says")).to_contain_text("the input gate of unit 2 is")


def test_a_product_is_the_weight_times_the_feature_by_hand(watched: Watched, live_server: LiveServer) -> None:
    page = watched.page
    page.goto(f"{live_server.url}/?t={T}")
    products = pin(page, "l0.i", f"{N},{T},{J}")
    embedding, lstm = network()
    weights = dict(lstm.named_parameters())
    x = embedding(torch.tensor([[1, 2, 3, 4, 5]]))[N, T]  # "the film was not good": words count from 1
    h, _ = lstm(embedding(torch.tensor([[1]])))
    for k in range(8):
        row = products.locator(f'tr[data-symbol="W_ii[{J},{k}] · x[{k}]"]')
        if k in (0, 7):
            expect(row).to_be_visible()
        for data in row.locator("td data").all():
            by_hand = float(weights["weight_ih_l0"][J, k] * x[k])
            assert float(data.get_attribute("value") or "nan") == pytest.approx(by_hand, abs=1e-6)
            assert data.inner_text() == f"{by_hand:.4f}"
    state = products.locator('tr[data-symbol*="h_prev"]').all()
    assert state
    for each in state:
        unit = int((each.get_attribute("data-symbol") or "").rstrip("]").rpartition("[")[2])
        by_hand = float(weights["weight_hh_l0"][J, unit] * h[0, 0, unit])
        assert float(each.locator("td data").get_attribute("value") or "nan") == pytest.approx(by_hand, abs=1e-6)
    b_ii, b_hi = numbers(products, "bias")
    assert (b_ii, b_hi) == pytest.approx((float(weights["bias_ih_l0"][J]), float(weights["bias_hh_l0"][J])), abs=1e-7)


def test_a_factor_leads_to_its_number_and_on_to_the_table_of_words(watched: Watched, live_server: LiveServer) -> None:
    page = watched.page
    page.goto(f"{live_server.url}/?t={T}")
    products = pin(page, "l0.i", f"{N},{T},{J}")
    products.locator(f'tr[data-symbol="W_ii[{J},0] · x[0]"] button').click()
    name = page.locator("[data-testid=inspector] .cell-name")
    expect(name).to_have_text(f"input[{N}, {T}, 0]")
    expect(page.locator("[data-testid=inspector] .equation")).to_have_attribute("data-formula", "embedding = E[2,0]")
    arrived(page)
    assert numbers(products, "product") == pytest.approx([float(network()[0].weight[2, 0])], abs=1e-7)
    products.locator('button[data-tensor="tokens"]').click()
    expect(name).to_have_text(f"tokens[{N}, {T}]")


def test_the_keyboard_opens_and_closes_the_products_of_a_number_that_is_not_kept(
    watched: Watched, live_server: LiveServer
) -> None:
    page = watched.page
    page.goto(f"{live_server.url}/?t={T}")
    toggle = page.locator("[data-do=products]")
    expect(toggle).to_have_attribute("aria-expanded", "false")
    toggle.focus()
    page.keyboard.press("Enter")
    products = arrived(page)
    kept, written = products.locator("tr[data-product=product] .symbol").all_inner_texts()
    assert {kept, written} == {"f · c_prev", "i · g"}
    page.locator("#timeline [data-do=step]").click()
    expect(page.locator("[data-testid=inspector] .cell-name")).to_have_text("l0.c[0, 2, 0]")
    expect(products.locator(".products-says")).to_contain_text("step 2 ")
    toggle.focus()
    page.keyboard.press("Enter")
    expect(toggle).to_have_attribute("aria-expanded", "false")
    expect(toggle).to_be_focused()
    expect(products.locator(".products-content")).to_be_hidden()


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_every_tensor_of_the_page_can_be_taken_apart(watched: Watched, live_server: LiveServer, cell: str) -> None:
    page = watched.page
    page.goto(f"{live_server.url}/?cell={cell}&head=every_step&out_features=3&activation=softmax&bidirectional=true")
    menu = page.locator("[data-testid=table] select[data-arg=tensor]")
    names: list[Any] = menu.locator("option").evaluate_all("(all) => all.map(({ value }) => value)")
    assert {"embedding", "input", "output", "h_n", "logits", "activated", "l0.h", "l0_reverse.h"} <= set(names)
    says = page.locator("[data-testid=products] .products-says")
    for name in names:
        menu.select_option(name)
        page.locator(f'[data-testid=table] td[data-tensor="{name}"]').last.click()
        expect(page.locator("[data-testid=products] .products-content")).not_to_have_attribute("aria-busy", "true")
        expect(says).not_to_have_text("…")
        expect(says).not_to_contain_text("could not")


def test_products_that_do_not_come_say_so_quietly(browser: Browser, live_server: LiveServer) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="zh-CN")
    page.route("**/explain?*", lambda route: route.abort())
    page.goto(live_server.url)
    page.locator("[data-testid=table] td[data-tensor]").first.click()
    expect(page.locator("[data-testid=products] .products-says")).to_have_text("没能取到各个乘积。收起再展开可重试。")
    page.unroute("**/explain?*")
    for _ in range(2):
        page.locator("[data-do=products]").click()
    arrived(page)
    page.close()

"""Dropout on the page, in a real browser: the field and the mode give what plain code in train mode gives."""

import pytest
import torch
from playwright.sync_api import expect
from torch import nn

from tests.browser import Watched
from tests.conftest import LiveServer

pytestmark = [pytest.mark.browser]


def test_dropout_is_set_in_the_code_line_and_acts_in_train_mode(watched: Watched, live_server: LiveServer) -> None:
    page = watched.page
    page.goto(live_server.url)
    field, mode = page.locator("#arg-dropout"), page.locator("#arg-mode")
    expect(field).to_be_hidden()  # one layer has no between
    page.locator("#arg-num_layers").press("ArrowUp")  # a real key: what moves then was asked for
    expect(field).to_be_visible()
    for shown in ("0.1", "0.2", "0.3"):  # and not 0.30000000000000004
        page.locator("button[data-for=dropout][data-step='0.1']").click()
        expect(field).to_have_value(shown)
    mode.select_option("train")
    expect(page).to_have_url(f"{live_server.url}/?num_layers=2&dropout=0.3&mode=train")
    stage = page.locator('[data-stage="dropout_l0"]')
    expect(stage).to_contain_text("torch.dropout(output_l0, 0.3, train=True)")
    stage.locator('button[data-shape-of="dropped_l0"]').click()

    torch.manual_seed(0)
    embedding, lstm = nn.Embedding(9, 8, padding_idx=0), nn.LSTM(8, 6, 2, batch_first=True, dropout=0.3).train()
    nn.Linear(6, 1)  # the head is made before the call, so it draws first
    at_the_call = torch.get_rng_state()
    first = nn.LSTM(8, 6, batch_first=True)
    names = [name for name in lstm.state_dict() if name.endswith("_l0")]
    first.load_state_dict({name: lstm.state_dict()[name] for name in names})
    torch.set_rng_state(at_the_call)
    with torch.no_grad():
        below = first(embedding(torch.tensor([[1, 2, 3, 4, 5], [6, 7, 8, 0, 0]])))[0]  # (N, T, H)
        dropped = torch.dropout(below.transpose(0, 1).contiguous(), 0.3, train=True).transpose(0, 1)
    cells = page.locator('[data-testid=table] td[data-tensor="dropped_l0"]')
    expect(cells.first).to_be_visible()
    read = cells.evaluate_all("(all) => all.map(({ dataset }) => [dataset.index, dataset.value])")
    assert len(read) == 5 * 6
    for index, value in read:
        n, t, unit = map(int, index.split(","))
        assert float(value) == pytest.approx(float(dropped[n, t, unit]), abs=1e-6)
    assert {float(value) == 0 for _, value in read} == {True, False}

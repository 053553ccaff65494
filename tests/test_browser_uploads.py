"""Weights of one's own on the page: a file is dropped or chosen, its stack runs, a refusal takes nothing away."""

import base64
from typing import Any

import httpx
import pytest
import torch
from playwright.sync_api import expect
from torch import nn

from tests.browser import chromium, watch
from tests.conftest import LiveServer
from tests.model_files import pt

DROP = """([bytes, name]) => {
  const given = new DataTransfer();
  given.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], name));
  window.dispatchEvent(new DragEvent("drop", { dataTransfer: given, bubbles: true, cancelable: true }));
}"""


def dropped(page: Any, data: bytes, name: str) -> None:
    page.evaluate(DROP, [base64.b64encode(data).decode(), name])


@pytest.mark.browser
def test_a_dropped_checkpoint_runs_and_a_refused_one_changes_nothing(live_server: LiveServer) -> None:
    torch.manual_seed(11)
    net = nn.ModuleDict({"emb": nn.Embedding(12, 5), "rnn": nn.LSTM(5, 4, 2), "out": nn.Linear(4, 1)})
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        watched = watch(page, live_server.url, refusals=True)
        page.goto(f"{live_server.url}/?lang=en")
        before = page.url
        dropped(page, b"<!doctype html><html>", "model.pt")
        expect(page.get_by_role("alert").filter(has_text="web page")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("dialog[open]")).to_have_count(0)
        assert page.url == before

        dropped(page, pt({"state_dict": net.state_dict(), "epoch": 1}), "mine.pt")
        found = page.get_by_test_id("weights-found")
        expect(found).to_contain_text("nn.LSTM(5, 4, num_layers=2)")
        page.keyboard.press("Enter")  # the first stack has the focus
        expect(page.get_by_test_id("yours")).to_be_visible()
        expect(page.locator(".untrained")).to_be_hidden()
        page.wait_for_url("**upload=*")
        answer = httpx.get(page.url, headers={"Accept": "application/json"}).json()
        assert answer["trace"]["request"]["weights"]["upload"] in page.url
        bias = answer["trace"]["request"]
        assert (bias["model"]["hidden_size"], bias["embedding"]["num_embeddings"]) == (4, 12)
        page.reload()
        expect(page.get_by_test_id("yours")).to_be_visible()
        page.get_by_role("button", name="leave them").click()
        expect(page.get_by_test_id("yours")).to_be_hidden()
        errors = [line for line in watched.console if "422" not in line]
        watched.console[:] = errors
        watched.check()

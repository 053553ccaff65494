"""A training run watched in a real browser: to its end, through its snapshots, a refusal, and one that is cancelled."""

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser import chromium, watch
from tests.conftest import LiveServer

pytestmark = [pytest.mark.browser]


def test_a_run_is_watched_scrubbed_and_another_is_cancelled(live_server: LiveServer) -> None:
    with chromium() as browser, httpx.Client(base_url=live_server.url, timeout=60) as http:
        page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="en-GB", reduced_motion="reduce")
        page.set_default_timeout(60_000)
        expect.set_options(timeout=60_000)
        found = watch(page, live_server.url, refusals=True)
        page.goto(f"{live_server.url}/train?steps=60&cells=lstm,rnn")

        page.fill("#hidden_size", "999")
        page.click("#start")
        expect(page.locator("#hidden_size-problem")).not_to_be_empty()
        expect(page.locator("#hidden_size")).to_have_value("999")
        assert all("422" in line for line in found.console)
        found.console.clear()

        page.fill("#hidden_size", "8")
        with page.expect_response(
            lambda answer: answer.url.endswith("/trainings?lang=en") and answer.status == 201
        ) as told:
            page.click("#start")
        url = f"/api/v1/trainings/{told.value.json()['id']}"
        assert "hidden_size=8" in page.url
        expect(page.locator("#run")).to_have_attribute("data-outcome", "done")
        expect(page.locator(".train-cells-shown[data-step='60']")).to_have_attribute("aria-busy", "false")
        expect(page.locator("svg.curve .curve-line")).to_have_count(2)
        run = http.get(url).json()
        assert run["outcome"] == "done"
        for cell in ("lstm", "rnn"):
            losses = [each["loss"] for each in run["snapshots"] if each["cell"] == cell]
            shown = page.locator(f".curve-table td[data-cell={cell}]").all_text_contents()
            assert shown == [f"{loss:.4f}" for loss in losses]
            assert losses[-1] < losses[0]

        page.locator("#snapshot").press("Home")
        expect(page.locator(".train-cells-shown[data-step='0']")).to_have_attribute("aria-busy", "false")
        heat = page.locator("[data-tensor='l0.f']")
        heat.focus()
        heat.press("ArrowRight")
        heat.press("ArrowDown")
        trace = http.post("/api/v1/traces", json=http.get(f"{url}/snapshots/lstm/0").json()).json()
        value = http.get(f"/api/v1/traces/{trace['id']}/tensors/l0.f", params={"index": "0,1,1"}).json()["values"]
        expect(page.locator(".heat-readout")).to_have_text(f"LSTM l0.f[0, 1, 1] = {value:.4f}")

        page.fill("#steps", "3000")
        page.fill("#hidden_size", "64")
        page.fill("#seq_len", "200")
        with page.expect_response(lambda answer: answer.url.endswith("/trainings?lang=en")) as told:
            page.click("#start")
        expect(page.locator("#cancel")).to_be_enabled()
        page.click("#cancel")
        expect(page.locator("#run")).to_have_attribute("data-outcome", "cancelled")
        assert http.get(f"/api/v1/trainings/{told.value.json()['id']}").json()["reason"] == "asked"
        found.check()

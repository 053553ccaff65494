"""The page with trained weights, as somebody uses it: a sentence is typed, its score runs along, the ledger opens."""

import httpx
import pytest

from tests.browser import Watched
from tests.conftest import LiveServer

pytestmark = pytest.mark.browser


def test_a_typed_sentence_has_its_running_score_and_its_ledger(watched: Watched, live_server: LiveServer) -> None:
    page, base = watched.page, live_server.url
    page.goto(f"{base}/?example=sentiment-en")
    page.locator("[data-running]").first.wait_for()
    assert page.locator(".untrained").is_hidden() and page.get_by_test_id("trained").is_visible()
    page.locator('input[name="text"]').first.fill("the film was not good xyzzy")
    page.locator('[data-running="5"]').wait_for()
    page.locator(".running-word.is-unknown").wait_for()
    asked = {
        "weights": {"bundled": "sentiment-en"},
        "model": {"batch_first": True},
        "packed": True,
        "input": {"text": ["the film was not good xyzzy"]},
    }
    id = httpx.post(f"{base}/api/v1/traces", json=asked).json()["id"]
    wanted = httpx.get(f"{base}/api/v1/traces/{id}/running").json()
    shown = [float(each.get_attribute("data-value") or "nan") for each in page.locator("[data-running]").all()]
    assert shown == pytest.approx([line[0] for line in wanted["values"]], abs=1e-6)
    page.locator('.running-step[data-t="3"]').click()
    assert page.locator('.running-step[data-t="3"]').get_attribute("aria-current") == "step"
    page.locator('.running [data-do="ledger"]').click()
    page.locator("#ledger .js-plotly-plot").wait_for(timeout=30_000)
    page.get_by_test_id("trained").click()
    assert page.get_by_test_id("card").locator('[data-score="model"]').inner_text() == "0.7767"
    watched.check()

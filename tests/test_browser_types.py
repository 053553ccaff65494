"""The five uses of a recurrent net, opened by keyboard: the page's numbers are the API's and plain torch's."""

from typing import Any

import httpx
import pytest
import torch
from playwright.sync_api import Browser, Page, expect
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from app.recurrent.examples import BY_KEY
from tests.browser import Watched
from tests.conftest import LiveServer
from tests.test_accessibility import opened, violations

pytestmark = [pytest.mark.browser]

TOKENS = torch.tensor([[1, 2, 3, 4, 5], [6, 7, 8, 0, 0]])
SAYS = {
    "one_to_one": "One to one: reads once, answers once; no state is ever handed on.",
    "one_to_many": "One to many: reads one vector at step 0, then at steps 1–4 the word it has just chosen;"
    " answers at steps 0–4.",
    "many_to_one": "Many to one: reads at steps 0–4, answers once, after step 4.",
    "many_to_many": "Many to many: reads and answers at each of the steps 0–4.",
    "encoder_decoder": "Many to many, shifted: the encoder reads at its steps 0–4 and answers nothing;"
    " h_n, c_n cross over; the decoder then answers at its steps 0–3.",
}
DRAWN = {  # what is read, answers, arrows from an answer to the step that reads it
    "one_to_one": (1, 1, 0),
    "one_to_many": (5, 5, 4),
    "many_to_one": (5, 1, 0),
    "many_to_many": (5, 5, 0),
    "encoder_decoder": (9, 4, 3),
}


def loop(embedding: nn.Embedding, lstm: nn.LSTM, linear: nn.Linear, x: Tensor, states: Any, steps: int) -> Tensor:
    """(N, T): the words a decoder chooses when each step reads the word before; x (N, 1, F)."""
    words = []
    for _ in range(steps):
        output, states = lstm(x, states)
        words.append(linear(output).argmax(-1))
        x = embedding(words[-1])
    return torch.cat(words, dim=1)


def plainly(variant: str, given: dict[str, Tensor]) -> Tensor:
    """The prediction (N,) or (N, out), or the words (N, T), by torch's own modules and nothing of ours."""
    states = None
    if variant == "encoder_decoder":
        torch.manual_seed(1)
        embedding, lstm = nn.Embedding(9, 8, padding_idx=0), nn.LSTM(8, 6, batch_first=True)
        packed = pack_padded_sequence(embedding(TOKENS), torch.tensor([5, 3]), batch_first=True, enforce_sorted=False)
        states = lstm(packed)[1]
    torch.manual_seed(0)
    if variant == "one_to_one":
        lstm, linear = nn.LSTM(8, 6, batch_first=True), nn.Linear(6, 3)
        return linear(lstm(given["input"])[0][:, -1]).softmax(-1)  # type: ignore[no-any-return]
    if variant == "many_to_many":
        lstm, linear = nn.LSTM(8, 6, batch_first=True), nn.Linear(6, 3)
        return linear(lstm(given["input"])[0]).softmax(-1)[:, -1]  # type: ignore[no-any-return]
    if variant == "many_to_one":
        embedding, lstm = nn.Embedding(9, 8, padding_idx=0), nn.LSTM(8, 6, batch_first=True)
        return nn.Linear(6, 1)(lstm(embedding(TOKENS))[1][0][-1]).sigmoid().squeeze(-1)  # type: ignore[no-any-return]
    embedding, lstm, linear = nn.Embedding(12, 8), nn.LSTM(8, 6, batch_first=True), nn.Linear(6, 12)
    if variant == "one_to_many":
        return loop(embedding, lstm, linear, given["first"].unsqueeze(1), states, 5)
    return loop(embedding, lstm, linear, embedding(torch.zeros(2, 1, dtype=torch.long)), states, 4)


def chosen(page: Page, steps: int) -> list[int]:
    """The words in the time bar, of the chosen sample."""
    buttons = page.locator("#timeline .steps button")
    expect(buttons).to_have_count(steps)
    labels: list[str] = buttons.locator(".unseen").all_text_contents()
    words: list[int] = []
    for t, label in enumerate(labels):
        said, _, word = label.rpartition(", chooses word ")
        before = f"word {words[-1]}" if words else ("the vector", "the start token")
        assert said.startswith(f"t = {t}: reads ")
        assert said.removeprefix(f"t = {t}: reads ") in before
        words.append(int(word))
    return words


@pytest.mark.parametrize("variant", [each.key for each in BY_KEY["rnn-types"].variants])
def test_each_use_is_opened_by_keyboard_and_gives_the_numbers_of_a_plain_loop(
    watched: Watched, live_server: LiveServer, variant: str
) -> None:
    page = watched.page
    page.goto(f"{live_server.url}/?hidden_size=7")
    expect(page.locator("#way")).to_have_attribute("data-kind", "many_to_one")
    expect(page.locator("[data-role=way-shown]")).to_be_empty()
    page.locator("#examples summary").press("Enter")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.variant + document.activeElement.dataset.of") == (
            f"{variant}rnn-types"
        ):
            break
    page.keyboard.press("Enter")
    title = page.locator(f'[data-of="rnn-types"][data-variant={variant}]')
    expect(page.locator("[data-role=way-shown]")).to_contain_text(title.text_content() or "?")
    expect(page.locator("#examples")).not_to_have_attribute("open", "")
    expect(title).to_have_attribute("aria-current", "true")
    kind = page.locator("#way")
    expect(kind).to_have_attribute("data-kind", variant)
    expect(page.locator("[data-testid=way-says]")).to_have_text(SAYS[variant])
    figure = page.locator("#way svg")
    answers = figure.locator(".way-y")
    read, answered, fed = DRAWN[variant]
    expect(answers).to_have_count(answered)
    assert figure.locator(".way-x, .way-word").count() == read
    assert figure.locator(".way-fed").count() == fed
    assert figure.locator(".way-crossing").count() == (variant == "encoder_decoder")

    request = next(each.request for each in BY_KEY["rnn-types"].variants if each.key == variant)
    api = httpx.post(f"{live_server.url}/api/v1/traces", json=request).json()["tensors"]
    given = {name: torch.tensor(api[name]["values"]) for name in ("input", "first") if name in api}
    with torch.no_grad():
        plain = plainly(variant, given)
    if "decoded" in api:
        assert plain.tolist() == api["decoded"]["values"]
        for n in range(2):
            page.locator("#timeline select[data-arg=n]").select_option(str(n))
            assert chosen(page, len(plain[n])) == plain[n].tolist()
        return
    cells = page.locator("#code-line data[data-tensor=prediction]")
    expect(cells).to_have_count(2)
    for n, value in enumerate(cells.evaluate_all("(all) => all.map(({ dataset }) => Number(dataset.value))")):
        assert value == pytest.approx(float(plain[n].flatten()[0]), abs=1e-6)
    assert torch.tensor(api["prediction"]["values"]).allclose(plain, atol=1e-6)


def test_a_task_is_chosen_beside_the_input_and_taken_back(watched: Watched, live_server: LiveServer) -> None:
    page = watched.page
    page.goto(live_server.url)
    expect(page.locator("#way")).to_have_attribute("data-kind", "many_to_one")
    page.locator("[data-arg=task-read]").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#way")).to_have_attribute("data-kind", "one_to_many")
    expect(page.locator(".sentences")).to_be_hidden()
    expect(page.locator("[data-role=source]")).to_be_hidden()
    expect(page.locator("[data-role=padding]")).to_be_hidden()  # the decoder's embedding has none
    page.keyboard.press("ArrowRight")
    expect(page.locator("#way")).to_have_attribute("data-kind", "encoder_decoder")
    expect(page.locator(".sentences")).to_be_visible()
    expect(page.locator("[data-role=owner]")).to_have_text("What the encoder reads")
    expect(page.locator("[data-role=encoder-code]")).to_contain_text("_, (h_0, c_0) = encoder(packed)")
    expect(page.locator("[data-role=loop-code]")).to_contain_text("for t in range(4): ")
    expect(page).to_have_url(f"{live_server.url}/?head=every_step&out_features=12&activation=none&task=translate")
    expect(page.locator("[data-role=way-shown]")).to_contain_text("Encoder and decoder")
    page.locator("#arg-decode_steps").fill("6")
    expect(page.locator("[data-role=loop-code]")).to_contain_text("for t in range(6): ")
    expect(page.locator("[data-role=way-shown]")).to_be_empty()
    expect(page.locator("[data-testid=encoder-alone]")).to_have_attribute(
        "href", "/?packed=true&head=none&activation=none&seed=1&lang=en"
    )
    page.locator("[data-arg=task-read]").check()
    expect(page.locator("#way")).to_have_attribute("data-kind", "many_to_one")
    expect(page).to_have_url(f"{live_server.url}/?decode_steps=6")


def test_every_variant_is_a_link_without_the_script(browser: Browser, live_server: LiveServer) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    for variant in BY_KEY["rnn-types"].variants:
        page.goto(f"{live_server.url}/?hidden_size=7")
        page.locator("#examples summary").click()
        link = page.locator(f'[data-of="rnn-types"][data-variant={variant.key}]')
        title = link.text_content() or "?"
        link.click()
        expect(page.locator("[data-role=way-shown]")).to_contain_text(title)
        shape = page.locator('[data-shape-of="input"]').last
        expect(shape).to_be_visible()
    expect(page.locator("[data-role=loop-code]")).to_contain_text("for t in range(4): ")
    page.locator("[data-testid=encoder-alone]").click()
    expect(page.locator("[data-arg=task-read]")).to_be_checked()
    context.close()


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_wrong_with_encoder_and_decoder(
    browser: Browser, live_server: LiveServer, theme: Any, lang: str
) -> None:
    url = f"{live_server.url}/?example=rnn-types&theme={theme}&lang={lang}"
    page = opened(browser, url, viewport={"width": 1440, "height": 900}, color_scheme=theme, reduced_motion="reduce")
    assert violations(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.close()

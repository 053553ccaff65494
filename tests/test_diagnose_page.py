"""/diagnose: the page and its twin say the same, without a script, in both languages, whatever is pasted."""

import html
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from app.recurrent.diagnose.answer import MOST_TEXT
from app.recurrent.diagnose.samples import SAMPLES
from app.settings import Settings
from app.web import i18n
from app.web.diagnose import EXAMPLES
from app.web.diagnose_page import FORM, KINDS, MOST_BODY
from tests.hostile import HOSTILE
from tests.test_api import is_problem
from tests.test_diagnose_api import garbled
from tests.test_diagnose_code import CODES
from tests.test_diagnose_code import HOSTILE as HOSTILE_CODE
from tests.test_diagnose_traceback import HOSTILE as HOSTILE_TEXT

pytestmark = pytest.mark.anyio

PAGE = "/diagnose"
JSON = {"Accept": "application/json"}
WIDTH = "RuntimeError: input.size(-1) must be equal to input_size. Expected 10, got 7"
REQUEST = json.dumps(EXAMPLES["request"]["value"]["request"])


async def twin(client: httpx.AsyncClient, text: str, **more: str) -> dict[str, Any]:
    response = await client.get(PAGE, params={"text": text} | more, headers=JSON)
    assert response.status_code == 200, response.text[:300]
    found: dict[str, Any] = response.json()
    return found


async def post(client: httpx.AsyncClient, accept: dict[str, str] | None = None, **fields: str) -> httpx.Response:
    headers = {"Content-Type": FORM} | (accept or JSON)
    return await client.post(PAGE, content=urlencode(fields, errors="replace").encode(), headers=headers)


def visible(page: str) -> str:
    """The words of a page, without its markup."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", page)).split())


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda each: each.key)
async def test_the_page_says_what_its_twin_says(client: httpx.AsyncClient, sample: Any, lang: str) -> None:
    found = await twin(client, sample.text, lang=lang)
    page = await client.get(PAGE, params={"text": sample.text, "lang": lang})
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["content-language"] == lang
    words = visible(page.text)
    answer = found["answer"]
    assert found["problems"] == []
    for each in (answer, *answer["also"]):
        for part in ("why", "fix", "torch", "axis_says", "question_says", "fixed_code", "code_line"):
            assert " ".join((each[part] or "").split()) in words, part
        for shape in each["shapes"]:
            sizes = [axis["size"] for axis in shape["axes"] if axis["fault"]]
            assert all(size is None or f"={size}" in words for size in sizes)
        assert html.escape(each["page"]) in page.text
    assert page.text.count('class="fault"') == sum(
        axis["fault"] for each in (answer, *answer["also"]) for shape in each["shapes"] for axis in shape["axes"]
    )


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda each: each.key)
async def test_the_corrected_run_opens_with_a_proof(client: httpx.AsyncClient, sample: Any) -> None:
    answer = (await twin(client, sample.text))["answer"]
    for each in (answer, *answer["also"]):
        opened = (await client.get(each["page"], headers=JSON)).json()
        assert opened["problems"] == []
        assert max(opened["trace"]["proof"]["max_abs_diff"].values()) <= opened["trace"]["proof"]["tolerance"]
        same = await client.post("/api/v1/traces", json=each["fixed_request"])
        assert same.json()["id"] == opened["trace"]["id"]


async def test_every_corrected_run_of_code_that_has_an_address_is_the_same_run_there(client: httpx.AsyncClient) -> None:
    opened = 0
    for code, *_ in CODES:
        answer = (await twin(client, code))["answer"]
        if answer["page"] is None:
            continue
        trace = (await client.get(answer["page"], headers=JSON)).json()["trace"]
        assert trace["id"] == (await client.post("/api/v1/traces", json=answer["fixed_request"])).json()["id"]
        opened += 1
    assert opened > len(CODES) // 2


async def test_what_the_page_can_not_ask_for_is_shown_as_json(client: httpx.AsyncClient) -> None:
    found = await twin(client, REQUEST)
    assert (found["read_as"], found["answer"]["kind"], found["answer"]["page"]) == ("request", "layout", None)
    page = (await client.get(PAGE, params={"text": REQUEST})).text
    shown = json.loads(
        html.unescape(re.findall(r"<details class=\"request\">.*?<code>(.*?)</code>", page, re.DOTALL)[0])
    )
    assert shown == found["answer"]["fixed_request"]
    assert (await client.post("/api/v1/traces", json=shown)).status_code == 201


async def test_without_a_text_the_page_explains_itself(client: httpx.AsyncClient) -> None:
    for query in ("", "?text=", "?text=%20%0A"):
        found = (await client.get(f"{PAGE}{query}", headers=JSON)).json()
        assert (found["answer"], found["problems"]) == (None, [])
        page = (await client.get(f"{PAGE}{query}")).text
        assert page.count("data-sample=") == len(SAMPLES)
        assert '<form id="ask" method="get"' in page


async def test_every_sample_is_a_link_to_its_own_answer(client: httpx.AsyncClient) -> None:
    page = (await client.get(PAGE)).text
    links = [html.unescape(each) for each in re.findall(r'<a href="(/diagnose\?text=[^"#]*)#answer" data-sample', page)]
    assert len(links) == len(SAMPLES)
    for link, sample in zip(links, SAMPLES, strict=True):
        opened = (await client.get(link, headers=JSON)).json()
        assert opened["state"]["text"] == sample.text
        assert opened["answer"]["ok"] is False


async def test_the_language_and_the_theme_are_kept_and_the_browser_chooses_otherwise(client: httpx.AsyncClient) -> None:
    chinese = await client.get(PAGE, params={"text": WIDTH}, headers={"Accept-Language": "zh-CN"})
    assert '<html lang="zh-CN"' in chinese.text
    assert "特征" in visible(chinese.text)
    other = html.unescape(re.findall(r'data-testid="language" href="([^"]*)"', chinese.text)[0])
    english = await client.get(other, headers={"Accept-Language": "zh-CN"})
    assert '<html lang="en"' in english.text
    assert WIDTH in html.unescape(english.text)
    dark = (await client.get(PAGE, params={"text": WIDTH, "theme": "dark", "lang": "zh"})).text
    assert 'data-theme="dark"' in dark
    assert re.search(r'data-testid="open" href="/\?[^"]*lang=zh&amp;theme=dark"', dark)


# --- what is pasted is text ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "</textarea><script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "RuntimeError: <b>bold</b>",
        'ValueError: "><svg onload=alert(1)>',
        "lstm = nn.LSTM(10, 20)\nx = '<script>alert(1)</script>' + output[:, -1]",
        '{"model": {"cell": "<script>alert(1)</script>", "hidden_size": 3}}',
        '{"model": {"hidden_size": 3}, "input": {"text": "<script>alert(1)</script>"}}',
        "{{ 7 * 7 }}{% for x in y %}",
    ],
)
async def test_pasted_markup_is_shown_as_text(client: httpx.AsyncClient, text: str) -> None:
    page = (await client.get(PAGE, params={"text": text})).text
    assert text in html.unescape(page)
    for mark in ("<script>alert", "<img src=x", "<svg onload", "<b>bold"):
        assert mark not in page
    assert page.count("<script") == 1
    assert page.count("</textarea>") == 1


async def test_a_text_begins_where_it_began(client: httpx.AsyncClient) -> None:
    text = "\n\n    lstm = nn.LSTM(10, 20)"
    page = (await client.get(PAGE, params={"text": text})).text
    shown = re.findall(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.DOTALL)[0]  # HTML drops the first line break
    assert html.unescape(shown) == text


async def test_the_line_breaks_of_a_form_are_line_breaks(client: httpx.AsyncClient) -> None:
    code = CODES[-1][0]
    sent = (await post(client, text=code.replace("\n", "\r\n"))).json()
    assert sent["state"]["text"] == code
    assert sent["answer"] == (await twin(client, code))["answer"]


# --- sizes, choices, and what no browser would send ------------------------------------------------------


async def test_a_long_text_is_posted_and_answered_the_same(client: httpx.AsyncClient) -> None:
    text = "# 很长\n" * 1_500 + CODES[0][0]
    response = await post(client, text=text)
    assert response.json()["answer"]["kind"] == CODES[0][1]
    page = await post(client, {"Accept": "text/html"}, text=text, lang="zh")
    assert '<html lang="zh-CN"' in page.text
    is_problem(await client.get(PAGE, params={"text": "字" * 5_000}), 414, "address-too-long")


async def test_a_text_that_is_too_long_says_so_and_is_kept(client: httpx.AsyncClient) -> None:
    response = await post(client, text="x" * (MOST_TEXT + 1))
    found = response.json()
    assert (found["answer"], found["problems"][0]["got"]) == (None, MOST_TEXT + 1)
    assert len(found["state"]["text"]) == MOST_TEXT + 1
    huge = (await post(client, text="x" * (MOST_BODY + 1))).json()
    assert huge["problems"][0]["type"] == "/problems/over-limit"


async def test_a_kind_that_is_chosen_goes_before_the_one_that_is_recognised(client: httpx.AsyncClient) -> None:
    code = CODES[0][0]
    assert (await twin(client, code))["read_as"] == "code"
    for kind in KINDS:
        found = await twin(client, code, kind=kind)
        assert found["state"]["kind"] == kind
        assert found["read_as"] in (kind, None)
    assert (await twin(client, code, kind="request"))["problems"][0]["type"] == "/problems/invalid-json"
    assert (await twin(client, code, kind="poem", lang="xx", theme="pink"))["read_as"] == "code"


@pytest.mark.parametrize(
    "text",
    ['{"model": {"hidden_size": 4},', '{"a": 1, "a": 2}', '{"a": NaN}', '{"a": "\\ud800"}', "[1]", '{"a":' * 900],
)
async def test_a_request_that_is_no_json_says_where_it_ends(client: httpx.AsyncClient, text: str) -> None:
    found = await twin(client, text, kind="request")
    assert found["answer"] is None
    assert found["problems"][0]["type"] == "/problems/invalid-json"


async def test_a_request_that_is_too_large_says_both_numbers(client: httpx.AsyncClient) -> None:
    huge = {"model": {"input_size": 3, "hidden_size": 4}, "input": {"random": {"batch": 99_999, "seq_len": 5}}}
    problem = (await twin(client, json.dumps(huge)))["problems"][0]
    assert (problem["type"], problem["got"]) == ("/problems/over-limit", 99_999)


@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")
async def test_whatever_is_pasted_the_page_answers(client: httpx.AsyncClient) -> None:
    texts = [*HOSTILE_TEXT, *HOSTILE_CODE, *garbled(60), *(json.dumps(each) for each in HOSTILE[::5])]
    assert len(texts) > 200
    for number, text in enumerate(texts):
        response = await post(client, {"Accept": "text/html"}, text=text[: MOST_TEXT * 2])
        assert response.status_code == 200, (number, text[:100])


async def test_no_body_whatever_breaks_the_page(client: httpx.AsyncClient) -> None:
    for body in (b"", b"text", b"text=%", b"text=%ff%fe", b"=&=&&", b"\xff\xfe", b"text=a&text=b", b"&" * 70_000):
        response = await client.post(PAGE, content=body, headers={"Content-Type": FORM} | JSON)
        assert response.status_code == 200, body[:20]
    is_problem(await client.post(PAGE, json={"text": "x"}), 415, "unsupported-media-type")
    is_problem(await client.put(PAGE), 405, "method-not-allowed")


async def test_another_site_can_not_post_and_our_own_page_can(client: httpx.AsyncClient) -> None:
    headers = {"Content-Type": FORM} | JSON
    foreign = await client.post(PAGE, content=b"text=x", headers=headers | {"Origin": "http://evil.example"})
    is_problem(foreign, 403, "foreign-origin")
    own = await client.post(PAGE, content=b"text=x", headers=headers | {"Origin": "http://127.0.0.1"})
    assert own.status_code == 200
    # a page without any referrer would post without its origin, which counts as foreign
    assert (await client.get(PAGE)).headers["referrer-policy"] == "same-origin"


class TestBusy:
    """A server whose queue is full."""

    @pytest.fixture
    def settings(self, tmp_path: Path) -> Settings:
        return Settings(data=tmp_path / "data", queue=0, workers=1, per_session=1, per_address=1)

    async def test_the_address_says_when_to_come_again(self, client: httpx.AsyncClient, app: Any) -> None:
        app.state.work._held["address 127.0.0.1"] = 1
        response = await client.get(PAGE, params={"text": WIDTH}, headers=JSON)
        assert response.status_code == 429
        assert "retry-after" in response.headers
        assert response.json()["problems"][0]["type"] == "/problems/too-many-requests"
        assert response.json()["state"]["text"] == WIDTH
        page = await client.get(PAGE, params={"text": WIDTH})
        assert page.status_code == 429
        assert WIDTH in html.unescape(page.text)

"""/questions: each of the 25 has its answer, a run that settles it, and where PyTorch prints a text, its diagnosis."""

import re
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
from torch import nn

from app.recurrent.cost import Limits
from app.recurrent.shapes import plan
from app.web.questions import QUESTIONS, Asked
from app.web.state import read_state, runnable

pytestmark = pytest.mark.anyio


def shown(query: str) -> tuple[int, list[str]]:
    """Parameters and stages of the run that a link opens; it is understood and runs as it stands."""
    state, misread = read_state(parse_qsl(query, keep_blank_values=True))
    assert misread == []
    _, planned, moved = runnable(state, Limits())
    assert moved == []
    assert planned.request == plan(state.request(), Limits()).request
    return planned.parameter_count, [stage.op for stage in planned.stages]


@pytest.mark.parametrize("asked", QUESTIONS, ids=lambda each: each.number)
def test_every_question_opens_a_run_that_is_what_the_link_says(asked: Asked) -> None:
    shown(asked.query)
    if asked.against is not None:
        shown(asked.against)
        assert asked.against != asked.query


@pytest.mark.parametrize("asked", [each for each in QUESTIONS if each.text], ids=lambda each: each.number)
async def test_the_diagnosis_of_what_pytorch_prints_leads_back_to_the_question(
    client: httpx.AsyncClient, asked: Asked
) -> None:
    assert asked.text is not None
    twin = (await client.get("/diagnose", params={"text": asked.text}, headers={"Accept": "application/json"})).json()
    assert twin["answer"]["question"] == asked.number
    page = (await client.get("/diagnose", params={"text": asked.text, "lang": "zh"})).text
    assert f'href="/questions?lang=zh#q{asked.number}"' in page


async def test_the_page_and_its_twin_say_the_same_and_every_link_answers(client: httpx.AsyncClient) -> None:
    for lang in ("en", "zh"):
        page = (await client.get(f"/questions?lang={lang}&theme=dark")).text
        twin = (await client.get(f"/questions?lang={lang}", headers={"Accept": "application/json"})).json()
        assert [each["number"] for each in twin["questions"]] == list(range(1, 26))
        assert re.findall(r'id="q(\d+)"', page) == [str(number) for number in range(1, 26)]
        text = page.replace("&#39;", "'").replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")
        for each in twin["questions"]:
            assert each["question"] in text
            assert each["answer"] in text
            assert parse_qs(urlsplit(each["page"]).query)["lang"] == [lang]
    compared = next(each["compare"] for each in twin["questions"] if each["number"] == 18)
    assert (await client.get(compared)).status_code == 200


def test_the_numbers_in_the_answers_are_pytorchs() -> None:
    by_number = {each.number: each for each in QUESTIONS}
    count = sum(each.numel() for each in nn.LSTM(10, 20).parameters())
    assert count == 2560 == 4 * 20 * (10 + 20 + 2)
    assert shown(by_number[18].query)[0] == count
    longer = by_number[21].against
    assert longer is not None
    assert shown(by_number[21].query)[0] == shown(longer)[0]
    assert nn.Linear(12, 1).in_features == 2 * 6
    assert "Linear" in shown(by_number[23].query)[1]

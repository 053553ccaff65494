"""The weather: days out of the packaged file, the shipped model on them, and a small training run from scratch."""

import csv
import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
import torch
from safetensors.torch import load
from torch import nn

from app.training import weather as recipe
from app.training.command import main_of
from app.training.fetch import VEGA, FetchError, Package, fetched
from app.training.net import Net
from app.zoo.trained import bundled, file_of
from tests.house import TOP
from tests.test_api import TRACES, is_problem

pytestmark = pytest.mark.anyio
FILE = TOP / "app" / "corpora" / "weather.csv"


def asked(**days: Any) -> dict[str, Any]:
    return {
        "weights": {"bundled": "weather"},
        "model": {"batch_first": True},
        "input": {"dataset": "weather", "first_day": "2015-07-01", "days": 14} | days,
    }


async def test_the_weather_is_the_measured_one_and_the_model_answers_as_plain_torch_does(
    client: httpx.AsyncClient,
) -> None:
    answer = (await client.post(TRACES, json=asked())).json()
    with FILE.open() as file:
        rows = [row for row in csv.DictReader(file) if "2015-07-01" <= row["date"] <= "2015-07-14"]
    names = ("temp_max", "temp_min", "precipitation", "wind")
    measured = torch.tensor([[float(row[name]) for name in names] for row in rows]).view(2, 14, 4)
    assert torch.tensor(answer["tensors"]["input"]["values"]).equal(measured)
    assert answer["labels"]["N"] == ["Seattle", "New York"] and answer["labels"]["T"][-1] == "2015-07-14"
    held = {name: w.float() for name, w in load(file_of("weather")).items()}
    rnn = nn.LSTM(4, 16, batch_first=True)
    rnn.load_state_dict({name.removeprefix("rnn."): w for name, w in held.items() if name.startswith("rnn.")})
    with torch.no_grad():
        said = rnn(measured)[1][0][-1] @ held["head.weight"].T + held["head.bias"]
    assert answer["tensors"]["prediction"]["values"] == pytest.approx(said[:, 0].tolist(), abs=1e-3)
    running = (await client.get(f"{TRACES}/{answer['id']}/running", params={"sample": 1})).json()
    assert running["values"][-1] == pytest.approx([said[1, 0].item()], abs=1e-3)
    assert running["tokens"] == answer["labels"]["T"]


@pytest.mark.parametrize(
    ("days", "field"),
    [
        ({"first_day": "2011-12-31"}, "input.first_day"),
        ({"first_day": "yesterday"}, "input.first_day"),
        ({"first_day": "2015-12-25", "days": 8}, "input.days"),
        ({"dataset": "tides"}, "input.dataset"),
    ],
)
async def test_days_that_are_not_there_are_refused(client: httpx.AsyncClient, days: dict[str, Any], field: str) -> None:
    answer = await client.post(TRACES, json=asked(**days))
    found = is_problem(answer, 422, "over-limit" if field == "input.days" else "invalid-value")
    assert found["field"] == field and found["expected"]


async def test_the_shipped_score_is_that_of_the_shipped_weights() -> None:
    found = bundled("weather")
    assert found is not None
    net = Net(recipe.RECIPE.model, None, recipe.RECIPE.head)
    net.load_state_dict(found.load())
    test = recipe.windows(recipe.TEST, None)
    assert recipe.error(net, test) == pytest.approx(found.card["scores"]["shipped"], abs=1e-3)
    persistence = float(((test.x[:, -1, :1] - test.y) ** 2).mean())
    assert persistence == pytest.approx(found.card["baselines"]["persistence"], abs=1e-3)


async def test_trained_from_scratch_at_a_small_budget_it_beats_tomorrow_as_today(tmp_path: Path) -> None:
    assert main_of(["weather", "--seeds", "1", "--epochs", "12", "--out", str(tmp_path)]) == 0
    log = (tmp_path / "weather.log").read_text()
    card = json.loads((tmp_path / "weather.card.json").read_text())
    assert card["scores"]["shipped"] < card["baselines"]["persistence"]
    assert f"held-out {card['scores']['shipped']:.4f}" in log


async def test_the_packaged_file_is_the_one_of_its_package() -> None:
    # what was taken out of the archive that VEGA pins
    assert hashlib.sha256(FILE.read_bytes()).hexdigest()[:16] == "27219f1ca8dbd94c" and VEGA.version == "3.2.1"
    assert recipe.windows(date(2015, 1, 1), date(2015, 1, 2)).y.tolist()[0] == [pytest.approx(5.6)]


async def test_an_archive_with_another_hash_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "other.tgz").write_bytes(b"not what was pinned")
    with pytest.raises(FetchError, match="sha256"):
        fetched(Package("npm", "other", "1", "other.tgz", "0" * 64), tmp_path)

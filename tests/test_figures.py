"""Figures: plotly opens each, and what is drawn is what the JSON routes say and what torch computes."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import plotly.io
import pytest
import torch
from hypothesis import HealthCheck, given
from hypothesis import settings as property_test
from hypothesis import strategies as st
from torch import nn

from app.figures.backward import gradients_figure
from app.figures.look import COLOURS, Look, diverging, round_up, sequential
from app.figures.memory import ledger_figure
from app.figures.values import gates_figure
from app.figures.wiring import listening_figure, wiring_figure
from app.recurrent.cost import Limits
from app.recurrent.explain.backward import Ask
from app.recurrent.explain.gradients import gradients
from app.recurrent.explain.ledger import ledger
from app.recurrent.explain.wiring import listening, wiring
from app.recurrent.shapes import GATE_ORDER
from app.settings import Settings
from app.web import i18n
from app.web.plotly import URL, script
from tests.core import plain, requests, traced
from tests.decoders import decoders
from tests.test_colours import DARK_BY_CHOICE, LIGHT

pytestmark = pytest.mark.anyio

TRACES = "/api/v1/traces"
H, F, T = 4, 3, 5
LSTM: dict[str, Any] = {
    "model": {"cell": "lstm", "input_size": F, "hidden_size": H, "batch_first": True},
    "input": {"random": {"batch": 2, "seq_len": T}},
    "head": {"reads": "h_n", "out_features": 2, "activation": "softmax"},
}
TEXT = {
    "model": {"cell": "lstm", "input_size": F, "hidden_size": H},
    "input": {"text": ["a <b> & not good", "i loved it"]},
}
KINDS: list[tuple[str, dict[str, Any]]] = [
    ("ledger", {}),
    ("gradients", {}),
    ("cells", {}),
    ("wiring", {"row": "l0", "gate": "f"}),
    ("listening", {"row": "l0", "gate": "o"}),
    ("gates", {"row": "l0"}),
    ("cube", {}),
    ("distribution", {"tensor": "l0.f"}),
    ("distribution", {"tensor": "l0.h", "by": "step"}),
]


async def answers(
    client: httpx.AsyncClient, asked: dict[str, Any], part: str, **params: Any
) -> tuple[dict[str, Any], httpx.Response]:
    trace = (await client.post(TRACES, json=asked)).json()
    return trace, await client.get(f"{TRACES}/{trace['id']}/{part}", params=params)


async def figure(client: httpx.AsyncClient, asked: dict[str, Any], kind: str, **params: Any) -> Any:
    trace, answer = await answers(client, asked, f"figures/{kind}", **params)
    assert answer.status_code == 200, answer.text
    return plotly.io.from_json(answer.text), trace


def network() -> nn.LSTM:
    """The LSTM of the requests above, as a person would make it."""
    torch.manual_seed(0)
    return nn.LSTM(F, H, batch_first=True)


def fed(trace: dict[str, Any]) -> torch.Tensor:
    return torch.tensor(trace["tensors"]["input"]["values"])


@pytest.mark.parametrize(
    "asked", [LSTM, TEXT, LSTM | {"model": LSTM["model"] | {"bidirectional": True, "num_layers": 2}}]
)
@pytest.mark.parametrize(("kind", "params"), KINDS)
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_plotly_opens_every_figure_in_both_languages(
    client: httpx.AsyncClient, asked: dict[str, Any], kind: str, params: dict[str, Any], theme: str
) -> None:
    titles = set()
    for lang in ("en", "zh"):
        found, _ = await figure(client, asked, kind, theme=theme, lang=lang, **params)
        assert found.layout.paper_bgcolor == COLOURS["dark" if theme == "dark" else "light"]["paper"]
        assert found.data
        titles.add(found.layout.title.text)
    assert len(titles) == 2


async def test_the_bars_of_the_ledger_are_the_ledgers_and_end_at_the_c_of_torch(client: httpx.AsyncClient) -> None:
    found, trace = await figure(client, LSTM, "ledger", sample=1, unit=2)
    picture, bars = found.data
    ledger = (await client.get(f"{TRACES}/{trace['id']}/ledger", params={"sample": 1})).json()
    assert [list(line) for line in zip(*picture.z, strict=True)] == ledger["rows"]
    assert list(bars.y[:-1]) == [line[2] for line in ledger["rows"]]
    with torch.no_grad():
        _, (_, c_n) = network()(fed(trace))
    assert bars.y[-1] == pytest.approx(float(c_n[0, 1, 2]), abs=1e-6)
    assert sum(bars.y[:-1]) == pytest.approx(float(c_n[0, 1, 2]), abs=1e-6)
    assert found.layout.meta["steps"] == [0, 1, 2, 3, 4]


async def test_a_ledger_of_the_backward_row_stands_in_the_order_in_which_it_ran(client: httpx.AsyncClient) -> None:
    both = LSTM | {"model": LSTM["model"] | {"bidirectional": True}}
    found, _ = await figure(client, both, "ledger", layer="l0_reverse")
    assert found.layout.meta["steps"] == [4, 3, 2, 1, 0]


async def test_the_lines_of_the_gradients_are_those_of_autograd(client: httpx.AsyncClient) -> None:
    found, trace = await figure(client, LSTM, "gradients", of="h_n", sample=0)
    x = fed(trace)[:1].double().requires_grad_()
    _, (h_n, _) = network().double()(x)
    h_n.sum().backward()
    assert x.grad is not None
    by_name = {line.name: line for line in found.data}
    assert list(by_name["input"].y) == pytest.approx(x.grad[0].norm(dim=1).tolist(), rel=1e-6)
    route = (await client.get(f"{TRACES}/{trace['id']}/gradients", params={"of": "h_n"})).json()
    assert list(by_name["l0.h"].y) == route["rows"]["l0"]["h"]
    assert list(by_name["l0.c"].y) == route["rows"]["l0"]["c"]
    assert found.layout.yaxis.type == "log"


async def test_each_cell_has_the_line_of_its_own_module(client: httpx.AsyncClient) -> None:
    found, trace = await figure(client, LSTM, "cells")
    kinds: dict[str, Any] = {"LSTM": nn.LSTM, "GRU": nn.GRU, "RNN": nn.RNN}
    assert [line.name for line in found.data] == list(kinds)
    for line in found.data:
        torch.manual_seed(0)
        module = kinds[line.name](F, H, batch_first=True).double()
        torch.manual_seed(0)
        module.load_state_dict(
            {k: v.double() for k, v in kinds[line.name](F, H, batch_first=True).state_dict().items()}
        )
        x = fed(trace)[:1].double().requires_grad_()
        module(x)[0][0, -1].sum().backward()
        assert x.grad is not None
        assert list(line.y) == pytest.approx(x.grad[0].norm(dim=1).tolist(), rel=1e-6)


async def test_the_bars_of_a_gate_are_weights_times_what_they_read(client: httpx.AsyncClient) -> None:
    found, trace = await figure(client, LSTM, "wiring", row="l0", gate="f", unit=1, step=2)
    drawn = [value for bars in found.data for value in bars.x if value is not None]
    lstm, x = network(), fed(trace)
    w = lstm.state_dict()
    with torch.no_grad():
        h = lstm(x[:1, :2])[0][0, -1]
        j = H + 1  # the forget gate's second row
        by_hand = [
            *(w["weight_ih_l0"][j] * x[0, 2]),
            *(w["weight_hh_l0"][j] * h),
            w["bias_ih_l0"][j],
            w["bias_hh_l0"][j],
        ]
    assert sorted(drawn) == pytest.approx(sorted(float(each) for each in by_hand), abs=1e-6)
    largest = [max((bars.x[k] or 0 for bars in found.data), key=abs) for k in range(len(drawn))]
    assert [abs(value) for value in largest] == sorted((abs(value) for value in largest), reverse=True)


async def test_more_products_than_bars_are_summed_so_that_nothing_is_lost(client: httpx.AsyncClient) -> None:
    wide = {
        "model": {"cell": "gru", "input_size": 40, "hidden_size": 30},
        "input": {"random": {"batch": 1, "seq_len": 3}},
    }
    found, trace = await figure(client, wide, "wiring", row="l0", gate="z", unit=7)
    drawn = [value for bars in found.data for value in bars.x if value is not None]
    assert len(drawn) < 30
    told = await client.get(f"{TRACES}/{trace['id']}/wiring", params={"row": "l0", "gate": "z", "unit": 7})
    assert sum(drawn) == pytest.approx(told.json()["inner"], abs=1e-9)


async def test_who_listens_to_whom_is_torchs_own_matrix(client: httpx.AsyncClient) -> None:
    found, _ = await figure(client, LSTM, "listening", row="l0", gate="o")
    W_ho = network().state_dict()["weight_hh_l0"][3 * H :]
    assert torch.equal(torch.tensor(found.data[0].z), W_ho)
    reach = round_up(float(W_ho.abs().max()))
    assert (found.layout.coloraxis.cmin, found.layout.coloraxis.cmax) == (-reach, reach)


async def test_the_pictures_of_the_gates_are_the_tensors(client: httpx.AsyncClient) -> None:
    found, trace = await figure(client, LSTM, "gates", row="l0", sample=1)
    assert [picture.name for picture in found.data] == list("ifgoch")
    for picture in found.data:
        values = torch.tensor(trace["tensors"][f"l0.{picture.name}"]["values"])
        assert torch.equal(torch.tensor(picture.z), values[1].T)
    with torch.no_grad():
        output, _ = network()(fed(trace))
    assert torch.allclose(torch.tensor(found.data[-1].z), output[1].T, atol=1e-6)


async def test_every_marker_of_the_cube_stands_at_its_own_place(client: httpx.AsyncClient) -> None:
    found, trace = await figure(client, LSTM, "cube")
    marks, x = found.data[0], fed(trace)
    assert len(marks.x) == x.numel()
    for n, t, f, value in zip(marks.y, marks.x, marks.z, marks.marker.color, strict=True):
        assert value == x[n, t, f]


async def test_a_large_cube_is_refused_with_both_numbers(client: httpx.AsyncClient) -> None:
    large = LSTM | {"input": {"random": {"batch": 20, "seq_len": 100}}}
    _, answer = await answers(client, large, "figures/cube")
    assert (answer.status_code, answer.json()["got"], answer.json()["expected"]) == (413, 6000, 4096)
    _, flat = await answers(client, TEXT, "figures/cube", tensor="tokens")
    assert flat.status_code == 422


async def test_words_are_written_as_they_are_not_read_as_markup(client: httpx.AsyncClient) -> None:
    found, trace = await figure(client, TEXT, "gradients")
    assert trace["text"]["tokens"][0] == ["a", "<", "b", ">", "&", "not", "good"]
    assert list(found.layout.xaxis.ticktext) == ["a", "&lt;", "b", "&gt;", "&amp;", "not", "good"]


async def test_a_figure_never_changes_and_is_sent_once(client: httpx.AsyncClient) -> None:
    trace, first = await answers(client, LSTM, "figures/ledger")
    address, tag = f"{TRACES}/{trace['id']}/figures/ledger", {"If-None-Match": first.headers["etag"]}
    assert "immutable" in first.headers["cache-control"]
    assert (await client.get(address, headers=tag)).status_code == 304
    for other in ({"theme": "dark"}, {"unit": 1}, {"to": 2}, {"lang": "zh"}):
        assert (await client.get(address, params=other, headers=tag)).status_code == 200


@pytest.mark.parametrize(
    ("kind", "params", "status"),
    [
        ("ledger", {"unit": H}, 422),
        ("ledger", {"theme": "pink"}, 422),
        ("gradients", {"of": "c_0"}, 422),
        ("wiring", {"row": "l0"}, 422),
        ("gates", {"row": "l7"}, 404),
        ("cube", {"tensor": "l0.q"}, 404),
        ("nothing", {}, 404),
    ],
)
async def test_what_can_not_be_drawn_is_a_problem(
    client: httpx.AsyncClient, kind: str, params: dict[str, Any], status: int
) -> None:
    _, answer = await answers(client, LSTM, f"figures/{kind}", **params)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


class TestSmallFigures:
    """With a small limit of numbers in one answer."""

    @pytest.fixture
    def settings(self, tmp_path: Path) -> Settings:
        return Settings(data=tmp_path / "data", max_json_numbers=14)

    @pytest.mark.parametrize(
        ("kind", "params", "got"), [("ledger", {}, 24), ("gradients", {}, 15), ("gates", {"row": "l0"}, 120)]
    )
    async def test_a_large_figure_is_refused_with_both_numbers(
        self, client: httpx.AsyncClient, kind: str, params: dict[str, Any], got: int
    ) -> None:
        _, answer = await answers(client, LSTM, f"figures/{kind}", **params)
        assert (answer.status_code, answer.json()["got"], answer.json()["expected"]) == (413, got, 14)


def test_the_colours_are_those_of_the_page() -> None:
    for theme, page in (("light", LIGHT), ("dark", DARK_BY_CHOICE)):
        own = COLOURS["dark" if theme == "dark" else "light"]
        assert own == {name: page[name] for name in own}


def test_the_scales_are_those_of_the_page() -> None:
    """Node runs the page's own script. It rounds each place to one of 256, so a byte may differ by two."""
    script = (
        "import { stops, roundUp } from './static/js/core/colour.js';"
        "const at = (kind, low) => stops({ kind, low, high: 1 }, 33).map((c) => c.match(/\\d+/g).map(Number));"
        "const up = [0.013, 0.2, 1, 4.2, 7, 71].map(roundUp);"
        "console.log(JSON.stringify({ diverging: at('diverging', -1), sequential: at('sequential', 0), up }));"
    )
    root = Path(__file__).parents[1]
    node = shutil.which("node", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    assert node
    told = subprocess.run([node, "--input-type=module", "-e", script], cwd=root, capture_output=True, check=True)
    page = json.loads(told.stdout)
    for name, scale in (("diverging", diverging), ("sequential", sequential)):
        for (_, colour), expected in zip(scale(), page[name], strict=True):
            assert [int(part) for part in re.findall(r"\d+", colour)] == pytest.approx(expected, abs=2)
    assert [round_up(value) for value in (0.013, 0.2, 1, 4.2, 7, 71)] == page["up"]


@property_test(max_examples=12, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(st.one_of(requests(), decoders()), st.data())
def test_any_run_can_be_drawn_and_its_ledger_ends_at_its_own_c(asked: dict[str, Any], data: st.DataObject) -> None:
    trace = traced(**asked)
    plan, shown = trace.plan, Look("dark", i18n.sayer("zh"))
    row = data.draw(st.sampled_from(plan.rows))
    sample = data.draw(st.integers(0, plan.N - 1))
    unit = data.draw(st.integers(0, plan.H - 1))
    gate = data.draw(st.sampled_from(GATE_ORDER[plan.request.model.cell] or ("h",)))
    ask = Ask(sample=sample)
    drawn = [
        gates_figure(trace, row.suffix, sample, shown),
        gradients_figure(gradients(trace, ask, Limits()), plan, shown),
        wiring_figure(wiring(trace, row.suffix, gate, unit=unit, step=0, sample=sample), plan, shown),
        listening_figure(listening(trace, row.suffix, gate), plan, shown),
    ]
    if plan.request.model.cell == "lstm":
        memory = ledger_figure(ledger(trace, row.suffix, sample), plan, unit, shown)
        c_n = plain(trace)["c_n"].reshape(len(plan.rows), plan.N, plan.H) if "decode" not in asked["input"] else None
        bars = memory.data[1].y
        if c_n is not None:
            assert bars[-1] == pytest.approx(float(c_n[row.index, sample, unit]), abs=1e-5)
        assert sum(bars[:-1]) == pytest.approx(bars[-1], abs=1e-5)
        drawn.append(memory)
    for each in drawn:
        assert json.loads(plotly.io.from_json(each.to_json()).to_json()) == json.loads(each.to_json())


def test_the_door_knows_the_names_by_which_the_installed_plotly_asks_for_its_styles() -> None:
    """Were they others, the page's policy would block two empty styles, with an error on the console."""
    door = (Path(__file__).parents[1] / "static/js/doors/plotly.js").read_text("utf-8")
    installed = script(False).decode()
    asked = set(re.findall(r'getElementById\("([0-9a-f]{64})"\)', installed))
    assert asked == set(re.findall(r'"([0-9a-f]{64})"', door))
    assert '"plotly.js-style-"' in installed


async def test_plotlys_script_comes_from_this_server_and_is_kept_for_good(client: httpx.AsyncClient) -> None:
    answer = await client.get(URL)
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.content == script(False)
    plain = await client.get(URL, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert (await client.get("/plotly/0.0.0/plotly.min.js")).status_code == 404

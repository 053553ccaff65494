"""Twenty generated configurations, ten numbers each: what the page shows of a number is what the API says of it."""

import random
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from playwright.sync_api import Page

from tests.browser import Watched
from tests.conftest import LiveServer

pytestmark = [pytest.mark.browser]

SEED = 20261128
CONFIGURATIONS, CELLS = 20, 10
WORDS = ["the", "film", "was", "not", "good", "but", "i", "loved", "it", "and", "would", "see", "again"]

# Another address as the back button brings it, then each number kept by a click in the table, and read off the page.
READ_OFF = """async ({ query, cells, formulas }) => {
  const soon = async (what, found) => {
    for (let k = 0; k < 1500; k++) {
      const here = found();
      if (here) return here;
      await new Promise((then) => setTimeout(then, 4));
    }
    throw new Error(`${what} did not come: ${query}`);
  };
  const one = (selector) => document.querySelector(selector);
  if (query !== location.search.slice(1)) {
    history.pushState(null, "", `/?${query}`);
    dispatchEvent(new PopStateEvent("popstate"));
    await soon("the run", () => document.body.dataset.status === "ready");
  }
  const read = [];
  for (const { tensor, index, home } of cells) {
    const menu = await soon("a menu with the tensor", () => {
      const found = one("#table-tensor");
      return [...found.options].some(({ value }) => value === tensor) && found;
    });
    if (menu.value !== tensor) {
      menu.value = tensor;
      menu.dispatchEvent(new Event("change", { bubbles: true }));
    }
    const place = `[data-tensor="${tensor}"][data-index="${index}"]`;
    const cell = await soon(`the number ${place}`, () => one(`[data-testid=table] td${place}`));
    cell.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    const shown = await soon(`the value ${place}`, () => one(`.value-short${place}[data-value]`));
    const made = `[data-testid=sources][data-tensor="${home.tensor}"][data-index="${home.index}"]`;
    await soon(`how it was made ${made}`, () => one(`.equation-part:not(.is-waiting) ${made}`));
    read.push({
      table: cell.dataset.value,
      tableText: cell.textContent,
      value: shown.dataset.value,
      text: shown.textContent,
      exact: one(".value-exact").textContent,
      formula: one(".equation")?.dataset.formula ?? null,
      says: one(".products-says").textContent,
      terms: [...document.querySelectorAll(".products-table tr[data-product]")].map((row) => {
        return [row.dataset.product, row.dataset.symbol ?? "", row.querySelector("td data").value];
      }),
    });
  }
  return read;
}"""


def configuration(chance: random.Random) -> dict[str, Any]:
    """A run as the page's address has it: any cell, stacked or not, one or two directions, any head, text or random."""
    cell = chance.choice(["lstm", "lstm", "gru", "rnn"])
    hidden = chance.randint(2, 9)
    head = chance.choice(["none", "every_step", "last_step", "h_n", "mean"])
    found: dict[str, Any] = {
        "cell": cell,
        "input_size": chance.randint(1, 8),
        "hidden_size": hidden,
        "num_layers": chance.randint(1, 3),
        "bias": chance.random() < 0.8,
        "batch_first": chance.random() < 0.5,
        "bidirectional": chance.random() < 0.5,
        "dtype": chance.choice(["float32", "float32", "float64"]),
        "head": head,
        "seed": chance.randint(0, 999),
        "h0": chance.choice(["zeros", "zeros", "random", "ones"]),
    }
    if cell == "lstm" and chance.random() < 0.4:
        found["proj_size"] = chance.randint(1, hidden - 1)
    if cell == "rnn":
        found["nonlinearity"] = chance.choice(["tanh", "relu"])
    if head != "none":
        found["out_features"] = chance.randint(1, 4)
        found["activation"] = chance.choice(["none", "sigmoid", "softmax", "log_softmax", "relu", "tanh"])
    samples, steps = chance.randint(1, 4), chance.randint(1, 7)
    if chance.random() < 0.5:
        found["text"] = [" ".join(chance.sample(WORDS, chance.randint(1, steps))) for _ in range(samples)]
        found["packed"] = chance.random() < 0.5
    else:
        found |= {"source": "random", "batch": samples, "seq_len": steps, "input_seed": chance.randint(0, 99)}
        found["num_embeddings"] = chance.choice([0, 11])
        if chance.random() < 0.5:
            found["lengths"] = ",".join(str(chance.randint(1, steps)) for _ in range(samples))
            found["packed"] = True
    return found | {"n": chance.randrange(samples), "lang": "en"}


def cells_of(chance: random.Random, trace: dict[str, Any], n: int) -> list[tuple[str, list[int]]]:
    """Ten numbers of any tensors; of those the table shows by sample, the chosen sample's."""
    found = []
    for _ in range(CELLS):
        name = chance.choice(list(trace["tensors"]))
        info = trace["tensors"][name]
        by_sample = len(info["axes"]) > 2
        index = [
            n if axis == "N" and by_sample else chance.randrange(size)
            for axis, size in zip(info["axes"], info["shape"], strict=True)
        ]
        found.append((name, index))
    return found


def home_of(trace: dict[str, Any], name: str, index: list[int]) -> tuple[str, list[int]]:
    """Where the API says that a copy was made: output, h_n and c_n repeat a state, input repeats the embedding."""
    info = trace["tensors"][name]
    at = dict(zip(info["axes"], index, strict=True))
    unit, n = index[-1] if index else 0, at.get("N", 0)
    if name == "output":
        end = next(e for e in trace["positions"]["output"] if e["features"][0] <= unit < e["features"][1])
        t, part, unit = at["T"], "h", unit - end["features"][0]
    elif name in ("h_n", "c_n"):
        end = next(e for e in trace["positions"][name] if e["index"] == index[0])
        t, part = end["step"][n], name[0]
    elif name == "input" and "embedding" in trace["tensors"]:
        return "embedding", index
    else:
        return name, index
    row = f"l{end['layer']}" + ("_reverse" if end["direction"] == "backward" else "")
    return f"{row}.{part}", [n, t, unit]


def four_decimals(value: float, dtype: str) -> str:
    """As the page writes it: a small number that is not zero says so."""
    if dtype.startswith("int"):
        return str(int(value))
    if value != 0 and abs(value) < 0.00005:
        mantissa, exponent = f"{value:.1e}".split("e")
        return f"{mantissa}e{int(exponent)}"
    return f"{value:.4f}"


def test_what_the_page_shows_of_any_number_is_what_the_api_says(watched: Watched, live_server: LiveServer) -> None:
    chance = random.Random(SEED)
    page = watched.page
    seen: set[str] = set()
    page.goto(f"{live_server.url}/?lang=en")
    with httpx.Client(base_url=live_server.url, timeout=30, headers={"Accept-Language": "en"}) as api:
        for _ in range(CONFIGURATIONS):
            asked = configuration(chance)
            seen |= _hold_against(page, api, asked, chance)
    page.evaluate("window.layoutShifts = []")  # another network is another picture, and nobody pressed anything
    # what was met: every cell and head, and the kinds of numbers that have a formula of their own
    assert {"l0.i", "l0.f", "l0.g", "l0.o", "l0.c", "l0.h", "l0.r", "l0.z", "l0.n", "output", "h_n"} <= seen
    assert {"embedding", "tokens", "logits", "h_0"} <= seen


def _hold_against(page: Page, api: httpx.Client, asked: dict[str, Any], chance: random.Random) -> set[str]:
    query = urlencode(
        [
            (name, str(one).lower() if isinstance(one, bool) else str(one))
            for name, value in asked.items()
            for one in (value if isinstance(value, list) else [value])
        ]
    )
    twin = api.get(f"/?{query}", headers={"Accept": "application/json"}).json()
    assert twin["problems"] == [], query
    trace = twin["trace"]
    cells = cells_of(chance, trace, asked["n"])
    homes = [home_of(trace, *cell) for cell in cells]
    shown = page.evaluate(
        READ_OFF,
        {
            "query": query,
            "cells": [
                {"tensor": name, "index": _text(index), "home": {"tensor": home, "index": _text(at)}}
                for (name, index), (home, at) in zip(cells, homes, strict=True)
            ],
        },
    )
    for (name, index), (home, at), got in zip(cells, homes, shown, strict=True):
        where = f"{name}[{_text(index)}] of /?{query}"
        path = f"/api/v1/traces/{trace['id']}"
        value = api.get(f"{path}/tensors/{name}", params={"index": _text(index), "format": "json"}).json()["values"]
        for each in ("table", "value", "exact"):
            assert float(got[each]) == value, f"{each}: {where}"
        written = four_decimals(value, trace["tensors"][name]["dtype"])
        assert (got["text"], got["tableText"]) == (written, written), where
        made = api.get(f"{path}/explain", params={"tensor": home, "index": _text(at)}).json()
        # c_n is the kernel's own, c inside the row is derived from its h: as close as the proof says, not bit for bit
        apart = trace["proof"]["tolerance"] if name == "c_n" else 0
        assert made["value"] == pytest.approx(value, rel=0, abs=apart), where
        _same_formula(got, made, where)
    return {name.replace("_reverse", "").replace("l1.", "l0.").replace("l2.", "l0.") for name, _ in cells}


def _same_formula(got: dict[str, Any], made: dict[str, Any], where: str) -> None:
    """The page's equation, and every product of it, are the API's."""
    terms = made["terms"]
    copied = len(terms) == 1 and terms[0]["role"] == "same" and made["apply"] == "identity"
    formula = f"{made['tensor']} = {terms[0]['symbol']}" if copied else made["formula"]
    assert got["formula"] == (formula if terms else None), where
    if not terms:
        return
    by_symbol: dict[str, list[float]] = {}
    for term in terms:
        by_symbol.setdefault(term["symbol"], []).append(term["value"])
    rest = 0.0
    for kind, symbol, text in got["terms"]:
        if kind == "product":
            assert float(text) in by_symbol[symbol], f"{symbol} of {where}"
            by_symbol[symbol].remove(float(text))
        elif kind == "rest":
            rest += float(text)
        elif kind == "sum":
            assert float(text) == made["inner"], where
        elif kind == "applied":
            assert float(text) == made["recomputed"], where
    left = [value for symbol, values in by_symbol.items() for value in values]
    biases = [float(text) for kind, _, text in got["terms"] if kind == "bias"]
    assert sum(left) == pytest.approx(rest + sum(biases), rel=1e-9, abs=1e-12), where


def _text(index: list[int]) -> str:
    return ",".join(map(str, index))

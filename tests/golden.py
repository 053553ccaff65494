"""Makes the golden scenes anew: the runs of the gallery with their numbers, then their drawings (`make golden`)."""

import json
import subprocess
from pathlib import Path
from typing import Any

from app.recurrent.answer import describe
from app.recurrent.shapes import plan
from app.recurrent.trace import run
from app.web.gallery import PLATES, Plate

TOP = Path(__file__).parents[1]
RUNS = TOP / "tests" / "golden"  # a run with its numbers, by plate
DRAW = ["node", "tests/js/golden.js"]  # draws them into static/gallery
KEPT = ("request", "stages", "tensors", "positions", "text", "encoder")  # what a drawing is made of


def traced(plate: Plate) -> dict[str, Any]:
    """What the drawing of a plate is made of: the run's answer without the inside of its rows."""
    trace = run(plan(plate.state.request()))
    answer = describe(trace, lambda _: "", lambda _: "").model_dump(mode="json")
    return {"key": plate.key, "t": plate.state.values["t"], "n": plate.state.values["n"], "trace": _kept(answer)}


def _kept(answer: dict[str, Any]) -> dict[str, Any]:
    kept = {name: answer[name] for name in KEPT if answer.get(name) is not None}
    kept["tensors"] = {name: each for name, each in answer["tensors"].items() if "." not in name}
    if "encoder" in kept:
        kept["encoder"] = _kept(kept["encoder"])
    return kept


def main() -> None:
    RUNS.mkdir(exist_ok=True)
    for old in RUNS.glob("*.json"):
        old.unlink()
    for plate in PLATES:
        text = json.dumps(traced(plate), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        (RUNS / f"{plate.key}.json").write_text(text + "\n", encoding="utf-8")
    subprocess.run(DRAW, cwd=TOP, check=True)


if __name__ == "__main__":
    main()

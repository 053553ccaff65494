"""The commands of the command line: each takes its parsed arguments and gives text to print."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel

from app import console
from app.recurrent import shapes
from app.recurrent.answer import describe, describe_plan
from app.recurrent.code.parse import MOST_CHARACTERS
from app.recurrent.code.read import read
from app.recurrent.diagnose import answer as diagnose
from app.recurrent.diagnose import finding as diagnose_finding
from app.recurrent.errors import Say
from app.recurrent.spec import TraceRequest
from app.recurrent.trace import run
from app.settings import Settings
from app.web.api import parse
from app.web.code import understood, written
from app.web.docs import TEXT_EXAMPLE
from app.web.errors import fault
from app.web.i18n import hint, sayer
from app.web.store import canonical, id_of

# flag → where it stands in a request
FLAGS: dict[str, tuple[str, ...]] = {
    "cell": ("model", "cell"),
    "input_size": ("model", "input_size"),
    "hidden_size": ("model", "hidden_size"),
    "num_layers": ("model", "num_layers"),
    "bias": ("model", "bias"),
    "batch_first": ("model", "batch_first"),
    "bidirectional": ("model", "bidirectional"),
    "dropout": ("model", "dropout"),
    "proj_size": ("model", "proj_size"),
    "nonlinearity": ("model", "nonlinearity"),
    "num_embeddings": ("embedding", "num_embeddings"),
    "text": ("input", "text"),
    "batch": ("input", "random", "batch"),
    "seq_len": ("input", "random", "seq_len"),
    "input_seed": ("input", "random", "seed"),
    "lengths": ("lengths",),
    "packed": ("packed",),
    "head": ("head", "reads"),
    "out_features": ("head", "out_features"),
    "activation": ("head", "activation"),
    "seed": ("weights", "seed"),
    "state_seed": ("state", "random", "seed"),
    "mode": ("mode",),
    "dtype": ("dtype",),
}


class Usage(Exception):
    """The command was not called in a way it understands; its text says how."""


class Done(NamedTuple):
    """What a command prints, and its exit code."""

    text: str
    code: int = 0


def add_request(parser: argparse.ArgumentParser) -> None:
    """The arguments that every command about a request takes."""
    parser.add_argument("request", nargs="?", help="a trace request as a JSON file; - reads standard input")
    flags = parser.add_argument_group("instead of a file", "names and defaults are PyTorch's")
    flags.add_argument("--cell", choices=("lstm", "gru", "rnn"))
    for name in ("input-size", "hidden-size", "num-layers", "proj-size", "num-embeddings"):
        flags.add_argument(f"--{name}", type=int, metavar="N")
    flags.add_argument("--dropout", type=float, metavar="P")
    flags.add_argument("--nonlinearity", choices=("tanh", "relu"))
    for name in ("batch-first", "bidirectional", "packed"):
        flags.add_argument(f"--{name}", action="store_true", default=None)
    flags.add_argument("--no-bias", dest="bias", action="store_false", default=None)
    flags.add_argument("--text", action="append", metavar="SENTENCE", help="one sample; give it again for the next")
    for name, says in (("batch", "random input: samples"), ("seq-len", "its steps"), ("input-seed", "its seed")):
        flags.add_argument(f"--{name}", type=int, metavar="N", help=says)
    flags.add_argument("--lengths", type=_whole_numbers, metavar="5,3", help="true steps of each sample")
    flags.add_argument("--head", choices=("every_step", "last_step", "h_n", "mean"), help="what nn.Linear reads")
    flags.add_argument("--out-features", type=int, metavar="N")
    flags.add_argument("--activation", choices=("sigmoid", "softmax", "log_softmax", "relu", "tanh"))
    flags.add_argument("--seed", type=int, metavar="N", help="of the weights (0)")
    flags.add_argument("--state-seed", type=int, metavar="N", help="random first states instead of zeros")
    flags.add_argument("--mode", choices=("eval", "train"))
    flags.add_argument("--dtype", choices=("float32", "float64"))


def _whole_numbers(text: str) -> list[int]:
    return [int(each) for each in text.split(",")]


def trace(chosen: argparse.Namespace) -> Done:
    """Run a request: stages, proof, claims."""
    plan = _plan(chosen)
    answer = describe(run(plan), lambda each: id_of(canonical(each.request)), sayer(chosen.lang))
    return _printed(chosen, answer, console.trace(answer, chosen.lang))


def plan(chosen: argparse.Namespace) -> Done:
    """Every shape without running anything, at any size."""
    answer = describe_plan(shapes.plan(_asked(chosen)), sayer(chosen.lang))
    return _printed(chosen, answer, console.shapes(answer, chosen.lang))


def code(chosen: argparse.Namespace) -> Done:
    """A request as source, or source as a request."""
    if chosen.read is not None:
        if chosen.request is not None or _given(chosen):
            raise Usage("--read takes a source; leave the request and its flags out.")
        found = understood(read(_text(chosen.read, MOST_CHARACTERS + 1)), sayer(chosen.lang))
        return _printed(chosen, found, console.reading(found, chosen.lang))
    answer = written(shapes.plan(_asked(chosen)), sayer(chosen.lang))
    if chosen.json or not chosen.keras:
        return _printed(chosen, answer, answer.pytorch.rstrip("\n"))
    if answer.keras is None:
        return Done(f"# {answer.keras_why}", 1)
    return Done(answer.keras.rstrip("\n"))


def look(chosen: argparse.Namespace) -> Done:
    """What is wrong with a request, an error message or code; the exit code is 1 when something is."""
    planner: Callable[[TraceRequest], shapes.Plan] = lambda asked: shapes.plan(asked, _limits())  # noqa: E731
    if sum(each is not None for each in (chosen.request, chosen.traceback, chosen.code)) + bool(_given(chosen)) > 1:
        raise Usage("Give one of: a request, --traceback, --code.")
    if chosen.traceback is not None:
        found = diagnose.of_traceback(_text(chosen.traceback), planner)
    elif chosen.code is not None:
        found = diagnose.of_code(_text(chosen.code), planner)
    else:
        found = diagnose.of_request(_raw(chosen), planner)
    lang = chosen.lang
    answer = diagnose_finding.answered(found, sayer(lang), lambda say: hint(lang, say))
    lines = [answer.torch or "", answer.why]
    lines += [sayer(lang)(Say("console.fix", {"fix": answer.fix}))] if answer.fix else []
    for each in answer.also:
        lines += ["", each.why] + ([sayer(lang)(Say("console.fix", {"fix": each.fix}))] if each.fix else [])
    if answer.fixed_request is not None and answer.ok is not True:
        lines += ["", json.dumps(answer.fixed_request, ensure_ascii=False)]
    done = _printed(chosen, answer, "\n".join(lines).strip("\n"))
    return done._replace(code=1 if answer.ok is False else 0)


def _printed(chosen: argparse.Namespace, answer: BaseModel, tables: str) -> Done:
    return Done(answer.model_dump_json() if chosen.json else tables)


def _plan(chosen: argparse.Namespace) -> shapes.Plan:
    return shapes.plan(_asked(chosen), _limits())


def _limits() -> Any:
    return Settings.from_environment().limits


def _asked(chosen: argparse.Namespace) -> TraceRequest:
    """The request of a file or of the flags; raises ValidationError and Refusal."""
    if chosen.request is None:
        return TraceRequest.model_validate(_raw(chosen))
    return parse(_file(chosen))


def _raw(chosen: argparse.Namespace) -> dict[str, Any]:
    """The same as plain data, not checked."""
    if chosen.request is None:
        return _from_flags(_given(chosen))
    try:
        found = json.loads(_file(chosen))
    except (ValueError, RecursionError) as error:
        raise fault("invalid-json", got=str(error)[:120]) from None
    if not isinstance(found, dict):
        raise fault("invalid-json", expected="{…}")
    return found


def _file(chosen: argparse.Namespace) -> bytes:
    if flags := _given(chosen):
        raise Usage(f"Give a request or flags, not both: --{next(iter(flags)).replace('_', '-')}.")
    return _text(chosen.request).encode("utf-8", "replace")


def _given(chosen: argparse.Namespace) -> dict[str, Any]:
    """The flags that were given."""
    return {name: value for name in FLAGS if (value := getattr(chosen, name, None)) is not None}


def _from_flags(flags: dict[str, Any]) -> dict[str, Any]:
    """The request that flags stand for; without any, the page's first one."""
    if not flags:
        return TEXT_EXAMPLE
    asked: dict[str, Any] = {}
    for name, value in flags.items():
        *places, last = FLAGS[name]
        inner = asked
        for place in places:
            inner = inner.setdefault(place, {})
        inner[last] = value
    model = asked.setdefault("model", {})
    model.setdefault("hidden_size", 6)
    model.setdefault("input_size", 8)
    entering = asked.setdefault("input", {})
    if "random" in entering or "text" not in entering:
        entering["random"] = {"batch": 2, "seq_len": 5} | entering.get("random", {})
    if "head" in asked and "reads" not in asked["head"]:
        asked["head"]["reads"] = "h_n"
    return asked


def _text(name: str, most: int | None = None) -> str:
    """A file, or standard input for "-"; as UTF-8."""
    try:
        held = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise Usage(f"{name} can't be read: {error.strerror or error}.") from None
    return held.decode("utf-8", "replace").removeprefix("\ufeff")[:most]


def default_lang() -> str:
    """zh where the terminal speaks Chinese, else en."""
    spoken = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return "zh" if spoken.lower().startswith("zh") else "en"

"""The command line: `python -m app serve`, the API's answers without a server (trace, shapes, …), and train."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from app import __version__
from app.settings import Settings, SettingsError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code: 0 done, 1 refused (or something is wrong), 2 called wrongly."""
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(prog="unrolled", description="See every number inside an LSTM.")
    parser.add_argument("--version", action="version", version=f"unrolled {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="serve the page and the API")
    serve.add_argument("--host", default=os.environ.get("HOST"), help="address to listen on (or HOST; 127.0.0.1)")
    serve.add_argument("--port", default=os.environ.get("PORT"), help="port to listen on (or PORT; 8000)")
    serve.set_defaults(run=_serve)

    train = commands.add_parser("train", help="train a bundled model again from its data")
    train.set_defaults(run=_train)
    if "train" in arguments:
        from app.training import command

        command.add(train)

    for name, says in ASKING.items():
        asking = commands.add_parser(name, help=says, description=f"{says[:1].upper()}{says[1:]}.")
        asking.set_defaults(run=_ask)
        if name in arguments:  # what follows needs torch, which takes seconds to import; --help should not
            _describe(name, asking)

    chosen = parser.parse_args(arguments)
    try:
        code: int = chosen.run(chosen)
    except SettingsError as error:
        print(f"unrolled: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return code


ASKING = {
    "trace": "run one forward pass: shapes, ranges, proof, claims",
    "shapes": "every shape, without running anything",
    "diagnose": "what is wrong with a request, an error message or code (exit code 1 when something is)",
    "code": "a request as PyTorch source (or --keras), or source as a request (--read)",
}


def _describe(name: str, parser: argparse.ArgumentParser) -> None:
    from app import commands

    commands.add_request(parser)
    parser.add_argument("--json", action="store_true", help="the API's answer, for programs")
    parser.add_argument("--lang", choices=("en", "zh"), default=commands.default_lang())
    if name == "code":
        parser.add_argument("--keras", action="store_true", help="Keras instead of PyTorch")
        parser.add_argument("--read", metavar="FILE", help="Python source, - for standard input; it is never run")
    if name == "diagnose":
        parser.add_argument("--traceback", metavar="FILE", help="what PyTorch printed; - for standard input")
        parser.add_argument("--code", metavar="FILE", help="Python source, never run; - for standard input")


def _ask(chosen: argparse.Namespace) -> int:
    from pydantic import ValidationError

    from app import commands
    from app.recurrent.errors import Refusal
    from app.web.errors import refusals_of

    answers: dict[str, Callable[[argparse.Namespace], commands.Done]] = {
        "trace": commands.trace,
        "shapes": commands.plan,
        "diagnose": commands.look,
        "code": commands.code,
    }
    try:
        done = answers[chosen.command](chosen)
    except commands.Usage as error:
        print(f"unrolled: {error}", file=sys.stderr)
        return 2
    except ValidationError as error:
        return _refused(chosen, refusals_of(error))
    except Refusal as refusal:
        return _refused(chosen, [refusal])
    _say(done.text)
    return done.code


def _refused(chosen: argparse.Namespace, refusals: Sequence[Any]) -> int:
    """One line on standard error: a sentence and the way out, or the API's problem as JSON."""
    from app.web.errors import problem

    found = problem(refusals[0], chosen.lang)
    if chosen.json:
        line = json.dumps(found, ensure_ascii=False)
    else:
        line = " ".join(part for part in ("unrolled:", found["detail"], found["hint"]) if part)
    _say(" ".join(line.split()), sys.stderr)
    return 1


def _say(text: str, to: Any = None) -> None:
    """Print, also where the terminal lacks a sign of it, or has gone (`| head`)."""
    to = to or sys.stdout
    try:
        print(
            text.encode(to.encoding or "utf-8", "backslashreplace").decode(to.encoding or "utf-8"), file=to, flush=True
        )
    except BrokenPipeError:
        # nobody reads on; Python would complain once more when it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), to.fileno())


def _train(chosen: argparse.Namespace) -> int:
    from app.training.command import train

    return train(chosen)


def _serve(chosen: argparse.Namespace) -> int:
    # torch takes seconds to import; --help should not
    from app.main import create_app
    from app.web.serve import serve

    given: dict[str, Any] = {}
    if chosen.host:
        given["host"] = chosen.host
    if chosen.port:
        if not chosen.port.isascii() or not chosen.port.isdigit():
            raise SettingsError(f"The port is {chosen.port[:40]!r}; it must be a whole number.")
        given["port"] = int(chosen.port)
    settings = Settings.from_environment(**given)
    return serve(create_app(settings), settings)


if __name__ == "__main__":
    sys.exit(main())

"""The command line: `python -m app serve`."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

from app import __version__
from app.settings import Settings, SettingsError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    parser = argparse.ArgumentParser(prog="unrolled", description="See every number inside an LSTM.")
    parser.add_argument("--version", action="version", version=f"unrolled {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="serve the page and the API")
    serve.add_argument("--host", default=os.environ.get("HOST"), help="address to listen on (or HOST; 127.0.0.1)")
    serve.add_argument("--port", default=os.environ.get("PORT"), help="port to listen on (or PORT; 8000)")
    serve.set_defaults(run=_serve)

    chosen = parser.parse_args(arguments)
    try:
        code: int = chosen.run(chosen)
    except SettingsError as error:
        print(f"unrolled: {error}", file=sys.stderr)
        return 2
    return code


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

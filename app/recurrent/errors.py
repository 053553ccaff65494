"""`Refusal`: the one way the core says no, and `Say`: a sentence that the catalogue holds."""

from collections.abc import Callable
from typing import Any, NamedTuple


class Say(NamedTuple):
    """A sentence by its key in the catalogue and what fills its places."""

    key: str
    params: dict[str, Any] = {}  # noqa: RUF012 - a NamedTuple default is never written to


class Refusal(Exception):
    """Something a person asked for that can't be done, and what would make it work.

    kind      the name of the problem page, e.g. "shape-mismatch"
    say       the sentence; its catalogue key plus ".hint" is the way out
    field     where in the request, e.g. "input.values[0]"
    got, expected   the two numbers (or words) that disagree
    torch     the text PyTorch itself prints for this call, if it prints one
    """

    def __init__(
        self,
        kind: str,
        say: Say,
        *,
        field: str | None = None,
        got: Any = None,
        expected: Any = None,
        torch: str | None = None,
    ) -> None:
        super().__init__(f"{kind}: {say.key} {say.params}")
        self.kind = kind
        self.say = say
        self.field = field
        self.got = got
        self.expected = expected
        self.torch = torch


class Cancelled(Exception):
    """The asker went away while the pass was running."""


def stop_if(cancelled: Callable[[], bool]) -> None:
    """Raise Cancelled when nobody waits any more."""
    if cancelled():
        raise Cancelled

"""What the headers of a request choose: one of several forms of an answer, or none because it is at hand."""

from collections.abc import Sequence

from starlette.requests import Request


def preferred(request: Request, offers: Sequence[str]) -> str:
    """The media type among `offers` that the Accept headers like best; the first offer when they name none.

    The highest q wins, q=0 excludes, an exact name beats type/* and */*; among equals the one that is
    named first. Who accepts nothing of ours still gets the first offer: it says more than an empty 406.
    """
    asked = _accepted(",".join(request.headers.getlist("accept")))
    ranked: list[tuple[float, int, int]] = []
    for place, offer in enumerate(offers):
        for pattern in (offer, f"{offer.partition('/')[0]}/*", "*/*"):
            if pattern in asked:
                q, named = asked[pattern]
                if q > 0:
                    # one wildcard stands for all offers at once, in the order of the offers
                    ranked.append((-q, named, place))
                break
    return offers[min(ranked)[2]] if ranked else offers[0]


def _accepted(header: str) -> dict[str, tuple[float, int]]:
    """Every media range with its q and its place in the header."""
    found: dict[str, tuple[float, int]] = {}
    for place, part in enumerate(header[:4000].split(",")):
        media, *parameters = (piece.strip().lower() for piece in part.split(";"))
        q = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip() == "q":
                q = _quality(value.strip())
        if media:
            found.setdefault(media, (q, place))
    return found


def _quality(text: str) -> float:
    """0 … 1; what is no number excludes nothing."""
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 1.0


def holds(request: Request, tag: str) -> bool:
    """Whether the client says that it has this very answer, or, with *, any."""
    sent = {part.strip().removeprefix("W/") for part in ",".join(request.headers.getlist("if-none-match")).split(",")}
    return tag in sent or "*" in sent


def names(request: Request, tag: str) -> bool:
    """Whether the client names this very answer: what can be said before it is known to exist."""
    return holds(request, tag) and "*" not in request.headers.get("if-none-match", "")

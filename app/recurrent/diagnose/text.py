"""`Text`: one message of PyTorch, in today's words and in older ones."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    """One message of PyTorch and what it is about.

    kind      the name of the mistake; its sentences are "diagnose.{kind}.why" and ".hint"
    axis      the axis that does not fit (N, T, F, H, L·D), "rank" when one is missing or too many
    question  the number in the list of the 25 questions, None where the mistake is not among them
    today     as torch 2.13 prints it, with {places} for its numbers; match.py says how a place reads
    older     as earlier versions printed it
    knows     shorter parts by which it is recognised as well, for texts that are often cut
    near      words that have to stand somewhere in what was pasted; for texts that others print as well
    """

    kind: str
    axis: str | None
    question: int | None
    today: str
    older: tuple[str, ...] = ()
    knows: tuple[str, ...] = ()
    near: str | None = None
    warning: bool = False

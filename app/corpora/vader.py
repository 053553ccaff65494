"""The rated sentences and the lexicon of the VADER research sets (C. J. Hutto and E. Gilbert, 2014; MIT licence)."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass

SETS = {
    "movie": "movieReviewSnippets_GroundTruth.txt",
    "amazon": "amazonReviewSnippets_GroundTruth.txt",
    "tweets": "tweets_GroundTruth.txt",
}
LEXICON = "vader_sentiment_lexicon.txt"


@dataclass(frozen=True)
class Rated:
    """A text and the mean of what its readers rated it, −4 … 4."""

    id: str
    rating: float
    text: str


def sentences(name: str, lines: Iterable[str]) -> list[Rated]:
    """The sentences of one set: an id, a rating and the text a line, with tabs between."""
    rows = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    return [Rated(f"{name}:{row[0]}", float(row[1]), row[2].strip()) for row in rows if len(row) >= 3]


def lexicon(lines: Iterable[str]) -> list[Rated]:
    """The rated words: the word and its rating first in each line."""
    rows = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    return [Rated(f"lexicon:{row[0]}", float(row[1]), row[0].strip()) for row in rows if len(row) >= 2]

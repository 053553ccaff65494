"""A vocabulary that is fixed, as a trained model needs it: what it has not seen becomes "<unk>"."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from app.corpora.tokens import PAD, Encoded, tokenize

UNKNOWN = "<unk>"
Unit = Literal["words", "characters"]


@dataclass(frozen=True)
class Vocabulary:
    """The text of every id; id 0 is "<pad>", and "<unk>", where there is one, stands for all other tokens."""

    unit: Unit
    words: tuple[str, ...]
    lower: bool = True

    @cached_property
    def ids(self) -> dict[str, int]:
        """The id of every token."""
        return {word: id for id, word in enumerate(self.words)}

    def tokens(self, text: str) -> list[str]:
        """The tokens of one text in this vocabulary's own units, known or not."""
        if self.unit == "words":
            return tokenize(text)
        return list(text.lower() if self.lower else text)

    def id(self, token: str) -> int | None:
        """The id of a token, of "<unk>" where it is unknown; None where there is none either."""
        return self.ids.get(token, self.ids.get(UNKNOWN))


def encode_with(vocabulary: Vocabulary, sentences: list[str]) -> Encoded:
    """Number the tokens as `vocabulary` does."""
    rows = [vocabulary.tokens(sentence) for sentence in sentences]
    return Encoded(rows, list(vocabulary.words), vocabulary.ids.get(UNKNOWN))


def counted(rows: Iterable[Sequence[str]], *, at_least: int = 1, also: Iterable[str] = ()) -> tuple[str, ...]:
    """ "<pad>", "<unk>", then `also` and every token that stands in `rows` so often, the most frequent first."""
    counts = Counter(token for row in rows for token in row)
    frequent = [token for token, count in sorted(counts.items(), key=lambda e: (-e[1], e[0])) if count >= at_least]
    return tuple(dict.fromkeys([PAD, UNKNOWN, *frequent, *also]))

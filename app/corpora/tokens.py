"""Text → tokens → ids: a small real tokenizer and a vocabulary made from the text itself."""

import re
import unicodedata
from dataclasses import dataclass

PAD = "<pad>"

# One Chinese, Japanese or Korean character is a token of its own; a run of letters and
# digits with inner apostrophes or hyphens is one; any other visible sign is one.
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0002fa1f"
_TOKEN = re.compile(rf"[{_CJK}]|[^\W{_CJK}]+(?:['’\-][^\W{_CJK}]+)*|[^\w\s]")


@dataclass(frozen=True)
class Encoded:
    """Sentences as tokens and ids.

    rows        the token texts of each sentence
    vocabulary  the text of every id; id 0 is "<pad>", then in order of first appearance
    """

    rows: list[list[str]]
    vocabulary: list[str]

    @property
    def lengths(self) -> list[int]:
        """How many tokens each sentence has."""
        return [len(row) for row in self.rows]

    # Padding is made when it is asked for: one long sentence among many short ones is a small text
    # and a large matrix, and the limits are checked in between.
    @property
    def tokens(self) -> list[list[str]]:
        """The token texts, every row filled up with "<pad>" to the longest, (N, T)."""
        longest = max(self.lengths, default=0)
        return [row + [PAD] * (longest - len(row)) for row in self.rows]

    @property
    def ids(self) -> list[list[int]]:
        """The same as ids, (N, T); 0 is padding."""
        known = {token: id for id, token in enumerate(self.vocabulary)}
        return [[known[token] for token in row] for row in self.tokens]


def tokenize(text: str) -> list[str]:
    """The tokens of one sentence, lower case. "It's 好看!" → ["it's", "好", "看", "!"]."""
    return _TOKEN.findall(unicodedata.normalize("NFC", text).lower())


def encode(sentences: list[str]) -> Encoded:
    """Number the tokens in order of first appearance."""
    rows = [tokenize(sentence) for sentence in sentences]
    vocabulary = dict.fromkeys([PAD, *(token for row in rows for token in row)])
    return Encoded(rows, list(vocabulary))

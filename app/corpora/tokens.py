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
    """Sentences as ids.

    tokens      one list of token texts a sentence, filled up with "<pad>"
    ids         the same as ids, (N, T); 0 is padding
    lengths     how many tokens of each sentence are real
    vocabulary  the text of every id; id 0 is "<pad>", then in order of first appearance
    """

    tokens: list[list[str]]
    ids: list[list[int]]
    lengths: list[int]
    vocabulary: list[str]


def tokenize(text: str) -> list[str]:
    """The tokens of one sentence, lower case. "It's 好看!" → ["it's", "好", "看", "!"]."""
    return _TOKEN.findall(unicodedata.normalize("NFC", text).lower())


def encode(sentences: list[str]) -> Encoded:
    """Number the tokens in order of first appearance and fill up to the longest sentence."""
    rows = [tokenize(sentence) for sentence in sentences]
    vocabulary = {PAD: 0}
    for row in rows:
        for token in row:
            vocabulary.setdefault(token, len(vocabulary))
    longest = max((len(row) for row in rows), default=0)
    padded = [row + [PAD] * (longest - len(row)) for row in rows]
    return Encoded(
        tokens=padded,
        ids=[[vocabulary[token] for token in row] for row in padded],
        lengths=[len(row) for row in rows],
        vocabulary=list(vocabulary),
    )

"""Text → tokens → ids: a small real tokenizer and a vocabulary made from the text itself."""

import unicodedata
from dataclasses import dataclass
from functools import cached_property

PAD = "<pad>"

# Kana, Chinese characters with their extensions, Hangul
_CJK = (
    ("\u3040", "\u30ff"),
    ("\u3400", "\u4dbf"),
    ("\u4e00", "\u9fff"),
    ("\uac00", "\ud7af"),
    ("\uf900", "\ufaff"),
    ("\U00020000", "\U0003ffff"),
)


@dataclass(frozen=True)
class Encoded:
    """Sentences as tokens and ids.

    rows        the token texts of each sentence
    vocabulary  the text of every id; id 0 is "<pad>", then in order of first appearance, or as a trained
                model knows them
    """

    rows: list[list[str]]
    vocabulary: list[str]
    unknown_id: int | None = None  # of the token that stands for whatever a fixed vocabulary lacks

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
        known = self.known
        return [[known.get(token, self.unknown_id or 0) for token in row] for row in self.tokens]

    @property
    def unknown(self) -> list[list[int]]:
        """The places in each sentence whose token the vocabulary lacks."""
        known = self.known
        return [[place for place, token in enumerate(row) if token not in known] for row in self.rows]

    @cached_property
    def known(self) -> dict[str, int]:
        """The id of every token of the vocabulary."""
        return {token: id for id, token in enumerate(self.vocabulary)}


def tokenize(text: str) -> list[str]:
    """The tokens of one sentence, lower case. "It's 好看!" → ["it's", "好", "看", "!"].

    A Chinese, Japanese or Korean character is a token of its own; a run of letters, marks and
    digits, with apostrophes or hyphens inside, is one; any other visible sign is one.
    """
    found: list[str] = []
    joining = False  # does the next letter belong to the last token?
    characters = unicodedata.normalize("NFC", text).lower()
    for k, character in enumerate(characters):
        kind = unicodedata.category(character)[0]
        if kind in "ZC":  # spaces, and what cannot be seen
            joining = joining and kind == "C" and character != "\n" and character != "\t"
        elif _stands_alone(character):
            found.append(character)
            joining = False
        elif (
            kind in "LMN"
            or character == "_"
            or (joining and character in "'’-" and characters[k + 1 : k + 2].isalnum())
        ):
            if joining:
                found[-1] += character
            else:
                found.append(character)
            joining = True
        else:
            found.append(character)
            joining = False
    return found


def _stands_alone(character: str) -> bool:
    return any(first <= character <= last for first, last in _CJK)


def encode(sentences: list[str]) -> Encoded:
    """Number the tokens in order of first appearance."""
    rows = [tokenize(sentence) for sentence in sentences]
    vocabulary = dict.fromkeys([PAD, *(token for row in rows for token in row)])
    return Encoded(rows, list(vocabulary))

"""What a model has to beat: the commonest class, naive Bayes over bags of tokens, VADER's own rules."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

VADER_FILES = ("vaderSentiment.py", "vader_lexicon.txt", "emoji_utf8_lexicon.txt")
# -I: no environment and no working folder; only the fetched file itself is imported
_VADER = """
import json, sys
sys.path.insert(0, sys.argv[1])
from vaderSentiment import SentimentIntensityAnalyzer
rules = SentimentIntensityAnalyzer()
json.dump([rules.polarity_scores(text)["compound"] for text in json.load(sys.stdin)], sys.stdout)
"""


def majority(classes: Tensor) -> float:
    """The part of the commonest class."""
    return float(classes.bincount().max() / len(classes))


def naive_bayes(train: list[list[int]], classes: Tensor, test: list[list[int]], answers: Tensor, words: int) -> float:
    """The accuracy of multinomial naive Bayes with one added to every count."""
    count = int(classes.max()) + 1
    seen = torch.ones(count, words)
    for row, one in zip(train, classes.tolist(), strict=True):
        seen[one].index_add_(0, torch.tensor(row), torch.ones(len(row)))
    each = (seen / seen.sum(1, keepdim=True)).log()  # (classes, words)
    prior = (classes.bincount(minlength=count) / len(classes)).log()
    said = torch.stack([prior + each[:, row].sum(1) for row in test])
    return float((said.argmax(1) == answers).float().mean())


def vader_rules(held: Sequence[bytes], texts: Sequence[str]) -> list[float]:
    """What VADER's own program says of each text, −1 … 1: its three files in a process of their own."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in zip(VADER_FILES, held, strict=True):
            Path(folder, name).write_bytes(content)
        done = subprocess.run(
            [sys.executable, "-I", "-c", _VADER, folder],
            input=json.dumps(list(texts)),
            capture_output=True,
            text=True,
            check=True,
            timeout=600,
        )
    found: list[float] = json.loads(done.stdout)
    return found

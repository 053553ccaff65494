"""The English sentiment model: Embedding 16 → LSTM 16 → Linear → sigmoid on the VADER research sets."""

import io
from typing import Any

import torch

from app.corpora import vader
from app.corpora.split import part_of
from app.corpora.tokens import tokenize
from app.corpora.vocabulary import Vocabulary, counted
from app.recurrent.spec import HeadSpec, ModelSpec
from app.training.baselines import VADER_FILES, majority, naive_bayes, vader_rules
from app.training.classify import Course, Rows
from app.training.fetch import VADER, fetched, opened
from app.training.recipe import Log, Options, Recipe, keep
from app.training.seeds import ids_of, trained_on

TOP = "vaderSentiment-3.3.2"
INNER = f"{TOP}/additional_resources/hutto_ICWSM_2014.tar.gz"
RECIPE = Recipe(
    id="sentiment-en",
    place=1,
    model=ModelSpec(cell="lstm", input_size=16, hidden_size=16),
    head=HeadSpec(reads="h_n", out_features=1, activation="sigmoid"),
    unit="words",
    packages=(VADER,),
    licence="MIT",
)
COURSE = Course(epochs=8, batch=64, lr=5e-3, unknown=0.2)
DROP = 0.3
PLAIN = ("it is {}", "it was {}", "so {}", "a {}", "really {}", "the film was {}")
NOT = ("not {}", "is not {}", "was not {}", "isn't {}", "wasn't {}", "never {}")
TURNED = -0.74  # VADER's own number for what a negation does to a word's rating
STRONG = 1.0  # words rated more weakly stand in no phrase
HALF = 0.5  # what a phrase counts beside a sentence
STEEP = 1.5  # a rating r, −4 … 4, becomes the soft label σ(1.5 · r)


def run(options: Options, log: Log) -> None:
    """Train one model a seed; keep the best on the validation sentences."""
    sets, lexicon, vader_files = _read(options)
    # only movie sentences are held out: what is asked is how it reads those
    parts: dict[str, list[vader.Rated]] = {"train": [], "valid": [], "test": []}
    for name, rated in sets.items():
        for each in rated:
            parts[part_of(each.id) if name == "movie" else "train"].append(each)
    single = [each for each in lexicon if _is_word(each.text)]
    texts = [tokenize(each.text) for each in parts["train"] if not each.id.startswith("movie:")]
    movie = [tokenize(each.text) for each in parts["train"] if each.id.startswith("movie:")]
    common = counted(movie) + counted(movie + texts, at_least=3)  # every word of the movie sentences, others thrice
    words = Vocabulary("words", tuple(dict.fromkeys([*common, *(tokenize(each.text)[0] for each in single)])))
    rows = {name: _rows(words, rated) for name, rated in parts.items()}
    phrases = [phrase for each in single if abs(each.rating) >= STRONG for phrase in phrased(each)]
    taught = _rows(words, parts["train"] + single + phrases)
    weight = torch.ones(len(taught.ids))
    weight[-len(phrases) :] = HALF
    taught = Rows(taught.ids, taught.target, weight)
    counts = {name: len(each.ids) for name, each in rows.items()} | {"lexicon": len(single), "phrases": len(phrases)}
    log(f"rows {counts}")
    log(f"vocabulary {len(words.words)}")
    weights, scores = trained_on(RECIPE, words, rows | {"train": taught}, COURSE, DROP, options, log)
    told = {
        "counts": counts,
        "measure": "accuracy",
        "scores": scores,
        "baselines": _baselines(words, rows, parts, vader_files),
        "course": {"epochs": options.epochs or COURSE.epochs, "batch": COURSE.batch, "lr": COURSE.lr, "drop": DROP},
    }
    log(f"baselines {told['baselines']}")
    keep(RECIPE, options, weights, words, told)


def _read(options: Options) -> tuple[dict[str, list[vader.Rated]], list[vader.Rated], list[bytes]]:
    archive = fetched(VADER, options.cache)
    with opened(archive, INNER) as file:
        inner = file.read()

    def lines(name: str) -> list[str]:
        with opened(io.BytesIO(inner), f"hutto_ICWSM_2014/{name}") as file:
            return file.read().decode("utf-8", "replace").splitlines()

    own = []
    for name in VADER_FILES:
        with opened(archive, f"{TOP}/vaderSentiment/{name}") as file:
            own.append(file.read())
    sets = {name: vader.sentences(name, lines(file)) for name, file in vader.SETS.items()}
    return sets, vader.lexicon(lines(vader.LEXICON)), own


def _is_word(text: str) -> bool:
    tokens = tokenize(text)
    return len(tokens) == 1 and tokens[0].isalpha()


def phrased(word: vader.Rated) -> list[vader.Rated]:
    """A rated word in a phrase and behind a negation: sentences alone show too few for so small a model."""
    kind = len(word.text) % len(NOT)
    return [
        vader.Rated(f"plain:{word.text}", word.rating, PLAIN[kind].format(word.text)),
        vader.Rated(f"not:{word.text}", TURNED * word.rating, NOT[kind].format(word.text)),
    ]


def _rows(words: Vocabulary, rated: list[vader.Rated]) -> Rows:
    return Rows(
        [ids_of(words, each.text) for each in rated],
        torch.sigmoid(STEEP * torch.tensor([each.rating for each in rated])),
    )


def _baselines(
    words: Vocabulary, rows: dict[str, Rows], parts: dict[str, list[vader.Rated]], files: list[bytes]
) -> dict[str, Any]:
    """Accuracies on the same held-out movie sentences; naive Bayes counts the same training sentences."""
    test, train = rows["test"], rows["train"]
    answers, taught = (test.target > 0.5).long(), (train.target > 0.5).long()
    rules = vader_rules(files, [each.text for each in parts["test"]])
    return {
        "majority": round(majority(answers), 4),
        "vader": round(float(((torch.tensor(rules) > 0).long() == answers).float().mean()), 4),
        "naive_bayes": round(naive_bayes(train.ids, taught, test.ids, answers, len(words.words)), 4),
    }

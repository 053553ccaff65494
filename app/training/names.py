"""Surname → language: characters, Embedding 16 → LSTM 64 → Linear over fourteen classes, on faker's lists."""

import torch

from app.corpora.split import part_of
from app.corpora.surnames import LANGUAGES, Named, surnames
from app.corpora.vocabulary import Vocabulary, counted
from app.recurrent.spec import HeadSpec, ModelSpec
from app.training.baselines import majority, naive_bayes
from app.training.classify import Course, Rows
from app.training.fetch import FAKER, fetched, opened
from app.training.recipe import Log, Options, Recipe, keep
from app.training.seeds import ids_of, trained_on

CLASSES = tuple(sorted(LANGUAGES))
RECIPE = Recipe(
    id="names",
    place=4,
    model=ModelSpec(cell="lstm", input_size=16, hidden_size=64),
    head=HeadSpec(reads="h_n", out_features=len(CLASSES), activation="softmax"),
    unit="characters",
    packages=(FAKER,),
    licence="MIT",
)
COURSE = Course(epochs=30, batch=64, lr=1e-2, unknown=0.01)
DROP = 0.1
MOST = 1000  # names of one language, so that no long list outweighs the others


def run(options: Options, log: Log) -> None:
    """Train one model a seed; keep the best on the validation names."""
    archive, sources = fetched(FAKER, options.cache), {}
    for language, (locale, _) in LANGUAGES.items():
        with opened(archive, f"faker-40.54.0/faker/providers/person/{locale}/__init__.py") as file:
            sources[language] = file.read().decode("utf-8")
    found, shared = surnames(sources)
    parts: dict[str, list[Named]] = {"train": [], "valid": [], "test": []}
    for each in _capped(found):
        parts[part_of(each.name)].append(each)
    blank = Vocabulary("characters", ())
    words = Vocabulary("characters", counted((blank.tokens(each.name) for each in parts["train"]), at_least=2))
    rows = {name: _rows(words, part) for name, part in parts.items()}
    counts = {name: len(part) for name, part in parts.items()}
    log(f"names {counts} shared by several languages and left out {shared}")
    log(f"vocabulary {len(words.words)}")
    weights, scores = trained_on(RECIPE, words, rows, COURSE, DROP, options, log)
    answers = rows["test"].target
    bayes = naive_bayes(rows["train"].ids, rows["train"].target, rows["test"].ids, answers, len(words.words))
    baselines = {"majority": round(majority(answers), 4), "naive_bayes": round(bayes, 4)}
    log(f"baselines {baselines}")
    told = {
        "classes": list(CLASSES),
        "counts": counts | {"shared": shared},
        "measure": "accuracy",
        "scores": scores,
        "baselines": baselines,
        "course": {"epochs": options.epochs or COURSE.epochs, "batch": COURSE.batch, "lr": COURSE.lr, "drop": DROP},
    }
    keep(RECIPE, options, weights, words, told)


def _capped(found: list[Named]) -> list[Named]:
    """At most MOST names a language, spread evenly over the alphabet."""
    kept: list[Named] = []
    for language in CLASSES:
        names = [each for each in found if each.language == language]
        step = max(1.0, len(names) / MOST)
        kept += [names[int(k * step)] for k in range(min(MOST, len(names)))]
    return kept


def _rows(words: Vocabulary, part: list[Named]) -> Rows:
    target = torch.tensor([CLASSES.index(each.language) for each in part])
    return Rows([ids_of(words, each.name) for each in part], target)

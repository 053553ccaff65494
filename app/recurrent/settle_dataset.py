"""A data set that comes with the program, settled: which days of the weather, and the values they hold."""

from datetime import date, timedelta

from app.corpora.weather import FEATURES, FIRST, LAST, weather
from app.recurrent.errors import Refusal, Say
from app.recurrent.spec import InputSpec, TraceRequest

NAME = "weather"
FIRST_DAY, DAYS = "2015-07-01", 14  # when nothing is said


def settle_dataset(request: TraceRequest) -> TraceRequest:
    """The request with the days of its data set filled in; raises Refusal where there are no such days."""
    asked = request.input
    if asked.dataset is None:
        for name in ("first_day", "days"):
            if getattr(asked, name) is not None:
                raise Refusal("invalid-value", Say("problem.days_alone", {"field": name}), field=f"input.{name}")
        return request
    if asked.dataset != NAME:
        say = Say("problem.dataset_unknown", {"got": asked.dataset[:40], "expected": NAME})
        raise Refusal("invalid-value", say, field="input.dataset", got=asked.dataset[:40], expected=NAME)
    if request.embedding is not None:
        raise Refusal("invalid-value", Say("problem.values_with_embedding"), field="embedding")
    first, days = asked.first_day or FIRST_DAY, asked.days or DAYS
    day = _day(first)
    most = (LAST - day).days + 1
    if days > most:
        say = Say("problem.days_many", {"got": days, "expected": most, "first": first, "last": str(LAST)})
        raise Refusal("over-limit", say, field="input.days", got=days, expected=most)
    settled = asked.model_copy(update={"first_day": first, "days": days})
    return request.model_copy(update={"input": settled})


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        day = None
    if day is None or not FIRST <= day <= LAST:
        expected = f"{FIRST} … {LAST}"
        say = Say("problem.day", {"got": text, "expected": expected})
        raise Refusal("invalid-value", say, field="input.first_day", got=text, expected=expected)
    return day


def sizes(asked: InputSpec) -> tuple[int, int, int]:
    """N cities, T days, F features of a settled input."""
    assert asked.days is not None
    return len(weather().cities), asked.days, len(FEATURES)


def values(asked: InputSpec) -> list[list[tuple[float, ...]]]:
    """The measurements, (N, T, F)."""
    assert asked.first_day is not None and asked.days is not None
    at = (date.fromisoformat(asked.first_day) - FIRST).days
    return [list(city[at : at + asked.days]) for city in weather().values]


def labels(asked: InputSpec) -> dict[str, list[str]] | None:
    """What stands along N, T and F; None where the input is no data set."""
    if asked.dataset is None or asked.first_day is None or asked.days is None:
        return None
    first = date.fromisoformat(asked.first_day)
    days = [str(first + timedelta(days=k)) for k in range(asked.days)]
    return {"N": list(weather().cities), "T": days, "F": list(FEATURES)}

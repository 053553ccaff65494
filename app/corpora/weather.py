"""The weather of two cities, day by day: Seattle and New York, 2012–2015.

Measured by the National Oceanic and Atmospheric Administration, a work of the United States' government and so in the
public domain; `weather.csv` is the file of that name in the npm package vega-datasets 3.2.1, byte for byte.
"""

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files

FILE = "weather.csv"
FEATURES = ("temp_max", "temp_min", "precipitation", "wind")  # °C, °C, mm, m/s
FIRST, LAST = date(2012, 1, 1), date(2015, 12, 31)


@dataclass(frozen=True)
class Weather:
    """Every day of every city: `values[city][day]` holds FEATURES, day 0 is FIRST."""

    cities: tuple[str, ...]
    values: tuple[tuple[tuple[float, ...], ...], ...]

    @property
    def days(self) -> int:
        return len(self.values[0])


@cache
def weather() -> Weather:
    """The packaged file, read once."""
    rows: dict[str, dict[date, tuple[float, ...]]] = {}
    with (files("app.corpora") / FILE).open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            day = date.fromisoformat(row["date"].replace("/", "-"))
            rows.setdefault(row["location"], {})[day] = tuple(float(row[name]) for name in FEATURES)
    count = (LAST - FIRST).days + 1
    days = [FIRST + timedelta(days=k) for k in range(count)]
    return Weather(tuple(rows), tuple(tuple(held[day] for day in days) for held in rows.values()))

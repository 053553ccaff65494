"""The one list of colours: the same dark values in both places, and enough contrast to read."""

import re
from pathlib import Path

import pytest

CSS = (Path(__file__).parents[1] / "static/css/tokens.css").read_text(encoding="utf-8")


def colours(block: str) -> dict[str, str]:
    """The colours of one block of declarations."""
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))


LIGHT = colours(CSS[: CSS.index("@media")])
DARK_BY_SYSTEM = colours(CSS[CSS.index("@media") : CSS.index(':root[data-theme="light"]')])
DARK_BY_CHOICE = colours(CSS[CSS.index(':root[data-theme="dark"]') :])

# What is written in words, on what it stands.
TEXT = ["ink", "ink-soft", "accent", "good", "bad", "warn", "state-h", "state-c", "state-x", "output"]
TEXT += [f"gate-{gate}" for gate in "ifgorzn"]
PAIRS = [(name, ground) for name in TEXT for ground in ("paper", "panel", "raised")]
PAIRS += [("accent", "accent-soft"), ("good", "good-soft"), ("bad", "bad-soft"), ("warn", "warn-soft")]
PAIRS += [("ink", "now-soft"), ("on-accent", "accent")]


def luminance(colour: str) -> float:
    """WCAG's relative luminance, 0 black … 1 white."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio, 1 … 21."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_measure_knows_black_on_white() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") < 4.5


def test_dark_is_the_same_whether_the_system_or_the_reader_chose_it() -> None:
    assert DARK_BY_SYSTEM == DARK_BY_CHOICE
    assert set(DARK_BY_CHOICE) == set(LIGHT)


@pytest.mark.parametrize("theme", [LIGHT, DARK_BY_CHOICE], ids=["light", "dark"])
def test_every_text_colour_can_be_read_on_every_ground(theme: dict[str, str]) -> None:
    poor = {(name, ground): contrast(theme[name], theme[ground]) for name, ground in PAIRS}
    assert {pair: ratio for pair, ratio in poor.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("theme", [LIGHT, DARK_BY_CHOICE], ids=["light", "dark"])
def test_the_edges_of_controls_stand_out(theme: dict[str, str]) -> None:
    for name in ("rule-strong", "focus", "now", "source"):
        assert contrast(theme[name], theme["paper"]) >= 3, name

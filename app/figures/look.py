"""How every figure looks: the page's colours and scales, its fonts, and the words around the numbers."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import plotly.graph_objects as go

from app.recurrent.errors import Say
from app.recurrent.shapes import Plan

Theme = Literal["light", "dark"]
Speak = Callable[[Say], str]

# The values of static/css/tokens.css; a test compares them.
COLOURS: dict[Theme, dict[str, str]] = {
    "light": {
        "paper": "#fdfdfb",
        "ink": "#1c1e21",
        "ink-soft": "#5a6068",
        "rule": "#dedfd9",
        "rule-strong": "#82878d",
        "accent": "#2a4fb0",
        "good": "#1c6e3f",
        "bad": "#b3261e",
        "state-h": "#7a5f00",
        "state-c": "#a9264f",
        "state-x": "#4a596c",
        "output": "#0b6f7b",
    },
    "dark": {
        "paper": "#15171a",
        "ink": "#e9e9e4",
        "ink-soft": "#a3a9b1",
        "rule": "#30353b",
        "rule-strong": "#777e87",
        "accent": "#9db7ff",
        "good": "#7fd19c",
        "bad": "#ff9d93",
        "state-h": "#dfc25a",
        "state-c": "#f58ba8",
        "state-x": "#a9b8cc",
        "output": "#5fc9d6",
    },
}
FONT = (
    "system-ui, -apple-system, Segoe UI, Roboto, Noto Sans, PingFang SC, Noto Sans CJK SC, Microsoft YaHei, sans-serif"
)
STOPS = 33  # of a colour scale: the curve between two is under one step of a byte from a line
MOST_TICKS = 40  # words written under an axis; a longer sequence has numbers


@dataclass(frozen=True)
class Look:
    """The theme and the language of a figure."""

    theme: Theme
    speak: Speak

    def says(self, key: str, **params: Any) -> str:
        """A text of the catalogue."""
        return self.speak(Say(key, params))

    def colour(self, name: str) -> str:
        """A colour by its name in tokens.css."""
        return COLOURS[self.theme][name]

    def figure(self, title: str, height: int, traces: Iterable[Any] = (), **layout: Any) -> go.Figure:
        """A figure in this look; `layout` wins."""
        return self.dress(go.Figure(data=list(traces)), title, height, **layout)

    def dress(self, figure: go.Figure, title: str, height: int, **layout: Any) -> go.Figure:
        """Put the look on a figure that has its traces, also one of several plots."""
        ink, soft, rule = self.colour("ink"), self.colour("ink-soft"), self.colour("rule")
        figure.update_layout(
            template=go.layout.Template(),  # nothing of Plotly's own colours
            title={"text": title, "font": {"size": 15, "color": ink}, "x": 0, "xref": "container", "pad": {"l": 8}},
            height=height,
            margin={"l": 56, "r": 16, "t": 44, "b": 44},
            paper_bgcolor=self.colour("paper"),
            plot_bgcolor=self.colour("paper"),
            font={"family": FONT, "size": 12, "color": soft},
            hoverlabel={"bgcolor": self.colour("paper"), "bordercolor": soft, "font": {"color": ink, "size": 12}},
            legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "font": {"color": ink}},
        )
        line = {"gridcolor": rule, "linecolor": rule, "zerolinecolor": soft, "tickcolor": rule, "ticks": "outside"}
        figure.update_xaxes(automargin=True, showgrid=False, zeroline=False, title_standoff=6, **line)
        figure.update_yaxes(automargin=True, title_standoff=6, **line)
        figure.update_layout(**layout)
        return figure

    def row(self, plan: Plan, name: str) -> str:
        """ "layer 1, backward" for l1_reverse."""
        row = next(row for row in plan.rows if row.suffix == name)
        return self.says(f"page.row.{row.direction}", layer=row.layer)


def step_names(plan: Plan, sample: int) -> list[str]:
    """The steps of a sample: its words, where it was text, else t = 0, 1, …"""
    if plan.text is None or plan.T > MOST_TICKS:
        return [str(t) for t in range(plan.T)]
    words = plan.text.rows[sample]
    return [plain(words[t]) if t < len(words) else "·" for t in range(plan.T)]


def plain(text: str) -> str:
    """Somebody's word as Plotly must show it: it would read <b> as bold."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def ticks(names: list[str], places: list[int] | None = None) -> dict[str, Any]:
    """An axis that writes these names at 0, 1, …; Plotly's own numbers where there are too many."""
    if len(names) > MOST_TICKS:
        return {}
    at = list(range(len(names))) if places is None else places
    return {"tickmode": "array", "tickvals": at, "ticktext": names}


def diverging() -> list[list[Any]]:
    """Blue below zero, vermilion above, as light as each other: static/js/core/colour.js, a test compares."""

    def at(x: float) -> str:
        far = abs(2 * x - 1)
        chroma = 0.145 * (1 - (1 - far) ** 1.7)
        return _rgb(0.972 - 0.532 * far**0.95, chroma * 0.92 if x < 0.5 else chroma, 252 if x < 0.5 else 40)

    return _scale(at)


def sequential() -> list[list[Any]]:
    """Pale to deep, for what lies between 0 and 1."""

    def at(x: float) -> str:
        return _rgb(0.968 - 0.598 * x, 0.012 + 0.094 * math.sin(math.pi * (0.08 + 0.74 * x)), 108 + 122 * x**0.75)

    return _scale(at)


def signed(largest: float) -> dict[str, Any]:
    """The colours of a signed quantity, symmetric about zero."""
    reach = round_up(largest)
    return {"colorscale": diverging(), "cmin": -reach, "cmax": reach}


def gated() -> dict[str, Any]:
    """The colours of a gate."""
    return {"colorscale": sequential(), "cmin": 0, "cmax": 1}


def bar(title: str, **where: Any) -> dict[str, Any]:
    """The legend of a colour scale: narrow, at the right."""
    return {"title": {"text": title, "side": "right"}, "thickness": 10, "outlinewidth": 0, "ticks": "outside"} | where


def round_up(value: float) -> float:
    """The next number of the form 1, 1.5, 2, 3, 5, 7 x 10^k; 1 for zero."""
    if not value > 0 or not math.isfinite(value):
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    step = next((step for step in (1, 1.5, 2, 3, 5, 7, 10) if step * power >= value * (1 - 1e-9)), 10)
    return float(f"{step * power:.3g}")


def _scale(at: Callable[[float], str]) -> list[list[Any]]:
    return [[k / (STOPS - 1), at(k / (STOPS - 1))] for k in range(STOPS)]


def _rgb(lightness: float, chroma: float, hue: float) -> str:
    """OKLCh to sRGB; `hue` in degrees."""
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    l_ = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3
    linear = (
        4.0767416621 * l_ - 3.3077115913 * m + 0.2309699292 * s,
        -1.2684380046 * l_ + 2.6097574011 * m - 0.3413193965 * s,
        -0.0041960863 * l_ - 0.7034186147 * m + 1.707614701 * s,
    )
    return f"rgb({', '.join(str(_byte(each)) for each in linear)})"


def _byte(linear: float) -> int:
    v = min(1.0, max(0.0, linear))
    encoded = 12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055
    return math.floor(255 * encoded + 0.5)

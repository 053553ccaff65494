"""How error flows back, as a figure: one line a quantity over the steps, on a logarithmic axis."""

import plotly.graph_objects as go

from app.figures.look import Look, step_names, ticks
from app.recurrent.explain.gradients import CellsAnswer, GradientsAnswer
from app.recurrent.shapes import Plan

DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SYMBOLS = ("circle", "square", "diamond", "cross", "x", "star")
CELLS = {"lstm": ("LSTM", "accent"), "gru": ("GRU", "good"), "rnn": ("RNN", "bad")}


def gradients_figure(found: GradientsAnswer, plan: Plan, look: Look) -> go.Figure:
    """‖∂/∂input[t]‖ and, for every row, ‖∂/∂h[t]‖; of an LSTM also c's, at first only in the legend."""
    lines = [_line(found.input, "input", look.colour("state-x"), 0, "solid")]
    for k, (name, each) in enumerate(found.rows.items()):
        dash = DASHES[k % len(DASHES)]
        lines.append(_line(each.h, f"{name}.h", look.colour("state-h"), 1 + k, dash))
        if each.c is not None:
            hidden = True if len(found.rows) == 1 else "legendonly"
            lines.append(_line(each.c, f"{name}.c", look.colour("state-c"), 1 + k, dash, visible=hidden))
    return _figure(lines, found, plan, look, look.says("figure.gradients.title", of=value_name(found)))


def cells_figure(found: CellsAnswer, plan: Plan, look: Look) -> go.Figure:
    """‖∂/∂input[t]‖ of an LSTM, a GRU and an RNN of the same sizes, from the same seed."""
    lines = []
    for k, each in enumerate(found.cells):
        name, colour = CELLS[each.cell]
        lines.append(_line(each.input, name, look.colour(colour), k, DASHES[k]))
    first = found.cells[0]
    return _figure(lines, first, plan, look, look.says("figure.cells.title", of=value_name(first)))


def value_name(found: GradientsAnswer) -> str:
    """What was differentiated: output[4], h_n of l0, prediction."""
    place = f"[t={found.step}]" if found.step is not None else f" ({found.row})" if found.row is not None else ""
    return f"{found.of}{place}" + ("" if found.unit is None else f"[{found.unit}]")


def _line(
    values: list[float | None], name: str, colour: str, mark: int, dash: str, visible: bool | str = True
) -> go.Scatter:
    return go.Scatter(
        x=list(range(len(values))),
        y=[value or None for value in values],  # exactly 0 has no place on a logarithmic axis: a gap
        name=name,
        mode="lines+markers",
        visible=visible,
        line={"color": colour, "dash": dash, "width": 2},
        marker={"color": colour, "symbol": SYMBOLS[mark % len(SYMBOLS)], "size": 7},
        hovertemplate="t = %{x}: %{y:.6g}",
    )


def _figure(lines: list[go.Scatter], found: GradientsAnswer, plan: Plan, look: Look, title: str) -> go.Figure:
    figure = look.figure(title, 340, lines, hovermode="x unified", meta={"steps": list(range(plan.T))})
    figure.update_xaxes(ticks(step_names(plan, found.sample)), range=[-0.5, plan.T - 0.5])
    figure.update_yaxes(type="log", tickformat="~g", title_text=look.says("figure.gradients.norm"))
    figure.update_layout(margin_t=84)
    return figure

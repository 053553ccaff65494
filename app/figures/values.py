"""The numbers themselves as figures: the gates of one row and sample, and a small tensor as a cube."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.figures.look import Look, bar, gated, round_up, signed, step_names, ticks
from app.recurrent.errors import Refusal, Say
from app.recurrent.explain.places import row_of
from app.recurrent.index import Selection, read, select
from app.recurrent.nested import within
from app.recurrent.shapes import Plan
from app.recurrent.tensors import CELL_TENSORS
from app.recurrent.trace import Trace

MOST_CUBE = 4096  # values: each is a marker of its own, and WebGL slows down above it
SQUASHED = "iforz"  # behind a sigmoid


def gates_parts(plan: Plan, row: str, sample: int) -> dict[str, Selection]:
    """The part of each quantity that the figure shows, (T, H); raises Refusal."""
    suffix, sample = row_of(plan, row).suffix, within(sample, plan.N, "sample", "N")
    names = CELL_TENSORS[plan.request.model.cell]
    return {name: select(plan, f"{suffix}.{name}", f"{sample},:,:") for name in names}


def gates_figure(trace: Trace, row: str, sample: int, look: Look) -> go.Figure:
    """A T×H picture a quantity, time to the right, units down: gates from 0 to 1, the rest symmetric about zero."""
    plan = trace.plan
    sample = within(sample, plan.N, "sample", "N")
    parts = {name: read(trace, part).array for name, part in gates_parts(plan, row, sample).items()}
    columns = 2 if len(parts) > 1 else 1
    rows = -(-len(parts) // columns)
    titles = [f"{name} · {look.says(f'heatmaps.{name}')}" for name in parts]
    figure = make_subplots(rows=rows, cols=columns, subplot_titles=titles, vertical_spacing=0.4 / (rows + 1))
    names = step_names(plan, sample)
    for k, (name, array) in enumerate(parts.items()):
        figure.add_trace(
            go.Heatmap(
                z=array.T.tolist(),
                x=list(range(plan.T)),
                y=list(range(array.shape[1])),
                name=name,
                coloraxis="coloraxis" if name in SQUASHED else "coloraxis2",
                hovertemplate=f"{row}.{name}[{sample}, %{{x}}, %{{y}}] = %{{z:.6g}}<extra></extra>",
            ),
            row=k // columns + 1,
            col=k % columns + 1,
        )
    largest = max((float(np.abs(parts[name]).max(initial=0.0)) for name in parts if name not in SQUASHED), default=1.0)
    look.dress(
        figure,
        look.says("figure.gates.title", row=look.row(plan, row), sample=sample),
        120 + 190 * rows,
        coloraxis=gated()
        | {"colorbar": bar("0 … 1", len=0.45, y=0.78), "showscale": any(g in parts for g in SQUASHED)},
        coloraxis2=signed(largest) | {"colorbar": bar("− … +", len=0.45, y=0.22)},
    )
    figure.update_yaxes(autorange="reversed", showgrid=False, zeroline=False)
    figure.update_xaxes(ticks(names))
    return figure


def cube_part(plan: Plan, tensor: str) -> Selection:
    """The tensor a cube shows, checked: three axes, few values. Raises Refusal."""
    part = select(plan, tensor, None)
    if len(part.shape) != 3:
        say = Say("problem.cube_rank", {"name": tensor, "got": len(part.shape)})
        raise Refusal("invalid-value", say, field="tensor", got=len(part.shape), expected=3)
    if part.numbers > MOST_CUBE:
        say = Say("problem.cube_large", {"got": part.numbers, "expected": MOST_CUBE})
        raise Refusal("answer-too-large", say, field="tensor", got=part.numbers, expected=MOST_CUBE)
    return part


def cube_figure(trace: Trace, tensor: str, look: Look) -> go.Figure:
    """Every value as one coloured marker at its own three places, the axes in the tensor's own order."""
    part = cube_part(trace.plan, tensor)
    array = read(trace, part).array
    places = np.indices(part.shape).reshape(3, -1)
    values = array.ravel()
    largest = float(np.abs(values).max(initial=0.0))
    scale: dict[str, Any] = signed(largest)
    shown = go.Scatter3d(
        x=places[1].tolist(),
        y=places[0].tolist(),
        z=places[2].tolist(),
        mode="markers",
        marker={
            "color": values.tolist(),
            "symbol": "square",
            "size": 5,
            "opacity": 0.85,
            "colorscale": scale["colorscale"],
            "cmin": -round_up(largest),
            "cmax": round_up(largest),
            "colorbar": bar(tensor),
        },
        hovertemplate=f"{tensor}[%{{y}}, %{{x}}, %{{z}}] = %{{marker.color:.6g}}<extra></extra>",
    )
    title = look.says("figure.cube.title", name=tensor, shape=list(part.shape), most=MOST_CUBE)
    figure = look.figure(title, 520, [shown])
    lines = {"gridcolor": look.colour("rule"), "backgroundcolor": look.colour("paper")}
    axes = {name: {"title": {"text": part.axes[k]}} | lines for name, k in (("xaxis", 1), ("yaxis", 0), ("zaxis", 2))}
    figure.update_layout(scene=axes | {"aspectmode": "data"})
    return figure

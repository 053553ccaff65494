"""What the memory is made of, as a figure: every unit as a picture, one unit as bars that add up to its c."""

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.figures.look import Look, bar, diverging, signed, step_names, ticks
from app.recurrent.explain.ledger import LedgerAnswer
from app.recurrent.shapes import Plan


def ledger_figure(found: LedgerAnswer, plan: Plan, unit: int, look: Look) -> go.Figure:
    """Above, what each step left in every unit asked for, (units, 1 + steps); below, the bars of `unit`, then c.

    Steps stand in the order in which the row ran. `unit` counts from the first unit of the ledger.
    """
    words = step_names(plan, found.sample)
    names = ["c_0", *(words[t] for t in found.steps)]
    first, stop = found.units
    z = [list(line) for line in zip(*found.rows, strict=True)]  # units down
    parts, c = z[unit], found.total[unit]
    steps = ["c_0", *(f"t = {t}" for t in found.steps)]
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.5, 0.5], vertical_spacing=0.09)
    figure.add_trace(
        go.Heatmap(
            z=z,
            x=list(range(len(names))),
            y=list(range(first, stop)),
            customdata=[steps] * len(z),
            coloraxis="coloraxis",
            hovertemplate="%{customdata} · " + look.says("figure.unit") + " %{y}: %{z:.6g}<extra></extra>",
        ),
        row=1,
        col=1,
    )
    scale = diverging()
    below, above = scale[4][1], scale[-5][1]
    figure.add_trace(
        go.Bar(
            x=[*range(len(names)), len(names) + 0.25],
            y=[*parts, c],
            customdata=[*steps, "c"],
            marker={
                "color": [above if (part or 0) >= 0 else below for part in parts] + [look.colour("state-c")],
                "line": {"width": 0},
            },
            hovertemplate="%{customdata}: %{y:.6g}<extra></extra>",
            showlegend=False,
        ),
        row=2,
        col=1,
    )
    largest = float(np.abs(np.array(z, dtype=np.float64)).max(initial=0.0))
    look.dress(
        figure,
        look.says("figure.ledger.title", row=look.row(plan, found.row), sample=found.sample, step=found.to),
        420,
        coloraxis=signed(largest) | {"colorbar": bar(look.says("figure.ledger.left"), len=0.5, y=0.78)},
        bargap=0.35,
        meta={"steps": found.steps, "unit": first + unit, "to": found.to},
    )
    figure.update_yaxes(
        title_text=look.says("figure.unit"), autorange="reversed", showgrid=False, zeroline=False, row=1
    )
    if stop - first <= 12:
        figure.update_yaxes(tickmode="array", tickvals=list(range(first, stop)), row=1)
    figure.update_yaxes(title_text=look.says("figure.ledger.of", unit=first + unit), zeroline=True, row=2)
    end = [*range(len(names)), len(names) + 0.25]
    figure.update_xaxes(ticks(names), row=1)
    figure.update_xaxes(ticks([*names, f"c[{found.to}]"], end), row=2)
    return figure

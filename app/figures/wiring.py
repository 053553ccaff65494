"""What moves a gate, and who listens to whom, as figures: signed bars, and a picture of W_hh."""

import numpy as np
import plotly.graph_objects as go

from app.figures.look import Look, bar, sequential, signed
from app.recurrent.explain.wiring import ListeningAnswer, WiringAnswer
from app.recurrent.shapes import Plan

BARS = 20  # the largest products; the rest of a role is one bar
HEIGHT = 440
ROLES = {"inputs": "state-x", "units": "state-h", "biases": "rule-strong"}


def wiring_figure(found: WiringAnswer, plan: Plan, look: Look) -> go.Figure:
    """The largest signed products in one gate's sum, the largest on top; what is left of each kind as one bar."""
    terms = sorted(
        ((term, group) for group in ROLES for term in getattr(found, group)),
        key=lambda each: -abs(each[0].value or 0.0),
    )
    shown, rest = terms[:BARS], terms[BARS:]
    names = [term.symbol for term, _ in shown]
    values = [term.value for term, _ in shown]
    groups = [group for _, group in shown]
    for group in ROLES:
        left = [term.value or 0.0 for term, its in rest if its == group]
        if left:
            names.append(look.says(f"figure.wiring.rest.{group}", count=len(left)))
            values.append(sum(left))
            groups.append(group)
    bars = []
    for group, colour in ROLES.items():
        mine = [value if its == group else None for value, its in zip(values, groups, strict=True)]
        bars.append(
            go.Bar(
                orientation="h",
                x=mine,
                y=list(range(len(names))),
                name=look.says(f"figure.wiring.{group}"),
                marker={"color": look.colour(colour), "line": {"width": 0}},
                customdata=names,
                hovertemplate="%{customdata} = %{x:.6g}<extra></extra>",
            )
        )
    title = look.says(
        "figure.wiring.title", gate=found.gate, unit=found.unit, row=look.row(plan, found.row), step=found.step
    )
    figure = look.figure(title, HEIGHT, bars, barmode="overlay", bargap=0.3)
    figure.update_yaxes(
        tickmode="array",
        tickvals=list(range(len(names))),
        ticktext=names,
        autorange="reversed",
        showgrid=False,
        zeroline=False,
        tickfont_size=11,
    )
    figure.update_xaxes(title_text=look.says("figure.wiring.product"), showgrid=True, zeroline=True)
    figure.update_layout(margin_t=74)
    return figure


def listening_figure(found: ListeningAnswer, plan: Plan, look: Look) -> go.Figure:
    """Row u, column k: the weight with which unit u reads h[k] of the step before. Large: the norm of each block."""
    listener, speaker = look.says("figure.listening.listener"), look.says("figure.listening.speaker")
    whole = found.weights is not None
    z = found.weights if found.weights is not None else found.blocks
    assert z is not None
    largest = float(np.abs(np.array(z)).max(initial=0.0))
    ends = found.edges or []
    x = list(range(found.shape[1])) if whole else [k * found.shape[1] // len(ends) for k in range(len(ends))]
    scale = signed(largest) if whole else {"colorscale": sequential(), "cmin": 0, "cmax": largest or 1.0}
    picture = go.Heatmap(
        z=z,
        x=x,
        y=list(range(found.shape[0])) if whole else ends,
        coloraxis="coloraxis",
        hovertemplate=f"{listener} %{{y}} ← {speaker} %{{x}}: %{{z:.6g}}<extra></extra>",
    )
    title = look.says("figure.listening.title", gate=found.gate, row=look.row(plan, found.row))
    says = look.says("figure.listening.weight" if whole else "figure.listening.block")
    figure = look.figure(title, HEIGHT, [picture], coloraxis=scale | {"colorbar": bar(says)})
    figure.update_yaxes(title_text=listener, autorange="reversed", showgrid=False, zeroline=False)
    figure.update_xaxes(title_text=speaker)
    return figure

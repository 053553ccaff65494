"""How numbers are spread, and the loss part by part, as figures."""

import plotly.graph_objects as go

from app.figures.look import Look, bar, sequential, step_names, ticks
from app.recurrent.explain.distribution import DistributionAnswer
from app.recurrent.explain.lossline import LossAnswer
from app.recurrent.shapes import Plan

HEIGHT = 360


def distribution_figure(found: DistributionAnswer, plan: Plan, look: Look) -> go.Figure:
    """Over all: a bar a bin. By step: time to the right, the values upward, the colour how many lie there."""
    middles = [(low + high) / 2 for low, high in zip(found.edges, found.edges[1:], strict=False)]
    width = found.edges[1] - found.edges[0]
    title = look.says("figure.distribution.title", name=found.tensor, numbers=found.numbers)
    if found.by == "all":
        bars = go.Bar(
            x=middles,
            y=found.counts[0],
            width=[width] * len(middles),
            customdata=list(zip(found.edges, found.edges[1:], strict=False)),
            marker={"color": look.colour("accent"), "line": {"width": 0.5, "color": look.colour("paper")}},
            hovertemplate="%{customdata[0]:.4g} … %{customdata[1]:.4g}: %{y}<extra></extra>",
        )
        figure = look.figure(title, HEIGHT, [bars], bargap=0)
        figure.update_xaxes(title_text=look.says("figure.distribution.value"), range=[found.edges[0], found.edges[-1]])
        figure.update_yaxes(title_text=look.says("figure.distribution.count"), rangemode="tozero")
        return figure
    z = [list(line) for line in zip(*found.counts, strict=True)]  # bins upward
    picture = go.Heatmap(
        z=z,
        x=list(range(len(found.counts))),
        y=middles,
        coloraxis="coloraxis",
        hovertemplate="t = %{x}, %{y:.4g} ± " + f"{width / 2:.2g}" + ": %{z}<extra></extra>",
    )
    most = max((max(line) for line in z), default=0) or 1
    scale = {"colorscale": sequential(), "cmin": 0, "cmax": most}
    figure = look.figure(
        title, HEIGHT, [picture], coloraxis=scale | {"colorbar": bar(look.says("figure.distribution.count"))}
    )
    figure.update_yaxes(title_text=look.says("figure.distribution.value"), showgrid=False, zeroline=False)
    figure.update_xaxes(
        ticks(step_names(plan, found.sample or 0) if found.sample is not None else [str(t) for t in range(plan.T)])
    )
    return figure


def loss_figure(found: LossAnswer, plan: Plan, look: Look) -> go.Figure:
    """By step the sample's line and the mean of all, by sample a bar each; the whole loss as a level line."""
    names = step_names(plan, found.sample) if found.by == "step" else [str(n) for n in range(len(found.values))]
    x = list(range(len(found.values)))
    traces: list[go.Scatter | go.Bar] = []
    if found.by == "step":
        own = {"color": look.colour("accent"), "width": 2}
        traces.append(
            go.Scatter(
                x=x,
                y=found.values,
                mode="lines+markers",
                line=own,
                name=look.says("figure.loss.sample", sample=found.sample),
                hovertemplate="t = %{x}: %{y:.6g}<extra></extra>",
            )
        )
        rest = {"color": look.colour("state-h"), "width": 2, "dash": "dash"}
        traces.append(
            go.Scatter(
                x=x,
                y=found.mean,
                mode="lines",
                line=rest,
                name=look.says("figure.loss.mean"),
                hovertemplate="t = %{x}: %{y:.6g}<extra></extra>",
            )
        )
    else:
        traces.append(
            go.Bar(
                x=x,
                y=found.values,
                marker={"color": look.colour("accent")},
                name=look.says("figure.loss.each"),
                hovertemplate="%{x}: %{y:.6g}<extra></extra>",
            )
        )
    if found.loss is not None and x:
        level = {"color": look.colour("ink-soft"), "width": 1.5, "dash": "dot"}
        whole = look.says("figure.loss.whole")
        ends = [x[0] - 0.5, x[-1] + 0.5]
        hover = "%{y:.6g}<extra></extra>"
        traces.append(go.Scatter(x=ends, y=[found.loss] * 2, mode="lines", line=level, name=whole, hovertemplate=hover))
    figure = look.figure(look.says("figure.loss.title", kind=found.kind), HEIGHT, traces, showlegend=True)
    figure.update_xaxes(
        ticks(names), title_text=look.says("figure.loss.steps" if found.by == "step" else "figure.loss.samples")
    )
    figure.update_yaxes(title_text=look.says("figure.loss.value"), rangemode="tozero")
    figure.update_layout(margin_t=74)
    return figure

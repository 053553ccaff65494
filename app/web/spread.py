"""GET /traces/{id}/distribution and /losses, each also as a figure: how numbers are spread, the loss part by part."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from app.figures.spread import distribution_figure, loss_figure
from app.recurrent.explain.distribution import By, DistributionAnswer, distribution, part_of
from app.recurrent.explain.lossline import LossAnswer, check_loss, lossline
from app.recurrent.shapes import Plan
from app.recurrent.trace import Trace
from app.settings import Settings
from app.web.docs import answers
from app.web.errors import fault
from app.web.explain import Sample
from app.web.figures import DOCUMENTED, ShownAs, draw, look
from app.web.question import Id, ask
from app.web.traces import Traces

router = APIRouter(prefix="/api/v1/traces/{id}")

Tensor = Annotated[str, Query(min_length=1, max_length=64, examples=["l0.f"], description="Any tensor or parameter.")]
Only = Annotated[int | None, Query(ge=-1_000_000_000, le=1_000_000_000, description="Place in the batch; else all.")]


def documented(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """What such a route can answer."""
    return answers({304: None}, 404, 413, 422, 429) | {
        200: {"model": model, "description": (model.__doc__ or "").strip()}
    }


@router.get(
    "/distribution",
    tags=["explain"],
    summary="How a tensor's numbers are spread",
    responses=documented(DistributionAnswer),
    response_class=Response,
)
async def get_distribution(
    request: Request, id: Id, tensor: Tensor = "output", sample: Only = None, by: By = "all"
) -> Response:
    """A histogram of a tensor of any size; the numbers themselves are not sent."""

    def question(trace: Trace, _: object) -> BaseModel:
        return distribution(trace, tensor, sample, by)

    return await ask(
        request, id, "distribution", lambda plan: _fits(request, plan, tensor, sample, by), question, tensor, sample, by
    )


@router.get(
    "/figures/distribution",
    tags=["figures"],
    summary="How a tensor's numbers are spread",
    responses=DOCUMENTED,
    response_class=Response,
)
async def get_distribution_figure(
    request: Request, id: Id, tensor: Tensor = "output", sample: Only = None, by: By = "all", theme: ShownAs = "light"
) -> Response:
    """Over all as bars, by step as a picture with time to the right."""

    def question(trace: Trace, _: object) -> Any:
        return distribution_figure(distribution(trace, tensor, sample, by), trace.plan, look(request, theme))

    return await draw(
        request,
        id,
        "distribution",
        lambda plan: _fits(request, plan, tensor, sample, by),
        question,
        tensor,
        sample,
        by,
        theme,
    )


@router.get(
    "/losses",
    tags=["explain"],
    summary="The loss part by part",
    responses=documented(LossAnswer),
    response_class=Response,
)
async def get_losses(request: Request, id: Id, sample: Sample = 0) -> Response:
    """Of one sample by step where the head answers at every step, else of every sample."""
    return await ask(
        request, id, "losses", lambda plan: check_loss(plan, sample), lambda trace, _: lossline(trace, sample)
    )


@router.get(
    "/figures/loss", tags=["figures"], summary="The loss part by part", responses=DOCUMENTED, response_class=Response
)
async def get_loss_figure(request: Request, id: Id, sample: Sample = 0, theme: ShownAs = "light") -> Response:
    """The sample's line over the steps beside the mean of all; without steps a bar a sample."""

    def question(trace: Trace, _: object) -> Any:
        return loss_figure(lossline(trace, sample), trace.plan, look(request, theme))

    return await draw(request, id, "loss", lambda plan: check_loss(plan, sample), question, theme)


def _fits(request: Request, plan: Plan, tensor: str, sample: int | None, by: By) -> object:
    """What is counted is read as a whole once, so it is bounded like a part that is sent."""
    settings: Settings = request.app.state.settings
    traces: Traces = request.app.state.traces
    part = part_of(plan, tensor, sample, by)
    traces.check_size(plan, part, "npy")
    if by == "step" and settings.max_json_numbers // 40 < plan.T:
        raise fault("answer-too-large", field="by", got=plan.T * 40, expected=settings.max_json_numbers)
    return part

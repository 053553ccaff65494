"""create_app(): the ASGI application, put together from its parts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app import __version__
from app.settings import Settings
from app.web import (
    api,
    archive,
    beside,
    changed,
    code,
    diagnose,
    diagnose_page,
    difference,
    docs,
    errors,
    explain,
    figures,
    gallery,
    models,
    models_page,
    offline,
    pages,
    plotly,
    problems,
    questions,
    spread,
    train_page,
    trainings,
    uploads,
)
from app.web.assets import Assets
from app.web.guard import Guard
from app.web.races import Races
from app.web.state import State
from app.web.traces import Traces
from app.web.uploading import Uploading
from app.web.work import Work


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application; without `settings`, with those of the environment."""
    settings = settings or Settings.from_environment()
    work = Work(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if work.stopped:
            work.start()
            app.state.uploading.start()
        app.state.races.clean()
        app.state.traces.warm_up(State().request())
        yield
        app.state.races.stop()
        app.state.uploading.stop()
        work.stop()

    app = FastAPI(
        title="Unrolled",
        version=__version__,
        description="See every number inside an LSTM, a GRU or an RNN. Every number came out of PyTorch.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.settings = settings
    app.state.work = work
    app.state.traces = Traces(settings, work)
    app.state.races = Races(settings)
    app.state.uploading = Uploading(settings, app.state.traces.uploads)
    app.state.assets = Assets()
    app.include_router(api.router)
    app.include_router(changed.router)
    app.include_router(archive.router)
    app.include_router(offline.router)
    app.include_router(code.router)
    app.include_router(diagnose.router)
    app.include_router(difference.router)
    app.include_router(explain.router)
    app.include_router(figures.router)
    app.include_router(spread.router)
    app.include_router(trainings.router)
    app.include_router(models.router)
    app.include_router(uploads.router)
    app.add_api_route("/healthz", api.get_health, include_in_schema=False)
    app.include_router(pages.router)
    app.include_router(beside.router)
    app.router.routes += [
        app.state.assets.route(),
        plotly.ROUTE,
        *diagnose_page.ROUTES,
        *gallery.ROUTES,
        *models_page.ROUTES,
        *problems.ROUTES,
        *questions.ROUTES,
        *train_page.ROUTES,
    ]
    docs.install(app)
    errors.install(app)
    app.add_middleware(Guard, settings=settings)
    return app

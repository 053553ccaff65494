"""GET /models: the trained models at hand, their cards, their weights, and the words near a word."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel
from safetensors.torch import save

from app.recurrent.explain.running import RunningAnswer, check_running, running
from app.web import i18n
from app.web.assets import IMMUTABLE
from app.web.docs import answers
from app.web.errors import fault, lang_of
from app.web.question import Id, ask
from app.web.traces import Client, etag
from app.web.uploads import UploadAnswer, upload_answer, uploads_of
from app.web.work import Work
from app.zoo.neighbours import MOST, NeighboursAnswer, neighbours
from app.zoo.trained import Trained, bundled, bundled_names, file_of
from app.zoo.uploads import uploaded

router = APIRouter(prefix="/api/v1")

Name = Annotated[str, Path(min_length=1, max_length=64, examples=["sentiment-en"])]


class ModelAnswer(BaseModel):
    """A trained model: `weights` is what a trace request says to run it; `card` holds the numbers of its training."""

    id: str
    kind: str = "bundled"
    title: str
    says: str
    weights: dict[str, str]
    model: dict[str, Any]
    embedding: dict[str, Any] | None
    head: dict[str, Any] | None
    vocabulary_size: int | None
    card: dict[str, Any]


class ModelsAnswer(BaseModel):
    """Every trained model of this server."""

    models: list[ModelAnswer]
    uploads: list[UploadAnswer]


@router.get("/models", tags=["models"], summary="The trained models", responses=answers({}))
async def get_models(request: Request) -> ModelsAnswer:
    """Those that come with the program, run as `"weights": {"bundled": id}`, and those that were sent
    (`"weights": {"upload": id}`), the newest first."""
    lang = lang_of(request)
    return ModelsAnswer(
        models=[described(each, lang) for each in map(bundled, bundled_names()) if each is not None],
        uploads=[upload_answer(each, lang) for each in uploads_of(request).all()],
    )


@router.get("/models/{id}", tags=["models"], summary="One trained model", responses=answers({}, 404, 422))
async def get_model(request: Request, id: Name) -> ModelAnswer | UploadAnswer:
    """Its card: sizes, data, held-out scores beside the baselines; of an upload, what it holds."""
    sent = uploads_of(request).get(id)
    if sent is not None:
        return upload_answer(sent, lang_of(request))
    return described(_found(id), lang_of(request))


@router.get(
    "/models/{id}/weights",
    tags=["models"],
    summary="Its weights as safetensors",
    responses=answers({}, 404, 422) | {200: {"content": {"application/octet-stream": {}}, "description": "The file"}},
    response_class=Response,
)
async def get_weights(
    id: Name,
    prefix: Annotated[str | None, Query(max_length=300, description="Which stack of an upload.")] = None,
) -> Response:
    """Every parameter by the name that a trace gives it; embeddings of the program's own models in 16 bits."""
    sent = uploaded(id, prefix)
    if sent is not None:
        headers = {"Content-Disposition": f'attachment; filename="{id}.safetensors"'}
        return Response(save(sent.load()), media_type="application/octet-stream", headers=headers)
    found = _found(id)
    headers = {
        "ETag": etag("weights", found.name),
        "Cache-Control": IMMUTABLE,
        "Content-Disposition": f'attachment; filename="{found.name}.safetensors"',
    }
    return Response(file_of(found.name), media_type="application/octet-stream", headers=headers)


@router.get(
    "/models/{id}/neighbours",
    tags=["models"],
    summary="The words near a word",
    responses=answers({}, 404, 422, 429),
    response_model=NeighboursAnswer,
)
async def get_neighbours(
    request: Request,
    id: Name,
    word: Annotated[str, Query(min_length=1, max_length=100, examples=["good"])],
    most: Annotated[int, Query(ge=1, le=MOST, description="How many.")] = 8,
) -> Response:
    """By the cosine of their rows in `embedding.weight`."""
    found = _found(id)
    work: Work = request.app.state.work
    made = await work.run(lambda _: neighbours(found, word, most).model_dump_json().encode(), Client(request))
    return Response(made, media_type="application/json")


@router.get(
    "/traces/{id}/running",
    tags=["explain"],
    summary="The prediction after every step",
    responses=answers({304: None}, 404, 422, 429)
    | {200: {"model": RunningAnswer, "description": (RunningAnswer.__doc__ or "").strip()}},
    response_class=Response,
)
async def get_running(
    request: Request,
    id: Id,
    sample: Annotated[int, Query(ge=-1_000_000_000, le=1_000_000_000, description="Place in the batch.")] = 0,
) -> Response:
    """The head on h at each step: how a score came to be, word by word."""
    return await ask(
        request, id, "running", lambda plan: check_running(plan, sample), lambda trace, _: running(trace, sample)
    )


def described(trained: Trained, lang: str) -> ModelAnswer:
    """A model's card in words and numbers."""
    words = trained.vocabulary
    return ModelAnswer(
        id=trained.name,
        title=i18n.text(lang, f"bundled.{trained.name}.title"),
        says=i18n.text(lang, f"bundled.{trained.name}.says"),
        weights={"bundled": trained.name},
        model=trained.model.model_dump(mode="json"),
        embedding=None if trained.embedding is None else trained.embedding.model_dump(mode="json"),
        head=None if trained.head is None else trained.head.model_dump(mode="json"),
        vocabulary_size=None if words is None else len(words.words),
        card=trained.card,
    )


def _found(id: str) -> Trained:
    found = bundled(id)
    if found is None:
        raise fault("not-found", field="id", expected=", ".join(bundled_names()))
    return found

"""Model files of your own: POST one, DELETE it; what is in it, in the asker's language."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from app.recurrent.errors import Say
from app.recurrent.spec import TraceRequest
from app.web import i18n
from app.web.docs import answers
from app.web.errors import fault, lang_of
from app.web.state import state_of
from app.web.traces import Client, Traces
from app.web.uploading import Uploading
from app.zoo.stacks import Stack
from app.zoo.uploads import Upload, Uploads, model_of

router = APIRouter(prefix="/api/v1", tags=["models"])

MOST_IGNORED = 200  # names in one answer


class TableAnswer(BaseModel):
    """An embedding of the file that fits a stack."""

    name: str
    num_embeddings: int
    embedding_dim: int


class LinearAnswer(BaseModel):
    """A linear layer of the file that fits a stack."""

    name: str
    in_features: int
    out_features: int


class StackAnswer(BaseModel):
    """A recurrent stack; `request` is a trace request that runs it as it stands, `query` the page's address of it."""

    prefix: str
    cell: str
    input_size: int
    hidden_size: int
    num_layers: int
    bias: bool
    bidirectional: bool
    proj_size: int
    nonlinearity: str | None
    embedding: TableAnswer | None
    head: LinearAnswer | None
    request: dict[str, Any]
    query: str


class IgnoredAnswer(BaseModel):
    """Something in the file that is not shown, and the reason."""

    name: str
    why: str


class UploadAnswer(BaseModel):
    """What a file holds. Its `id` goes into a trace request: {"weights": {"upload": id}}.

    `embedding` and `head` are those of the first stack.
    """

    id: str
    filename: str
    format: str
    bytes: int
    added: str
    stacks: list[StackAnswer]
    embedding: TableAnswer | None
    head: LinearAnswer | None
    ignored: list[IgnoredAnswer]
    ignored_count: int


FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The bytes of the file as they are, for instance with curl --data-binary @model.pt",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
Id = Annotated[str, Path(min_length=1, max_length=64, description="What POST /models answered as `id`.")]


@router.post(
    "/models",
    status_code=201,
    summary="Read a model file",
    responses=answers({201: UploadAnswer}, 403, 408, 413, 415, 422, 429),
    openapi_extra=FILE,
)
async def post_model(
    request: Request,
    filename: Annotated[str, Query(max_length=300, description="For people; the format is told by the content.")] = "",
) -> Response:
    """safetensors, PyTorch (.pt, .pth), npz: its recurrent stacks, with the embedding and linear layer that fit.

    A child process with tight limits reads it as data; nothing in it is run. The same bytes have the same id.
    """
    media = request.headers.get("content-type", "").lower()
    if media.startswith("multipart/"):
        refusal = fault("unsupported-media-type", field="Content-Type", expected="application/octet-stream")
        refusal.say = Say("problem.file.multipart")
        raise refusal
    uploading: Uploading = request.app.state.uploading
    made = await uploading.take(await request.body(), filename, Client(request))
    lang = lang_of(request)
    headers = {"Location": f"/api/v1/models/{made.id}", "Content-Language": lang}
    body = upload_answer(made, lang).model_dump_json()
    return Response(body, status_code=201, media_type="application/json", headers=headers)


@router.delete("/models/{id}", status_code=204, summary="Delete an upload", responses=answers({}, 403, 404, 422))
async def delete_model(request: Request, id: Id) -> Response:
    """Its file goes at once; traces of it that were run stay until they make room."""
    if not uploads_of(request).delete(id):
        raise fault("not-found", field="id")
    return Response(status_code=204)


def uploads_of(request: Request) -> Uploads:
    """The folder of uploads."""
    traces: Traces = request.app.state.traces
    return traces.uploads


def upload_answer(upload: Upload, lang: str) -> UploadAnswer:
    """An upload in the asker's language."""
    say = i18n.sayer(lang)
    stacks = [_stack(upload.id, stack, first=k == 0) for k, stack in enumerate(upload.stacks)]
    return UploadAnswer(
        id=upload.id,
        filename=upload.filename,
        format=upload.kind,
        bytes=upload.bytes,
        added=datetime.fromtimestamp(upload.added, UTC).isoformat(timespec="seconds"),
        stacks=stacks,
        embedding=stacks[0].embedding,
        head=stacks[0].head,
        ignored=[
            IgnoredAnswer(name=i18n.plain(name), why=_reason(say, why)) for name, why in upload.ignored[:MOST_IGNORED]
        ],
        ignored_count=len(upload.ignored),
    )


def _reason(say: Any, key: str) -> str:
    try:
        return str(say(Say(key)))
    except KeyError:  # kept by another version
        return key


def _stack(id: str, stack: Stack, *, first: bool) -> StackAnswer:
    model = model_of(stack).model_dump(exclude_defaults=True, exclude={"batch_first"})
    weights: dict[str, Any] = {"upload": id} if first else {"upload": id, "prefix": stack.prefix}
    request: dict[str, Any] = {"model": model | {"batch_first": True}, "weights": weights}
    request["input"] = {"random": {"batch": 2, "seq_len": 5}}
    table = linear = None
    if stack.embedding is not None:
        count, width = stack.embedding
        table = TableAnswer(name=stack.names["embedding.weight"], num_embeddings=count, embedding_dim=width)
        request["embedding"] = {"num_embeddings": count, "embedding_dim": width}
    if stack.head is not None:
        out, features = stack.head
        linear = LinearAnswer(name=stack.names["head.weight"], in_features=features, out_features=out)
        request["head"] = {"reads": "h_n", "out_features": out}
    state = state_of(TraceRequest.model_validate(request))
    return StackAnswer(
        prefix=i18n.plain(stack.prefix),
        cell=stack.cell,
        input_size=stack.input_size,
        hidden_size=stack.hidden_size,
        num_layers=stack.num_layers,
        bias=stack.bias,
        bidirectional=stack.bidirectional,
        proj_size=stack.proj_size,
        nonlinearity=stack.nonlinearity,
        embedding=table,
        head=linear,
        request=request,
        query=state.query() if state is not None else "",
    )

"""Static files under an address that holds their hash, and the templates that link to them."""

import hashlib
import json
import posixpath
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.web.negotiate import holds
from app.web.sent import compressed, imported, without_comments

# The system's table may say text/plain for .js, and browsers then refuse to run modules.
MIME = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".ts": "text/plain; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
IMMUTABLE = "public, max-age=31536000, immutable"
LOOK_AGAIN = 1.0  # seconds between two looks whether a file has changed


def folder(name: str) -> Path:
    """static/ or templates/: inside the package when installed, beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    for place in (package / name, package.parent / name):
        if place.is_dir():
            return place
    raise FileNotFoundError(f"{name}/ is neither in {package} nor beside it")


@dataclass(frozen=True)
class Asset:
    """One static file, ready to send."""

    body: bytes  # as it lies there
    mime: str
    etag: str
    sent: bytes  # as it is sent
    packed: bytes | None  # that, compressed; None where it would not be smaller


class Assets:
    """All static files in memory. One hash for all: modules import each other by relative address."""

    def __init__(self, static: Path | None = None, templates: Path | None = None) -> None:
        self._static = static or folder("static")
        self._lock = threading.Lock()
        self._seen: tuple[int, int] = (-1, -1)
        self._looked = -LOOK_AGAIN
        self._files: dict[str, Asset] = {}
        self._modules: dict[str, list[str]] = {}
        self._hash = ""
        self.templates = Environment(
            loader=FileSystemLoader(templates or folder("templates")),
            autoescape=select_autoescape(default=True, default_for_string=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.templates.globals["asset_url"] = self.url
        self.templates.globals["modules"] = self.modules
        self.templates.filters["script_json"] = script_json
        self.templates.filters["plain_json"] = partial(json.dumps, ensure_ascii=False)
        self._look()

    def url(self, path: str) -> str:
        """`js/main.js` → `/static/3f2a…/js/main.js`; a path that is no file is a mistake and raises."""
        self._look()
        if path not in self._files:
            raise KeyError(f"static/{path} does not exist")
        return f"/static/{self._hash}/{path}"

    def read(self, path: str) -> bytes:
        """The file itself; a path that is no file is a mistake and raises."""
        self._look()
        return self._files[path].body

    def modules(self, path: str) -> list[str]:
        """`path` and every module that it imports, directly or not, each once: what a browser may ask for at once."""
        self._look()
        if path not in self._modules:
            found = [path]
            for name in found:  # grows as it goes
                for address in imported(self._files[name].sent.decode()):
                    target = posixpath.normpath(posixpath.join(posixpath.dirname(name), address))
                    if target not in found and target in self._files:
                        found.append(target)
            self._modules[path] = found
        return self._modules[path]

    def names(self) -> list[str]:
        """The paths of all files, sorted."""
        self._look()
        return sorted(self._files)

    def render(self, template: str, **values: Any) -> str:
        """The text of a template."""
        return self.templates.get_template(template).render(**values)

    def answer(self, request: Request) -> Response:
        """GET /static/{hash}/{path}. Only files that were found are known, so no path leads outside."""
        self._look()
        asset = self._files.get(request.path_params["path"])
        if asset is None:
            raise HTTPException(404)
        current = request.path_params["hash"] == self._hash
        headers = {"ETag": asset.etag, "Cache-Control": IMMUTABLE if current else "no-cache", "Vary": "Accept-Encoding"}
        if holds(request, asset.etag):
            return Response(status_code=304, headers=headers)
        if asset.packed is None or "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(asset.sent, media_type=asset.mime, headers=headers)
        return Response(asset.packed, media_type=asset.mime, headers=headers | {"Content-Encoding": "gzip"})

    def route(self) -> Route:
        """The route that serves the files."""

        async def static(request: Request) -> Response:
            return self.answer(request)

        return Route("/static/{hash}/{path:path}", static, methods=["GET"])

    def _look(self) -> None:
        """Read the files again when one has changed: whoever edits a file sees it on reload."""
        with self._lock:
            now = time.monotonic()
            if now - self._looked < LOOK_AGAIN:
                return
            self._looked = now
            paths = [path for path in sorted(self._static.rglob("*")) if path.suffix in MIME and path.is_file()]
            seen = (len(paths), max((path.stat().st_mtime_ns for path in paths), default=0))
            if seen == self._seen:
                return
            files: dict[str, Asset] = {}
            whole = hashlib.sha256()
            for path in paths:
                body, name = path.read_bytes(), path.relative_to(self._static).as_posix()
                etag = hashlib.sha256(body).hexdigest()[:20]
                sent = without_comments(body.decode()).encode() if path.suffix == ".js" else body
                files[name] = Asset(body, MIME[path.suffix], f'"{etag}"', sent, compressed(sent))
                whole.update(f"{name}\0{etag}\0".encode())
            self._modules = {}
            self._files, self._hash, self._seen = files, whole.hexdigest()[:16], seen


class Written(dict[str, Any]):
    """Plain data together with its JSON, which was written before."""

    def __init__(self, data: Mapping[str, Any], text: str) -> None:
        super().__init__(data)
        self.text = text


def script_json(value: Any) -> str:
    """JSON that can stand inside <script type="application/json">: no way to close the element."""
    if isinstance(value, Written):
        value = value.text
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")

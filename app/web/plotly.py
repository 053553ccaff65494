"""Plotly's script out of its Python package, under an address with its version: nothing from a CDN."""

import asyncio
import gzip
import importlib.metadata
from functools import cache
from pathlib import Path

import plotly
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.web.assets import IMMUTABLE
from app.web.errors import fault

VERSION = importlib.metadata.version("plotly")
URL = f"/plotly/{VERSION}/plotly.min.js"
LEVEL = 6  # 4.8 MB become 1.4 MB: a class on one wireless network feels it


@cache
def script(packed: bool) -> bytes:
    """The script of the installed package, as it is or compressed once."""
    body = (Path(plotly.__file__).parent / "package_data" / "plotly.min.js").read_bytes()
    return gzip.compress(body, LEVEL, mtime=0) if packed else body


async def serve(request: Request) -> Response:
    """GET /plotly/{version}/plotly.min.js; only the installed version is there."""
    if request.path_params["version"] != VERSION:
        raise fault("not-found")
    packed = "gzip" in request.headers.get("accept-encoding", "")
    headers = {"Cache-Control": IMMUTABLE, "Vary": "Accept-Encoding"} | ({"Content-Encoding": "gzip"} if packed else {})
    body = await asyncio.to_thread(script, packed)
    return Response(body, media_type="text/javascript; charset=utf-8", headers=headers)


ROUTE = Route("/plotly/{version}/plotly.min.js", serve, methods=["GET"])

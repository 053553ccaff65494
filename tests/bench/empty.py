"""A FastAPI route that does nothing but answer the bytes on its standard input: what any answer costs here."""

import sys

import uvicorn
from fastapi import FastAPI, Response


def create(body: bytes) -> FastAPI:
    app = FastAPI()

    @app.post("/api/v1/traces", status_code=201)
    async def traces() -> Response:
        return Response(body, status_code=201, media_type="application/json")

    return app


if __name__ == "__main__":
    # h11 and asyncio as in app/web/serve.py
    uvicorn.run(create(sys.stdin.buffer.read()), port=int(sys.argv[1]), http="h11", ws="none", log_level="warning")

"""The gate in front of every route: who is asked for, who asks, how much they send, and safe headers on each answer."""

import asyncio
import ipaddress
import logging
import re
import secrets
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.recurrent.errors import Cancelled, Refusal, Say
from app.settings import Settings
from app.web.errors import fault, lang_of, later, problem_response

log = logging.getLogger("unrolled")

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
READS = frozenset({"GET", "HEAD", "OPTIONS"})
SESSION_COOKIE = "unrolled"
HOLD = "unrolled.hold"  # in the scope: counts more bytes for this request, until it is answered
UPLOADS = "/api/v1/models"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
DRAIN_SECONDS = 2.0  # how long a refused body is read on, so that the answer is not lost in a reset
_SESSION = re.compile(r"[A-Za-z0-9_-]{8,64}")


class Guard:
    """ASGI middleware. Refuses in the one shape; lets through a `receive` that counts bytes and seconds."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings
        self.names = {name.strip("[]").lower() for name in (*LOOPBACK, settings.host, *settings.hosts)}
        self.open = settings.host.strip("[]").lower() not in LOOPBACK
        self.bodies = 0  # bytes of all bodies held just now, and of the lists they became

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
                return
            await send({"type": "websocket.close"})  # before it is accepted: 403
            return
        request = Request(scope)
        body = _Body(self, request, receive)
        answer = _Answer(request, send, body)
        scope[HOLD] = body.hold
        try:
            self._check(request)
            if scope["method"] == "HEAD":  # the server leaves out the body; every GET route answers both
                scope = {**scope, "method": "GET"}
            await self.app(scope, body.receive, answer.send)
        except (ClientDisconnect, Cancelled):
            log.debug("the client left: %s", scope["path"])
        except Refusal as refusal:
            await self._refuse(refusal, request, answer)
        except _BodyRefused as refused:
            await self._refuse(refused.refusal, request, answer)
        except Exception:
            mark = secrets.token_hex(4)
            log.exception("unexpected, mark %s: %s %s", mark, scope["method"], scope["path"])
            await self._refuse(fault("internal", got=mark), request, answer)
        finally:
            body.give_back()

    def _check(self, request: Request) -> None:
        target = len(request.scope.get("raw_path") or b"") + 1 + len(request.scope["query_string"])
        if target > self.settings.max_target_bytes:
            raise fault("address-too-long", got=target, expected=self.settings.max_target_bytes)
        host = request.headers.get("host", "")
        if not self._is_ours(host):
            raise fault("unknown-host", field="Host")
        if "websocket" in request.headers.get("upgrade", "").lower():
            raise fault("invalid-http", field="Upgrade")
        if request.method not in READS:
            origins = request.headers.getlist("origin")
            if origins and (len(origins) > 1 or not _same_origin(origins[0], host)):
                raise fault("foreign-origin", field="Origin")
            if not origins and request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
                raise fault("foreign-origin", field="Sec-Fetch-Site")

    def _is_ours(self, host: str) -> bool:
        """The names of this server. Open to the network, any bare address too: only a name can be
        made to point here by somebody else (DNS rebinding)."""
        name = _name_of(host)
        if name in self.names:
            return True
        if not self.open or name is None:
            return False
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    async def _refuse(self, refusal: Refusal, request: Request, answer: "_Answer") -> None:
        if answer.started:
            raise RuntimeError("the answer had begun") from refusal
        response = problem_response([refusal], lang_of(request))
        await response(request.scope, request.receive, answer.send)


class _BodyRefused(Exception):
    """Not a Refusal: it must pass the routes' own handlers and end here, where the body is drained."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


class _Body:
    """`receive` with a byte count, a deadline and a share of all memory for bodies."""

    def __init__(self, guard: Guard, request: Request, receive: Receive) -> None:
        self._guard = guard
        self._receive = receive
        headers: Headers = request.headers
        declared = headers.get("content-length", "0")
        # what is no number here never passed the server's own parser
        self._declared = int(declared) if declared.isascii() and declared.isdigit() and len(declared) < 20 else 0
        self._waits_for_leave = "100-continue" in headers.get("expect", "").lower()
        self._most, self._seconds = guard.settings.max_body_bytes, guard.settings.body_seconds
        self._says = "problem.body-too-large.says"
        if request.scope["path"] == UPLOADS:  # a file of any size would pass the limit of a request
            self._most, self._seconds = guard.settings.max_model_bytes, guard.settings.upload_seconds
            self._says = "problem.body-too-large.model"
        self._ends = time.monotonic() + self._seconds
        self.unread = self._declared > 0 or "transfer-encoding" in headers
        self._over = False  # the last message has come
        self.held = 0
        self._parsed = 0

    async def receive(self) -> Message:
        """The next message; refuses a body that is too large or too slow."""
        if self._over:
            return await self._receive()
        settings = self._guard.settings
        if self._declared > self._most:
            raise self._too_large(self._declared)
        try:
            message = await asyncio.wait_for(self._receive(), max(0.001, self._ends - time.monotonic()))
        except TimeoutError:
            raise _BodyRefused(fault("slow-body", expected=self._seconds)) from None
        self._note(message)
        self.held += self._count(len(message.get("body", b"")))
        if self.held > self._most:
            raise self._too_large(self.held)
        if self._guard.bodies > settings.max_bodies_bytes:
            raise _BodyRefused(later("busy", 2))
        return message

    def _too_large(self, size: int) -> _BodyRefused:
        say = Say(self._says, {"got": size, "expected": self._most})
        return _BodyRefused(Refusal("body-too-large", say, got=size, expected=self._most))

    def hold(self, size: int) -> None:
        """Count `size` bytes more, of what the body was made into; refuses when all together hold too many."""
        self._parsed += self._count(size)
        if self._guard.bodies > self._guard.settings.max_bodies_bytes:
            raise later("busy", 2)

    def _count(self, size: int) -> int:
        self._guard.bodies += size
        return size

    def give_back(self) -> None:
        """The request is answered: nothing of it is held any more."""
        self._guard.bodies -= self.held + self._parsed
        self.held = self._parsed = 0

    def _note(self, message: Message) -> None:
        if message["type"] != "http.request" or not message.get("more_body", False):
            self._over = True
            self.unread = False

    async def drain(self) -> None:
        """Read what is left for a moment and forget it: closing a socket with unread bytes resets
        it, and the client would see that instead of the answer."""
        left = self._most * 4
        ends = min(time.monotonic() + DRAIN_SECONDS, self._ends)
        while self.unread and not self._waits_for_leave and left > 0 and (seconds := ends - time.monotonic()) > 0:
            try:
                message = await asyncio.wait_for(self._receive(), seconds)
            except TimeoutError:
                return
            self._note(message)
            left -= len(message.get("body", b""))


class _Answer:
    """`send` that puts the safe headers on, and a session on pages."""

    def __init__(self, request: Request, send: Send, body: _Body) -> None:
        self._request = request
        self._send = send
        self._body = body
        self.started = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            await self._body.drain()
            message.setdefault("headers", [])
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            if self._body.unread:  # or the rest would be taken for the next request, or read for ever
                headers["Connection"] = "close"
            if headers.get("content-type", "").startswith("text/html") and session_of(self._request) is None:
                headers.append(
                    "set-cookie",
                    f"{SESSION_COOKIE}={secrets.token_urlsafe(12)}; Path=/; HttpOnly; SameSite=Strict",
                )
        await self._send(message)


def session_of(request: Request) -> str | None:
    """The session this request counts for; only a name for a share of the work, never a right."""
    session = request.cookies.get(SESSION_COOKIE, "")
    return session if _SESSION.fullmatch(session) else None


def _name_of(host: str) -> str | None:
    """ "[::1]:8000" → "::1"; None for what is no host."""
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::\d{1,5})?", host)
    return (found[1] or found[2]).lower() if found else None


def _same_origin(origin: str, host: str) -> bool:
    """The scheme may differ: behind a proxy that speaks TLS the page's is https and ours is not."""
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        return False
    default = {"http": 80, "https": 443}[parts.scheme]
    own, _, own_port = host.rpartition(":") if re.search(r":\d+$", host) else (host, "", "")
    return (parts.netloc if port is None else parts.netloc.rpartition(":")[0]).lower() == own.lower() and (
        port or default
    ) == (int(own_port) if own_port else default)

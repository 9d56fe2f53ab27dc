"""Who may talk to the page, and what a browser may do with what it gets.

Reviewers sign in with a name and no password: the page listens on the loopback only, and refuses
to start anywhere else until there are accounts. What is defended against is another web page in
the same browser (CSRF, DNS rebinding, framing) and text in a dataset that wants to be code.
"""

from __future__ import annotations

import hmac
import ipaddress
import os
import re
import secrets
import tempfile
import unicodedata
from dataclasses import asdict, dataclass
from pathlib import Path

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from models.errors import SettingsError, WorkspaceError

SESSION_COOKIE = "kiyome_session"
SESSION_SECONDS = 12 * 60 * 60
MAX_BODY = 64 * 1024
UPLOAD_PATH = "/motifs/add"
MAX_UPLOAD = 64 * 1024**2
"""Bytes of all files together that one form may upload, at ``UPLOAD_PATH`` only."""

MAX_NAME = 64
_SECRET_FILE = "review-session.secret"  # noqa: S105  (a file's name)
_SECRET_BYTES = 32

POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who a session belongs to; ``reviewer`` is "" before signing in.

    ``nonce`` is drawn anew at each sign-in; the CSRF token is derived from it.
    """

    reviewer: str
    nonce: str


class Sessions:
    """Signs and reads session cookies, and the CSRF tokens that belong to them."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._serializer = URLSafeTimedSerializer(secret, salt="kiyome.review.session")

    def begin(self, reviewer: str = "") -> Visitor:
        """A session that did not exist before."""
        return Visitor(reviewer, secrets.token_hex(16))

    def write(self, visitor: Visitor) -> str:
        """The cookie's value."""
        return str(self._serializer.dumps(asdict(visitor)))

    def read(self, cookie: str | None) -> Visitor | None:
        """The visitor that a cookie proves, or None where it proves nothing."""
        if not cookie:
            return None
        try:
            return Visitor(**self._serializer.loads(cookie, max_age=SESSION_SECONDS))
        except (BadData, TypeError):
            return None

    def csrf_token(self, visitor: Visitor) -> str:
        """The token that every form of this session carries."""
        return hmac.digest(self._secret, b"csrf " + visitor.nonce.encode(), "sha256").hex()

    def accepts(self, visitor: Visitor, token: str) -> bool:
        """Whether a submitted token is this session's."""
        return hmac.compare_digest(self.csrf_token(visitor).encode(), token.encode())


def load_secret(workspace: Path) -> bytes:
    """The key that signs sessions; made at the first start, readable by its owner only.

    Raises:
        WorkspaceError: it cannot be made or read, is damaged, or others may read it.
    """
    path = workspace / _SECRET_FILE
    try:
        if not path.exists():
            _make_secret(path)
        if path.stat().st_mode & 0o077:
            raise WorkspaceError(
                f"Others may read {path}, which signs the sessions of reviewers.",
                "Delete it: a new one is made, and everybody signs in again.",
            )
        secret = path.read_bytes()
    except OSError as error:
        raise WorkspaceError(
            f"The session key {path} cannot be used: {error.strerror or error}.",
            "Make the workspace readable and writable for the user who runs Kiyome.",
        ) from error
    if len(secret) < _SECRET_BYTES:
        raise WorkspaceError(
            f"The session key {path} is damaged.",
            "Delete it: a new one is made, and everybody signs in again.",
        )
    return secret


def _make_secret(path: Path) -> None:
    """Written whole under another name and then linked, so that two starts agree on one key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".review-session.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(_SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(name)
        except FileExistsError:
            return
    finally:
        Path(name).unlink()


def require_loopback(host: str) -> None:
    """Refuse an address that other machines can reach.

    Raises:
        SettingsError: ``host`` is not a loopback address.
    """
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise SettingsError(
            f"The review page would listen on {host}, where other machines can reach it, "
            "and reviewers sign in without a password.",
            'Set review_host to "127.0.0.1"; from elsewhere, reach it through an SSH tunnel.',
        )


def clean_name(given: str) -> str | None:
    """A reviewer's name as it is recorded, or None where it cannot be one."""
    name = unicodedata.normalize("NFC", " ".join(given.split()))
    return name if 0 < len(name) <= MAX_NAME and name.isprintable() else None


def local_path(given: str) -> str:
    """A path of this site to go back to, or the queue where ``given`` is anything else."""
    return given if re.fullmatch(r"/(?![/\\])[\w\-./?=&%+]{0,500}", given, re.ASCII) else "/"


class Guard:
    """Lets requests in that are meant for this server, and sends every answer with its headers."""

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._app = app
        self._hosts = {"127.0.0.1", "localhost", "[::1]", host, f"[{host}]"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 400 to a foreign Host, 411 or 413 to a body of unknown or excessive size."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        refusal = self._refuse(Headers(scope=scope), scope["path"])
        await (refusal or self._app)(scope, receive, send_with_headers)

    def _refuse(self, headers: Headers, path: str) -> PlainTextResponse | None:
        host = re.sub(r":\d{1,5}\Z", "", headers.get("host", ""))
        if host not in self._hosts:
            return PlainTextResponse(
                "This server is reached as http://127.0.0.1 and under no other name.\n"
                "このサーバーには http://127.0.0.1 でアクセスしてください。\n",
                400,
            )
        if "transfer-encoding" in headers:
            return PlainTextResponse("Send a Content-Length.\n", 411)
        length = headers.get("content-length", "0")
        uploads = path == UPLOAD_PATH
        limit = MAX_BODY + MAX_UPLOAD if uploads else MAX_BODY
        if not length.isdecimal() or int(length) > limit:
            if uploads:
                mebibytes = MAX_UPLOAD // 1024**2
                return PlainTextResponse(
                    f"The files are larger than {mebibytes} MiB together. Nothing was registered; "
                    "go back, and upload fewer or smaller ones.\n"
                    f"ファイルの合計が {mebibytes} MiB を超えています。何も登録されていません。"
                    "戻って、数を減らすか小さくしてください。\n",
                    413,
                )
            return PlainTextResponse(
                "This is more than a form can hold.\n送信内容が大きすぎます。\n", 413
            )
        return None

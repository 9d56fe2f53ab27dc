"""What stands before every route: which requests are meant for this server, and its headers."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from review_ui.api.problems import MOUNT, below_api, refuse_in_problem, write_problem
from review_ui.listening import Network, host_of
from review_ui.security import MAX_BODY, MAX_UPLOAD, UPLOAD_PATHS

POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
RESOURCE_POLICY = "Cross-Origin-Resource-Policy"
"""The one header that an answer may bring itself: a picture that other sites may show."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    RESOURCE_POLICY: "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_YEAR = 365 * 24 * 60 * 60


class Guard:
    """Lets requests in that are meant for this server, and sends every answer with its headers.

    Args:
        host: the address that is listened at.
        origin: where browsers reach the page, as in ``https://review.example``; "" for ``host``.
        proxies: reverse proxies whose word is taken for whom a request comes from, and how.
        connect: one other origin that scripts may ask, a node of a public chain; "" for none.
        may_upload: whether whoever sends a request may upload files: asked before they are read,
            as the routes themselves are asked only once all is on the disk.
    """

    def __init__(
        self,
        app: ASGIApp,
        host: str,
        origin: str = "",
        proxies: Sequence[Network] = (),
        connect: str = "",
        may_upload: Callable[[Scope], bool] = lambda _: True,
    ) -> None:
        self._app = app
        self._origin = origin
        self._secure = origin.startswith("https://")
        self._proxies = tuple(proxies)
        self._may_upload = may_upload
        self._hosts = {"127.0.0.1", "localhost", "[::1]", host, f"[{host}]"}
        if origin:
            self._hosts.add(host_of(origin))
        if self._secure:
            self._hosts = {host_of(origin)}
        self._headers = dict(HEADERS)
        if connect:
            self._headers["Content-Security-Policy"] = POLICY.replace(
                "connect-src 'self'", f"connect-src 'self' {connect}"
            )
        if self._secure:
            self._headers["Strict-Transport-Security"] = f"max-age={_YEAR}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 400 to a foreign Host, 411 or 413 to a body of unknown or excessive size.

        And 403 to files from somebody who may not upload any.
        """
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    if name != RESOURCE_POLICY or name not in headers:
                        headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        headers = Headers(scope=scope)
        self._believe_proxy(scope, headers)
        refusal = self._refuse(scope, headers)
        large = int(headers.get("content-length", "0")) > MAX_BODY if refusal is None else False
        if large and not await run_in_threadpool(self._may_upload, scope):
            refusal = PlainTextResponse(
                "Files are taken from somebody who is signed in and may upload them. Nothing was "
                "registered.\nファイルを送るには、権限のあるアカウントでサインインしてください。"
                "何も登録されていません。\n",
                403,
            )
        if refusal is not None and below_api(scope["path"]):
            refusal = refuse_in_problem(refusal)
        elif scope["path"] == MOUNT:  # the router would redirect to it with a slash
            refusal = write_problem("not-found")
        await (refusal or self._app)(scope, receive, send_with_headers)

    def _believe_proxy(self, scope: Scope, headers: Headers) -> None:
        """Put in whom a trusted proxy speaks for; what anybody else says of it is not looked at."""
        peer = scope["client"][0] if scope.get("client") else ""
        if not self._trusts(peer):
            return
        scope["scheme"] = headers.get("x-forwarded-proto", "http").split(",")[-1].strip()
        for given in reversed(",".join(headers.getlist("x-forwarded-for")).split(",")):
            address = given.strip()
            try:
                ipaddress.ip_address(address)
            except ValueError:
                return
            scope["client"] = (address, 0)
            if not self._trusts(address):
                return

    def _trusts(self, peer: str) -> bool:
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return False
        return any(address in network for network in self._proxies)

    def _refuse(self, scope: Scope, headers: Headers) -> Response | None:
        host = re.sub(r":\d{1,5}\Z", "", headers.get("host", ""))
        if self._secure and scope["scheme"] != "https":
            if scope["method"] in ("GET", "HEAD"):
                return RedirectResponse(f"{self._origin}/", 307)
            return PlainTextResponse(
                f"This server is reached as {self._origin} only: nothing was written.\n"
                f"{self._origin} 以外ではアクセスできません。何も書き込まれていません。\n",
                400,
            )
        if host.lower() not in self._hosts:
            address = self._origin or "http://127.0.0.1"
            return PlainTextResponse(
                f"This server is reached as {address} and under no other name.\n"
                f"このサーバーには {address} でアクセスしてください。\n",
                400,
            )
        return _refuse_body(headers, scope["path"])


def _refuse_body(headers: Headers, path: str) -> PlainTextResponse | None:
    if "transfer-encoding" in headers:
        return PlainTextResponse("Send a Content-Length.\n", 411)
    length = headers.get("content-length", "0")
    uploads = path in UPLOAD_PATHS
    limit = MAX_BODY + MAX_UPLOAD if uploads else MAX_BODY
    if length.isdecimal() and int(length) <= limit:
        return None
    if uploads:
        mebibytes = MAX_UPLOAD // 1024**2
        return PlainTextResponse(
            f"The files are larger than {mebibytes} MiB together. Nothing was registered; "
            "go back, and upload fewer or smaller ones.\n"
            f"ファイルの合計が {mebibytes} MiB を超えています。何も登録されていません。"
            "戻って、数を減らすか小さくしてください。\n",
            413,
        )
    return PlainTextResponse("This is more than a form can hold.\n送信内容が大きすぎます。\n", 413)

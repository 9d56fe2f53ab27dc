"""The figures for a Prometheus server, where the settings give it a token."""

from __future__ import annotations

import hmac
import threading
import time
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.responses import PlainTextResponse, Response

from models.errors import LedgerError
from models.settings import Settings
from models.store.database import Database

_KEPT_S = 10.0
"""How long figures stay as they are: so often may anybody who has the token ask."""


def make_metrics_router(settings: Settings, database: Database) -> APIRouter:
    """``GET /metrics`` for whoever sends ``metrics_token`` as a bearer token."""
    router = APIRouter()
    wanted = f"Bearer {settings.metrics_token}".encode()
    kept: tuple[float, bytes] | None = None
    lock = threading.Lock()

    @router.get("/metrics")
    def read_metrics(authorization: Annotated[str, Header()] = "") -> Response:
        """All figures, at most ten seconds old."""
        nonlocal kept
        from models.watching.looking import look
        from models.watching.metrics import CONTENT_TYPE, render_metrics

        if not hmac.compare_digest(authorization.encode(), wanted):
            return PlainTextResponse(
                "Send metrics_token as a bearer token.\n",
                401,
                {"WWW-Authenticate": "Bearer", "Cache-Control": "no-store"},
            )
        with lock:
            if kept is None or time.monotonic() - kept[0] > _KEPT_S:
                try:
                    text = render_metrics(*look(settings, database))
                except LedgerError as error:
                    return PlainTextResponse(f"{error}\n", 503)
                kept = (time.monotonic(), text)
            return Response(kept[1], media_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})

    return router

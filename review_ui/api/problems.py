"""Errors of the API, as RFC 9457 problem details: what is wrong, and what to do."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from models.errors import StoreError

MOUNT = "/api"
"""Below this address nothing is ever answered with a page."""

MEDIA_TYPE = "application/problem+json"
PREFIX = "urn:kiyome:problem:"
_log = logging.getLogger("kiyome.api")

CODES: Mapping[str, tuple[int, str]] = {
    "bad-request": (400, "The request cannot be read."),
    "token-in-address": (400, "A token stands in the address."),
    "bad-cursor": (400, "This is no place in a list."),
    "not-signed-in": (401, "The request carries no token that is good."),
    "not-allowed": (403, "The token may not do this."),
    "not-found": (404, "There is nothing here."),
    "method-not-allowed": (405, "This cannot be done here."),
    "already-ruled": (409, "This version of the item has a ruling."),
    "lease-lost": (409, "The item is not yours."),
    "conflict": (409, "This does not go together with what is there."),
    "length-needed": (411, "The request does not say how long it is."),
    "version-changed": (412, "Something else is asked about the item now."),
    "too-large": (413, "The request is too large."),
    "invalid": (422, "What was sent cannot be used."),
    "too-many-requests": (429, "Too many requests."),
    "internal": (500, "Something is broken here."),
    "database": (503, "The database cannot be used."),
}
"""Every problem by its code: its status and title. Codes are stable."""

_BY_STATUS: Mapping[int, str] = {
    400: "bad-request",
    401: "not-signed-in",
    403: "not-allowed",
    404: "not-found",
    405: "method-not-allowed",
    409: "conflict",
    411: "length-needed",
    412: "version-changed",
    413: "too-large",
    422: "invalid",
    429: "too-many-requests",
    503: "database",
}
_REMEDIES: Mapping[int, str] = {
    404: "Look at the address, and at /api/v1/openapi.json.",
    405: "The Allow header says what can be done.",
    500: "Try again; if it stays so, tell whoever runs this server.",
    503: "Try again in a moment.",
}
ANYWHERE = (400, 401, 403, 422, 429, 500, 503)
"""Statuses that every operation may answer."""


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    where: str = Field(description="The field, as in `body.note`.", examples=["body.note"])
    problem: str = Field(examples=["String should have at most 2000 characters"])


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(
        description="A stable name of the kind of problem.", examples=[f"{PREFIX}lease-lost"]
    )
    title: str = Field(description="The kind of problem, in a sentence.")
    status: int = Field(ge=400, le=599)
    code: str = Field(description="The last part of `type`.", examples=["lease-lost"])
    detail: str = Field(description="What is wrong this time.")
    remedy: str = Field(description="What to do about it.")
    errors: list[FieldProblem] = Field(default=[], description="Field by field, where known.")


class ApiError(Exception):
    """A request that is answered with a problem.

    Args:
        code: one of ``CODES``.
        detail: what is wrong this time, as a sentence; the title where it is "".
        remedy: what to do about it.
        extra: further members of the problem.
        headers: of the answer.
    """

    def __init__(
        self,
        code: str,
        detail: str = "",
        remedy: str = "",
        *,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.remedy = remedy
        self.extra = dict(extra or {})
        self.headers = dict(headers or {})


def write_problem(
    code: str,
    detail: str = "",
    remedy: str = "",
    extra: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer for a problem."""
    status, title = CODES[code]
    said = {
        "type": PREFIX + code,
        "title": title,
        "status": status,
        "code": code,
        "detail": detail or title,
        "remedy": remedy or _REMEDIES.get(status, "Look at docs/api.md."),
        **(extra or {}),
    }
    return JSONResponse(said, status, headers, MEDIA_TYPE)


def below_api(path: str) -> bool:
    """Whether an address belongs to the API."""
    return path == MOUNT or path.startswith(f"{MOUNT}/")


def refuse_in_problem(refusal: Response) -> Response:
    """A refusal of the guard, as a problem. Nothing is redirected: the token has been sent."""
    code = _BY_STATUS.get(refusal.status_code, "bad-request")
    said = bytes(refusal.body).decode().split("\n")[0]
    remedy = "Send the request to the address at which this server is reached."
    return write_problem(code, said, remedy if code == "bad-request" else "")


def describe(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems that an operation may answer with, for its description.

    Args:
        statuses: besides those of ``ANYWHERE``.
    """
    told: dict[int | str, dict[str, Any]] = {
        status: _describe_one(status) for status in sorted({*ANYWHERE, *statuses})
    }
    told[401]["headers"] = {"WWW-Authenticate": _header("Bearer, and what is wrong.")}
    told[429]["headers"] = {"Retry-After": _header("Seconds to wait.", "integer")}
    return told


def _describe_one(status: int) -> dict[str, Any]:
    code = "internal" if status == HTTPStatus.INTERNAL_SERVER_ERROR else _BY_STATUS[status]
    codes = [known for known, (given, _) in CODES.items() if given == status]
    example = {
        "type": PREFIX + code,
        "title": CODES[code][1],
        "status": status,
        "code": code,
        "detail": CODES[code][1],
        "remedy": _REMEDIES.get(status, "Look at docs/api.md."),
    }
    return {
        "description": "Problem: " + ", ".join(f"`{known}`" for known in codes),
        "content": {
            MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}
        },
    }


def _header(description: str, kind: str = "string") -> dict[str, Any]:
    return {"description": description, "schema": {"type": kind}}


def answer_api_error(_: Request, error: Exception) -> Response:
    """What a route refused on purpose."""
    if not isinstance(error, ApiError):
        raise TypeError(type(error).__name__)
    return write_problem(error.code, error.detail, error.remedy, error.extra, error.headers)


def answer_http(_: Request, error: Exception) -> Response:
    """What the framework refused: no such path, no such method, a body that is no JSON."""
    if not isinstance(error, HTTPException):
        raise TypeError(type(error).__name__)
    code = _BY_STATUS.get(error.status_code, "internal")
    return write_problem(code, headers=error.headers)


def answer_invalid(_: Request, error: Exception) -> Response:
    """A field that cannot be used; what was sent in it is not repeated."""
    problems = error.errors() if isinstance(error, RequestValidationError) else ()
    errors = [
        {"where": ".".join(str(part) for part in each["loc"])[:200], "problem": each["msg"][:300]}
        for each in problems[:20]
    ]
    return write_problem(
        "invalid",
        "Some of what was sent cannot be used.",
        "`errors` says which field, and why.",
        {"errors": errors},
    )


def answer_store(_: Request, error: Exception) -> Response:
    """The database does not answer."""
    # Others than our own may quote what was to be stored.
    said = error if isinstance(error, StoreError) else type(error).__name__
    _log.error("the database cannot be used: %s", said)
    return write_problem("database")


def answer_unexpected(request: Request, error: Exception) -> Response:
    """A fault in the code."""
    _log.error("the API failed: %s", request.url.path, exc_info=error)
    return write_problem("internal")

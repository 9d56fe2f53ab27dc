"""The application of the API: its routes, its errors, and its OpenAPI description."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import metadata
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import Response
from fastapi.routing import APIRoute
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from models.errors import StoreError
from review_ui.api import (
    adjudication,
    assurance,
    audit,
    datasets,
    handing_on,
    items,
    me,
    register,
    releases,
    rewriting,
    rulings,
    takedowns,
    terms,
)
from review_ui.api.callers import (
    FAILURES_A_MINUTE,
    Limits,
    get_caller,
    refuse_strange_parameters,
)
from review_ui.api.problems import (
    MOUNT,
    ApiError,
    FieldProblem,
    Problem,
    answer_api_error,
    answer_http,
    answer_invalid,
    answer_store,
    answer_unexpected,
    write_problem,
)
from review_ui.api.rate import RateLimit
from review_ui.site import Site

PREFIX = "/v1"
DESCRIPTION = """What the review page does, for programs.

Send a personal token: `Authorization: Bearer kym_…`. Times are UTC (RFC 3339). Lists come in pages:
pass `next` as `after`. Errors are problem details (RFC 9457); their `code` is stable.
"""
_MODULES = (
    *(items, rewriting, handing_on, adjudication, rulings, datasets, releases, takedowns),
    *(register, terms, audit, assurance, me),
)


def make_api(site: Site, requests_a_minute: int) -> FastAPI:
    """The API as an ASGI application, to be mounted at ``MOUNT``.

    Args:
        site: what the pages share.
        requests_a_minute: how often one account may ask.
    """
    api = FastAPI(
        title="Kiyome",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{PREFIX}/openapi.json",
        redirect_slashes=False,
        root_path_in_servers=False,
        generate_unique_id_function=lambda route: f"{route.tags[0]}-{route.name}".replace("_", "-"),
    )
    api.state.site = site
    api.state.limits = Limits(RateLimit(requests_a_minute), RateLimit(FAILURES_A_MINUTE))
    strict = [Depends(get_caller), Depends(refuse_strange_parameters)]
    for module in _MODULES:
        api.include_router(module.router, prefix=PREFIX, dependencies=strict)
    api.add_exception_handler(ApiError, answer_api_error)
    api.add_exception_handler(HTTPException, answer_http)
    api.add_exception_handler(405, _answer_method)
    api.add_exception_handler(RequestValidationError, answer_invalid)
    api.add_exception_handler(StoreError, answer_store)
    api.add_exception_handler(SQLAlchemyError, answer_store)
    api.add_exception_handler(Exception, answer_unexpected)
    api.openapi = cache(lambda: describe_api(api))  # type: ignore[method-assign]
    return api


def _answer_method(request: Request, _: Exception) -> Response:
    """Say all that can be done at an address: the framework names its first route only."""
    path = request.scope["path"].removeprefix(request.scope["root_path"])
    allowed = {
        method for method, known, _ in list_operations() if compile_path(known)[0].match(path)
    }
    allowed |= {"GET"} if path == f"{PREFIX}/openapi.json" else set()
    return write_problem("method-not-allowed", headers={"Allow": ", ".join(sorted(allowed))})


def describe_api(api: FastAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 description, with the permission that each operation takes."""
    described = get_openapi(
        title="Kiyome",
        version=metadata.version("kiyome"),
        openapi_version="3.1.0",
        description=DESCRIPTION,
        routes=api.routes,
        servers=[{"url": MOUNT, "description": "This server."}],
    )
    schemas = described["components"]["schemas"]
    for model in (Problem, FieldProblem):
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schema.pop("$defs", None)
        schemas[model.__name__] = schema
    for method, path, permission in list_operations():
        operation = described["paths"][path][method.lower()]
        operation["x-permission"] = permission
        operation["summary"] = operation["description"].split("\n")[0].split(". ")[0].rstrip(".")
        told = f"Permission: `{permission}`." if permission else "Any token will do."
        operation["description"] = f"{operation['description']}\n\n{told}"
    return described


def list_operations() -> Iterator[tuple[str, str, str]]:
    """Method, path below ``MOUNT`` and permission of every operation; "" where any will do."""
    for module in _MODULES:
        for route in module.router.routes:
            if isinstance(route, APIRoute):
                for method in sorted(route.methods or ()):
                    yield method, PREFIX + route.path_format, permission_of(route.dependant)


def permission_of(dependant: Dependant) -> str:
    """The permission that a route asks for; "" where any token will do."""
    found = getattr(dependant.call, "permission", None)
    return found.value if found else "".join(map(permission_of, dependant.dependencies))

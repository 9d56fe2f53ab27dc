"""The API does what its description says, whatever is sent to it (Schemathesis, every check)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, settings

from models.accounts.roles import Role
from models.store.database import Database
from models.store.tables import Base
from review_ui.api.application import describe_api, make_api
from review_ui.site import Site
from tests.account_parts import ORIGIN, put_account
from tests.api_parts import PLENTY, fill, forgive_failures, make_app, token_for

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")

SEMANTIC = (
    *("/ruling", "/rewrite", "/preview", "/escalation", "/return", "/question"),
    *("/takedowns", "/names"),
)
"""Where rules hold that a schema cannot express, such as which reason goes with which ruling."""

TAKEN = ["2xx", "3xx", "401", "403", "404", "409", "429"]
REFUSED = ["400", "401", "403", "404", "405", "409", "413", "422", "429"]
"""What breaks the description may be too large besides: that is looked at first."""

CONFIG = schemathesis.Config.from_dict(
    {
        "base-url": f"{ORIGIN}/api",
        "checks": {
            "positive_data_acceptance": {"expected-statuses": [*TAKEN, "400"]},
            "negative_data_rejection": {"expected-statuses": REFUSED},
        },
        "operations": [
            {
                "include-path-regex": f"({'|'.join(SEMANTIC)})$",
                "checks": {
                    "positive_data_acceptance": {
                        "expected-statuses": [*TAKEN, "400", "412", "413", "422"]
                    },
                    "negative_data_rejection": {"expected-statuses": REFUSED},
                },
            }
        ],
    }
)
SCHEMA = schemathesis.openapi.from_dict(
    describe_api(make_api(cast("Site", None), PLENTY)), config=CONFIG
)
_served: dict[str, Any] = {}


async def _serve(scope: Any, receive: Any, send: Any) -> None:
    """The application of the fixture: operations are collected before there is one."""
    await _served["app"](scope, receive, send)


SCHEMA.app = _serve


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """How a lead's program calls the API, on a real database with something in every list."""
    folder = tmp_path_factory.mktemp("api")
    database = Database(f"sqlite:///{folder / 'kiyome.db'}")
    Base.metadata.create_all(database.engine)
    app = make_app(database, folder)
    forgive_failures(app)
    fill(database, folder / "workspace")
    token = token_for(database, put_account(database, "lead", Role.LEAD, None))
    _served["app"] = app
    yield {"headers": {"Authorization": f"Bearer {token}"}}
    database.dispose()


@SCHEMA.parametrize()
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_operation_answers_as_described(case: Any, program: dict[str, Any]) -> None:
    case.call_and_validate(**program)

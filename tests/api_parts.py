"""The API for tests: an application with accounts, tokens, and something in every list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from models.accounts.api_tokens import make_token, scopes_for
from models.accounts.records import Account
from models.accounts.roles import Role
from models.nouns.register.storage import add_name
from models.settings import Settings
from models.store.database import Database
from models.store.tables import ReleaseRow
from models.takedowns import acknowledge_takedown
from review_ui.api.rate import RateLimit
from review_ui.app import create_app
from tests.account_parts import ORIGIN, put_account
from tests.review_seed import seed
from tests.term_seed import store_terms, unknown

PLENTY = 1_000_000


def make_app(database: Database, folder: Path, **settings: Any) -> Any:
    """The review page with its API."""
    given = {"workspace": folder / "workspace", "api_rate": PLENTY, **settings}
    return create_app(Settings(**given), database)


def forgive_failures(app: Any) -> None:
    """Let an address fail to show a token as often as it likes."""
    api = next(route.app for route in app.routes if getattr(route, "path", "") == "/api")
    api.state.limits = replace(api.state.limits, failures=RateLimit(PLENTY))


def token_for(
    database: Database, account: Account, scopes: Iterable[str] | None = None, days: int = 30
) -> str:
    """A token of an account: for everything that its role may do, or for some of it."""
    chosen = scopes_for(account) if scopes is None else tuple(scopes)
    with database.transaction() as session:
        return make_token(session, account, "test", chosen, days, account.name)[0]


def client(app: Any, token: str = "", **headers: str) -> TestClient:
    """A program that sends a token, and has no cookies."""
    sent = {"Authorization": f"Bearer {token}"} if token else {}
    return TestClient(
        app,
        base_url=ORIGIN,
        headers={**sent, **headers},
        follow_redirects=False,
        raise_server_exceptions=False,
    )


def signed_in_program(app: Any, database: Database, role: Role = Role.LEAD) -> TestClient:
    """A program with a token for everything that an account of a role may do."""
    account = put_account(database, role.value, role, None)
    return client(app, token_for(database, account))


def put_release(
    database: Database, workspace: Path, dataset: str = "picture-books", number: int = 1
) -> str:
    """A release with files that are no Parquet, and its id."""
    from models.canonical import digest_bytes

    folder = Path("releases") / dataset / f"{number:04d}"
    (workspace / folder).mkdir(parents=True)
    manifest = f"manifest {number}".encode()
    (workspace / folder / "manifest.parquet").write_bytes(manifest)
    (workspace / folder / "removed.parquet").write_bytes(b"removed")
    release_id = digest_bytes(f"{dataset} {number}".encode())
    with database.transaction() as session:
        session.add(
            ReleaseRow(
                id=release_id,
                dataset=dataset,
                number=number,
                manifest_sha256=digest_bytes(manifest),
                exclusions_sha256="e" * 64,
                folder=folder.as_posix(),
                cleared=3,
                removed=number - 1,
                created_ms=1_790_000_000_000 + number,
            )
        )
    return release_id


def fill(database: Database, workspace: Path) -> None:
    """Something in every list."""
    seed(database, workspace, 6)
    caption = "kumorin and the seven umbrellas"
    store_terms(database, "picture-books", {"a.png": (caption, [unknown(caption, "kumorin")])})
    put_release(database, workspace)
    put_release(database, workspace, number=2)
    with database.transaction() as session:
        add_name(session, "Kokoneko Mimi", "character", surfaces=["ここねこミミ"], actor="ops")
        acknowledge_takedown(session, "a" * 64, "Studio Tsukimachi", "letter")

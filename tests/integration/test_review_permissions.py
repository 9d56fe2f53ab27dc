"""Every route of the review page, for every role and for strangers, against a written matrix."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute

from models.accounts.roles import Role
from models.settings import Settings
from models.store.database import Database
from review_ui.app import create_app
from tests.account_parts import Window, cheap_passwords, put_account, signed_in

pytestmark = pytest.mark.usefixtures("cheap_passwords")
__all__ = ["cheap_passwords"]
ID, HASH = "0" * 32, "0" * 64
ANYBODY = "anybody"
WHO = ("reviewer", "lead", "ops", "owner")

MATRIX: dict[str, str] = {
    # Route                                      who may
    "GET /": "reviewer lead ops",
    "POST /next": "reviewer lead",
    "GET /items/{item_id}": "reviewer lead ops",
    "POST /items/{item_id}/lease": "reviewer lead",
    "POST /items/{item_id}/give-back": "reviewer lead",
    "POST /items/{item_id}/heartbeat": "reviewer lead",
    "POST /items/{item_id}/ruling": "reviewer lead",
    "POST /items/{item_id}/rewrite": "reviewer lead",
    "POST /items/{item_id}/rewrite/preview": "reviewer lead",
    "GET /captions": "reviewer lead ops",
    "POST /captions/{edit_id}/accept": "reviewer lead",
    "POST /captions/{edit_id}/refuse": "reviewer lead",
    "POST /captions/{edit_id}/undo": "reviewer lead",
    "POST /works/captions": "owner",
    "POST /works/captions/{edit_id}/withdraw": "owner",
    "POST /rulings/{ruling_id}/undo": "reviewer lead",
    "POST /items/{item_id}/escalate": "reviewer lead",
    "POST /items/{item_id}/send-back": "lead",
    "POST /items/{item_id}/ask": "reviewer lead",
    "POST /items/{item_id}/withdraw-question": "reviewer lead",
    "GET /adjudication": "lead",
    "GET /desk": "lead ops",
    "GET /keys": "reviewer lead ops",
    "POST /keys": "reviewer lead",
    "POST /filters": "reviewer lead",
    "POST /filters/{filter_id}/default": "reviewer lead",
    "POST /filters/{filter_id}/remove": "reviewer lead",
    "GET /golden": "lead",
    "POST /items/{item_id}/golden": "lead",
    "POST /golden/{mark_id}/retire": "lead",
    "POST /golden/handed/{serving_id}": "lead",
    "GET /questions": "owner",
    "GET /questions/{question_id}": "owner",
    "POST /questions/{question_id}": "owner",
    "GET /questions/{question_id}/picture": "owner",
    "GET /terms": "reviewer lead ops",
    "POST /terms/rule": "reviewer lead",
    "POST /terms/{ruling_id}/undo": "reviewer lead",
    "GET /motifs": "reviewer lead ops",
    "GET /motifs/add": "reviewer lead",
    "POST /motifs/add": "reviewer lead",
    "GET /motifs/{motif_id}": "reviewer lead ops",
    "POST /motifs/{motif_id}/correct": "reviewer lead",
    "POST /motifs/{motif_id}/decide": "lead",
    "POST /motifs/{motif_id}/remove": "lead",
    "GET /pictures/{asset_id}/{size}": "reviewer lead ops",
    "GET /requests": "owner",
    "GET /requests/new": "owner",
    "GET /requests/new/name": "owner",
    "POST /requests/new/name": "owner",
    "GET /requests/new/motif": "owner",
    "POST /requests/new/motif": "owner",
    "GET /requests/withdraw": "owner",
    "POST /requests/withdraw": "owner",
    "GET /requests/takedown": "owner",
    "POST /requests/takedown": "owner",
    "GET /requests/{request_id}": "owner",
    "GET /requests/{request_id}/pictures/{motif_id}": "owner",
    "POST /requests/{request_id}/renew": "owner",
    "GET /owners/requests": "lead ops",
    "GET /owners/requests/{request_id}": "lead ops",
    "POST /owners/requests/{request_id}/settle": "lead",
    "GET /works": "owner",
    "GET /works/{dataset}/{asset_id}": "owner",
    "GET /works/{dataset}/{asset_id}/picture/{size}": "owner",
    "GET /usage": "owner",
    "GET /usage/check": "owner",
    "GET /usage/statements": "owner",
    "GET /usage/batches/{batch_id}/{owner_ref}": "owner",
    "GET /usage/proofs/{batch_id}/{owner_ref}": "owner",
    "GET /usage/proofs/{batch_id}/{owner_ref}/{index}": "owner",
    "GET /usage/receipts/{size}": "owner",
    "GET /usage/consistency/{old}/{later}": "owner",
    "GET /usage/statements/{batch_id}/{owner_ref}/{form}": "owner",
    "GET /audit": "reviewer lead ops owner",
    "GET /assurance": "lead ops owner",
    "GET /releases/proposed": "lead ops",
    "POST /releases/proposed/{release_id}/sign": "lead",
    "GET /proposals": "lead ops",
    "POST /proposals/{proposal_id}/decide": "lead",
    "GET /help": "reviewer lead ops owner",
    "GET /account": "reviewer lead ops owner",
    "POST /account/password": "reviewer lead ops owner",
    "POST /account/sessions/end-others": "reviewer lead ops owner",
    "POST /account/sessions/{session_id}/end": "reviewer lead ops owner",
    "GET /identities": "owner",
    "POST /identities/wallet": "owner",
    "GET /identities/wallet/{challenge_id}": "owner",
    "POST /identities/wallet/{challenge_id}": "owner",
    "POST /identities/{binding_id}/end": "owner",
    "GET /account/tokens": "reviewer lead ops owner",
    "POST /account/tokens": "reviewer lead ops owner",
    "POST /account/tokens/{token_id}/end": "reviewer lead ops owner",
    "GET /webhooks": "ops",
    "POST /webhooks/add": "ops",
    "POST /webhooks/{webhook_id}/test": "ops",
    "POST /webhooks/{webhook_id}/pause": "ops",
    "POST /webhooks/{webhook_id}/resume": "ops",
    "POST /webhooks/{webhook_id}/send-again": "ops",
    "POST /webhooks/{webhook_id}/remove": "ops",
    "GET /accounts": "lead ops",
    "POST /accounts/invite": "lead ops",
    "POST /accounts/{account_id}/role": "lead ops",
    "POST /accounts/{account_id}/disable": "lead ops",
    "POST /accounts/{account_id}/enable": "lead ops",
    "POST /accounts/{account_id}/link": "lead ops",
    "POST /accounts/{account_id}/identities": "lead ops",
    "POST /accounts/{account_id}/identities/{binding_id}/end": "lead ops",
    "GET /shared/items/{item_id}/{size}": ANYBODY,
    "GET /sign-in": ANYBODY,
    "POST /sign-in": ANYBODY,
    "GET /sign-in/wallet": ANYBODY,
    "POST /sign-in/wallet": ANYBODY,
    "GET /sign-in/wallet/{challenge_id}": ANYBODY,
    "POST /sign-in/wallet/{challenge_id}": ANYBODY,
    "GET /sign-in/provider": ANYBODY,
    "GET /sign-in/provider/return": ANYBODY,
    "POST /sign-out": ANYBODY,
    "POST /language": ANYBODY,
    "GET /link/{token}": ANYBODY,
    "POST /link": ANYBODY,
}
VALUES = {"size": "256", "motif_id": HASH, "asset_id": HASH, "release_id": HASH, "token": "x" * 43}
FIELDS = {
    "role": "reviewer",
    "name": "new",
    "lease_token": "x",
    "item_version": "1",
    "question_id": ID,
    "ruling": "approve",
    "dataset": "d",
    "term": "t",
    "language": "en",
    "token": "x" * 43,
}


@pytest.fixture
def app(tmp_path: Path, sqlite_database: Database) -> Any:
    for role in Role:
        put_account(sqlite_database, role.value, role)
    return create_app(Settings(workspace=tmp_path / "workspace"), sqlite_database)


def routes_of(app: Any) -> Iterator[tuple[str, str]]:
    """Every method and path; newer FastAPI keeps the routers that were included as they are."""
    for route in app.routes:
        if isinstance(route, APIRoute):
            for method in sorted(route.methods):
                yield method, route.path
        elif router := getattr(route, "original_router", None):
            yield from routes_of(router)


def ask(window: Window, method: str, path: str, token: str) -> Any:
    parts = [
        VALUES.get(part[1:-1], ID) if part.startswith("{") else part for part in path.split("/")
    ]
    address = "/".join(parts)
    if method == "GET":
        return window.http.get(address)
    fields = {**FIELDS, "ruling": "confirm" if path.endswith("decide") else FIELDS["ruling"]}
    return window.http.post(address, data={"csrf": token, **fields})


def test_the_matrix_names_every_route_and_no_other(app: Any) -> None:
    assert {f"{method} {path}" for method, path in routes_of(app)} == set(MATRIX)


@pytest.mark.parametrize("who", WHO)
def test_each_role_gets_what_the_matrix_says(app: Any, who: str) -> None:
    for method, path in routes_of(app):
        may = MATRIX[f"{method} {path}"]
        window = signed_in(app, who)
        answer = ask(window, method, path, window.token("/help"))
        refused = answer.status_code == 403 and "You may not do this" in answer.text
        assert refused is (may != ANYBODY and who not in may.split()), (method, path, answer)
        assert answer.headers.get("location", "").startswith("/sign-in") is (path == "/sign-out")


def test_strangers_are_asked_to_sign_in(app: Any) -> None:
    for method, path in routes_of(app):
        window = Window(app)
        answer = ask(window, method, path, window.token("/sign-in"))
        if MATRIX[f"{method} {path}"] == ANYBODY:
            assert answer.status_code != 403, path
        elif method == "GET":
            assert answer.status_code == 303, path
            assert answer.headers["location"].startswith("/sign-in?next="), path
        else:
            assert answer.status_code == 403, path
            assert "not signed in" in answer.text, path


def test_forms_that_a_role_may_not_send_are_not_shown(app: Any, sqlite_database: Database) -> None:
    from tests.review_seed import seed

    asset = seed(sqlite_database, app.state.site.workspace, 2)[0]
    from models.review.queue import item_id_of

    item = item_id_of("picture-books", asset)
    for path in ("/", f"/items/{item}", "/terms", "/motifs"):
        ops = signed_in(app, "ops").http.get(path).text
        lead = signed_in(app, "lead").http.get(path).text
        assert 'action="/next"' not in ops
        assert 'action="/items' not in ops
        assert "/motifs/add" not in ops
        assert ('action="/next"' in lead) is (path not in ("/terms", "/motifs"))
    assert 'href="/accounts"' not in signed_in(app, "reviewer").http.get("/").text

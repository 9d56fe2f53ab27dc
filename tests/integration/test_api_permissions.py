"""Every operation of the API, for every role, scope and stranger, against a written matrix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from models.accounts.api_tokens import SCOPES, end_token, find_bearer, list_tokens, make_token
from models.accounts.keeping import change_role, disable_account, enable_account
from models.accounts.roles import Permission, Role
from models.errors import AccountError
from models.store.database import Database
from models.store.tables import ApiTokenRow
from review_ui.api.application import list_operations
from review_ui.api.callers import FAILURES_A_MINUTE
from tests.account_parts import cheap_passwords, put_account, signed_in
from tests.api_parts import client, forgive_failures, make_app, token_for

__all__ = ["cheap_passwords"]
ID, HASH = "0" * 32, "0" * 64

MATRIX: dict[str, tuple[str, str]] = {
    # Operation                                  permission, who has it
    "GET /v1/items": ("see_items", "reviewer lead ops"),
    "POST /v1/leases": ("rule_on_items", "reviewer lead"),
    "GET /v1/items/{item_id}": ("see_items", "reviewer lead ops"),
    "POST /v1/items/{item_id}/lease": ("rule_on_items", "reviewer lead"),
    "POST /v1/items/{item_id}/heartbeat": ("rule_on_items", "reviewer lead"),
    "POST /v1/items/{item_id}/give-back": ("rule_on_items", "reviewer lead"),
    "POST /v1/items/{item_id}/ruling": ("rule_on_items", "reviewer lead"),
    "POST /v1/items/{item_id}/rewrite": ("rule_on_items", "reviewer lead"),
    "POST /v1/items/{item_id}/rewrite/preview": ("rule_on_items", "reviewer lead"),
    "POST /v1/items/{item_id}/escalation": ("rule_on_items", "reviewer lead"),
    "POST /v1/items/{item_id}/return": ("adjudicate", "lead"),
    "POST /v1/items/{item_id}/question": ("rule_on_items", "reviewer lead"),
    "POST /v1/questions/{question_id}/withdrawal": ("rule_on_items", "reviewer lead"),
    "GET /v1/adjudication": ("adjudicate", "lead"),
    "GET /v1/rulings": ("see_rulings", "lead ops"),
    "GET /v1/rulings/{ruling_id}": ("see_items", "reviewer lead ops"),
    "POST /v1/rulings/{ruling_id}/undo": ("rule_on_items", "reviewer lead"),
    "GET /v1/datasets": ("see_items", "reviewer lead ops"),
    "GET /v1/releases": ("see_releases", "reviewer lead ops"),
    "GET /v1/releases/{release_id}": ("see_releases", "reviewer lead ops"),
    "GET /v1/releases/{release_id}/files/{name}": ("see_releases", "reviewer lead ops"),
    "GET /v1/takedowns": ("see_takedowns", "lead ops"),
    "POST /v1/takedowns": ("acknowledge_takedowns", "lead"),
    "GET /v1/register/names": ("see_register", "reviewer lead ops"),
    "POST /v1/register/names": ("keep_register", "reviewer lead"),
    "GET /v1/register/names/{name_id}": ("see_register", "reviewer lead ops"),
    "GET /v1/register/motifs": ("see_motifs", "reviewer lead ops"),
    "GET /v1/terms": ("see_terms", "reviewer lead ops"),
    "POST /v1/terms/rulings": ("rule_on_terms", "reviewer lead"),
    "POST /v1/terms/rulings/{ruling_id}/undo": ("rule_on_terms", "reviewer lead"),
    "GET /v1/audit": ("read_audit", "reviewer lead ops owner"),
    "GET /v1/audit/verification": ("read_audit", "reviewer lead ops owner"),
    "GET /v1/assurance": ("see_assurance", "lead ops owner"),
    "GET /v1/me": ("", "reviewer lead ops owner"),
}
VALUES = {
    "item_id": ID,
    "question_id": ID,
    "ruling_id": ID,
    "release_id": HASH,
    "name": "manifest.parquet",
    "name_id": HASH,
}
HELD = {"lease_token": "x", "item_version": 1}
CAPTIONS = [{"caption": 0, "text": "a fox"}]
BODIES: dict[str, dict[str, Any]] = {
    "/v1/leases": {},
    "/v1/items/{item_id}/heartbeat": {"lease_token": "x"},
    "/v1/items/{item_id}/give-back": {"lease_token": "x"},
    "/v1/items/{item_id}/ruling": {"lease_token": "x", "item_version": 1, "ruling": "skip"},
    "/v1/items/{item_id}/rewrite": {**HELD, "captions": CAPTIONS, "reason_code": "x"},
    "/v1/items/{item_id}/rewrite/preview": {"captions": CAPTIONS},
    "/v1/items/{item_id}/escalation": {**HELD, "note": "x"},
    "/v1/items/{item_id}/return": {**HELD, "note": "x"},
    "/v1/items/{item_id}/question": {**HELD, "owner": "x", "question": "x"},
    "/v1/takedowns": {"asset_id": "c" * 64, "requested_by": "Studio"},
    "/v1/register/names": {"name": "Mimi", "category": "character"},
    "/v1/terms/rulings": {"dataset": "d", "term": "t", "category": None},
}


@pytest.fixture
def app(tmp_path: Path, sqlite_database: Database) -> Any:
    return make_app(sqlite_database, tmp_path)


def ask(program: Any, method: str, path: str) -> Any:
    address = "/api" + "/".join(
        VALUES[part[1:-1]] if part.startswith("{") else part for part in path.split("/")
    )
    if method == "GET":
        return program.get(address)
    return program.post(address, json=BODIES.get(path))


def code_of(answer: Any) -> str:
    if answer.status_code < 400:
        return ""
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert said["type"] == f"urn:kiyome:problem:{said['code']}"
    assert said["status"] == answer.status_code
    assert said["title"]
    assert said["detail"]
    assert said["remedy"]
    return str(said["code"])


def test_the_matrix_names_every_operation_and_no_other() -> None:
    found = {f"{method} {path}": permission for method, path, permission in list_operations()}
    assert found == {operation: permission for operation, (permission, _) in MATRIX.items()}


def test_everything_that_an_operation_asks_for_can_be_a_scope() -> None:
    asked = {permission for permission, _ in MATRIX.values()} - {""}
    assert asked | {"see_names"} == {scope.value for scope in SCOPES}


@pytest.mark.parametrize("role", list(Role), ids=[role.value for role in Role])
def test_each_role_gets_what_the_matrix_says(
    app: Any, sqlite_database: Database, role: Role
) -> None:
    program = client(app, token_for(sqlite_database, put_account(sqlite_database, "x", role, None)))
    for operation, (_, who) in MATRIX.items():
        method, path = operation.split(" ")
        refused = code_of(ask(program, method, path)) == "not-allowed"
        assert refused is (role.value not in who.split()), operation


@pytest.mark.parametrize("scope", SCOPES, ids=[scope.value for scope in SCOPES])
def test_a_scope_opens_its_operations_and_no_others(
    app: Any, sqlite_database: Database, scope: Permission
) -> None:
    account = put_account(sqlite_database, "lead", Role.LEAD, None)
    program = client(app, token_for(sqlite_database, account, [scope]))
    for operation, (permission, _) in MATRIX.items():
        method, path = operation.split(" ")
        refused = code_of(ask(program, method, path)) == "not-allowed"
        assert refused is (permission not in ("", scope.value)), operation


def test_strangers_get_nothing_and_are_told_how(app: Any) -> None:
    forgive_failures(app)
    for operation in MATRIX:
        answer = ask(client(app), *operation.split(" "))
        assert (answer.status_code, code_of(answer)) == (401, "not-signed-in"), operation
        assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.usefixtures("cheap_passwords")
def test_a_session_cookie_counts_for_nothing_and_none_is_set(
    app: Any, sqlite_database: Database
) -> None:
    forgive_failures(app)
    put_account(sqlite_database, "lead", Role.LEAD)
    window = signed_in(app, "lead")
    for method, path, _ in list_operations():
        answer = ask(window.http, method, path)
        assert answer.status_code == 401, path
        assert "set-cookie" not in answer.headers


def test_a_token_in_the_address_is_refused_even_if_another_is_good(
    app: Any, sqlite_database: Database
) -> None:
    token = token_for(sqlite_database, put_account(sqlite_database, "lead", Role.LEAD, None))
    for query in (f"?access_token={token}", f"?q=Bearer%20{token}", f"?{token}"):
        assert code_of(client(app).get(f"/api/v1/me{query}")) == "token-in-address"
        assert code_of(client(app, token).get(f"/api/v1/me{query}")) == "token-in-address"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer x",
        "Basic a3ltXzpi",
        "Bearer kym_",
        "bearer\tx",
        "Bearer kym_" + "é" * 43,
    ],
    ids=["empty", "bare", "short", "basic", "prefix", "tab", "letters"],
)
def test_anything_else_in_the_header_is_nobody(app: Any, header: str) -> None:
    sent = {"Authorization": header.encode("latin-1")}
    answer = client(app).get("/api/v1/me", headers=sent)
    assert code_of(answer) == "not-signed-in"


def test_disabling_an_account_ends_its_tokens_for_good(app: Any, sqlite_database: Database) -> None:
    account = put_account(sqlite_database, "lead", Role.LEAD, None)
    program = client(app, token_for(sqlite_database, account))
    assert program.get("/api/v1/me").status_code == 200
    with sqlite_database.transaction() as session:
        disable_account(session, account.id, "ops")
    assert program.get("/api/v1/me").status_code == 401
    with sqlite_database.transaction() as session:
        enable_account(session, account.id, "ops")
    assert program.get("/api/v1/me").status_code == 401


def test_another_role_ends_the_tokens(app: Any, sqlite_database: Database) -> None:
    account = put_account(sqlite_database, "lead", Role.LEAD, None)
    program = client(app, token_for(sqlite_database, account))
    with sqlite_database.transaction() as session:
        change_role(session, account.id, Role.REVIEWER, "ops")
    assert program.get("/api/v1/me").status_code == 401


def test_a_token_never_may_more_than_the_role_even_where_its_row_says_so(
    app: Any, sqlite_database: Database
) -> None:
    account = put_account(sqlite_database, "rei", Role.REVIEWER, None)
    program = client(app, token_for(sqlite_database, account))
    with sqlite_database.transaction() as session:
        session.execute(update(ApiTokenRow).values(scopes="acknowledge_takedowns manage_ops x"))
    said = program.get("/api/v1/me").json()
    assert said["permissions"] == []
    assert code_of(ask(program, "POST", "/v1/takedowns")) == "not-allowed"


def test_a_token_ends_by_itself_and_by_its_holder(app: Any, sqlite_database: Database) -> None:
    account = put_account(sqlite_database, "lead", Role.LEAD, None)
    first, second = (client(app, token_for(sqlite_database, account)) for _ in range(2))
    with sqlite_database.transaction() as session:
        newest = list_tokens(session, account.id)[0]
        assert end_token(session, account, newest.id, "lead")
        assert not end_token(session, account, newest.id, "lead")
    assert sorted(each.get("/api/v1/me").status_code for each in (first, second)) == [200, 401]
    with sqlite_database.transaction() as session:
        session.execute(update(ApiTokenRow).values(expires_ms=1))
    assert {each.get("/api/v1/me").status_code for each in (first, second)} == {401}


def test_nobody_ends_somebody_elses_token(sqlite_database: Database) -> None:
    mine, other = (put_account(sqlite_database, name, Role.LEAD, None) for name in ("a", "b"))
    token = token_for(sqlite_database, mine)
    with sqlite_database.transaction() as session:
        (kept,) = list_tokens(session, mine.id)
        assert not end_token(session, other, kept.id, "b")
        assert find_bearer(session, token) is not None


def test_the_database_holds_no_token(sqlite_database: Database) -> None:
    token = token_for(sqlite_database, put_account(sqlite_database, "lead", Role.LEAD, None))
    with sqlite_database.engine.connect() as connection:
        dumped = "\n".join(connection.connection.iterdump())  # type: ignore[attr-defined]
    assert "api_token_made" in dumped
    assert token[4:] not in dumped


@pytest.mark.parametrize(
    ("scopes", "days", "name"),
    [
        ([], 30, "x"),
        (["manage_ops"], 30, "x"),
        (["read_audit"], 0, "x"),
        (["read_audit"], 400, "x"),
        (["read_audit"], 30, " "),
        (["rule_on_items"], 30, "x"),
        (["read_audit"], 30, "a\u202eb"),
    ],
    ids=["none", "foreign", "short", "long", "nameless", "beyond", "unseen"],
)
def test_a_token_that_cannot_be_made_is_refused(
    sqlite_database: Database, scopes: list[str], days: int, name: str
) -> None:
    account = put_account(sqlite_database, "owner", Role.OWNER, None)
    with sqlite_database.transaction() as session, pytest.raises(AccountError):
        make_token(session, account, name, scopes, days, "owner")


def test_an_account_that_asks_too_often_is_told_to_wait(
    sqlite_database: Database, tmp_path: Path
) -> None:
    app = make_app(sqlite_database, tmp_path, api_rate=3)
    account = put_account(sqlite_database, "lead", Role.LEAD, None)
    program = client(app, token_for(sqlite_database, account))
    other = client(app, token_for(sqlite_database, account))
    assert [program.get("/api/v1/me").status_code for _ in range(3)] == [200] * 3
    answer = other.get("/api/v1/me")
    assert code_of(answer) == "too-many-requests"
    assert 1 <= int(answer.headers["retry-after"]) <= 20


def test_whoever_tries_tokens_is_slowed_down(app: Any, sqlite_database: Database) -> None:
    stranger = client(app, "kym_" + "x" * 43)
    codes = [stranger.get("/api/v1/me").status_code for _ in range(FAILURES_A_MINUTE + 1)]
    assert codes == [401] * FAILURES_A_MINUTE + [429]


def test_an_owner_gets_pseudonyms_and_no_details(app: Any, sqlite_database: Database) -> None:
    lead = put_account(sqlite_database, "lead", Role.LEAD, None)
    program = client(
        app, token_for(sqlite_database, put_account(sqlite_database, "owner", Role.OWNER, None))
    )
    token_for(sqlite_database, lead)
    rows = program.get("/api/v1/audit").json()["items"]
    assert lead.pseudonym in {row["actor"] for row in rows}
    assert {(row["subject"], row["detail"]) for row in rows} == {(None, None)}
    assert "lead" not in {row["actor"] for row in rows}

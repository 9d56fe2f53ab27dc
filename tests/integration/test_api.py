"""What the API does, on SQLite and PostgreSQL."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from models.accounts.roles import Role
from models.review.audit import verify_audit
from models.store.database import Database
from models.store.tables import ReleaseRow
from tests.account_parts import put_account
from tests.api_parts import client, fill, make_app, put_release, signed_in_program, token_for
from tests.review_seed import seed


@pytest.fixture
def app(database: Database, tmp_path: Path) -> Any:
    return make_app(database, tmp_path)


@pytest.fixture
def lead(app: Any, database: Database) -> Any:
    return signed_in_program(app, database)


def read_all(program: Any, path: str, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = ""
    while after is not None:
        page = program.get(f"/api/v1/{path}", params={"after": after, **query}).json()
        found += page["items"]
        after = page["next"]
    return found


def rule(program: Any, item: dict[str, Any], **other: Any) -> Any:
    given = {
        "lease_token": item["lease"]["token"],
        "item_version": item["version"],
        "ruling": "exclude",
        "reason_code": "copied_motif",
        **other,
    }
    return program.post(f"/api/v1/items/{item['id']}/ruling", json=given)


def test_a_program_rules_through_the_whole_queue(
    lead: Any, database: Database, tmp_path: Path
) -> None:
    seed(database, tmp_path / "workspace", 5)
    item = lead.post("/api/v1/leases", json={}).json()
    ruled = []
    while item is not None:
        answer = rule(lead, item)
        assert answer.status_code == 200, answer.text
        ruled.append(answer.json()["ruling_id"])
        item = answer.json()["next"]
    assert len(set(ruled)) == 5
    assert lead.post("/api/v1/leases", json={}).status_code == 204
    assert [each["id"] for each in read_all(lead, "rulings", limit=2)] == ruled
    assert len(read_all(lead, "items", state="decided", limit=2)) == 5
    assert lead.get("/api/v1/audit/verification").json()["ok"] is True


def test_a_long_chain_is_verified_beside_the_requests_for_it(
    lead: Any, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("review_ui.chain_check.AT_ONCE", 0)
    seed(database, tmp_path / "workspace", 1)
    address = "/api/v1/audit/verification"
    answer = lead.get(address)
    assert (answer.status_code, answer.json()["ok"]) == (202, None)
    for _ in range(600):
        answer = lead.get(address)
        if answer.status_code == 200:
            break
        time.sleep(0.1)
    whole = answer.json()
    assert (whole["ok"], whole["problem"]) == (True, "")
    rows, head = whole["rows"], whole["head"]
    for known, ok in ((f"{rows}:{head}", True), (f"{rows}:{'0' * 64}", False)):
        assert lead.get(address, params={"known": known}).json()["ok"] is ok
    lost = lead.get(address, params={"known": f"{rows + 5}:{head}"}).json()
    assert (lost["ok"], lost["problem"], lost["rows"]) == (False, "head", rows)


def test_a_ruling_sent_twice_is_answered_with_the_one_that_stands(
    lead: Any, database: Database, tmp_path: Path
) -> None:
    seed(database, tmp_path / "workspace", 1)
    item = lead.post("/api/v1/leases", json={"dataset": "picture-books"}).json()
    first = rule(lead, item, note="as agreed").json()["ruling_id"]
    for again in (rule(lead, item), rule(lead, item, ruling="approve", reason_code="other_name")):
        assert (again.status_code, again.json()["code"]) == (409, "already-ruled")
        assert again.json()["ruling"]["id"] == first
    assert len(read_all(lead, "rulings")) == 1


def test_an_undone_ruling_is_not_in_force_and_undoing_it_again_is_answered_alike(
    lead: Any, database: Database, tmp_path: Path
) -> None:
    seed(database, tmp_path / "workspace", 1)
    item = lead.post("/api/v1/leases", json={}).json()
    ruling = rule(lead, item).json()["ruling_id"]
    assert lead.get(f"/api/v1/rulings/{ruling}").json()["in_force"] is True
    undone = lead.post(f"/api/v1/rulings/{ruling}/undo")
    assert undone.json() == {"ruling_id": ruling, "item_id": item["id"]}
    assert lead.get(f"/api/v1/rulings/{ruling}").json()["in_force"] is False
    again = lead.post(f"/api/v1/rulings/{ruling}/undo")
    assert (again.status_code, again.json()) == (200, undone.json())
    assert len(read_all(lead, "rulings")) == 1
    assert lead.post(f"/api/v1/rulings/{'0' * 32}/undo").status_code == 404


def test_leases_are_kept_given_back_and_lost(
    app: Any, lead: Any, database: Database, tmp_path: Path
) -> None:
    seed(database, tmp_path / "workspace", 1)
    other = client(app, token_for(database, put_account(database, "rei", Role.REVIEWER, None)))
    item = lead.post("/api/v1/leases", json={}).json()
    at, held = f"/api/v1/items/{item['id']}", {"lease_token": item["lease"]["token"]}
    assert other.post(f"{at}/lease").json()["code"] == "lease-lost"
    assert other.get(at).json()["lease"] is None
    assert lead.post(f"{at}/heartbeat", json=held).json()["token"] == held["lease_token"]
    assert lead.post(f"{at}/give-back", json=held).status_code == 204
    assert lead.post(f"{at}/give-back", json=held).status_code == 204
    assert lead.post(f"{at}/heartbeat", json=held).json()["code"] == "lease-lost"
    assert other.post(f"{at}/lease").status_code == 200
    assert rule(lead, item).json()["code"] == "lease-lost"


def test_if_match_holds_a_ruling_to_what_was_looked_at(
    lead: Any, database: Database, tmp_path: Path
) -> None:
    seed(database, tmp_path / "workspace", 1)
    answer = lead.post("/api/v1/leases", json={})
    lead.headers["If-Match"] = '"7"'
    assert rule(lead, answer.json()).json()["code"] == "version-changed"
    lead.headers["If-Match"] = answer.headers["etag"]
    assert rule(lead, answer.json()).status_code == 200


def test_lists_are_read_page_by_page_without_gaps(
    lead: Any, database: Database, tmp_path: Path
) -> None:
    fill(database, tmp_path / "workspace")
    for number in range(5):
        lead.post("/api/v1/register/names", json={"name": f"Na{number}", "category": "character"})
        body = {"asset_id": f"{number}" * 64, "requested_by": "Studio"}
        assert lead.post("/api/v1/takedowns", json=body).status_code == 201
    for path in ("items", "register/names", "takedowns", "releases", "audit", "terms"):
        whole = lead.get(f"/api/v1/{path}", params={"limit": 200}).json()
        assert whole["next"] is None
        assert len(whole["items"]) > 0, path
        assert read_all(lead, path, limit=1) == whole["items"], path


@pytest.mark.parametrize(
    "cursor", ["x", "W10", "WzFd", "bnVsbA", "WyJcdTAwMDAiXQ", "WzFlOTld", "W3RydWVd", "A" * 900]
)
def test_a_cursor_that_was_not_given_out_is_refused(lead: Any, cursor: str) -> None:
    for path in ("items", "register/names", "takedowns", "releases", "audit", "terms"):
        answer = lead.get(f"/api/v1/{path}", params={"after": cursor})
        known = {"audit": "WzFd", "terms": "WzFd"}.get(path) == cursor
        known |= path == "items" and cursor == "x-never"
        assert answer.status_code == (200 if known else 400), (path, answer.text)


def test_a_name_is_registered_and_found(lead: Any) -> None:
    body = {"name": "ここねこミミ", "category": "character", "surfaces": ["Kokoneko Mimi"]}
    made = lead.post("/api/v1/register/names", json=body)
    assert made.status_code == 201
    assert lead.get(made.headers["location"]).json() == made.json()
    assert lead.get("/api/v1/register/names?search=mimi").json()["items"] == [made.json()]


def test_a_takedown_is_in_force_once_and_names_who_entered_it(
    lead: Any, database: Database
) -> None:
    body = {"asset_id": "b" * 64, "requested_by": "Studio Tsukimachi", "note": "letter"}
    assert lead.post("/api/v1/takedowns", json=body).status_code == 201
    again = lead.post("/api/v1/takedowns", json={**body, "requested_by": "Somebody"})
    assert (again.status_code, again.json()["requested_by"]) == (200, "Studio Tsukimachi")
    row = next(r for r in lead.get("/api/v1/audit").json()["items"] if r["action"] == "takedown")
    assert (row["actor"], row["detail"]["requested_by"]) == ("lead", "Studio Tsukimachi")
    with database.snapshot() as session:
        assert verify_audit(session).ok


def test_a_term_is_ruled_on_and_undone(lead: Any, database: Database, tmp_path: Path) -> None:
    fill(database, tmp_path / "workspace")
    body = {"dataset": "picture-books", "term": "kumorin", "category": "character"}
    ruled = lead.post("/api/v1/terms/rulings", json=body)
    assert ruled.status_code == 201, ruled.text
    assert lead.post("/api/v1/terms/rulings", json={**body, "category": None}).status_code == 409
    undo = f"/api/v1/terms/rulings/{ruled.json()['ruling']['id']}/undo"
    undone = lead.post(undo).json()
    assert undone["ruling"]["undone"] is not None
    assert lead.post(undo).json() == undone
    assert lead.post("/api/v1/terms/rulings", json={**body, "term": "x"}).status_code == 404


def test_a_file_of_a_release_comes_as_an_attachment_with_its_digest(
    lead: Any, database: Database, tmp_path: Path
) -> None:
    release = put_release(database, tmp_path / "workspace")
    at = f"/api/v1/releases/{release}/files/manifest.parquet"
    got = lead.get(at)
    assert got.content == b"manifest 1"
    assert got.headers["etag"] == f'"{hashlib.sha256(got.content).hexdigest()}"'
    assert got.headers["content-disposition"].startswith("attachment;")
    assert got.headers["x-content-type-options"] == "nosniff"
    assert lead.get(at, headers={"If-None-Match": got.headers["etag"]}).status_code == 304
    assert lead.get(f"/api/v1/releases/{release}").json()["manifest_sha256"] == got.headers[
        "etag"
    ].strip('"')


def test_a_manifest_that_was_changed_is_not_handed_out(
    lead: Any, database: Database, tmp_path: Path
) -> None:
    release = put_release(database, tmp_path / "workspace")
    at = f"/api/v1/releases/{release}/files/manifest.parquet"
    file = tmp_path / "workspace/releases/picture-books/0001/manifest.parquet"
    file.write_bytes(b"PAR1<script>alert(1)</script>PAR1")
    assert lead.get(at).status_code == 404
    file.unlink()
    assert lead.get(at).status_code == 404


@pytest.mark.parametrize(
    "name",
    [
        "release.json",
        "../manifest.parquet",
        "..%2f..%2f..%2fkiyome.db",
        "%2e%2e/%2e%2e/kiyome.db",
        "manifest.parquet%00.html",
        "manifest.parquet/",
        "..\\..\\kiyome.db",
        "/etc/passwd",
        "sidecars",
        "",
    ],
)
def test_nothing_but_the_two_files_can_be_named(
    lead: Any, database: Database, tmp_path: Path, name: str
) -> None:
    release = put_release(database, tmp_path / "workspace")
    answer = lead.get(f"/api/v1/releases/{release}/files/{name}")
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("folder", ["../outside", "/etc", "releases/../../outside"])
def test_a_folder_outside_the_releases_is_not_read(
    lead: Any, database: Database, tmp_path: Path, folder: str
) -> None:
    release = put_release(database, tmp_path / "workspace")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "removed.parquet").write_bytes(b"secret")
    with database.transaction() as session:
        session.execute(update(ReleaseRow).values(folder=folder))
    answer = lead.get(f"/api/v1/releases/{release}/files/removed.parquet")
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        *("", "/", "/v1", "/v2/items", "/v1/items/", "/v1/nothing", "//v1/me", "/v1/items/x/y/z"),
        "/v1/rulings/%0A/undo",
    ],
)
def test_nothing_below_the_api_is_ever_a_page(lead: Any, path: str) -> None:
    answer = lead.get(f"/api{path}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_what_the_guard_refuses_is_a_problem_here(lead: Any) -> None:
    evil = lead.get("/api/v1/me", headers={"Host": "evil.example"})
    long = lead.post("/api/v1/leases", content=b"x" * 70_000)
    endless = lead.post("/api/v1/leases", content=iter([b"{}"]))
    assert [each.status_code for each in (evil, long, endless)] == [400, 413, 411]
    for answer in (evil, long, endless):
        assert answer.headers["content-type"] == "application/problem+json"


def test_over_plain_http_a_token_is_refused_and_not_redirected(
    sqlite_database: Database, tmp_path: Path
) -> None:
    put_account(sqlite_database, "ops", Role.OPS, None)
    app = make_app(sqlite_database, tmp_path, review_origin="https://review.example")
    answer = client(app, "kym_" + "x" * 43).get("/api/v1/me", headers={"Host": "review.example"})
    assert answer.status_code == 400
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b"{", "body"),
        (b"[]", "body"),
        (b'{"dataset": 3}', "body.dataset"),
        (b'{"dataset": "\\u0000"}', "body.dataset"),
        (b'{"dataset": "\\ud800"}', "body.dataset"),
        (b'{"datset": "x"}', "body.datset"),
        (b'{"dataset": "' + b"x" * 501 + b'"}', "body.dataset"),
    ],
    ids=["cut", "list", "number", "nul", "surrogate", "strange", "long"],
)
def test_a_body_that_cannot_be_used_is_explained_and_not_repeated(
    lead: Any, body: bytes, where: str
) -> None:
    headers = {"Content-Type": "application/json"}
    answer = lead.post("/api/v1/leases", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert answer.json()["errors"][0]["where"].startswith(where)
    assert "x" * 400 not in answer.text


def test_json_that_is_nested_without_end_is_refused(lead: Any) -> None:
    headers = {"Content-Type": "application/json"}
    answer = lead.post("/api/v1/leases", content=b"[" * 60_000, headers=headers)
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_parameter_that_is_not_there_is_refused(lead: Any) -> None:
    answer = lead.get("/api/v1/items?datset=x")
    assert answer.status_code == 422
    assert "dataset" in answer.json()["remedy"]

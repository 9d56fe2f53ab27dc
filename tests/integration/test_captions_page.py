"""Rewriting captions over HTTP: the item's form without JavaScript, the list, an owner's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from models.accounts.records import require_by_name
from models.accounts.roles import Role
from models.assets.asset import Asset, Caption, Location
from models.canonical import canonical_json, digest_bytes
from models.captions.making import CaptionPlace, plan_edit, propose
from models.captions.records import (
    EditFilter,
    EditState,
    StoredEdit,
    effective_edits,
    find_edit,
    list_edits,
)
from models.captions.works import captions_of_work
from models.consent.statements import Statement
from models.findings import Finding
from models.judging import VERDICTS
from models.nouns.register.storage import add_name
from models.owners.identities import Basis, bind_identity
from models.owners.works_index import FILE, build_owned, write_owned
from models.planning import dataset_folder
from models.releases.manifest import build_manifest, build_rewritten, to_parquet
from models.review.audit import verify_audit
from models.review.queue import effective_rulings, item_id_of
from models.settings import Settings
from models.store.database import Database
from models.store.tables import ReleaseRow
from review_ui.app import create_app
from tests.account_parts import Window, cheap_passwords, put_account, signed_in
from tests.owner_works_parts import names_in
from tests.review_seed import DATASET, draw_mascot, make_evidence, put, store_picture

pytestmark = pytest.mark.usefixtures("cheap_passwords")
__all__ = ["cheap_passwords"]
CAPTION = "Kokoneko Mimi waves from the platform"
HOSTILE = "<script>alert('x')</script>\"'><img src=x onerror=alert(1)> Mimi"


@pytest.fixture
def app(tmp_path: Path, sqlite_database: Database) -> Any:
    for role in Role:
        put_account(sqlite_database, role.value, role)
    return create_app(Settings(workspace=tmp_path / "workspace"), sqlite_database)


@pytest.fixture
def reviewer(app: Any) -> Iterator[Window]:
    window = signed_in(app, "reviewer")
    yield window
    window.http.close()


def put_item(
    database: Database, workspace: Path, caption: str = CAPTION, name: str = "Kokoneko Mimi"
) -> str:
    """An item that asks about a name in a caption: its asset's id."""
    asset_id = store_picture(workspace, draw_mascot((320, 240), "#f1e3cc", "#c8342c"))
    start = caption.find(name)
    finding = Finding(
        kind="name_protected",
        detector="register/3",
        score=1.0,
        explanation=f"{name!r} is registered as a character.",
        label="Kokoneko Mimi",
        category="character",
        caption=0,
        start=start,
        end=start + len(name),
        surface=name,
    )
    put(
        database,
        make_evidence(
            asset_id,
            "a.png",
            captions=[caption, "a lily in a vase"],
            findings=[finding],
            reasons=["name_protected"],
        ),
    )
    return asset_id


def open_form(window: Window) -> tuple[str, str, dict[str, str]]:
    """The item that is handed out, its page, and the hidden fields of the form that rewrites."""
    path = window.send("/next").headers["location"]
    page = window.http.get(path).text
    form = re.search(r'<form id="rewrite-form".*?</form>', page, re.DOTALL)
    assert form
    hidden = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form[0])
    return path.split("?")[0], page, {name: value for name, value in hidden if name != "caption"}


def send(window: Window, path: str, form: dict[str, str], *texts: str, **more: Any) -> Any:
    data = {
        **form,
        "caption": [str(n) for n in range(len(texts))],
        "text": list(texts),
        "rewrite_reason": "names_removed",
        **more,
    }
    return window.http.post(path, data=data)


def in_force(database: Database) -> list[str]:
    with database.snapshot() as session:
        edits = effective_edits(session, DATASET)
        found = [find_edit(session, edit.id) for each in edits.values() for edit in each]
    return [edit.text for edit in found if edit]


def read(database: Database, edit_id: str) -> StoredEdit:
    with database.snapshot() as session:
        edit = find_edit(session, edit_id)
    assert edit is not None
    return edit


def test_a_chosen_word_becomes_the_caption_without_javascript(
    app: Any, sqlite_database: Database, reviewer: Window
) -> None:
    asset_id = put_item(sqlite_database, app.state.site.workspace)
    path, page, form = open_form(reviewer)
    offered = re.findall(r'<option value="(0:0:13:\d)">([^<]*)</option>', page)
    assert [unescape(words) for _, words in offered] == [
        "say “A character”",
        "drop “Kokoneko Mimi”",
    ]
    answer = send(reviewer, f"{path}/rewrite", form, CAPTION, "a lily in a vase", choice="0:0:13:0")
    assert answer.status_code == 303, answer.text
    assert in_force(sqlite_database) == ["A character waves from the platform"]
    with sqlite_database.snapshot() as session:
        assert effective_rulings(session, DATASET)[asset_id].ruling == "rewrite"
        assert verify_audit(session).ok
    shown = reviewer.http.get(path).text
    assert "A character waves from the platform" in shown
    ruling = re.search(r'action="(/rulings/\w+/undo)"', shown)
    assert ruling
    assert reviewer.send(ruling[1], path).status_code == 303
    assert in_force(sqlite_database) == []


def test_a_text_that_was_written_wins_over_a_choice(
    app: Any, sqlite_database: Database, reviewer: Window
) -> None:
    put_item(sqlite_database, app.state.site.workspace)
    path, _, form = open_form(reviewer)
    send(reviewer, f"{path}/rewrite", form, "a cat waves", "a lily in a vase", choice="0:0:13:0")
    assert in_force(sqlite_database) == ["a cat waves"]


def test_the_preview_shows_the_change_and_stores_nothing(
    app: Any, sqlite_database: Database, reviewer: Window
) -> None:
    put_item(sqlite_database, app.state.site.workspace)
    path, _, form = open_form(reviewer)
    answer = send(reviewer, f"{path}/rewrite/preview", form, CAPTION, choice="0:0:13:1")
    assert answer.status_code == 200
    assert re.search(r"<del>.*?Kokoneko.*?</del>", answer.text, re.DOTALL)
    assert '<option value="0:0:13:1" selected>' in answer.text
    assert re.search(r"<textarea[^>]*>\s*waves from the platform</textarea>", answer.text)
    part = send(reviewer, f"{path}/rewrite/preview", form, "a cat", part="1").text
    assert "<html" not in part
    assert 'data-text="a cat"' in part
    assert in_force(sqlite_database) == []


def test_the_preview_says_which_names_remain_once_it_can_look(
    app: Any, sqlite_database: Database, reviewer: Window
) -> None:
    with sqlite_database.transaction() as session:
        add_name(session, "Hoshino Kirari", "character")
    put_item(sqlite_database, app.state.site.workspace)
    path, _, form = open_form(reviewer)
    app.state.site.look.load()
    named = send(reviewer, f"{path}/rewrite/preview", form, "Hoshino Kirari waves", part="1").text
    assert "Still found in it" in named
    assert "Hoshino Kirari" in named
    clean = send(reviewer, f"{path}/rewrite/preview", form, "a cat waves", part="1").text
    assert "No name is found" in clean
    with sqlite_database.transaction() as session:
        add_name(session, "Tsukino Mei", "character")
    stale = send(reviewer, f"{path}/rewrite/preview", form, "Tsukino Mei waves", part="1").text
    assert "The next run looks for names" in stale


@pytest.mark.parametrize(
    ("text", "reason", "words"),
    [
        (CAPTION, "names_removed", "cannot be taken"),
        ("  ", "names_removed", "cannot be taken"),
        ("a cat\nand a dog", "names_removed", "cannot be taken"),
        ("a\u200bcat", "names_removed", "cannot be taken"),
        ("a cat", "ordinary_word", "reason"),
        ("a cat", "rewritten_otherwise", "note"),
    ],
)
def test_what_cannot_be_taken_is_said_and_kept_in_the_form(
    app: Any, sqlite_database: Database, reviewer: Window, text: str, reason: str, words: str
) -> None:
    put_item(sqlite_database, app.state.site.workspace)
    path, _, form = open_form(reviewer)
    answer = send(reviewer, f"{path}/rewrite", form, text, rewrite_reason=reason)
    assert answer.status_code == 422
    alert = re.search(r'role="alert">(.*?)</p>', answer.text, re.DOTALL)
    assert alert
    assert words in alert[1].lower()
    assert in_force(sqlite_database) == []


def test_the_ruling_form_cannot_rewrite_without_a_caption(
    app: Any, sqlite_database: Database, reviewer: Window
) -> None:
    put_item(sqlite_database, app.state.site.workspace)
    path, _, form = open_form(reviewer)
    answer = reviewer.http.post(f"{path}/ruling", data={**form, "ruling": "rewrite"})
    assert answer.status_code == 422
    with sqlite_database.snapshot() as session:
        assert effective_rulings(session, DATASET) == {}


def test_a_hostile_caption_and_a_hostile_text_are_shown_as_text(
    app: Any, sqlite_database: Database, reviewer: Window
) -> None:
    put_item(sqlite_database, app.state.site.workspace, HOSTILE, "Mimi")
    path, page, form = open_form(reviewer)
    written = f"{HOSTILE} </textarea><script>alert(2)</script>"
    for shown in (
        page,
        send(reviewer, f"{path}/rewrite/preview", form, written).text,
        send(reviewer, f"{path}/rewrite/preview", form, written, part="1").text,
    ):
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown
        assert "</textarea><script" not in shown
    assert send(reviewer, f"{path}/rewrite", form, written).status_code == 303
    listed = reviewer.http.get("/captions?show=in_force").text
    assert "&lt;script&gt;" in listed
    assert "<script>alert" not in listed
    assert "<img src=x" not in listed


def publish(database: Database, workspace: Path, setter: str, caption: str, original: str) -> str:
    """A release with one work, and the index of whose it is: the asset's id."""
    asset_id = "b" * 64
    asset = Asset(asset_id, (Location("w.png", "/w.png", 1),), (Caption(original, "w.txt"),))
    statement = Statement("contract", "c1", preferences={}, setter=setter)
    row: dict[str, Any] = {
        field.name: [] if pa.types.is_list(field.type) else "" for field in VERDICTS
    }
    row |= {
        "asset_id": asset_id,
        "verdict": "clear",
        "reasons": ["consent_contract"],
        "decided_by": "machine",
        "statements": [canonical_json(statement.as_dict()).decode()],
        "attribution": False,
        "width": 1,
        "height": 1,
    }
    if caption != original:
        edits = {"index": 0, "original": original, "text": caption, "edits": [], "edited": ""}
        row["captions"] = [edits]
    judged = [((asset,), pa.Table.from_pylist([row], schema=VERDICTS))]
    folder = workspace / "releases" / DATASET / "0001"
    folder.mkdir(parents=True)
    (folder / "manifest.parquet").write_bytes(to_parquet(build_manifest(judged)))
    (folder / "rewritten.parquet").write_bytes(to_parquet(build_rewritten(judged)))
    path = dataset_folder(workspace, DATASET) / FILE
    path.parent.mkdir(parents=True)
    write_owned(path, build_owned(names_in((asset,)), judged[0][1], "p"), ["p"])
    with database.transaction() as session:
        session.add(
            ReleaseRow(
                id="c" * 64,
                dataset=DATASET,
                number=1,
                manifest_sha256="d" * 64,
                exclusions_sha256="e" * 64,
                folder=folder.relative_to(workspace).as_posix(),
                cleared=1,
                removed=0,
                created_ms=1,
            )
        )
    return asset_id


def bind(database: Database, identity: str) -> str:
    """Make the account "owner" the speaker of an identity's statements: the account's id."""
    with database.transaction() as session:
        account = require_by_name(session, "owner")
        bind_identity(session, account.id, identity, Basis.VOUCHED, "ops")
        return account.id


@pytest.fixture
def work(app: Any, sqlite_database: Database) -> str:
    workspace = app.state.site.workspace
    return publish(sqlite_database, workspace, "Studio", "a cat", "Rival Name, a cat")


def ask_for(window: Window, asset_id: str, original: str, text: str, **more: str) -> Any:
    fields = {
        "dataset": DATASET,
        "asset_id": asset_id,
        "caption": "0",
        "original_sha256": digest_bytes(original.encode()),
        "text": text,
        "back": f"/works/{DATASET}/{asset_id}",
        **more,
    }
    return window.send("/works/captions", **fields)


def proposals(database: Database) -> list[StoredEdit]:
    with database.snapshot() as session:
        return list(list_edits(session, EditFilter(state=EditState.PROPOSED)))


def test_an_owner_proposes_a_caption_of_their_own_work_and_a_reviewer_accepts_it(
    app: Any, sqlite_database: Database, reviewer: Window, work: str
) -> None:
    account_id = bind(sqlite_database, "Studio")
    owner = signed_in(app, "owner")
    page = owner.http.get(f"/works/{DATASET}/{work}").text
    assert "Correct this caption" in page
    assert "Rival Name" not in page
    answer = ask_for(owner, work, "Rival Name, a cat", "a kitten", note="it is young")
    assert answer.headers["location"].endswith("?caption=proposed")
    assert "waiting" in owner.http.get(answer.headers["location"]).text
    (edit,) = proposals(sqlite_database)
    assert (edit.text, edit.author, edit.note) == ("a kitten", "owner", "it is young")
    assert in_force(sqlite_database) == []

    listed = reviewer.http.get("/captions").text
    assert "it is young" in listed
    sent = reviewer.send(f"/captions/{edit.id}/accept", "/captions")
    assert sent.status_code == 303
    assert in_force(sqlite_database) == ["a kitten"]
    with sqlite_database.snapshot() as session:
        (caption,) = captions_of_work(
            session, app.state.site.workspace, DATASET, work, ["Studio"], account_id
        )
    assert [(each.state, each.release) for each in caption.edits] == [("in_force", 0)]


def test_an_owner_cannot_propose_for_a_work_that_is_not_theirs(
    app: Any, sqlite_database: Database, work: str
) -> None:
    owner = signed_in(app, "owner")
    for _ in range(2):
        answer = ask_for(owner, work, "Rival Name, a cat", "a kitten")
        assert answer.headers["location"].endswith("?caption=refused")
        assert proposals(sqlite_database) == []
        bind(sqlite_database, "Somebody")


def test_a_proposal_that_changes_nothing_or_hides_something_is_not_stored(
    app: Any, sqlite_database: Database, work: str
) -> None:
    bind(sqlite_database, "Studio")
    owner = signed_in(app, "owner")
    for text in ("a cat", "", "a\u202ecat", "Rival Name, a cat"):
        answer = ask_for(owner, work, "Rival Name, a cat", text)
        assert answer.headers["location"].endswith("?caption=refused")
    stale = ask_for(owner, work, "another caption", "a kitten")
    assert stale.headers["location"].endswith("?caption=refused")
    assert proposals(sqlite_database) == []


def test_a_refusal_needs_a_reason_which_the_owner_reads(
    app: Any, sqlite_database: Database, reviewer: Window, work: str
) -> None:
    bind(sqlite_database, "Studio")
    owner = signed_in(app, "owner")
    ask_for(owner, work, "Rival Name, a cat", "a kitten")
    (edit,) = proposals(sqlite_database)
    bare = reviewer.send(f"/captions/{edit.id}/refuse", "/captions", answer=" ")
    assert bare.status_code == 422
    reviewer.send(f"/captions/{edit.id}/refuse", "/captions", answer="It is fully grown.")
    page = owner.http.get(f"/works/{DATASET}/{work}").text
    assert "It is fully grown." in page
    assert "reviewer" not in re.sub(r"<head>.*?</head>", "", page[page.index("own-captions") :])[
        :1500
    ].replace("A reviewer looks", "")
    again = reviewer.send(f"/captions/{edit.id}/accept", "/captions")
    assert again.status_code == 409
    assert in_force(sqlite_database) == []


def test_an_owner_withdraws_their_own_proposal_and_no_other(
    app: Any, sqlite_database: Database, work: str
) -> None:
    bind(sqlite_database, "Studio")
    owner = signed_in(app, "owner")
    ask_for(owner, work, "Rival Name, a cat", "a kitten")
    (edit,) = proposals(sqlite_database)
    place = CaptionPlace(DATASET, work, "w.png", "other")
    with sqlite_database.transaction() as session:
        strange = propose(session, place, plan_edit("other", "more"), "rival", "x" * 32)
    assert owner.send(f"/works/captions/{strange}/withdraw").headers["location"] == (
        "/works?caption=gone"
    )
    owner.send(f"/works/captions/{edit.id}/withdraw")
    assert read(sqlite_database, edit.id).state is EditState.WITHDRAWN
    assert read(sqlite_database, strange).state is EditState.PROPOSED


@pytest.mark.parametrize(
    "back", ["https://evil.example/works", "//evil.example/works", "/works\\@evil", "/accounts"]
)
def test_a_form_leads_back_to_an_owners_page_only(
    app: Any, sqlite_database: Database, back: str
) -> None:
    owner = signed_in(app, "owner")
    answer = owner.send(f"/works/captions/{'0' * 32}/withdraw", back=back)
    assert answer.headers["location"] == "/works?caption=gone"


def test_an_edit_is_undone_on_the_list(
    app: Any, sqlite_database: Database, reviewer: Window
) -> None:
    asset_id = put_item(sqlite_database, app.state.site.workspace)
    path, _, form = open_form(reviewer)
    send(reviewer, f"{path}/rewrite", form, "a cat waves")
    with sqlite_database.snapshot() as session:
        ((edit,),) = effective_edits(session, DATASET).values()
    listed = reviewer.http.get("/captions?show=in_force").text
    assert f"/captions/{edit.id}/undo" in listed
    assert reviewer.send(f"/captions/{edit.id}/undo", "/captions").status_code == 303
    assert in_force(sqlite_database) == []
    with sqlite_database.snapshot() as session:
        assert effective_rulings(session, DATASET) == {}
    assert reviewer.send(f"/captions/{edit.id}/undo", "/captions").status_code == 409
    assert item_id_of(DATASET, asset_id) in path


def test_whoever_only_looks_sees_no_form(app: Any, sqlite_database: Database, work: str) -> None:
    bind(sqlite_database, "Studio")
    ask_for(signed_in(app, "owner"), work, "Rival Name, a cat", "a kitten")
    ops = signed_in(app, "ops").http.get("/captions").text
    assert "kitten" in ops
    assert "/accept" not in ops
    assert signed_in(app, "owner").http.get("/captions").status_code == 403

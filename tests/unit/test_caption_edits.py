"""Caption edits in the database: made, proposed, accepted, refused, replaced and undone."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select, update

from models.assets.asset import Asset, Caption, Location
from models.captions.edits import CaptionEdit, digest_caption, edit_asset
from models.captions.making import (
    MAX_NOTE,
    CaptionPlace,
    accept,
    plan_edit,
    propose,
    put_in_force,
    refuse,
    undo_edit,
    withdraw,
)
from models.captions.records import (
    EditFilter,
    EditState,
    StoredEdit,
    count_edits,
    edits_of_asset,
    effective_edits,
    find_edit,
    list_edits,
)
from models.captions.ruling import decide_rewriting, read_captions, undo_edit_or_ruling
from models.captions.spans import Span
from models.errors import AlreadyRuledError, CaptionEditError, LeaseLostError, ReviewError
from models.review.audit import verify_audit
from models.review.enqueueing import enqueue
from models.review.items import Item, ItemState, Question, find_item
from models.review.leasing import lease_next
from models.review.rulings import decide
from models.review.stored_rulings import effective_rulings
from models.review.undoing import undo
from models.review.viewing import Viewer, view_item
from models.store.database import Database
from models.store.tables import AuditRow, CaptionEditRow

ASSET = "a" * 64
ORIGINAL = "Hatsune Miku by a river"
PLACE = CaptionPlace("set", ASSET, "a.png", ORIGINAL)


def spans(text: str, original: str = ORIGINAL) -> tuple[Span, ...]:
    return plan_edit(original, text)


def make(database: Database, text: str, reviewer: str = "mika") -> str:
    with database.transaction() as session:
        return put_in_force(session, PLACE, spans(text), reviewer)


def ask_for(database: Database, text: str, account: str = "o1") -> str:
    with database.transaction() as session:
        return propose(session, PLACE, spans(text), "owner", account, "it is not her")


def read(database: Database, edit_id: str) -> StoredEdit:
    with database.snapshot() as session:
        edit = find_edit(session, edit_id)
    assert edit is not None
    return edit


def in_force(database: Database) -> dict[str, tuple[CaptionEdit, ...]]:
    with database.snapshot() as session:
        return effective_edits(session, "set")


def is_whole(database: Database) -> bool:
    with database.snapshot() as session:
        return verify_audit(session).ok


def actions(database: Database) -> list[str]:
    with database.snapshot() as session:
        return list(session.scalars(select(AuditRow.action).order_by(AuditRow.seq)))


def test_a_reviewers_edit_holds_at_once_and_is_on_the_audit_chain(database: Database) -> None:
    edit_id = make(database, "a girl by a river")
    edit = read(database, edit_id)
    assert (edit.state, edit.text, edit.author) == ("in_force", "a girl by a river", "mika")
    assert [each.id for each in in_force(database)[ASSET]] == [edit_id]
    assert actions(database) == ["edit_caption"]
    assert is_whole(database)


def test_an_owners_proposal_holds_only_once_a_reviewer_accepts_it(database: Database) -> None:
    edit_id = ask_for(database, "a girl by a river")
    assert in_force(database) == {}
    with database.transaction() as session:
        accept(session, edit_id, "mika")
    edit = read(database, edit_id)
    assert (edit.state, edit.decided_by, edit.author) == ("in_force", "mika", "owner")
    assert ASSET in in_force(database)
    assert actions(database) == ["propose_caption", "accept_caption"]


def test_a_refused_proposal_says_why_and_never_holds(database: Database) -> None:
    edit_id = ask_for(database, "a girl by a river")
    with database.transaction() as session, pytest.raises(CaptionEditError, match="reason"):
        refuse(session, edit_id, "mika", "  ")
    with database.transaction() as session:
        refuse(session, edit_id, "mika", "It is a boy.")
    assert read(database, edit_id).answer == "It is a boy."
    with database.transaction() as session, pytest.raises(CaptionEditError, match="refused"):
        accept(session, edit_id, "mika")
    assert in_force(database) == {}


def test_only_its_own_account_withdraws_a_proposal(database: Database) -> None:
    edit_id = ask_for(database, "a girl by a river")
    for account in ("o2", ""):
        with database.transaction() as session, pytest.raises(CaptionEditError, match="no caption"):
            withdraw(session, edit_id, "owner", account)
    with database.transaction() as session:
        withdraw(session, edit_id, "owner", "o1")
    assert read(database, edit_id).state is EditState.WITHDRAWN


def test_an_owner_has_one_proposal_waiting_for_a_caption(database: Database) -> None:
    ask_for(database, "a girl by a river")
    with pytest.raises(CaptionEditError, match="waiting"):
        ask_for(database, "a girl by the sea")
    ask_for(database, "a girl by the sea", account="o2")
    with database.snapshot() as session:
        assert count_edits(session, EditFilter(state=EditState.PROPOSED)) == 2


def test_a_later_edit_takes_the_place_of_an_earlier_and_undoing_it_brings_that_back(
    database: Database,
) -> None:
    first, second = make(database, "a girl by a river"), make(database, "a girl by the sea")
    assert read(database, first).state is EditState.REPLACED
    assert [each.id for each in in_force(database)[ASSET]] == [second]
    with database.transaction() as session:
        undo_edit(session, second, "ken")
    assert [each.id for each in in_force(database)[ASSET]] == [first]
    assert read(database, second).ended_by == "ken"
    with database.transaction() as session, pytest.raises(CaptionEditError, match="not in force"):
        undo_edit(session, second, "ken")
    assert is_whole(database)


def test_what_is_too_long_or_says_nothing_or_changes_nothing_is_refused(
    database: Database,
) -> None:
    for text in (ORIGINAL, "", " ,. ", "x" * 20_001):
        with pytest.raises(CaptionEditError):
            make(database, text)
    with database.transaction() as session, pytest.raises(CaptionEditError, match="note"):
        propose(session, PLACE, spans("a girl"), "owner", "o1", "n" * (MAX_NOTE + 1))
    assert in_force(database) == {}


def test_a_caption_that_no_text_column_takes_comes_back_as_it_was(database: Database) -> None:
    odd = "a\0b \ud800 miku"
    place = CaptionPlace("set", ASSET, "a\0.png", odd)
    with database.transaction() as session:
        edit_id = put_in_force(session, place, (Span(6, 10, "girl"),), "mika")
    edit = read(database, edit_id)
    assert (edit.original, edit.text) == (odd, "a\0b \ud800 girl")
    assert edit.original_sha256 == digest_caption(odd)


def test_a_damaged_edit_is_never_silently_left_out_and_can_be_undone(database: Database) -> None:
    edit_id = make(database, "a girl by a river")
    with database.transaction() as session:
        session.execute(update(CaptionEditRow).values(spans="[[1"))
    asset = Asset(ASSET, (Location("a.png", "/a.png"),), (Caption(ORIGINAL, "a.txt"),))
    with pytest.raises(CaptionEditError, match="outside"):
        edit_asset(asset, in_force(database)[ASSET])
    assert read(database, edit_id).text == ""
    with database.transaction() as session:
        undo_edit(session, edit_id, "ken")
    assert in_force(database) == {}


def test_lists_show_proposals_oldest_first_and_what_was_decided_newest_first(
    database: Database,
) -> None:
    ids = [ask_for(database, f"a girl by river {n}", account=f"o{n}") for n in range(3)]
    with database.transaction() as session:
        for n, edit_id in enumerate(ids):
            session.execute(
                update(CaptionEditRow).where(CaptionEditRow.id == edit_id).values(made_ms=n)
            )
    with database.snapshot() as session:
        waiting = list_edits(session, EditFilter("set", EditState.PROPOSED))
        every = list_edits(session, EditFilter("set"))
        of_asset = edits_of_asset(session, "set", ASSET)
    assert [each.id for each in waiting] == ids
    assert [each.id for each in every] == ids[::-1] == [each.id for each in of_asset]


def put_item(database: Database, captions: list[dict[str, str]], persons: int = 1) -> Item:
    evidence = {"asset": {"id": ASSET, "name": "a.png"}, "captions": captions, "reasons": []}
    with database.transaction() as session:
        enqueue(session, "set", [Question(ASSET, "q" * 64, 1, evidence, persons)], None)
    return take(database)


def take(database: Database, reviewer: str = "mika") -> Item:
    with database.transaction() as session:
        item = lease_next(session, reviewer)
    assert item is not None
    return item


def shown(text: str) -> dict[str, str]:
    return {"text": text, "source": "a.txt", "sha256": digest_caption(text)}


def rewrite(database: Database, item: Item, texts: dict[int, str], reviewer: str = "mika") -> str:
    with database.transaction() as session:
        return decide_rewriting(
            session,
            item.id,
            item.lease_token,
            item.version,
            texts,
            "names_removed",
            "",
            reviewer,
        ).ruling_id


def test_a_rewrite_is_a_ruling_and_its_edits_in_one(database: Database) -> None:
    item = put_item(database, [shown(ORIGINAL), shown("red ribbon")])
    ruling_id = rewrite(database, item, {0: "a girl by a river", 1: "red ribbon"})
    (edit,) = in_force(database)[ASSET]
    assert read(database, edit.id).ruling_id == ruling_id
    with database.snapshot() as session:
        assert effective_rulings(session, "set")[ASSET].ruling == "rewrite"
    again = rewrite(database, item, {0: "a girl by a river"})
    assert again == ruling_id
    assert len(in_force(database)[ASSET]) == 1
    assert is_whole(database)


def test_undoing_the_ruling_undoes_its_edits(database: Database) -> None:
    item = put_item(database, [shown(ORIGINAL)])
    ruling_id = rewrite(database, item, {0: "a girl by a river"})
    with database.transaction() as session:
        undo(session, ruling_id, "ken")
    assert in_force(database) == {}
    with database.snapshot() as session:
        found = find_item(session, item.id)
    assert found is not None
    assert found.state is ItemState.OPEN


def test_undoing_the_edit_undoes_the_ruling_that_it_was_made_with(database: Database) -> None:
    item = put_item(database, [shown(ORIGINAL)])
    rewrite(database, item, {0: "a girl by a river"})
    (edit,) = in_force(database)[ASSET]
    with database.transaction() as session:
        assert undo_edit_or_ruling(session, edit.id, "ken").state is EditState.UNDONE
    with database.snapshot() as session:
        assert effective_rulings(session, "set") == {}


def test_a_rewrite_without_a_new_caption_is_no_ruling(database: Database) -> None:
    item = put_item(database, [shown(ORIGINAL)])
    for texts in ({}, {0: ORIGINAL}, {3: "x"}, {0: "  "}, {0: "two\nlines"}):
        with pytest.raises(CaptionEditError):
            rewrite(database, item, texts)
    with database.transaction() as session, pytest.raises(ReviewError, match="new caption"):
        decide(
            session, item.id, item.lease_token, item.version, "rewrite", "names_removed", "", "mika"
        )
    assert in_force(database) == {}
    assert "rule" not in actions(database)


def test_a_rewrite_on_a_lost_lease_or_a_ruled_item_writes_nothing(database: Database) -> None:
    item = put_item(database, [shown(ORIGINAL)])
    with database.transaction() as session, pytest.raises(LeaseLostError):
        decide_rewriting(
            session, item.id, "x" * 32, item.version, {0: "a girl"}, "names_removed", "", "mika"
        )
    with database.transaction() as session:
        decide(
            session, item.id, item.lease_token, item.version, "approve", "other_name", "", "mika"
        )
    with pytest.raises(AlreadyRuledError):
        rewrite(database, item, {0: "a girl by a river"})
    assert in_force(database) == {}


def test_a_caption_that_cannot_be_shown_whole_is_not_offered_for_editing(
    database: Database,
) -> None:
    hidden = {"text": "\ufffd miku", "source": "a.txt", "sha256": digest_caption("\ud800 miku")}
    item = put_item(database, [hidden, shown(ORIGINAL)])
    assert [each.editable for each in read_captions(item)] == [False, True]
    with pytest.raises(CaptionEditError, match="cannot be edited"):
        rewrite(database, item, {0: "a girl"})


def test_a_second_rewrite_is_of_the_original_and_takes_the_first_ones_place(
    database: Database,
) -> None:
    item = put_item(database, [shown(ORIGINAL)])
    rewrite(database, item, {0: "Rin by a river"})
    evidence = {
        "asset": {"name": "a.png"},
        "captions": [{**shown(ORIGINAL), "text": "Rin by a river", "original": ORIGINAL}],
    }
    with database.transaction() as session:
        enqueue(session, "set", [Question(ASSET, "r" * 64, 1, evidence)], None)
    second = rewrite(database, take(database), {0: "a girl by a river"})
    (edit,) = in_force(database)[ASSET]
    assert (read(database, edit.id).original, read(database, edit.id).ruling_id) == (
        ORIGINAL,
        second,
    )
    with database.transaction() as session:
        undo(session, second, "mika")
    (edit,) = in_force(database)[ASSET]
    assert read(database, edit.id).text == "Rin by a river"


def test_where_two_have_to_rule_only_the_deciding_rewrite_holds(database: Database) -> None:
    item = put_item(database, [shown(ORIGINAL)], persons=2)
    first = rewrite(database, item, {0: "a girl by a river"})
    assert in_force(database) == {}
    second = rewrite(database, take(database, "ken"), {0: "a girl by a river"}, "ken")
    (edit,) = in_force(database)[ASSET]
    assert read(database, edit.id).ruling_id == second
    with database.transaction() as session:
        undo(session, first, "mika")
    assert in_force(database) == {}
    assert read(database, edit.id).state is EditState.HELD  # ken's ruling stands, and waits again
    assert is_whole(database)


def test_two_who_rewrite_differently_do_not_agree(database: Database) -> None:
    texts = ({0: "a girl by a river"}, {0: "a girl by the sea"})
    item = put_item(database, [shown(ORIGINAL)], persons=2)
    rulings = [rewrite(database, item, texts[0]), ""]
    rulings[1] = rewrite(database, take(database, "ken"), texts[1], "ken")
    assert in_force(database) == {}
    with database.snapshot() as session:
        assert view_item(session, item.id, Viewer("sora")).rewritten == {}  # type: ignore[union-attr]
        view = view_item(session, item.id, Viewer("lead", lead=True))
    assert view is not None
    assert view.item.state is ItemState.ADJUDICATION
    shown_texts = [[edit.text for edit in view.rewritten[each.id]] for each in view.disputed]
    assert shown_texts == [["a girl by a river"], ["a girl by the sea"]]
    with database.transaction() as session:
        undo(session, rulings[1], "ken")
    rewrite(database, take(database, "ken"), texts[0], "ken")
    (edit,) = in_force(database)[ASSET]
    assert read(database, edit.id).text == "a girl by a river"
    assert is_whole(database)


def test_an_edit_that_takes_a_character_apart_is_refused_when_it_is_applied() -> None:
    asset = Asset(ASSET, (Location("a.png", "/a.png"),), (Caption("cafe\u0301", "a.txt"),))
    edit = CaptionEdit("e", digest_caption("cafe\u0301"), (Span(0, 4, "x"),))
    with pytest.raises(CaptionEditError, match="apart"):
        edit_asset(asset, (edit,))


def test_the_chain_keeps_what_was_written_as_digests_only(database: Database) -> None:
    make(database, "a girl by a river")
    with database.snapshot() as session:
        (detail,) = session.scalars(select(AuditRow.detail))
    assert "girl" not in detail
    assert "Miku" not in detail
    assert json.loads(detail)["original_sha256"] == digest_caption(ORIGINAL)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"spans": "[]"}, "ruling_edited"),
        ({"author": "somebody"}, "ruling_edited"),
        ({"state": "in_force", "note": "it is not her"}, "unlogged"),
    ],
)
def test_an_edit_that_was_changed_behind_the_chain_is_found(
    database: Database, values: dict[str, str], problem: str
) -> None:
    ask_for(database, "a girl by a river")
    with database.transaction() as session:
        session.execute(update(CaptionEditRow).values(**values))
    with database.snapshot() as session:
        assert verify_audit(session).problem == problem

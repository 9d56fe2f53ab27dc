"""Who claims a reference, what happens when two do, and what is recorded of every change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from alembic import command
from PIL import Image
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from models.errors import RegisterError
from models.motifs.listing import (
    MotifFilter,
    count_labels,
    count_motifs,
    find_motifs,
    list_groups,
    read_history,
)
from models.motifs.register import (
    Claim,
    Manner,
    Outcome,
    correct_motif,
    decide_motif,
    examine_reference,
    list_motifs,
    load_references,
    motif_folder,
    register_digest,
    register_folder,
    register_picture,
    register_version,
    remove_motif,
    remove_unlisted_pictures,
    submit_reference,
)
from models.motifs.remarks import ReferenceRefusedError
from models.review.derivatives import SIZES, derivative_path
from models.store import schema
from models.store.database import Database
from models.store.tables import MotifChangeRow, MotifRow
from tests.reference_pictures import SVG, save, scene, star

FOX = save(scene(1))
FOX_SMALLER = save(scene(1).resize((160, 120)), "JPEG")
FOX_TURNED = save(scene(1).transpose(Image.Transpose.ROTATE_90))
OWL = save(scene(2))


@pytest.fixture
def session(sqlite_database: Database) -> Iterator[Session]:
    with sqlite_database.transaction() as session:
        yield session


class Desk:
    """Somebody who registers pictures."""

    def __init__(self, session: Session, workspace: Path) -> None:
        self.session, self.workspace = session, workspace

    def add(
        self, data: bytes, label: str = "Fox", manner: Manner | None = None, **claim: str
    ) -> Outcome:
        return register_picture(
            self.session, self.workspace, data, Claim(label, **claim), manner or Manner("mika")
        )

    def submit(
        self, data: bytes, by: str, label: str = "Fox", *, also_mine: bool = False
    ) -> Outcome:
        return submit_reference(
            self.session,
            self.workspace,
            data,
            Claim(label, "character"),
            submitted_by=by,
            also_mine=also_mine,
        )

    def refused(self, data: bytes, by: str) -> str:
        with pytest.raises(ReferenceRefusedError) as caught:
            self.submit(data, by)
        return caught.value.remark.code

    def history(self) -> list[tuple[int, str, str]]:
        return [(c.version, c.action, c.actor) for c in read_history(self.session)]


@pytest.fixture
def desk(session: Session, tmp_path: Path) -> Desk:
    return Desk(session, tmp_path)


def row_of(outcome: Outcome) -> MotifRow:
    assert outcome.row is not None, outcome.refusal
    return outcome.row


def codes(outcome: Outcome) -> list[str]:
    return [warning.code for warning in outcome.warnings]


class TestClaims:
    def test_what_is_claimed_is_kept_with_who_registered_it(self, desk: Desk) -> None:
        claim = {"category": "logo", "owner": "Aoi", "source": "letter", "right": "trademark"}
        row = row_of(desk.add(FOX, right_note="No. 123", box="0,0,0.5,1", **claim))
        assert (row.right_kind, row.right_note, row.registered_by) == (
            *("trademark", "No. 123"),
            "mika",
        )
        assert (row.box, row.state, row.version) == ("0,0,0.5,1", "confirmed", 1)

    def test_a_second_picture_takes_category_and_owner_from_its_label(self, desk: Desk) -> None:
        desk.add(FOX, category="character", owner="Aoi")
        outcome = desk.add(OWL)
        assert (row_of(outcome).category, row_of(outcome).owner) == ("character", "Aoi")
        assert codes(outcome) == []

    def test_a_label_whose_pictures_disagree_is_told(self, desk: Desk) -> None:
        desk.add(FOX, category="character", owner="Aoi")
        outcome = desk.add(OWL, category="logo", owner="Ben")
        assert codes(outcome) == ["label_category", "label_owner"]
        (group,) = list_groups(desk.session, MotifFilter())
        assert (group.categories, group.owners) == (("character", "logo"), ("Aoi", "Ben"))

    @pytest.mark.parametrize(
        ("claim", "code"),
        [
            ({"label": " "}, "no_label"),
            ({"label": "a\0b"}, "text"),
            ({"owner": "\ud800"}, "text"),
            ({"source": "x" * 501}, "text_long"),
            ({"category": "animal"}, "category"),
            ({"right": "moral"}, "right"),
            ({"box": "1,2"}, "box_numbers"),
        ],
    )
    def test_a_claim_that_cannot_be_used_changes_nothing(
        self, desk: Desk, claim: dict[str, str], code: str
    ) -> None:
        outcome = desk.add(FOX, **claim)
        assert outcome.refusal is not None
        assert outcome.refusal.code == code
        assert list_motifs(desk.session) == ()
        assert not motif_folder(desk.workspace).exists()

    def test_labels_are_the_same_however_they_are_composed(self, desk: Desk) -> None:
        desk.add(FOX, "か\u3099")
        desk.add(OWL, " が ")
        assert [len(group.rows) for group in list_groups(desk.session, MotifFilter())] == [2]

    def test_a_box_changes_what_the_register_stands_for(self, desk: Desk) -> None:
        desk.add(FOX)
        before = load_references(desk.session, desk.workspace)
        desk.add(FOX, box="0,0,0.5,1")
        after = load_references(desk.session, desk.workspace)
        assert (before[0].box, after[0].box) == (None, (0, 0, 0.5, 1))
        assert register_digest(before) != register_digest(after)

    def test_a_box_stays_when_only_the_label_is_corrected(self, desk: Desk) -> None:
        desk.add(FOX, box="0,0,0.5,1")
        assert row_of(desk.add(FOX, "Kitsune")).box == "0,0,0.5,1"
        assert row_of(desk.add(FOX, "Kitsune", box="0,0,1,1")).box == ""

    def test_copies_for_people_are_made_on_the_ground_that_shows_the_motif(
        self, desk: Desk
    ) -> None:
        entries = [("star.png", Claim("Star"))]
        (desk.workspace / "star.png").write_bytes(save(star()))
        session = nullcontext(desk.session)
        ((_, outcome),) = register_folder(lambda: session, desk.workspace, desk.workspace, entries)
        row = row_of(outcome)
        for size in SIZES:
            path = derivative_path(desk.workspace / "derivatives", row.id, size)
            assert Image.open(path).convert("RGB").getpixel((2, 2)) == pytest.approx(
                (128, 128, 128), abs=4
            )


class TestNearDuplicates:
    @pytest.mark.parametrize("other", [FOX_SMALLER, FOX_TURNED], ids=["smaller", "turned"])
    def test_what_another_owner_has_registered_is_refused(self, desk: Desk, other: bytes) -> None:
        first = row_of(desk.add(FOX, "Fox", owner="Aoi"))
        outcome = desk.add(other, "Kitsune", owner="Ben")
        assert outcome.refusal is not None
        assert outcome.refusal.code == "claimed_by_other"
        assert outcome.refusal.values["id"] == first.id[:12]
        assert len(list_motifs(desk.session)) == 1

    def test_who_owns_it_too_registers_it_as_disputed(self, desk: Desk) -> None:
        first = row_of(desk.add(FOX, owner="Aoi"))
        outcome = desk.add(FOX_SMALLER, "Kitsune", Manner("mika", also_mine=True), owner="Ben")
        assert (outcome.kind, codes(outcome)) == ("added", ["disputed"])
        assert row_of(outcome).disputed_with == first.id
        assert len(load_references(desk.session, desk.workspace)) == 2

    def test_the_very_file_of_another_owner_stays_theirs_and_the_claim_is_recorded(
        self, desk: Desk
    ) -> None:
        desk.add(FOX, owner="Aoi")
        refused = desk.add(FOX, "Kitsune", owner="Ben")
        assert refused.refusal is not None
        assert refused.refusal.code == "claimed_by_other"
        outcome = desk.add(FOX, "Kitsune", Manner("mika", also_mine=True), owner="Ben")
        assert (outcome.kind, row_of(outcome).owner) == ("disputed", "Aoi")
        assert read_history(desk.session)[0].note["owner"] == "Ben"

    def test_a_dispute_lasts_until_staff_confirm_or_the_other_is_removed(self, desk: Desk) -> None:
        first = row_of(desk.add(FOX, owner="Aoi"))
        disputing = Manner("mika", also_mine=True)
        second = row_of(desk.add(FOX_SMALLER, manner=disputing, owner="Ben"))
        desk.add(FOX, manner=disputing, owner="Ben")
        desk.add(FOX, "Kitsune")
        assert (first.disputed_with, second.disputed_with) == (first.id, first.id)
        decide_motif(desk.session, first.id, confirm=True, actor="mika", why="contract")
        assert (first.disputed_with, second.disputed_with) == ("", first.id)
        remove_motif(desk.session, first.id)
        desk.session.refresh(second)
        assert second.disputed_with == ""

    def test_the_same_owners_duplicate_is_added_and_said(self, desk: Desk) -> None:
        desk.add(FOX, owner="Aoi Studio")
        outcome = desk.add(FOX_SMALLER, "Fox 2", owner="ＡＯＩ  studio")
        assert (outcome.kind, codes(outcome)) == ("added", ["near_duplicate"])

    def test_a_duplicate_can_be_left_out(self, desk: Desk) -> None:
        desk.add(FOX)
        outcome = desk.add(FOX_SMALLER, manner=Manner(skip_duplicates=True))
        assert (outcome.kind, len(list_motifs(desk.session))) == ("skipped", 1)
        assert desk.add(FOX, manner=Manner(skip_duplicates=True)).kind == "known"

    def test_two_boxes_of_one_scene_are_not_duplicates(self, desk: Desk) -> None:
        desk.add(save(scene(1, (640, 480))), "Left", box="0,0,0.5,1", owner="Aoi")
        outcome = desk.add(save(scene(1, (600, 450))), "Right", box="0.5,0,1,1", owner="Ben")
        assert (outcome.kind, codes(outcome)) == ("added", [])

    def test_a_refused_or_removed_reference_is_nobodys(self, desk: Desk) -> None:
        submitted = row_of(desk.submit(FOX, "Ben"))
        decide_motif(desk.session, submitted.id, confirm=False, actor="mika")
        assert desk.add(FOX_SMALLER, owner="Aoi").kind == "added"

    def test_what_was_registered_before_fingerprints_were_kept_is_compared_too(
        self, desk: Desk
    ) -> None:
        desk.add(FOX, owner="Aoi")
        desk.session.execute(update(MotifRow).values(pdq=None))
        desk.session.expire_all()
        assert desk.add(FOX_SMALLER, owner="Ben").kind == "refused"
        (motif_folder(desk.workspace) / list_motifs(desk.session)[0].id).write_bytes(b"damaged")
        desk.session.execute(update(MotifRow).values(pdq=None))
        desk.session.expire_all()
        assert desk.add(OWL, "Owl", owner="Ben").kind == "added"

    def test_an_examination_says_the_same_and_registers_nothing(self, desk: Desk) -> None:
        desk.add(FOX, owner="Aoi")
        told = examine_reference(
            desk.session, desk.workspace, FOX_SMALLER, Claim("Kitsune", owner="Ben")
        )
        assert told.refusal is not None
        assert told.refusal.code == "claimed_by_other"
        told = examine_reference(desk.session, desk.workspace, SVG, Claim("Kitsune"))
        assert told.refusal is not None
        assert "SVG" in str(told.refusal)
        assert len(list_motifs(desk.session)) == 1


class TestSubmissions:
    def test_what_an_owner_submits_is_protected_at_once_and_unconfirmed(self, desk: Desk) -> None:
        row = row_of(desk.submit(FOX, "Aoi"))
        assert (row.state, row.owner, row.registered_by) == ("unconfirmed", "Aoi", "Aoi")
        assert [r.id for r in load_references(desk.session, desk.workspace)] == [row.id]

    def test_staff_confirm_it(self, desk: Desk) -> None:
        row = row_of(desk.submit(FOX, "Aoi"))
        decide_motif(desk.session, row.id, confirm=True, actor="mika", why="letter")
        assert row.state == "confirmed"
        assert desk.history() == [(2, "confirmed", "mika"), (1, "added", "Aoi")]
        with pytest.raises(RegisterError, match="confirmed already"):
            decide_motif(desk.session, row.id, confirm=True, actor="mika")

    def test_a_refused_one_keeps_its_record_and_picture_but_is_not_looked_for(
        self, desk: Desk
    ) -> None:
        row = row_of(desk.submit(FOX, "Aoi"))
        decide_motif(desk.session, row.id, confirm=False, actor="mika", why="not theirs")
        assert load_references(desk.session, desk.workspace) == ()
        assert list_motifs(desk.session) == ()
        assert [r.id for r in list_motifs(desk.session, refused=True)] == [row.id]
        assert remove_unlisted_pictures(desk.session, desk.workspace) == 0
        assert (motif_folder(desk.workspace) / row.id).read_bytes() == FOX

    def test_a_refused_picture_is_not_protected_by_submitting_it_again(self, desk: Desk) -> None:
        row = row_of(desk.submit(FOX, "Aoi"))
        decide_motif(desk.session, row.id, confirm=False, actor="mika", why="not theirs")
        assert desk.refused(FOX, "Aoi") == "refused_before"
        decide_motif(desk.session, row.id, confirm=True, actor="mika")
        assert len(load_references(desk.session, desk.workspace)) == 1

    def test_staff_can_register_what_they_refused(self, desk: Desk) -> None:
        row = row_of(desk.submit(FOX, "Aoi"))
        decide_motif(desk.session, row.id, confirm=False, actor="mika")
        outcome = desk.add(FOX, owner="Ben")
        assert (outcome.kind, row_of(outcome).state) == ("corrected", "confirmed")

    def test_a_confirmed_one_is_removed_and_not_refused(self, desk: Desk) -> None:
        row = row_of(desk.add(FOX))
        with pytest.raises(RegisterError, match="motifs remove"):
            decide_motif(desk.session, row.id, confirm=False, actor="mika")

    def test_submitting_changes_nothing_that_is_said_of_a_registered_picture(
        self, desk: Desk
    ) -> None:
        row = row_of(desk.add(FOX, "Fox", owner="Aoi"))
        assert desk.submit(FOX, "Aoi", "Another name").kind == "known"
        assert desk.refused(FOX, "Ben") == "claimed_by_other"
        assert desk.refused(FOX_SMALLER, "Ben") == "claimed_by_other"
        assert (row.label, row.owner, register_version(desk.session)) == ("Fox", "Aoi", 1)

    def test_a_second_owner_can_put_a_claim_on_record(self, desk: Desk) -> None:
        row = row_of(desk.add(FOX, "Fox", owner="Aoi"))
        assert desk.submit(FOX, "Ben", also_mine=True).kind == "disputed"
        assert (row.owner, row.disputed_with) == ("Aoi", row.id)

    def test_what_cannot_be_used_is_refused_as_from_staff(self, desk: Desk) -> None:
        assert desk.refused(SVG, "Aoi") == "fault_image_format"


class TestHistory:
    def test_every_change_leaves_a_row_with_who_when_and_what(self, desk: Desk) -> None:
        row = row_of(desk.add(FOX, owner="Aoi"))
        desk.add(FOX, "Kitsune", Manner("jun"))
        remove_motif(desk.session, row.id, actor="mika", why="licensed")
        removed, corrected, added = read_history(desk.session)
        assert (added.action, added.actor, added.fields["owner"]) == ("added", "mika", ("", "Aoi"))
        assert (corrected.actor, corrected.fields) == ("jun", {"label": ("Fox", "Kitsune")})
        assert (removed.why, removed.fields["label"]) == ("licensed", ("Kitsune", ""))
        assert [c.version for c in (added, corrected, removed)] == [1, 2, 3]
        assert 0 < added.at_ms <= removed.at_ms

    def test_what_is_known_already_leaves_no_row(self, desk: Desk) -> None:
        desk.add(FOX)
        assert desk.add(FOX).kind == "known"
        assert len(desk.history()) == register_version(desk.session) == 1

    def test_the_history_of_one_motif_outlives_it(self, desk: Desk) -> None:
        row = row_of(desk.add(FOX, "Fox"))
        desk.add(OWL, "Owl")
        remove_motif(desk.session, row.id)
        by_id = [change.action for change in read_history(desk.session, row.id[:8])]
        by_label = [change.action for change in read_history(desk.session, "Fox")]
        assert by_id == by_label == ["removed", "added"]

    def test_a_correction_puts_the_whole_claim_in_place(self, desk: Desk) -> None:
        row = row_of(desk.add(FOX, owner="Aoi", source="letter", box="0,0,0.5,1"))
        correct_motif(
            desk.session, desk.workspace, row.id, Claim("Fox", owner="Ben"), actor="jun", why="typo"
        )
        assert (row.owner, row.source, row.box, row.version) == ("Ben", "", "", 2)
        assert read_history(desk.session)[0].why == "typo"

    def test_a_correction_that_cannot_be_used_changes_nothing(self, desk: Desk) -> None:
        row = row_of(desk.add(FOX))
        for claim in (Claim(""), Claim("Fox", box="0,0,5,5"), Claim("Fox", category="x")):
            with pytest.raises(ReferenceRefusedError):
                correct_motif(desk.session, desk.workspace, row.id, claim)
        (motif_folder(desk.workspace) / row.id).unlink()
        with pytest.raises(RegisterError, match="cannot be read"):
            correct_motif(desk.session, desk.workspace, row.id, Claim("Owl"))
        assert register_version(desk.session) == 1

    @pytest.mark.parametrize("text", ["a\0b", "\ud800", "x" * 501])
    def test_who_and_why_are_texts_that_can_be_kept(self, desk: Desk, text: str) -> None:
        row = row_of(desk.submit(FOX, "Aoi"))
        for given in ({"actor": text}, {"actor": "mika", "why": text}):
            with pytest.raises(ReferenceRefusedError):
                decide_motif(desk.session, row.id, confirm=True, **given)  # type: ignore[arg-type]
            with pytest.raises(ReferenceRefusedError):
                remove_motif(desk.session, row.id, **given)
        assert desk.add(OWL, manner=Manner(text)).kind == "refused"
        assert register_version(desk.session) == 1

    def test_rows_are_json_that_anybody_can_read(self, desk: Desk) -> None:
        desk.add(FOX, owner="星野")
        (detail,) = desk.session.scalars(select(MotifChangeRow.detail))
        assert json.loads(detail)["fields"]["owner"] == ["", "星野"]


class TestListing:
    def test_references_are_found_by_label_owner_source_and_id(self, desk: Desk) -> None:
        row = row_of(desk.add(FOX, "Fox 100%", owner="Aoi_Studio", source="Letter"))
        desk.add(OWL, "Owl", owner="Ben")
        for search in ("fox", "100%", "aoi_s", "letter", row.id[:8], row.id.upper()):
            (group,) = list_groups(desk.session, MotifFilter(search))
            assert group.label == "Fox 100%", search
        for search in ("%", "_", "zzz"):
            expected = search in "100%_"
            assert count_motifs(desk.session, MotifFilter(search)) == int(expected), search
        assert count_labels(desk.session, MotifFilter(category="character")) == 0
        assert count_labels(desk.session, MotifFilter()) == 2

    def test_a_motif_is_meant_by_the_beginning_of_its_id_or_its_label(self, desk: Desk) -> None:
        row = row_of(desk.add(FOX, "deadbeef"))
        assert find_motifs(desk.session, row.id[:8]) == (row,)
        assert find_motifs(desk.session, row.id[:7]) == ()
        assert find_motifs(desk.session, "deadbeef") == (row,)

    @pytest.mark.parametrize("text", ["a\0b", "\ud800", "%", "'"])
    def test_what_no_label_holds_is_not_found_and_breaks_nothing(
        self, desk: Desk, text: str
    ) -> None:
        desk.add(FOX)
        assert count_motifs(desk.session, MotifFilter(text)) == 0
        assert find_motifs(desk.session, text) == ()
        assert read_history(desk.session, text) == ()

    def test_pages_hold_whole_labels(self, desk: Desk) -> None:
        for seed, label in enumerate(("A", "B", "B", "C"), 10):
            desk.add(save(scene(seed)), label)
        pages = [list_groups(desk.session, MotifFilter(), offset=n, limit=1) for n in range(3)]
        assert [[(g.label, len(g.rows)) for g in page] for page in pages] == [
            *([("A", 1)], [("B", 2)], [("C", 1)])
        ]


def test_claims_work_on_every_database(database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        desk = Desk(session, tmp_path)
        row = row_of(desk.submit(FOX, "Aoi", "Fox%"))
        decide_motif(session, row.id, confirm=True, actor="mika")
        assert desk.add(FOX_SMALLER, owner="Ben").kind == "refused"
    with database.snapshot() as session:
        assert count_motifs(session, MotifFilter("fox%", "confirmed")) == 1
        assert len(read_history(session, "Fox%")) == 2


def test_motifs_registered_before_the_migration_are_confirmed_and_whole(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'kiyome.db'}"
    database = Database(url)
    config = schema._config()
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
    with database.transaction() as session:
        session.execute(
            text("INSERT INTO motifs VALUES (:id, 'Fox', 'character', 'Aoi', '', 1)"),
            {"id": "a" * 64},
        )
    schema.upgrade_schema(database)
    with database.transaction() as session:
        (row,) = list_motifs(session)
        assert (row.state, row.box, row.pdq, row.warnings) == ("confirmed", "", None, "[]")
        assert len(load_references(session, tmp_path)) == 1
    database.dispose()

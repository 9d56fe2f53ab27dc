"""The blind sample in the database: drawn once, told from nothing, and counted as it should be."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from models.errors import ReviewError
from models.review.audit import read_latest, verify_audit
from models.review.quality.audit_sample import Aim
from models.review.queue import (
    ItemState,
    count_items,
    effective_rulings,
    enqueue,
    find_item,
    group_items,
    item_id_of,
    latest_ruling,
    undo,
)
from models.review.sampling.marking import is_sampled, list_awaiting
from models.review.sampling.pace import USUAL_SECONDS, measure_pace
from models.review.sampling.reporting import SampleReport, Standing, report_sample, tell_newest
from models.review.sampling.stored import Terms
from models.review.sampling.strata import MOST_STRATA, Parting, part_cleared
from models.store.database import Database
from tests.assurance_parts import (
    DATASET,
    RELEASE,
    TERMS,
    ask,
    asset,
    clear,
    draft,
    draw,
    put_release,
    rule,
)


def report(database: Database, release_id: str = RELEASE) -> SampleReport:
    with database.snapshot() as session:
        return report_sample(session, release_id)


def manifest(*rows: tuple[str, str, list[str], str]) -> pa.Table:
    keys = ("asset_id", "names", "format", "reasons", "decided_by")
    return pa.table(
        {
            key: [
                (asset(n), [name], form, reasons, by)[place]
                for n, (name, form, reasons, by) in enumerate(rows)
            ]
            for place, key in enumerate(keys)
        }
    )


GRANTED, CONTRACT = ["consent_granted"], ["consent_contract"]


@pytest.mark.parametrize(
    ("parting", "strata"),
    [
        (Parting.REASON, {"consent_contract": 1, "consent_granted": 2}),
        (Parting.FOLDER, {".": 1, "cats": 2}),
        (Parting.FORMAT, {"jpeg": 1, "png": 2}),
        (Parting.NOTHING, {"all": 3}),
    ],
)
def test_strata_follow_from_the_manifest(parting: Parting, strata: dict[str, int]) -> None:
    table = manifest(
        ("cats/a.png", "PNG", GRANTED, "machine"),
        ("cats/b.png", "PNG", CONTRACT, "machine"),
        ("c.jpg", "JPEG", GRANTED, "machine"),
        ("d.png", "PNG", ["ruling_approved"], "ruling"),
    )
    cleared = part_cleared(table, parting)
    assert (cleared.populations, cleared.approved) == (strata, 1)


def test_more_strata_than_make_sense_are_refused() -> None:
    rows = [(f"{n}/a.png", "PNG", GRANTED, "machine") for n in range(MOST_STRATA + 1)]
    with pytest.raises(ReviewError, match="101 strata"):
        part_cleared(manifest(*rows), Parting.FOLDER)


def test_nothing_is_drawn_from_what_only_reviewers_have_cleared() -> None:
    with pytest.raises(ReviewError, match="nothing to draw from"):
        draft(cleared=replace(clear(0), approved=3))


def test_the_seed_names_release_root_and_public_value() -> None:
    plain, more = draft(), draft(replace(TERMS, public_value="block 9"))
    assert plain.seed == f"release {RELEASE}, ledger root {'c' * 64}"
    assert more.seed == f"{plain.seed}, block 9"
    assert plain.assets != more.assets


def test_a_drawn_sample_waits_in_the_queue(database: Database) -> None:
    put_release(database)
    drafted, asked = draw(database)
    assert (asked.is_new, asked.asked) == (True, drafted.plan.total)
    with database.snapshot() as session:
        assert sum(c.waiting for c in count_items(session)) == drafted.plan.total
        assert list_awaiting(session, DATASET) == drafted.assets
        assert [e.action for e in read_latest(session)] == ["draw_sample", "enqueue"]
        assert verify_audit(session).ok


def test_drawing_again_changes_nothing(database: Database) -> None:
    put_release(database)
    drafted, _ = draw(database)
    first = min(drafted.assets)
    rule(database, {first: "approve"})
    with database.snapshot() as session:
        before = count_items(session), verify_audit(session).rows
    assert draw(database)[1].is_new is False
    with database.snapshot() as session:
        assert (count_items(session), verify_audit(session).rows) == before
    assert report(database).ruled == 1


def test_another_sample_of_the_same_release_is_refused(database: Database) -> None:
    put_release(database)
    draw(database)
    with pytest.raises(ReviewError, match="--at-most 20 % --confidence 90 %"):
        draw(database, draft(replace(TERMS, at_most=0.1)))


def test_an_approval_is_clean_and_an_exclusion_a_violation_that_takes_effect(
    database: Database,
) -> None:
    put_release(database)
    drafted, _ = draw(database)
    first, second, *rest = sorted(drafted.assets)
    assert report(database).standing is Standing.OPEN
    rule(database, {first: "exclude", second: "approve"})
    told = report(database)
    assert told.assurance.overall.violations == 1
    assert told.assurance.overall.unruled == len(rest)
    assert told.standing is Standing.FAILED
    with database.snapshot() as session:
        assert effective_rulings(session, DATASET)[first].ruling == "exclude"


def test_the_claim_stands_once_all_are_ruled_on(database: Database) -> None:
    put_release(database)
    drafted, _ = draw(database)
    rule(database, dict.fromkeys(drafted.assets, "approve"))
    told = report(database)
    assert told.standing is Standing.SHOWN
    assert told.assurance.overall.share <= TERMS.at_most
    assert told.assurance.overall == told.reachable
    assert told.progress.en == f"All {told.sample.total} drawn assets have been ruled on."
    listed = told.as_dict()["drawn"]
    assert {each["asset"] for assets in listed.values() for each in assets} == drafted.assets


def test_too_few_rulings_are_called_so_and_the_drawn_are_not_named(database: Database) -> None:
    put_release(database)
    drafted, _ = draw(database)
    assert report(database).claim.en.startswith("Nothing can be claimed yet")
    rule(database, {min(drafted.assets): "approve"})
    told = report(database)
    assert told.claim == told.assurance.claim
    assert f"Too few are ruled on for a final figure: 1 of {drafted.plan.total}" in told.progress.en
    assert "判断が足りません" in told.progress.ja
    assert "drawn" not in told.as_dict()


def test_a_ruling_that_is_undone_does_not_count(database: Database) -> None:
    put_release(database)
    drafted, _ = draw(database)
    rule(database, {min(drafted.assets): "exclude"})
    with database.transaction() as session:
        latest = latest_ruling(session, "mika")
        assert latest is not None
        undo(session, latest.id, "aoi")
    assert report(database).assurance.overall.violations == 0
    assert report(database).ruled == 0


def test_what_a_run_asks_instead_does_not_take_a_blind_ruling_back(database: Database) -> None:
    put_release(database)
    drafted, _ = draw(database)
    first, second = sorted(drafted.assets)[:2]
    rule(database, {first: "approve"})
    with database.transaction() as session:
        enqueue(session, DATASET, ask([first, second], "f"), None)
    with database.snapshot() as session:
        assert not is_sampled(session, item_id_of(DATASET, first))
        assert list_awaiting(session, DATASET) == drafted.assets - {first, second}
    assert report(database).ruled == 1
    rule(database, {first: "exclude", second: "approve"})
    told = report(database)
    assert (told.ruled, told.assurance.overall.violations) == (1, 1)


def test_an_unchanged_asset_of_a_later_release_is_not_asked_about_twice(
    database: Database,
) -> None:
    everything = Terms(Parting.FOLDER, Aim.OVERALL, 0.02, 0.9, 0, "")
    put_release(database)
    drafted, _ = draw(database, draft(everything))
    rule(database, dict.fromkeys(drafted.assets, "approve"))
    put_release(database, "6" * 64, 2)
    again, asked = draw(database, draft(everything, "6" * 64))
    assert asked.known == len(again.assets & drafted.assets)
    assert asked.asked == len(again.assets) - asked.known
    assert report(database, "6" * 64).ruled == asked.known


def test_an_earlier_ruling_on_another_question_is_counted_and_asked_anew(
    database: Database,
) -> None:
    put_release(database)
    drafted = draft()
    first, second = sorted(drafted.assets)[:2]
    with database.transaction() as session:
        enqueue(session, DATASET, ask([first, second], "f"), None)
    rule(database, {first: "approve"})
    _, asked = draw(database, drafted)
    assert (asked.ruled_before, asked.elsewhere) == (1, 1)
    assert asked.asked == len(drafted.assets) - 1
    with database.snapshot() as session:
        item = find_item(session, item_id_of(DATASET, first))
    assert item is not None
    assert (item.state, item.version) == (ItemState.OPEN, 2)
    assert "had been ruled on before" in report(database).not_claimed[0].en


def test_what_was_withdrawn_is_asked_about_again(database: Database) -> None:
    put_release(database)
    drafted, _ = draw(database)
    with database.transaction() as session:
        enqueue(session, DATASET, [], frozenset())
        assert list_awaiting(session, DATASET) == frozenset()
    draw(database)
    with database.snapshot() as session:
        assert list_awaiting(session, DATASET) == drafted.assets


def test_a_sampled_item_is_in_no_cluster(database: Database) -> None:
    put_release(database)
    drafted, _ = draw(database)
    other = asset(999)
    with database.transaction() as session:
        enqueue(session, DATASET, ask([other], "f"), None)
        assert group_items(session, DATASET, dict.fromkeys([*drafted.assets, other], other)) == 1


def test_assets_that_reviewers_approved_are_left_out_and_told(database: Database) -> None:
    put_release(database)
    draw(database, draft(cleared=clear(approved=3)))
    assert "leaves out 3 assets" in report(database).not_claimed[0].en


def test_without_a_sample_nothing_is_said(database: Database) -> None:
    put_release(database)
    with pytest.raises(ReviewError, match="No sample has been drawn"):
        report(database)
    with database.snapshot() as session:
        assert tell_newest(session, DATASET) == ""


def test_the_pace_is_assumed_until_it_can_be_measured(sqlite_database: Database) -> None:
    put_release(sqlite_database)
    with sqlite_database.snapshot() as session:
        assert measure_pace(session) == (USUAL_SECONDS, False)
    drafted, _ = draw(sqlite_database, draft(replace(TERMS, at_most=0.02)))
    rule(sqlite_database, dict.fromkeys(sorted(drafted.assets), "approve"))
    with sqlite_database.snapshot() as session:
        seconds, measured = measure_pace(session)
    assert measured
    assert 0 < seconds < 10

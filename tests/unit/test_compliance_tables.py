"""The tables of a bundle and its review figures, each from what is in the database or a release."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from models.assets.asset import unread_id
from models.compliance.decisions import Ruled, count_outcomes, list_decisions
from models.compliance.gathering import keep_public
from models.compliance.removals import build_log, gather_removals
from models.compliance.reviewing import build_review, read_ratings, read_review, read_rulings
from models.releases.manifest import OUTCOMES
from models.releases.notices import RemovalReason
from models.store.database import Database
from tests.assurance_parts import draw, put_release
from tests.compliance_parts import RELEASE, make_facts
from tests.rounds_seed import DATASET, ask, make_question, rule

LATER = 4_000_000_000_000


def make_outcomes(*rows: tuple[str, Sequence[str], str, Sequence[str], str]) -> pa.Table:
    names = ("asset_id", "names", "verdict", "reasons", "ruling_id")
    told = {"explanation_en": "a caption", "explanation_ja": "a caption"}
    values = [
        {
            **dict(zip(names, row, strict=True)),
            **told,
            "decided_by": "ruling" if row[-1] else "machine",
        }
        for row in rows
    ]
    return pa.Table.from_pylist(values, schema=OUTCOMES)


OUTCOMES_OF_THREE = make_outcomes(
    ("a" * 64, ["a.png"], "clear", ["ruling_approved"], "r1"),
    ("b" * 64, ["b.png"], "exclude", ["consent_refused"], ""),
    (unread_id("c.png"), ["c.png"], "error", ["image_missing"], ""),
)


def decisions(**given: Any) -> list[dict[str, Any]]:
    ruled = {"r1": Ruled("approve", "other_name", "Zaphod", 5_000)}
    table = list_decisions(
        OUTCOMES_OF_THREE,
        ruled,
        lambda kind, name: f"{kind}-{len(name)}",
        "12" * 32,
        9_000,
        **{"with_names": False, **given},
    )
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def test_a_ruling_is_told_with_its_time_and_pseudonym() -> None:
    row = decisions()[0]
    told = (row["ruling"], row["ruling_reason"], row["reviewer"], row["decided_at"].timestamp())
    assert told == ("approve", "other_name", "reviewer-6", 5)


def test_what_a_machine_decided_has_the_releases_time() -> None:
    row = decisions()[1]
    assert (row["ruling"], row["reviewer"], row["decided_at"].timestamp()) == ("", "", 9)


def test_neither_names_nor_explanations_are_in_the_decisions() -> None:
    assert not {"names", "explanation_en", "explanation_ja"} & decisions()[0].keys()
    assert "Zaphod" not in str(decisions())


def test_an_id_that_is_made_from_a_name_is_left_out() -> None:
    assert [row["asset_sha256"] for row in decisions()] == ["a" * 64, "b" * 64, None]


def test_names_are_there_where_they_were_asked_for() -> None:
    assert [row["names"] for row in decisions(with_names=True)] == [["a.png"], ["b.png"], ["c.png"]]


def test_outcomes_are_counted_by_verdict_and_by_word() -> None:
    counted = count_outcomes(OUTCOMES_OF_THREE)
    assert counted.verdicts == {"clear": 1, "error": 1, "exclude": 1}
    assert counted.kept_out == {RemovalReason.CONSENT: 1, RemovalReason.UNVERIFIED: 1}
    assert counted.total == 3


def test_removals_are_told_by_release_and_in_one_word() -> None:
    first, second = replace(RELEASE, number=1, removed=0), replace(RELEASE, number=2, removed=1)
    gone = make_outcomes(("b" * 64, ["b.png"], "exclude", ["takedown"], ""))
    removals = gather_removals(
        [(first, {}, OUTCOMES.empty_table()), (second, {}, gone)], [3_000, 3_400], [7_000], 3
    )
    assert [(r["release"], r["reason"]) for r in removals.table.to_pylist()] == [(2, "takedown")]
    since = build_log(make_facts(removals=removals))["since"]
    assert since == {
        "newest_release": 3,
        "taken_down": {"assets": 2, "acknowledged_at": ["1970-01-01T00:00:03Z"]},
        "withdrawn": {"assets": 1, "acknowledged_at": ["1970-01-01T00:00:07Z"]},
    }


def test_a_release_whose_removals_are_lost_is_told_as_not_listed() -> None:
    removals = gather_removals([(replace(RELEASE, removed=4), {}, None)], [], [], 1)
    (told,) = removals.releases
    assert (told["removed"], told["is_listed"], told["by_reason"]) == (4, False, {})


def test_only_what_is_known_to_be_public_is_kept_of_release_json() -> None:
    described = {"id": "x", "root": "/home/zaphod", "approved_by": "Zaphod", "number": 3}
    assert keep_public(described) == {"id": "x", "number": 3}


def test_weights_from_a_file_are_told_without_their_path() -> None:
    told = keep_public({"encoder": {"name": "open_clip:ViT-B-32//home/z/w.pt", "fingerprint": "f"}})
    assert told["encoder"] == {"name": "open_clip:ViT-B-32/a file", "fingerprint": "f"}
    plain = {"encoder": {"name": "open_clip:ViT-B-32/laion2b"}}
    assert keep_public(plain) == plain


def rule_twice(database: Database, count: int, *, apart: int) -> None:
    ask(database, *(make_question(n) for n in range(count)))
    for n in range(count):
        rule(database, n, "Zaphod")
        rule(database, n, "Trillian", "exclude" if n < apart else "approve")


def test_agreement_is_measured_over_what_two_persons_ruled_on(database: Database) -> None:
    rule_twice(database, 24, apart=0)
    release = replace(RELEASE, dataset=DATASET, created_ms=LATER)
    with database.snapshot() as session:
        review = read_review(session, release)
    assert (review.rulings, review.agreement.reviewers) == (48, 2)
    assert (review.agreement.raw.items, review.agreement.raw.estimate) == (24, 1.0)
    told = build_review(make_facts(release=release, review=review))
    assert "Zaphod" not in str(told)
    assert told["agreement"]["measures"][0]["low"] < 1


def test_disagreement_that_a_lead_has_not_settled_counts(database: Database) -> None:
    rule_twice(database, 24, apart=6)
    with database.snapshot() as session:
        review = read_review(session, replace(RELEASE, dataset=DATASET, created_ms=LATER))
    assert review.agreement.raw.estimate == pytest.approx(0.75)


def test_rulings_after_the_release_do_not_count(database: Database) -> None:
    rule_twice(database, 3, apart=0)
    with database.snapshot() as session:
        release = replace(RELEASE, dataset=DATASET, created_ms=1)
        assert read_ratings(session, release) == []
        assert read_review(session, release).rulings == 0
        assert len(read_rulings(session, DATASET)) == 6


def test_a_sample_of_the_release_is_told_without_what_was_drawn(database: Database) -> None:
    put_release(database)
    drafted, _ = draw(database)
    with database.snapshot() as session:
        release = replace(RELEASE, dataset=DATASET, id=drafted.release_id)
        review = read_review(session, release)
    assert review.assurance is not None
    assert "drawn" not in review.assurance
    assert review.claim.en.startswith("Nothing can be claimed yet")


def test_strata_that_are_folders_are_told_by_number(database: Database) -> None:
    put_release(database)
    drafted, _ = draw(database)
    with database.snapshot() as session:
        review = read_review(session, replace(RELEASE, dataset=DATASET, id=drafted.release_id))
    assert review.assurance is not None
    assert [s["name"] for s in review.assurance["strata"]] == ["folder 1", "folder 2"]
    assert "cats" not in str(review.assurance)

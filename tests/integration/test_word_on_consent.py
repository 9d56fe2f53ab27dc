"""A likeness or a name that turns out harmless says nothing about consent."""

from __future__ import annotations

import pytest

from models.errors import ReviewError
from models.review.queue import Question, decide, enqueue, lease_next
from models.review.reason_codes import RulingKind, RulingReason, asks_about_consent, reasons_for
from models.store.database import Database

ASSET = "5f" * 32


def rule(database: Database, reasons: list[str], ruling: str, code: str, note: str = "") -> str:
    """Ask about an asset for these reasons, and rule on it."""
    question = Question(
        asset_id=ASSET, digest="a1" * 32, priority=1, evidence={"asset": {}, "reasons": reasons}
    )
    with database.transaction() as session:
        enqueue(session, "set", [question], still_asked=None)
        item = lease_next(session, "mika")
        assert item is not None
        token, version = item.lease_token, item.version
    with database.transaction() as session:
        ruled = decide(session, item.id, token, version, ruling, code, note, "mika")
    return ruled.ruling_id


@pytest.mark.parametrize(
    "reasons", [["motif_contained", "consent_malformed"], ["consent_conflict", "name_protected"]]
)
@pytest.mark.parametrize("code", ["other_motif", "ordinary_word", "nothing_found"])
def test_another_reason_does_not_let_it_through(
    database: Database, reasons: list[str], code: str
) -> None:
    with pytest.raises(ReviewError, match="Consent is in doubt"):
        rule(database, reasons, "approve", code)


@pytest.mark.parametrize(
    ("code", "note"), [("consent_confirmed", ""), ("approved_otherwise", "the contract covers it")]
)
def test_a_word_on_consent_does(database: Database, code: str, note: str) -> None:
    assert rule(database, ["motif_contained", "consent_malformed"], "approve", code, note)


def test_it_can_always_be_excluded(database: Database) -> None:
    assert rule(database, ["motif_contained", "consent_malformed"], "exclude", "copied_motif")


def test_where_consent_is_clear_any_reason_that_fits_is_taken(database: Database) -> None:
    assert rule(database, ["motif_contained"], "approve", "other_motif")


def test_a_new_caption_alone_settles_no_doubt_about_consent() -> None:
    assert reasons_for(RulingKind.REWRITE, ["name_protected"])
    assert reasons_for(RulingKind.REWRITE, ["name_protected", "consent_malformed"]) == ()


def test_every_reason_to_exclude_is_offered_whatever_is_asked() -> None:
    everything = reasons_for(RulingKind.EXCLUDE)
    assert reasons_for(RulingKind.EXCLUDE, ["consent_malformed"]) == everything
    assert RulingReason.CONSENT_MISSING in everything


def test_names_and_motifs_alone_do_not_ask_about_consent() -> None:
    assert not asks_about_consent(["motif_contained", "name_protected", "image_animated"])

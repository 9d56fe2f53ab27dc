"""Evidence: added and never changed; the last look counts, and a failed look allows nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from models.canonical import digest_bytes
from models.consent.evidence.bodies import has_body, keep_body, read_body
from models.consent.evidence.observation import Observation, Outcome, Said
from models.consent.evidence.recording import latest_evidence, read_cursors, record
from models.consent.evidence.view import EvidenceView, FetchedDocument, Heard, document_source
from models.consent.purposes import Preference, Purpose
from models.consent.statements import Condition, Statement
from models.consent.subjects import Subject, SubjectKind
from models.store.database import Database

URL = Subject(SubjectKind.URL, "https://a.example/1.png")
OTHER = Subject(SubjectKind.URL, "https://a.example/2.png")
SOURCE = "web:https://a.example/1.png"
REFUSES = Statement(
    "robots-tag", "X-Robots-Tag", {Purpose.GENERATIVE_TRAINING: Preference.NOT_ALLOWED}
)
ALLOWS = Statement("tdmrep", "tdmrep.json", {Purpose.GENERATIVE_TRAINING: Preference.ALLOWED})
UNREAD = Statement("web", "https://a.example/", condition=Condition.UNDETERMINED)


def look(
    *statements: Statement, outcome: Outcome = Outcome.READ, subject: Subject = URL, at: int = 100
) -> Observation:
    said = tuple(Said(subject, statement) for statement in statements)
    return Observation(SOURCE, "web", outcome, at, said, body=b"body")


def view(database: Database, until: int | None = None) -> EvidenceView:
    with database.snapshot() as session:
        return EvidenceView(database, latest_evidence(session) if until is None else until)


def said_of(database: Database, until: int | None = None) -> list[Statement]:
    return [h.statement for h in view(database, until).about({URL}).get(URL, ())]


def test_what_was_recorded_is_found_by_its_subject(database: Database, tmp_path: Path) -> None:
    record(database, tmp_path, [look(REFUSES)])
    assert view(database).about({URL, OTHER}) == {URL: (Heard(SOURCE, URL, REFUSES),)}


def test_the_last_look_at_a_source_counts(database: Database, tmp_path: Path) -> None:
    record(database, tmp_path, [look(REFUSES), look(ALLOWS)])
    assert said_of(database) == [ALLOWS]


def test_a_source_that_is_gone_says_nothing_any_more(database: Database, tmp_path: Path) -> None:
    record(database, tmp_path, [look(REFUSES), look(outcome=Outcome.ABSENT)])
    assert said_of(database) == []


def test_a_failed_look_keeps_the_refusal_and_asks(database: Database, tmp_path: Path) -> None:
    record(database, tmp_path, [look(REFUSES, ALLOWS), look(UNREAD, outcome=Outcome.UNDETERMINED)])
    kept, asks = said_of(database)
    assert kept.preferences == REFUSES.preferences
    assert kept.notes == ("said when the source could last be read",)
    assert asks == UNREAD


def test_a_failed_look_keeps_no_grant(database: Database, tmp_path: Path) -> None:
    record(database, tmp_path, [look(ALLOWS), look(UNREAD, outcome=Outcome.UNDETERMINED)])
    assert said_of(database) == [UNREAD]


def test_a_refusal_stands_through_any_number_of_failed_looks(
    database: Database, tmp_path: Path
) -> None:
    record(database, tmp_path, [look(REFUSES)])
    record(database, tmp_path, [look(UNREAD, outcome=Outcome.UNDETERMINED)] * 3)
    assert [s.preferences for s in said_of(database)] == [REFUSES.preferences, {}]


def test_a_view_does_not_see_what_came_after_it(database: Database, tmp_path: Path) -> None:
    record(database, tmp_path, [look(REFUSES)])
    before = view(database)
    record(database, tmp_path, [look(ALLOWS)])
    assert [h.statement for h in before.about({URL})[URL]] == [REFUSES]


def test_a_subject_that_a_source_speaks_of_no_more_is_silent(
    database: Database, tmp_path: Path
) -> None:
    record(database, tmp_path, [look(REFUSES), look(REFUSES, subject=OTHER)])
    assert list(view(database).about({URL, OTHER})) == [OTHER]


def test_more_subjects_than_fit_into_one_query_are_all_found(
    database: Database, tmp_path: Path
) -> None:
    subjects = [Subject(SubjectKind.URL, f"https://a.example/{i}.png") for i in range(1203)]
    said = tuple(Said(subject, REFUSES) for subject in subjects)
    record(database, tmp_path, [replace(look(), said=said)])
    assert set(view(database).about(subjects)) == set(subjects)


def test_the_bytes_that_were_read_are_kept_and_checked(tmp_path: Path) -> None:
    digest = keep_body(tmp_path, b"what was read")
    assert digest == digest_bytes(b"what was read")
    assert read_body(tmp_path, digest) == b"what was read"
    assert has_body(tmp_path, digest)
    assert not has_body(tmp_path, digest_bytes(b"something else"))
    assert not has_body(tmp_path, "../../etc/passwd")
    (tmp_path / "evidence" / digest[:2] / digest).write_bytes(b"something else")
    assert read_body(tmp_path, digest) is None
    assert read_body(tmp_path, "../../etc/passwd") is None


def test_a_fetched_document_is_known_by_its_digest(database: Database, tmp_path: Path) -> None:
    source = document_source("https://a.example/licence")
    read = Observation(source, "document", Outcome.READ, 100, body=b"terms")
    record(database, tmp_path, [read])
    assert view(database).documents(["https://a.example/licence", "https://b.example/"]) == {
        "https://a.example/licence": FetchedDocument(digest_bytes(b"terms"), None)
    }
    record(database, tmp_path, [replace(read, outcome=Outcome.UNDETERMINED, body=b"")])
    assert view(database).documents(["https://a.example/licence"]) == {}


def test_the_last_look_at_each_source_is_listed(database: Database, tmp_path: Path) -> None:
    record(database, tmp_path, [look(REFUSES), look(outcome=Outcome.ABSENT, at=200)])
    [state] = view(database).sources("web:")
    assert (state.source, state.outcome, state.observed_at) == (SOURCE, Outcome.ABSENT, 200)
    assert view(database).sources("list:") == ()


def test_a_cursor_moves_with_what_was_read(database: Database, tmp_path: Path) -> None:
    assert read_cursors(database).get("eip155:1/0xabc") is None
    record(database, tmp_path, [look(REFUSES)], {"eip155:1/0xabc": {"next_block": 7}})
    assert read_cursors(database).get("eip155:1/0xabc") == {"next_block": 7}

"""Terms from end to end: a run finds them, a person decides one, and the next run follows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from flows.cleanse import cleanse
from models.canonical import digest_of
from models.nouns import pipeline
from models.nouns.recognition import Certainty, NounText, Sighting, Source, term_of
from models.nouns.terms.listing import TermFilter, list_terms
from models.nouns.terms.rulings import rule_term, undo_term
from models.review.queue import ItemState, count_items, list_items
from models.settings import Settings
from models.store.database import Database
from models.store.schema import open_database
from models.summary import Summary
from tests.pipeline import draw_dataset, make_settings, outcomes_of, release_of

pytestmark = pytest.mark.prefect
SET = "set"
CAPTIONS = {
    0: "1girl, moonlit_reverie, smile",
    1: "1girl, soft_glow, moonlit_reverie",
    2: "1girl, soft_glow",
    3: "1girl, smile",
}


class Unlisted:
    """Takes two made-up tags for unknown terms."""

    name = "unlisted/1"
    fingerprint = digest_of("unlisted/1")

    def recognise(self, texts: Sequence[NounText]) -> list[list[Sighting]]:
        return [
            [
                Sighting(
                    *(start, start + len(tag), tag, Certainty.UNKNOWN, "", self.name, 0.8),
                    explanation=f"{tag!r} is on no list.",
                    term=term_of(tag),
                )
                for tag in ("moonlit_reverie", "soft_glow")
                if (start := text.text.find(tag)) >= 0 and text.source is Source.CAPTION
            ]
            for text in texts
        ]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(pipeline, "assemble", lambda *_: (Unlisted(),))
    return make_settings(tmp_path)


@pytest.fixture
def store(settings: Settings) -> Iterator[Database]:
    database = open_database(settings.resolved_database_url)
    yield database
    database.dispose()


def _run(root: Path, settings: Settings) -> Summary:
    return Summary.from_dict(
        cleanse(str(root), dataset=SET, settings=settings.model_dump(mode="json"))
    )


def _waiting(database: Database) -> set[str]:
    with database.snapshot() as session:
        return {item.name for item in list_items(session, dataset=SET).items}


def _rule(database: Database, term: str, category: str = "") -> Any:
    with database.transaction() as session:
        return rule_term(session, SET, term, category, "mika")


def _terms(database: Database, show: Any = "open") -> list[tuple[str, int]]:
    with database.snapshot() as session:
        return [(t.term, t.assets) for t in list_terms(session, TermFilter(SET, show))]


def _reverie_and_glow(outcomes: dict[str, tuple[str, str]]) -> list[str]:
    return [outcomes[f"{n:03d}.png"][0] for n in range(4)]


def test_a_term_that_only_describes_releases_its_assets_and_undone_holds_them_again(
    tmp_path: Path, settings: Settings, store: Database
) -> None:
    root = draw_dataset(tmp_path / SET, 4, CAPTIONS)
    first = _run(root, settings)
    assert (first.counts["review"], first.counts["clear"], first.open_terms) == (3, 1, 2)
    assert _terms(store) == [("moonlit reverie", 2), ("soft glow", 2)]

    ruled = _rule(store, "soft_glow")
    assert ruled.superseded == 1
    assert _waiting(store) == {"000.png", "001.png"}

    second = _run(root, settings)
    assert _reverie_and_glow(outcomes_of(settings, SET)) == ["review", "review", "clear", "clear"]
    assert _waiting(store) == {"000.png", "001.png"}
    assert (second.open_items, second.open_terms) == (2, 1)
    assert sum(stage.examined for stage in second.stages if stage.stage != "features") == 0
    assert _terms(store, "decided") == [("soft glow", 2)]

    assert _rule(store, "moonlit_reverie").superseded == 2
    assert _run(root, settings).counts["clear"] == 4
    assert _terms(store, "all") == [("moonlit reverie", 2), ("soft glow", 2)]

    with store.transaction() as session:
        assert undo_term(session, ruled.rulings[0].id, "jun").reopened == 1
    assert _waiting(store) == {"002.png"}
    last = _run(root, settings)
    assert _reverie_and_glow(outcomes_of(settings, SET)) == ["clear", "review", "review", "clear"]
    assert _waiting(store) == {"001.png", "002.png"}
    assert last.removed == 2
    removed = pq.read_table(release_of(settings, SET).path(settings.workspace) / "removed.parquet")
    assert {row["reasons"][0] for row in removed.to_pylist()} == {"unknown_term"}


def test_a_term_that_is_a_name_is_treated_as_the_policy_says_and_keeps_its_count(
    tmp_path: Path, settings: Settings, store: Database
) -> None:
    root = draw_dataset(tmp_path / SET, 4, CAPTIONS)
    _run(root, settings)
    _rule(store, "moonlit_reverie", "artist")
    assert _waiting(store) == {"000.png", "001.png", "002.png"}
    _run(root, settings)
    assert _reverie_and_glow(outcomes_of(settings, SET)) == [
        *("exclude", "exclude", "review", "clear")
    ]
    assert _terms(store, "decided") == [("moonlit reverie", 2)]
    with store.snapshot() as session:
        (counts,) = count_items(session, SET)
    assert (counts.open, counts.superseded) == (1, 2)


def test_a_term_decided_while_a_run_goes_on_is_not_asked_about_by_it(
    tmp_path: Path, settings: Settings, store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows import cleanse as flow

    root = draw_dataset(tmp_path / SET, 4, CAPTIONS)
    _run(root, settings)
    asked = flow.enqueue_review

    def rule_then_ask(*given: Any) -> Any:
        _rule(store, "soft_glow")
        return asked(*given)

    monkeypatch.setattr(flow, "enqueue_review", rule_then_ask)
    (root / "003.txt").write_text("1girl, grin", encoding="utf-8")
    _run(root, settings)
    assert _waiting(store) == {"000.png", "001.png"}
    with store.snapshot() as session:
        found = list_items(session, dataset=SET, states=frozenset({ItemState.SUPERSEDED}))
    assert [item.name for item in found.items] == ["002.png"]

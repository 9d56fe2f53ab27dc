"""Looking a name up in any spelling that counts as the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from models.nouns.matching.ambiguity import Ordinary
from models.nouns.register.entries import NameEntry, Surface
from models.nouns.register.search import SearchResult, find_names, list_names, search_names
from models.nouns.register.storage import add_name
from models.nouns.register.strength import explain_ambiguity
from models.nouns.vocabulary import Vocabulary
from models.nouns.words import make_lexicon
from models.store.database import Database
from models.store.tables import Base


@pytest.fixture
def filled(database: Database) -> Database:
    with database.transaction() as session:
        add_name(session, "hatsune_miku", "character", surfaces=["初音ミク", "はつね"])
        add_name(session, "miku_(append)", "character")
        add_name(session, "saber", "character", surfaces=["Saber!?"])
        add_name(session, "saber_(fate)", "character")
        add_name(session, "Café №5", "brand")
    return database


def search(database: Database, wanted: str, limit: int = 20) -> SearchResult:
    with database.snapshot() as session:
        return search_names(session, wanted, limit)


@pytest.mark.parametrize(
    "wanted",
    [
        "hatsune_miku",
        "HATSUNE-MIKU",
        "ｈａｔｓｕｎｅ　ｍｉｋｕ",
        "hátsune\u200b miku",
        "初音ﾐｸ",
        "初音みく",
        "ハツネ",
    ],
)
def test_every_spelling_that_captions_are_searched_for_finds_the_name(
    filled: Database, wanted: str
) -> None:
    result = search(filled, wanted)
    assert result.exact
    assert [found.entry.name for found in result.names] == ["hatsune_miku"]


def test_a_name_without_its_qualifier_is_found_beside_the_one_that_has_none(
    filled: Database,
) -> None:
    result = search(filled, "Saber")
    assert [found.entry.name for found in result.names] == ["saber", "saber_(fate)"]
    assert (result.total, result.exact, result.holding) == (2, True, 0)


def test_without_an_equal_spelling_those_that_hold_it_are_found_shortest_first(
    filled: Database,
) -> None:
    result = search(filled, "mik")
    assert [found.entry.name for found in result.names] == ["miku_(append)", "hatsune_miku"]
    assert (result.total, result.exact, result.holding) == (2, False, 0)


def test_an_equal_spelling_goes_before_those_that_hold_it(filled: Database) -> None:
    result = search(filled, "miku")
    assert [found.entry.name for found in result.names] == ["miku_(append)"]
    assert (result.total, result.exact, result.holding) == (1, True, 1)


def test_words_run_together_hold_the_name_but_are_not_equal_to_it(filled: Database) -> None:
    result = search(filled, "hatsunemiku")
    assert [found.entry.name for found in result.names] == ["hatsune_miku"]
    assert not result.exact


def test_no_more_than_the_limit_are_shown_and_all_are_counted(filled: Database) -> None:
    result = search(filled, "a", limit=2)
    assert (len(result.names), result.total) == (2, 5)


@pytest.mark.parametrize("wanted", ["", "!?", "\ud800", "\0", "no such name", "x" * 100_000])
def test_what_is_nowhere_finds_nothing(filled: Database, wanted: str) -> None:
    assert search(filled, wanted) == SearchResult((), 0, False, 0)


@pytest.fixture(scope="module")
def memory() -> Iterator[Database]:
    database = Database("sqlite://")
    Base.metadata.create_all(database.engine)
    with database.transaction() as session:
        add_name(session, "hatsune_miku", "character")
    yield database
    database.dispose()


@settings(deadline=None)
@given(wanted=st.text(st.characters()))
def test_no_search_fails(memory: Database, wanted: str) -> None:
    result = search(memory, wanted)
    assert len(result.names) == result.total <= 1


@pytest.mark.parametrize(
    ("spelling", "why"),
    [
        ("hatsune_miku", ""),
        ("rose_(touhou)", ""),
        ("Rose", "ordinary word: rose"),
        ("red rose", "ordinary words: red, rose"),
        ("xyz", "too short to be told from a word"),
        ("long_hair", "a descriptive tag of the vocabulary"),
        ("!?", "nothing that can be searched for"),
    ],
)
def test_the_reason_is_told_why_a_spelling_does_not_count_by_itself(
    spelling: str, why: str
) -> None:
    lexicon = make_lexicon(["rose", "red"], [])
    ordinary = Ordinary(lexicon, Vocabulary(frozenset({"long hair"})))
    assert explain_ambiguity(Surface(spelling), ordinary) == why


def test_a_given_name_alone_does_not_count_by_itself() -> None:
    assert "others may bear" in explain_ambiguity(Surface("Kirari", "given"), Ordinary())


@pytest.mark.parametrize(
    "look",
    [
        lambda session: list_names(session)[0],
        lambda session: find_names(session, "pikachu")[0],
        lambda session: search_names(session, "pikachu").names[0].entry,
    ],
)
def test_a_look_sees_what_changed_since_the_last_one(
    database: Database, look: Callable[[Session], NameEntry]
) -> None:
    with database.transaction() as session:
        for owner in ("one", "two"):
            add_name(session, "pikachu", "character", owner=owner)
            assert look(session).owner == owner


@pytest.mark.parametrize(
    ("name", "category", "wanted", "how"),
    [
        ("saber_(fate)", "character", "Saber", "without its qualifier"),
        (
            "アスカ・ラングレー",
            "character",
            "アスカラングレー",
            "without the dots between its parts",
        ),
        ("hatsune_miku", "character", "Miku Hatsune", "with its parts the other way round"),
        ("hatsune_miku", "character", "Hatsune Miku", ""),
    ],
)
def test_a_spelling_that_is_added_by_rule_is_found_and_says_by_which(
    sqlite_database: Database, name: str, category: str, wanted: str, how: str
) -> None:
    with sqlite_database.transaction() as session:
        add_name(session, name, category)
        found = search_names(session, wanted)
    assert (found.exact, [(each.entry.name, each.how) for each in found.names]) == (
        True,
        [(name, how)],
    )

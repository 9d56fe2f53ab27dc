"""`kiyome terms`: what it says and does, on a workspace with terms in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click import UsageError
from click.testing import CliRunner

from flows.cli.terms import terms
from models.errors import AlreadyRuledError, ReviewError
from models.nouns.register.storage import list_names
from models.nouns.terms.records import effective_term_rulings
from models.store.database import Database
from models.store.schema import open_database
from tests.term_seed import ask_about, store_terms, unknown

REVERIE = "1girl, moonlit_reverie"
GLOW = "soft_glow, \u202esmile"


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KIYOME_SETTINGS", raising=False)
    monkeypatch.setenv("LOGNAME", "mika")
    (tmp_path / "workspace" / "datasets" / "set").mkdir(parents=True)
    opened = open_database(f"sqlite:///{tmp_path / 'workspace' / 'kiyome.db'}")
    captions = {
        "0.png": (REVERIE, [unknown(REVERIE, "moonlit_reverie", 0.9, "work")]),
        "1.png": (GLOW, [unknown(GLOW, "soft_glow", 0.2)]),
        "2.png": (GLOW, [unknown(GLOW, "soft_glow", 0.2)]),
    }
    store_terms(opened, "set", captions)
    ask_about(opened, "set", {name: findings for name, (_, findings) in captions.items()})
    yield opened
    opened.dispose()


def say(*words: str) -> str:
    return CliRunner().invoke(terms, words, catch_exceptions=False, standalone_mode=False).output


def complain(*words: str) -> BaseException | None:
    return CliRunner().invoke(terms, words, standalone_mode=False).exception


def rulings(database: Database) -> dict[str, str]:
    with database.snapshot() as session:
        return {t: r.category for t, r in effective_term_rulings(session, "set").items()}


def test_the_list_shows_how_many_how_likely_and_what(database: Database) -> None:
    lines = [line.split() for line in say("list").splitlines()]
    assert lines == [
        ["1", "likely", "a", "name,", "work?", "moonlit_reverie"],
        ["2", "hardly", "a", "name", "soft_glow"],
    ]


def test_a_list_that_is_cut_says_how_many_more_there_are(database: Database) -> None:
    assert "and 1 more" in say("list", "--limit", "1")


def test_a_list_without_terms_says_so(database: Database) -> None:
    assert say("list", "--decided") == "set has no decided terms.\n"
    assert say("list", "--search", "nowhere") == "No such term.\n"


def test_a_term_is_shown_with_its_texts_and_control_characters_escaped(database: Database) -> None:
    shown = say("show", "Soft-Glow")
    assert "on 2 assets" in shown
    assert "2 of the waiting review items" in shown
    assert "1.png: >>soft_glow<<, \\u202esmile" in shown
    assert "\u202e" not in shown


def test_a_term_that_is_not_there_is_refused_with_what_may_be_meant(database: Database) -> None:
    assert "Did you mean 'moonlit_reverie'?" in str(complain("show", "reverie"))
    assert "terms list --all" in str(complain("show", "nowhere"))


def test_a_description_is_ruled_with_what_becomes_of_the_items(database: Database) -> None:
    said = say("rule", "soft_glow", "--descriptive")
    assert said.startswith("Ruled: 'soft_glow' only describes.\n2 review items are no longer asked")
    assert rulings(database) == {"soft glow": ""}
    assert "(mika)" in say("list", "--decided")


def test_a_name_is_left_to_the_policy_and_can_be_registered(database: Database) -> None:
    said = say("rule", "moonlit_reverie", "--name", "work", "--register", "--by", "jun")
    assert "the policy for work decides its 1 asset." in said
    assert "registered for all datasets" in said
    with database.snapshot() as session:
        assert [(e.name, e.category) for e in list_names(session)] == [("moonlit_reverie", "work")]


def test_a_dry_run_writes_nothing(database: Database) -> None:
    said = say("rule", "soft_glow", "--name", "work", "--register", "--dry-run")
    assert said.splitlines()[-1].startswith("Nothing was written")
    assert "2 review items would be" in say("rule", "soft_glow", "--descriptive", "--dry-run")
    assert rulings(database) == {}
    with database.snapshot() as session:
        assert list_names(session) == []


@pytest.mark.parametrize(
    "words",
    [(), ("--descriptive", "--name", "work"), ("--descriptive", "--register")],
    ids=["neither", "both", "description registered"],
)
def test_a_ruling_must_say_one_thing(database: Database, words: tuple[str, ...]) -> None:
    assert isinstance(complain("rule", "soft_glow", *words), UsageError)


def test_a_second_ruling_is_refused_unless_it_replaces_the_first(database: Database) -> None:
    say("rule", "soft_glow", "--descriptive")
    refused = complain("rule", "soft_glow", "--name", "work", "--by", "jun")
    assert isinstance(refused, AlreadyRuledError)
    assert "mika ruled on" in str(refused)
    said = say("rule", "soft_glow", "--name", "work", "--by", "jun", "--replace")
    assert "The earlier ruling is undone." in said
    assert "You had ruled so before" in say("rule", "soft_glow", "--name", "work", "--by", "jun")


def test_a_ruling_is_undone_and_both_steps_are_shown(database: Database) -> None:
    say("rule", "soft_glow", "--descriptive", "--note", "light")
    assert "2 review items are asked about again." in say("undo", "soft_glow", "--by", "jun")
    assert rulings(database) == {}
    shown = say("show", "soft_glow")
    assert "mika: 'soft_glow' only describes (light); undone" in shown
    assert "by jun" in shown


def test_what_is_not_decided_cannot_be_undone(database: Database) -> None:
    assert isinstance(complain("undo", "soft_glow"), ReviewError)


def test_a_list_is_written_filled_in_and_imported(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "terms.csv"
    assert "2 terms are in" in say("list", "--csv", str(file))
    text = file.read_text("utf-8-sig")
    file.write_text(text.replace("soft glow,", "soft glow,descriptive", 1), "utf-8")
    said = say("import", str(file))
    assert "1 to rule (1 descriptive, 0 names), 0 known, 1 without a ruling, 0 that" in said
    assert rulings(database) == {}
    said = say("import", str(file), "--yes")
    assert "2 review items are no longer asked about." in said
    assert rulings(database) == {"soft glow": ""}
    assert "1 known" in say("import", str(file), "--yes")


def test_an_import_names_the_lines_that_cannot_be_used(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "terms.csv"
    file.write_text("term,ruling,category\na,maybe,\nb,name,\nc,name,work\n", "utf-8")
    said = say("import", str(file), "--yes").splitlines()
    assert [line.split(":")[1] for line in said[:2]] == ["2", "3"]
    assert rulings(database) == {"c": "work"}


def test_a_term_that_was_decided_before_it_came_can_be_seen_and_undone(
    database: Database, tmp_path: Path
) -> None:
    (tmp_path / "terms.csv").write_text("term,ruling,category\nc,name,work\n", "utf-8")
    say("import", "terms.csv", "--yes")
    assert "names a work" in say("list", "--decided")
    say("undo", "c")
    assert "c" not in say("list", "--all").split()


def test_help_has_an_example_for_every_command() -> None:
    for name in terms.commands:
        assert f"kiyome terms {name}" in say(name, "--help")

"""kiyome register: what a person types to look into the register of names, and what is shown."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from flows.cli import kiyome
from flows.diagnosis import Health
from flows.doctoring import check_names
from models.errors import RegisterError, WorkspaceError
from models.nouns.register.age import record_list
from models.nouns.register.storage import add_name
from models.settings import load_settings
from models.store.database import now_ms
from models.store.schema import open_database

DAY = 86_400_000
HOSTILE = "a\x1b[2J\u202egnp"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KIYOME_SETTINGS", raising=False)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(kiyome, ["register", *words])


def add(name: str, *more: str) -> Result:
    return run("names", "add", name, "--category", "character", *more)


def age_list(source: str, days: int) -> None:
    database = open_database(load_settings().resolved_database_url)
    with database.transaction() as session:
        add_name(session, "mew", "character", source=source)
        dated = now_ms(session) - days * DAY
        record_list(session, source, "csv", "", "a" * 64, 1, dated)
    database.dispose()


@pytest.mark.usefixtures("folder")
def test_a_search_shows_everything_that_is_known_of_a_name() -> None:
    words = ["--also", "初音ミク", "--also", "rose", "--language", "en", "--owner", "Crypton"]
    add("hatsune_miku", *words, "--source", "a list", "--licence", "CC0")
    shown = run("search", "HATSUNE MIKU").output
    for title, value in [
        ("category", "character"),
        ("owner", "Crypton"),
        ("source", "a list"),
        ("licence", "CC0"),
        ("added", r"\d{4}-\d\d-\d\d"),
        ("id", "[0-9a-f]{64}"),
    ]:
        assert re.search(rf"^  {title} +{value}$", shown, re.MULTILINE)
    assert re.search(r"hatsune_miku +official +en +Latn +plain", shown)
    assert re.search(r"初音ミク +alias +- +Jpan +plain", shown)
    assert re.search(r"rose +alias +- +Latn +ambiguous \(ordinary word: rose\)", shown)


@pytest.mark.usefixtures("folder")
def test_a_search_says_how_many_more_there_are() -> None:
    for name in ("miku one", "miku two", "miku three"):
        add(name)
    shown = run("search", "miku", "--limit", "1").output
    assert "No name is spelt so; 3 hold it." in shown
    assert "and 2 more (--limit 3)" in shown
    add("miku")
    assert "3 more hold it: `kiyome register names list`" in run("search", "miku").output


@pytest.mark.usefixtures("folder")
def test_a_search_for_what_is_not_there_says_so() -> None:
    add("mew")
    assert "No such name is registered" in run("search", "pikachu").output


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("words", [("search", "x"), ("diff",), ("stale",)])
def test_who_only_looks_makes_no_workspace(words: tuple[str, ...]) -> None:
    assert isinstance(run(*words).exception, WorkspaceError)
    assert not Path("workspace").exists()


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "words", [("search", "gnp"), ("diff",), ("diff", "--json"), ("names", "list"), ("stale",)]
)
def test_hostile_names_and_sources_are_shown_and_not_obeyed(words: tuple[str, ...]) -> None:
    add(HOSTILE, "--also", f"{HOSTILE} two", "--source", HOSTILE, "--by", HOSTILE)
    result = run(*words, *(["--days", "0"] if words == ("stale",) else []))
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "gnp" in result.output
    assert "\x1b" not in result.output
    assert "\u202e" not in result.output


@pytest.mark.usefixtures("folder")
def test_the_difference_is_that_of_the_last_change_unless_versions_are_given() -> None:
    add("mew", "--by", "Aiko")
    add("eevee", "--also", "イーブイ", "--by", "Ben")
    add("mew", "--also", "ミュウ", "--language", "en", "--owner", "Nintendo", "--by", "Ben")
    last = run("diff").output
    assert "Between versions 2 and 3" in last
    assert "by Ben" in last
    assert "changed  character  mew  + ミュウ; mew: official -> official, en; owner:" in last
    assert last.endswith("0 added, 0 removed, 1 changed.\n")
    assert "added    character  eevee  also: イーブイ" in run("diff", "1").output
    assert "by Aiko, Ben" in run("diff", "0", "3").output
    assert run("diff", "1", "1").output == (
        "Nothing differs between versions 1 and 1 of the register.\n"
    )
    assert isinstance(run("diff", "4").exception, RegisterError)


@pytest.mark.usefixtures("folder")
def test_a_removal_is_told_by_the_difference() -> None:
    add("mew", "--also", "ミュウ")
    run("names", "remove", "mew", "--yes")
    assert "removed  character  mew  also: ミュウ" in run("diff").output


@pytest.mark.usefixtures("folder")
def test_a_long_difference_is_cut_for_people_and_whole_as_json() -> None:
    Path("names.csv").write_text("name,category\n" + "".join(f"n{n:03},work\n" for n in range(60)))
    run("import", "names.csv")
    assert "… and 10 more (--json prints all)." in run("diff").output
    told = json.loads(run("diff", "--json").output)
    assert (told["from"], told["to"], len(told["added"])) == (0, 1, 60)
    assert told["added"][0]["surfaces_added"] == [
        {"text": "n000", "kind": "official", "language": "", "script": "Latn"}
    ]


@pytest.mark.usefixtures("folder")
def test_a_stale_list_is_named_with_its_age_and_what_to_do() -> None:
    add("pikachu", "--owner", "Nintendo")
    assert (run("stale").exit_code, run("stale").output) == (0, "No list is older than 90 days.\n")
    age_list("the old list", 100)
    result = run("stale")
    assert result.exit_code == 1
    assert re.match(r"the old list, dated [0-9-]{10}, 100 days old: 1 name\n", result.output)
    assert "import it with `kiyome register import FILE`" in result.output
    assert run("stale", "--days", "101").exit_code == 0


@pytest.mark.usefixtures("folder")
def test_the_doctor_warns_of_a_list_that_has_grown_old() -> None:
    add("pikachu", "--owner", "Nintendo")
    assert check_names(load_settings()).health is Health.GOOD
    age_list(HOSTILE, 100)
    diagnosis = check_names(load_settings())
    assert diagnosis.health is Health.WARNING
    assert "2 registered; grown old: a\\x1b[2J\\u202egnp, dated" in diagnosis.found
    assert "kiyome register stale" in diagnosis.mend


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("words", [("import",), ("names", "import")])
def test_a_list_is_imported_by_either_command(words: tuple[str, ...]) -> None:
    Path("names.csv").write_text("name,category\nmew,character\n,character\n")
    result = run(*words, "names.csv")
    assert "1 of 2 rows are in the register." in result.output
    assert "names.csv:3: The name is empty." in result.output
    assert "mew" in run("names", "list").output


@pytest.mark.parametrize(
    "words",
    [("import",), ("search",), ("diff",), ("stale",), ("names", "add"), ("names", "list")],
)
def test_every_command_teaches_by_an_example(words: tuple[str, ...]) -> None:
    shown = run(*words, "--help").output
    assert "Example" in shown
    assert len(shown.splitlines()) > 10

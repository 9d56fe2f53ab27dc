"""`kiyome accounts`: making the first account, and looking after the others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from flows.cli.accounts import ROLES, accounts
from models.accounts.links import LinkPurpose, find_link
from models.accounts.roles import Role
from models.errors import AccountError
from models.store.schema import open_database


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KIYOME_SETTINGS", raising=False)
    return tmp_path


def say(*words: str) -> str:
    return CliRunner().invoke(accounts, words, catch_exceptions=False, standalone_mode=False).output


def complain(*words: str) -> str:
    error = CliRunner().invoke(accounts, words, standalone_mode=False).exception
    assert isinstance(error, AccountError), error
    return str(error)


def test_the_roles_that_can_be_named_are_those_that_there_are() -> None:
    assert {*ROLES} == {role.value for role in Role}


def test_the_first_account_gets_a_link_and_ends_names_alone(folder: Path) -> None:
    said = say("create", "mika", "--role", "ops")
    assert "nobody signs in on the review page with a name alone" in said
    found = re.search(r"http://127.0.0.1:8620/link/([\w-]{43})$", said, re.MULTILINE)
    assert found
    database = open_database(f"sqlite:///{folder / 'workspace' / 'kiyome.db'}")
    with database.snapshot() as session:
        link = find_link(session, found[1])
    database.dispose()
    assert link is not None
    assert link.purpose is LinkPurpose.FIRST
    assert "name alone" not in say("create", "aoi")


def test_the_first_account_needs_a_role(folder: Path) -> None:
    assert "--role ops" in complain("create", "mika")


def test_links_are_made_from_the_origin(folder: Path) -> None:
    (folder / "kiyome.toml").write_text('review_origin = "https://review.example"\n')
    assert "https://review.example/link/" in say("create", "mika", "--role", "ops")


def test_accounts_are_listed_with_what_they_may_do(folder: Path) -> None:
    say("create", "mika", "--role", "ops")
    say("create", "aoi", "--display-name", "水野 葵")
    say("role", "aoi", "lead")
    say("disable", "mika")
    lines = say("list").splitlines()
    assert [line.split()[:2] for line in lines] == [["aoi", "lead"], ["mika", "ops"]]
    assert lines[0].endswith("no password yet")
    assert lines[1].endswith("disabled")
    assert "can sign in again" in say("disable", "mika", "--undo")
    assert "http://127.0.0.1:8620/link/" in say("link", "MIKA")


def test_a_name_that_is_not_there_is_said(folder: Path) -> None:
    say("create", "mika", "--role", "ops")
    for words in (("role", "aoi", "lead"), ("disable", "aoi"), ("link", "aoi")):
        assert "There is no account 'aoi'" in complain(*words)


def test_an_empty_list_says_how_to_begin(folder: Path) -> None:
    open_database(f"sqlite:///{folder / 'workspace' / 'kiyome.db'}").dispose()
    assert "kiyome accounts create NAME --role ops" in say("list")

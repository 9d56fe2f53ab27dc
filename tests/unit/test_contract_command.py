"""kiyome contract: what a person types to enter, approve, list and end a licence on file."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from flows.cli.contract import contract
from models.errors import RegisterError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KIYOME_SETTINGS", raising=False)
    (tmp_path / "licence.pdf").write_bytes(b"%PDF the signed licence")
    (tmp_path / "other.pdf").write_bytes(b"%PDF another paper")
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(contract, list(words))


def add(*more: str) -> Result:
    words = ["add", "K-1", "--holder", "Studio", "--folder", ".", "--document", "licence.pdf"]
    return run(*words, "--issued", "2026-01-15", "--expires", "2027-01-15", "--by", "Aiko", *more)


def approve(document: str, by: str) -> Result:
    return run("approve", "K-1", "--document", document, "--by", by)


@pytest.mark.usefixtures("folder")
def test_a_contract_is_entered_approved_and_ended() -> None:
    entered = add().output
    assert "waits for somebody else: kiyome contract approve K-1 --document" in entered
    assert "a new workspace: " in entered  # in the wrong folder this is how it shows
    assert run("list").output.startswith("waiting   K-1  Studio  2026-01-15 to 2027-01-15  .")
    assert "Approved: K-1" in approve("licence.pdf", "Ben").output
    assert run("list").output.startswith("approved  K-1")
    assert "Ended: K-1" in run("end", "K-1", "--by", "Ben", "--note", "withdrawn").output
    assert run("list").output.startswith("ended     K-1")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("document", "by", "complaint"),
    [("other.pdf", "Ben", "not the document"), ("licence.pdf", "aiko", "two different people")],
)
def test_what_is_not_approved_says_why(document: str, by: str, complaint: str) -> None:
    add()
    error = approve(document, by).exception
    assert isinstance(error, RegisterError)
    assert complaint in str(error)
    assert run("list").output.startswith("waiting")


@pytest.mark.usefixtures("folder")
def test_a_contract_past_its_end_is_listed_as_expired() -> None:
    add("--issued", "2024-01-15", "--expires", "2025-01-15")
    assert run("list").output.startswith("waiting")
    approve("licence.pdf", "Ben")
    assert run("list").output.startswith("expired   K-1")


@pytest.mark.usefixtures("folder")
def test_a_contract_that_covers_nothing_is_refused() -> None:
    error = add("--folder", "").exception
    assert isinstance(error, RegisterError)
    assert "say what it covers" in str(error)

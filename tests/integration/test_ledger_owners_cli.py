"""kiyome ledger owner, erase-owner and consistency."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from flows.cli.ledger.owners import consistency_command, erase_owner_command, owner_command
from flows.cli.ledger.reading import prove_command
from models.errors import KiyomeError
from models.ledger.log import UsageLedger
from models.ledger.proofs import verify_proof_file
from models.settings import load_settings
from tests.ledger_parts import asset_id, make_record

NAME = "hanako@example.com"
STAMP = 1_800_000_000


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> UsageLedger:
    monkeypatch.chdir(tmp_path)
    settings = load_settings(workspace=tmp_path / "w")
    (tmp_path / "w").mkdir()
    ledger = UsageLedger.open(tmp_path / "w/ledger", settings.ledger_origin)
    theirs = ledger.reference("owner", NAME)
    ledger.append("b0", [make_record(1, theirs), make_record(2), make_record(3, theirs)], STAMP)
    ledger.append("b1", [make_record(4)], STAMP)
    return ledger


def _say(command: object, *words: str) -> Result:
    arguments = [*words, "--workspace", "w"]
    return CliRunner().invoke(command, arguments, standalone_mode=False)  # type: ignore[arg-type]


def _complain(command: object, *words: str) -> str:
    error = _say(command, *words).exception
    assert isinstance(error, KiyomeError), error
    return str(error)


def _file(ledger: UsageLedger, batch: str, name: str = NAME) -> Path:
    return Path(f"owner-{ledger.reference('owner', name)[:8]}-{batch}.json")


@pytest.mark.parametrize("by_name", [True, False])
def test_an_owner_gets_a_file_for_each_batch(ledger: UsageLedger, by_name: bool) -> None:
    owner = NAME if by_name else ledger.reference("owner", NAME)
    said = _say(owner_command, owner, "--to", "proofs")
    assert said.exception is None
    assert f"{_file(ledger, 'b0')}: completeness" in said.output
    assert f"{_file(ledger, 'b1')}: absence" in said.output
    for name in ("b0", "b1"):
        assert verify_proof_file("proofs" / _file(ledger, name), ledger.vkey).ok


def test_the_files_of_two_owners_in_one_folder_do_not_replace_each_other(
    ledger: UsageLedger,
) -> None:
    assert _say(owner_command, NAME).exception is None
    assert _say(owner_command, "kenji@example.com", "--unknown").exception is None
    assert b"completeness" in _file(ledger, "b0").read_bytes()
    assert b"absence" in _file(ledger, "b0", "kenji@example.com").read_bytes()


def test_a_file_that_shows_records_is_readable_by_its_owner_alone(ledger: UsageLedger) -> None:
    assert _say(owner_command, NAME).exception is None
    assert _file(ledger, "b0").stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_made_is_named(ledger: UsageLedger) -> None:
    Path("in-the-way").write_bytes(b"")
    assert "cannot be made" in _complain(owner_command, NAME, "--to", "in-the-way/proofs")
    _file(ledger, "b0").mkdir()
    assert "cannot be written" in _complain(owner_command, NAME, "--batch", "b0")


def test_one_batch_can_be_named_and_records_hidden(ledger: UsageLedger) -> None:
    assert _say(owner_command, NAME, "--batch", "b0", "--hide").exception is None
    assert verify_proof_file(_file(ledger, "b0"), ledger.vkey).ok
    assert b"opening" not in _file(ledger, "b0").read_bytes()
    assert not _file(ledger, "b1").exists()


def test_a_batch_is_named_by_the_beginning_of_its_id(ledger: UsageLedger) -> None:
    ledger.append("c-long-id", [make_record(5)], STAMP)
    assert _say(owner_command, NAME, "--batch", "c-l").exception is None
    assert _file(ledger, "c-long-id").exists()
    assert "2 batches begin with 'b'" in _complain(owner_command, NAME, "--batch", "b")
    assert "no batch x" in _complain(owner_command, NAME, "--batch", "x")


def test_a_misspelt_name_proves_nothing_by_accident(ledger: UsageLedger) -> None:
    assert "never recorded an owner" in _complain(owner_command, "hanoko@example.com")
    assert not list(Path().glob("owner-*"))
    assert _say(owner_command, "hanoko@example.com", "--unknown").exception is None
    assert verify_proof_file(_file(ledger, "b0", "hanoko@example.com"), ledger.vkey).ok


def test_erasing_says_first_what_it_would_do(ledger: UsageLedger) -> None:
    before = (ledger.private_folder / "owners.keys").read_bytes()
    said = _say(erase_owner_command, NAME).output
    assert "b0: 2 records would become unreadable" in said
    assert "Nothing was erased: add --yes" in said
    assert (ledger.private_folder / "owners.keys").read_bytes() == before
    assert ledger.erasures() == []


def test_erasing_with_yes_erases_and_warns_of_backups(ledger: UsageLedger) -> None:
    said = _say(erase_owner_command, NAME, "--yes").output
    assert "Erased on" in said
    assert "backups" in said
    assert "Erased before, on" in _say(erase_owner_command, NAME).output
    assert len(list(ledger.openings("b0"))) == 1
    said = _say(owner_command, NAME)
    assert isinstance(said.exception, KiyomeError)
    assert "was erased on" in said.output


def test_erasing_a_stranger_is_refused(ledger: UsageLedger) -> None:
    assert "holds nothing of this owner" in _complain(erase_owner_command, "nobody", "--yes")
    assert "holds nothing of this owner" in _complain(erase_owner_command, "nobody")


def test_an_entry_that_was_erased_is_not_said_to_have_never_been(ledger: UsageLedger) -> None:
    assert _say(prove_command, asset_id(1)).exception is None
    assert _say(erase_owner_command, NAME, "--yes").exception is None
    assert "owners who were erased" in _complain(prove_command, asset_id(1))


def test_growth_is_proven_from_an_earlier_head(ledger: UsageLedger) -> None:
    assert _say(consistency_command, "3").exception is None
    assert verify_proof_file(Path("consistency.json"), ledger.vkey).ok
    assert "no head of 2 leaves" in _complain(consistency_command, "2")


def test_without_a_ledger_nothing_can_be_proven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "There is no ledger" in _complain(owner_command, NAME)

"""`kiyome owners`: inviting owners, vouching for identities, and handing out their ledger keys."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from flows.cli.accounts import accounts
from flows.cli.owners import owners
from models.accounts.records import require_by_name
from models.accounts.roles import Role
from models.errors import KiyomeError
from models.ledger.log import UsageLedger
from models.owners.identities import identities_of
from models.settings import load_settings
from models.store.schema import open_database
from models.store.tables import AuditRow
from tests.account_parts import put_account
from tests.ledger_parts import make_record
from tests.wallet_parts import ADDRESS, KEY, OTHER, address_of_key
from verifier.cli import read_trust, verify
from verifier.report import Outcome, combine

HOLDER = "Kumo Illustration 株式会社"
STAMP = 1_800_000_000


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KIYOME_SETTINGS", raising=False)
    runner = CliRunner()
    made = runner.invoke(accounts, ["create", "ops", "--role", "ops"], standalone_mode=False)
    assert made.exception is None
    return tmp_path


@pytest.fixture
def ledger(folder: Path) -> UsageLedger:
    opened = UsageLedger.open(folder / "workspace/ledger", load_settings().ledger_origin)
    theirs, others = (opened.reference("owner", name) for name in (HOLDER, OTHER))
    opened.append("b0", [make_record(1, theirs), make_record(2, others), make_record(3)], STAMP)
    opened.prove_owner("b0", theirs, folder / "theirs.json")
    opened.prove_owner("b0", others, folder / "others.json")
    return opened


def say(*words: str) -> str:
    return CliRunner().invoke(owners, words, catch_exceptions=False, standalone_mode=False).output


def complain(*words: str) -> str:
    error = CliRunner().invoke(owners, words, standalone_mode=False).exception
    assert isinstance(error, KiyomeError), error
    return str(error)


def verified(file: str, ledger: UsageLedger, owner_key: str) -> Outcome:
    return combine(verify([file], read_trust(key=ledger.vkey, owner_key=owner_key)))


def bound_to(name: str) -> tuple[str, ...]:
    database = open_database(load_settings().resolved_database_url)
    with database.snapshot() as session:
        found = identities_of(session, require_by_name(session, name).id)
    database.dispose()
    return found


def test_an_owner_is_invited_with_what_is_vouched_for(folder: Path) -> None:
    said = say("invite", "kumo", "--identity", HOLDER, "--identity", address_of_key(KEY))
    assert "http://127.0.0.1:8620/link/" in said
    assert "http://127.0.0.1:8620/sign-in/wallet" in said
    assert bound_to("kumo") == (HOLDER, ADDRESS)


def test_an_owner_is_never_the_first_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "workspace").mkdir()
    open_database(load_settings().resolved_database_url).dispose()
    assert "--role ops" in complain("invite", "kumo")


def test_an_invitation_with_an_identity_of_somebody_else_makes_no_account(folder: Path) -> None:
    say("invite", "kumo", "--identity", HOLDER)
    assert "bound to another account" in complain("invite", "aoi", "--identity", HOLDER)
    assert "aoi" not in say("list")


def test_the_list_says_how_each_identity_was_bound(folder: Path) -> None:
    assert "There are no owners" in say("list")
    say("invite", "kumo", "--identity", HOLDER)
    say("invite", "aoi")
    said = say("list")
    assert f"  {HOLDER}  vouched for by command line, 20" in said
    assert "nothing bound yet" in said


def test_what_is_bound_can_be_ended(folder: Path) -> None:
    say("invite", "kumo")
    assert f"{ADDRESS} is kumo's." in say("bind", "kumo", address_of_key(KEY), HOLDER)
    say("unbind", "kumo", address_of_key(KEY))
    assert bound_to("kumo") == (HOLDER,)
    assert "is not bound to 'kumo'" in complain("unbind", "kumo", ADDRESS)


def test_only_owners_are_bound_to(folder: Path) -> None:
    assert "owners' accounts only" in complain("bind", "ops", HOLDER)


def test_somebody_who_is_no_owner_has_no_key(folder: Path, ledger: UsageLedger) -> None:
    assert "is no owner's account" in complain("key", "ops", "--to", "key")
    say("invite", "kumo")
    assert "Nothing is bound to 'kumo'" in complain("key", "kumo", "--to", "key")


def test_a_mistyped_address_is_refused(folder: Path) -> None:
    say("invite", "kumo")
    mistyped = address_of_key(KEY).replace("E", "e", 1)
    assert "wrong checksum" in complain("bind", "kumo", mistyped)


def test_the_key_that_is_handed_out_verifies_the_owners_proof(
    folder: Path, ledger: UsageLedger
) -> None:
    say("invite", "kumo", "--identity", HOLDER)
    assert say("key", "kumo", "--to", "kumo.key").splitlines()[0] == f"kumo.key: {HOLDER}"
    assert Path("kumo.key").stat().st_mode & 0o077 == 0
    assert verified("theirs.json", ledger, "kumo.key") is Outcome.HOLDS
    assert verified("others.json", ledger, "kumo.key") is Outcome.FAILS


def test_a_key_is_found_by_its_identity_too(folder: Path, ledger: UsageLedger) -> None:
    say("key", OTHER.upper().replace("X", "x", 1), "--to", "other.key")
    assert verified("others.json", ledger, "other.key") is Outcome.HOLDS


def test_an_owner_of_several_identities_gets_several_keys(
    folder: Path, ledger: UsageLedger
) -> None:
    say("invite", "kumo", "--identity", HOLDER, "--identity", OTHER, "--identity", ADDRESS)
    said = say("key", "kumo", "--to", "kumo.key")
    assert said.splitlines()[:2] == [f"kumo.key: {HOLDER}", f"kumo-2.key: {OTHER}"]
    assert not Path("kumo-3.key").exists()


def test_handing_out_a_key_is_on_record(folder: Path, ledger: UsageLedger) -> None:
    say("invite", "kumo", "--identity", HOLDER)
    say("key", "kumo", "--to", "kumo.key")
    database = open_database(load_settings().resolved_database_url)
    with database.snapshot() as session:
        row = session.scalars(select(AuditRow).order_by(AuditRow.seq.desc())).first()
        assert row is not None
        assert (row.actor, row.action) == ("command line", "owner_key_given")
        assert json.loads(row.detail) == {"identity": HOLDER}
    database.dispose()


def test_no_key_is_overwritten(folder: Path, ledger: UsageLedger) -> None:
    Path("kumo.key").write_text("something dear")
    assert "exists already" in complain("key", HOLDER, "--to", "kumo.key")
    assert Path("kumo.key").read_text() == "something dear"


def test_there_is_no_key_of_whom_the_ledger_does_not_know(
    folder: Path, ledger: UsageLedger
) -> None:
    assert "has no key" in complain("key", ADDRESS, "--to", "none.key")
    assert not Path("none.key").exists()


def test_a_wallet_that_proved_itself_is_shown_as_such(folder: Path) -> None:
    from models.owners.identities import Basis, bind_identity

    database = open_database(load_settings().resolved_database_url)
    account = put_account(database, "kumo", Role.OWNER, password=None)
    with database.transaction() as session:
        bind_identity(session, account.id, ADDRESS, Basis.WALLET, "kumo")
    database.dispose()
    assert f"  {ADDRESS}  proven by its wallet, 20" in say("list")

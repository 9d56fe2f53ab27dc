"""Which identities belong to which owner: binding, ending, and who may be bound to what."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from models.accounts.api_tokens import list_tokens, make_token, scopes_for
from models.accounts.keeping import change_role, disable_account, set_password_hash
from models.accounts.records import Account
from models.accounts.roles import Role
from models.accounts.sessions import begin_session, find_session, list_sessions
from models.errors import AccountError
from models.owners.identities import (
    Basis,
    IdentityTakenError,
    LastWayInError,
    bind_identity,
    clean_identity,
    end_binding,
    end_identity,
    end_own_identity,
    find_owner,
    identities_of,
    list_identities,
)
from models.review.audit import verify_audit
from models.store.database import Database
from models.store.tables import AuditRow, OwnerIdentityRow
from tests.account_parts import put_account
from tests.wallet_parts import ADDRESS, KEY, OTHER, address_of_key

HOLDER = "Kumo Illustration 株式会社"
FINGERPRINT = "ab" * 32


def put_owner(database: Database, name: str = "kumo") -> Account:
    return put_account(database, name, Role.OWNER, password=None)


def bind(
    database: Database, account: Account, identity: str, how: Basis = Basis.VOUCHED, by: str = "ops"
) -> Any:
    with database.transaction() as session:
        binding = bind_identity(session, account.id, identity, how, by)
    # Bindings of one millisecond have no order in time: the next one is of a later one.
    time.sleep(0.002)
    return binding


def bound_to(database: Database, account: Account) -> tuple[str, ...]:
    with database.snapshot() as session:
        return identities_of(session, account.id)


def events(database: Database) -> list[tuple[str, str, dict[str, Any]]]:
    with database.snapshot() as session:
        rows = session.scalars(
            select(AuditRow)
            .where(AuditRow.action.startswith("owner_identity", autoescape=True))
            .order_by(AuditRow.seq)
        )
        return [(row.actor, row.action, json.loads(row.detail)) for row in rows]


def test_what_is_bound_is_the_owners_in_the_order_of_binding(database: Database) -> None:
    owner = put_owner(database)
    bind(database, owner, HOLDER)
    bind(database, owner, ADDRESS)
    assert bound_to(database, owner) == (HOLDER, ADDRESS)


def test_a_new_owner_has_no_identities(database: Database) -> None:
    assert bound_to(database, put_owner(database)) == ()


def test_an_identity_belongs_to_one_account_at_a_time(database: Database) -> None:
    first, second = put_owner(database, "first"), put_owner(database, "second")
    bind(database, first, HOLDER)
    with pytest.raises(IdentityTakenError):
        bind(database, second, HOLDER)
    with database.transaction() as session:
        end_identity(session, first.id, HOLDER, "ops")
    bind(database, second, HOLDER)
    assert (bound_to(database, first), bound_to(database, second)) == ((), (HOLDER,))


def test_the_database_itself_holds_that_an_identity_has_one_account(database: Database) -> None:
    first, second = put_owner(database, "first"), put_owner(database, "second")
    bind(database, first, HOLDER)
    with pytest.raises(IntegrityError), database.transaction() as session:
        session.add(
            OwnerIdentityRow(
                id="x",
                account_id=second.id,
                identity=HOLDER,
                how="vouched",
                bound_by="ops",
                bound_ms=1,
                ended_by="",
                ended_ms=None,
            )
        )


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.LEAD, Role.OPS], ids=str)
def test_only_owners_have_identities(database: Database, role: Role) -> None:
    account = put_account(database, "mika", role, password=None)
    with pytest.raises(AccountError, match="owners' accounts only"):
        bind(database, account, HOLDER)


def test_an_account_that_is_no_owners_any_more_has_none(database: Database) -> None:
    owner = put_owner(database)
    bind(database, owner, HOLDER)
    with database.transaction() as session:
        change_role(session, owner.id, Role.REVIEWER, "ops")
    assert bound_to(database, owner) == ()


def test_a_disabled_account_has_none_and_keeps_others_from_them(database: Database) -> None:
    owner, other = put_owner(database), put_owner(database, "other")
    bind(database, owner, HOLDER)
    with database.transaction() as session:
        disable_account(session, owner.id, "ops")
    assert bound_to(database, owner) == ()
    with pytest.raises(IdentityTakenError):
        bind(database, other, HOLDER)


def test_binding_again_changes_nothing_and_is_not_recorded_again(database: Database) -> None:
    owner = put_owner(database)
    first = bind(database, owner, HOLDER)
    assert bind(database, owner, HOLDER, by="another") == first
    assert len(events(database)) == 1


def test_a_wallet_that_proves_itself_is_no_longer_only_vouched_for(database: Database) -> None:
    owner = put_owner(database)
    bind(database, owner, ADDRESS)
    proven = bind(database, owner, ADDRESS, Basis.WALLET, "kumo")
    assert (proven.how, proven.by) == (Basis.WALLET, "kumo")
    assert bound_to(database, owner) == (ADDRESS,)


def test_what_a_wallet_proved_is_not_turned_into_hearsay(database: Database) -> None:
    owner = put_owner(database)
    bind(database, owner, ADDRESS, Basis.WALLET, "kumo")
    assert bind(database, owner, ADDRESS).how is Basis.WALLET


def test_ending_is_recorded_and_ending_again_does_no_harm(database: Database) -> None:
    owner = put_owner(database)
    bind(database, owner, HOLDER)
    with database.transaction() as session:
        assert end_identity(session, owner.id, HOLDER, "ops")
        assert not end_identity(session, owner.id, HOLDER, "ops")
    detail = {"identity": HOLDER, "how": "vouched"}
    assert events(database) == [
        ("ops", "owner_identity_bound", detail),
        ("ops", "owner_identity_ended", detail),
    ]
    with database.snapshot() as session:
        assert verify_audit(session).ok


def test_nobody_ends_the_binding_of_another_account(database: Database) -> None:
    owner, other = put_owner(database), put_owner(database, "other")
    binding = bind(database, owner, HOLDER)
    with database.transaction() as session:
        assert not end_own_identity(session, other, binding.id, "")
        assert not end_binding(session, other, binding.id, "other")
        assert find_owner(session, HOLDER) == owner


def test_the_last_way_to_sign_in_is_not_ended_by_its_owner(database: Database) -> None:
    owner = put_owner(database)
    wallet = bind(database, owner, ADDRESS, Basis.WALLET, "kumo")
    bind(database, owner, HOLDER)
    with pytest.raises(LastWayInError), database.transaction() as session:
        end_own_identity(session, owner, wallet.id, "")
    assert ADDRESS in bound_to(database, owner)


def test_a_wallet_is_ended_where_another_or_a_password_is_left(database: Database) -> None:
    owner = put_owner(database)
    first = bind(database, owner, ADDRESS, Basis.WALLET, "kumo")
    second = bind(database, owner, OTHER, Basis.WALLET, "kumo")
    with database.transaction() as session:
        assert end_own_identity(session, owner, first.id, "")
        set_password_hash(session, owner.id, "x", "kumo")
        assert end_own_identity(session, owner, second.id, "")
    assert bound_to(database, owner) == ()


def test_ending_a_wallet_signs_out_everywhere_else(database: Database) -> None:
    owner = put_owner(database)
    first = bind(database, owner, ADDRESS, Basis.WALLET, "kumo")
    bind(database, owner, OTHER, Basis.WALLET, "kumo")
    with database.transaction() as session:
        here = begin_session(session, owner, address="", agent="", how="wallet")
        there = begin_session(session, owner, address="", agent="", how="wallet")
        kept = find_session(session, here)
        assert kept is not None
        end_own_identity(session, owner, first.id, kept.id)
        assert find_session(session, here) is not None
        assert find_session(session, there) is None


def test_ending_a_wallet_ends_the_accounts_tokens(database: Database) -> None:
    owner = put_owner(database)
    wallet, name = bind(database, owner, ADDRESS), bind(database, owner, HOLDER)
    with database.transaction() as session:
        make_token(session, owner, "catalogue", scopes_for(owner), 30, owner.name)
        end_binding(session, owner, name.id, "ops")
        assert len(list_tokens(session, owner.id)) == 1
        end_binding(session, owner, wallet.id, "ops")
        assert list_tokens(session, owner.id) == ()


def test_ending_a_wallet_by_ops_signs_its_owner_out(database: Database) -> None:
    owner = put_owner(database)
    wallet = bind(database, owner, ADDRESS, Basis.WALLET, "kumo")
    with database.transaction() as session:
        begin_session(session, owner, address="", agent="", how="wallet")
        assert end_binding(session, owner, wallet.id, "ops")
        assert list_sessions(session, owner.id) == ()


def test_all_bindings_are_listed_for_those_who_look_after_them(database: Database) -> None:
    first, second = put_owner(database, "first"), put_owner(database, "second")
    bind(database, first, HOLDER)
    bind(database, second, ADDRESS)
    with database.snapshot() as session:
        assert [each.identity for each in list_identities(session)] == [HOLDER, ADDRESS]
        assert [each.identity for each in list_identities(session, second.id)] == [ADDRESS]


@pytest.mark.parametrize(
    ("given", "identity"),
    [
        (f"  {HOLDER} ", HOLDER),
        (address_of_key(KEY), ADDRESS),
        (ADDRESS, ADDRESS),
        ("0x" + ADDRESS[2:].upper(), ADDRESS),
        (f"{address_of_key(KEY)}/0017", f"{ADDRESS}/0017"),
        (f"{ADDRESS}@12.3", f"{ADDRESS}@12.3"),
        (f"{ADDRESS}/{'0X' + OTHER[2:].upper()}", f"{ADDRESS}/{OTHER}"),
        (FINGERPRINT.upper(), FINGERPRINT),
        (":".join(["AB"] * 32), FINGERPRINT),
        ("Ⅳ (not folded)", "Ⅳ (not folded)"),
    ],
)
def test_identities_are_kept_as_carriers_spell_them(given: str, identity: str) -> None:
    assert clean_identity(given) == identity


@pytest.mark.parametrize(
    "given",
    [
        "",
        "   ",
        "two\nlines",
        "a" * 513,
        "0x12",
        ADDRESS[:-1],
        address_of_key(KEY).replace("E", "e", 1),
        f"{ADDRESS}/{address_of_key(KEY).replace('E', 'e', 1)}",
    ],
    ids=range(8),
)
def test_what_cannot_be_an_identity_is_refused(given: str) -> None:
    with pytest.raises(AccountError):
        clean_identity(given)

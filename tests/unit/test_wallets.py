"""Signing in with a wallet: a message that is good once, in one session, for five minutes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update

from models.accounts.attempts import PER_NAME, Wait, begin_attempt
from models.accounts.keeping import change_role, disable_account
from models.accounts.records import Account, find_account, list_accounts
from models.accounts.roles import Role
from models.accounts.sessions import find_session
from models.accounts.signing_in import Begun
from models.errors import AccountError
from models.owners.identities import (
    Basis,
    bind_identity,
    end_identity,
    identities_of,
    list_identities,
)
from models.owners.wallet_messages import parse_message
from models.owners.wallet_proofs import Failing
from models.owners.wallets import (
    CHALLENGE_MS,
    MAX_WAITING,
    Challenge,
    Outsider,
    ProvenWallet,
    answer_challenge,
    begin_challenge,
    bind_wallet,
    clean_address,
    find_challenge,
    sign_in_with_wallet,
)
from models.store.database import Database
from models.store.tables import AuditRow, SignInAttemptRow, WalletChallengeRow
from tests.account_parts import put_account
from tests.wallet_parts import ADDRESS, KEY, OTHER, OTHER_KEY, address_of_key, sign_text

ORIGIN = "https://review.example"
CUSTODIAN = "0x" + "c" * 40


def no_chain(_chain: int, _address: str, _digest: bytes, _signature: bytes) -> Failing | None:
    return Failing.NO_CHAIN


def refuse(_address: str) -> bool:
    return False


def anyone(_address: str) -> bool:
    return True


def only_address(address: str) -> tuple[str, ...]:
    return (address,)


def begin(
    database: Database,
    given: str = ADDRESS,
    browser: str = "browser",
    account: Account | None = None,
    **more: Any,
) -> Challenge:
    with database.transaction() as session:
        options = {"client": "192.0.2.1", "account": account, **more}
        begun = begin_challenge(session, ORIGIN, browser, given, **options)
    assert isinstance(begun, Challenge)
    return begun


def answer(
    database: Database,
    challenge: Challenge,
    signature: str,
    browser: str = "browser",
    account: Account | None = None,
    origin: str = ORIGIN,
) -> ProvenWallet | Failing | Wait | None:
    return answer_challenge(
        database,
        origin,
        challenge.id,
        browser,
        signature,
        no_chain,
        client="192.0.2.1",
        account=account,
    )


def prove(database: Database, key: str = KEY, account: Account | None = None) -> ProvenWallet:
    challenge = begin(database, address_of_key(key), account=account)
    proven = answer(database, challenge, sign_text(challenge.message, key), account=account)
    assert isinstance(proven, ProvenWallet)
    return proven


def sign_in(
    database: Database, key: str = KEY, admits: Callable[[str], bool] = refuse
) -> Begun | Outsider:
    return sign_in_with_wallet(
        database, prove(database, key), admits, only_address, address="192.0.2.1", agent="test"
    )


def put_owner(database: Database, name: str = "kumo", address: str = "") -> Account:
    owner = put_account(database, name, Role.OWNER, password=None)
    if address:
        with database.transaction() as session:
            bind_identity(session, owner.id, address, Basis.VOUCHED, "ops")
    return owner


def test_the_message_names_the_page_the_wallet_and_its_end(database: Database) -> None:
    challenge = begin(database, address_of_key(KEY), chain_id=10)
    message = parse_message(challenge.message)
    assert message.domain == "review.example"
    assert message.uri == "https://review.example/sign-in/wallet"
    assert (message.address, message.chain_id) == (ADDRESS, 10)
    assert message.expires_at - message.issued_at == CHALLENGE_MS // 1000
    assert message.expires_at == challenge.expires_ms // 1000


def test_no_two_messages_have_the_same_nonce(database: Database) -> None:
    nonces = {parse_message(begin(database).message).nonce for _ in range(20)}
    assert len(nonces) == 20


def test_the_right_signature_proves_the_wallet(database: Database) -> None:
    assert prove(database).address == ADDRESS


def test_a_message_is_answered_once(database: Database) -> None:
    challenge = begin(database)
    signature = sign_text(challenge.message)
    assert isinstance(answer(database, challenge, signature), ProvenWallet)
    assert answer(database, challenge, signature) is None


def test_a_wrong_answer_uses_the_message_up(database: Database) -> None:
    challenge = begin(database)
    assert answer(database, challenge, "0x12") is Failing.NOT_SIGNED
    assert answer(database, challenge, sign_text(challenge.message)) is None


def test_another_key_proves_nothing(database: Database) -> None:
    challenge = begin(database)
    assert answer(database, challenge, sign_text(challenge.message, OTHER_KEY)) is (
        Failing.NOT_SIGNED
    )


@pytest.mark.parametrize("junk", ["", "0x", "0x1", "hello", "0x" + "zz" * 65, "0x" + "00" * 5000])
def test_what_is_no_signature_is_said_to_be_none(database: Database, junk: str) -> None:
    assert answer(database, begin(database), junk) is Failing.UNREADABLE


def test_the_signature_of_an_older_message_proves_nothing(database: Database) -> None:
    signature = sign_text(begin(database).message)
    assert answer(database, begin(database), signature) is Failing.NOT_SIGNED


def test_a_message_of_another_browser_is_not_answered(database: Database) -> None:
    challenge = begin(database)
    signature = sign_text(challenge.message)
    assert answer(database, challenge, signature, browser="another") is None
    assert isinstance(answer(database, challenge, signature), ProvenWallet)


def test_a_message_that_is_too_old_is_not_answered(database: Database) -> None:
    challenge = begin(database)
    with database.transaction() as session:
        session.execute(update(WalletChallengeRow).values(expires_ms=1))
    assert answer(database, challenge, sign_text(challenge.message)) is None


def test_a_page_at_another_address_takes_no_answer_to_an_older_message(database: Database) -> None:
    challenge = begin(database)
    signature = sign_text(challenge.message)
    assert answer(database, challenge, signature, origin="https://other.example") is None


@pytest.mark.parametrize(
    "field",
    ["domain", "uri", "address", "chain_id", "statement"],
)
def test_a_message_that_was_changed_in_the_database_is_not_taken(
    database: Database, field: str
) -> None:
    from dataclasses import replace

    from models.owners.wallet_messages import write_message

    values: dict[str, Any] = {
        "domain": "evil.example",
        "uri": "https://evil.example/",
        "address": OTHER,
        "chain_id": 5,
        "statement": "Something else.",
    }
    challenge = begin(database)
    changed = write_message(replace(parse_message(challenge.message), **{field: values[field]}))
    with database.transaction() as session:
        session.execute(update(WalletChallengeRow).values(message=changed))
    key = OTHER_KEY if field == "address" else KEY
    assert answer(database, challenge, sign_text(changed, key)) is None


def test_a_message_to_sign_in_binds_nothing_and_the_other_way_round(database: Database) -> None:
    owner, other = put_owner(database), put_owner(database, "other")
    to_sign_in = begin(database)
    assert answer(database, to_sign_in, sign_text(to_sign_in.message), account=owner) is None
    to_bind = begin(database, account=owner)
    assert answer(database, to_bind, sign_text(to_bind.message)) is None
    assert answer(database, to_bind, sign_text(to_bind.message), account=other) is None
    assert owner.pseudonym in to_bind.message


def test_a_session_waits_for_one_message_at_a_time(database: Database) -> None:
    first = begin(database)
    second = begin(database)
    with database.snapshot() as session:
        assert find_challenge(session, first.id, "browser") is None
        assert find_challenge(session, second.id, "browser") == second


def test_one_address_cannot_fill_the_table(database: Database) -> None:
    for number in range(MAX_WAITING):
        begin(database, browser=f"browser {number}")
    with database.transaction() as session:
        waited = begin_challenge(session, ORIGIN, "one more", ADDRESS, client="192.0.2.1")
        assert isinstance(waited, Wait)
        elsewhere = begin_challenge(session, ORIGIN, "one more", ADDRESS, client="192.0.2.2")
        assert isinstance(elsewhere, Challenge)


def test_messages_that_are_too_old_are_removed(database: Database) -> None:
    begin(database)
    with database.transaction() as session:
        session.execute(update(WalletChallengeRow).values(expires_ms=1))
    latest = begin(database, browser="another")
    with database.snapshot() as session:
        assert session.scalars(select(WalletChallengeRow.id)).all() == [latest.id]


def test_after_too_many_failures_even_the_right_signature_waits(database: Database) -> None:
    for _ in range(PER_NAME):
        assert answer(database, begin(database), "0x" + "11" * 65) is Failing.NOT_SIGNED
    challenge = begin(database)
    assert isinstance(answer(database, challenge, sign_text(challenge.message)), Wait)


def test_signing_in_settles_the_failures_before(database: Database) -> None:
    put_owner(database, address=ADDRESS)
    for _ in range(PER_NAME - 1):
        answer(database, begin(database), "0x" + "11" * 65)
    assert isinstance(sign_in(database), Begun)
    with database.snapshot() as session:
        assert set(session.scalars(select(SignInAttemptRow.failed))) == {0}


def test_failures_of_a_wallet_lock_no_password_out(database: Database) -> None:
    for _ in range(PER_NAME):
        answer(database, begin(database), "0x" + "11" * 65)
    with database.transaction() as session:
        assert not isinstance(begin_attempt(session, ADDRESS, "192.0.2.1"), Wait)


@pytest.mark.parametrize(
    "given",
    ["", "0x12", ADDRESS + "00", "0x" + "0" * 40, "0x" + "0" * 39 + "4", "kumo.eth", ADDRESS[2:]],
)
def test_what_is_no_wallets_address_is_refused(database: Database, given: str) -> None:
    with pytest.raises(AccountError), database.transaction() as session:
        begin_challenge(session, ORIGIN, "browser", given, client="")


def test_an_address_with_a_wrong_checksum_was_mistyped() -> None:
    with pytest.raises(AccountError, match="checksum"):
        clean_address(address_of_key(KEY).replace("E", "e", 1))


def test_a_wallet_that_is_vouched_for_signs_its_owner_in(database: Database) -> None:
    owner = put_owner(database, address=ADDRESS)
    begun = sign_in(database)
    assert isinstance(begun, Begun)
    assert begun.account == owner
    with database.snapshot() as session:
        found = find_session(session, begun.token)
        assert found is not None
        assert found.account == owner
        assert [each.how for each in list_identities(session, owner.id)] == [Basis.WALLET]


def test_a_stranger_gets_no_account_unless_the_settings_say_so(database: Database) -> None:
    put_account(database, "ops", Role.OPS, password=None)
    assert sign_in(database) is Outsider.STRANGER
    with database.snapshot() as session:
        assert [each.name for each in list_accounts(session)] == ["ops"]


def test_whom_the_settings_admit_gets_an_owners_account(database: Database) -> None:
    put_account(database, "ops", Role.OPS, password=None)
    begun = sign_in(database, admits=anyone)
    assert isinstance(begun, Begun)
    assert (begun.account.name, begun.account.role) == (ADDRESS, Role.OWNER)
    with database.snapshot() as session:
        assert identities_of(session, begun.account.id) == (ADDRESS,)
        actions = session.execute(select(AuditRow.actor, AuditRow.action)).all()[-3:]
    assert [tuple(row) for row in actions] == [
        ("wallet sign-in", "account_created"),
        (ADDRESS, "owner_identity_bound"),
        (ADDRESS, "account_signed_in"),
    ]


def test_the_second_sign_in_is_to_the_same_account(database: Database) -> None:
    put_account(database, "ops", Role.OPS, password=None)
    first, second = sign_in(database, admits=anyone), sign_in(database, admits=refuse)
    assert isinstance(first, Begun)
    assert isinstance(second, Begun)
    assert first.account == second.account
    assert first.token != second.token


def test_the_first_account_of_all_is_never_made_by_a_wallet(database: Database) -> None:
    assert sign_in(database, admits=anyone) is Outsider.STRANGER
    with database.snapshot() as session:
        assert list_accounts(session) == ()


def test_a_name_that_is_taken_already_gives_its_holder_nothing_away(database: Database) -> None:
    squatter = put_account(database, ADDRESS, Role.LEAD, password=None)
    begun = sign_in(database, admits=anyone)
    assert isinstance(begun, Begun)
    assert begun.account.id != squatter.id
    assert begun.account.name.startswith(f"{ADDRESS}-")


def test_a_disabled_account_lets_its_wallet_in_no_more(database: Database) -> None:
    owner = put_owner(database, address=ADDRESS)
    with database.transaction() as session:
        disable_account(session, owner.id, "ops")
    assert sign_in(database, admits=anyone) is Outsider.STRANGER


def test_an_account_that_became_another_role_is_not_entered_with_a_wallet(
    database: Database,
) -> None:
    owner = put_owner(database, address=ADDRESS)
    with database.transaction() as session:
        change_role(session, owner.id, Role.LEAD, "ops")
    assert sign_in(database, admits=anyone) is Outsider.STRANGER


def test_a_further_wallet_is_bound_and_signs_in_to_the_same_account(database: Database) -> None:
    owner = put_owner(database, address=ADDRESS)
    assert bind_wallet(database, prove(database, OTHER_KEY, owner), owner, only_address) is None
    begun = sign_in(database, OTHER_KEY)
    assert isinstance(begun, Begun)
    assert begun.account == owner


def test_a_wallet_of_another_account_is_not_bound(database: Database) -> None:
    owner, other = put_owner(database, address=ADDRESS), put_owner(database, "other")
    failing = bind_wallet(database, prove(database, KEY, other), other, only_address)
    assert failing is Outsider.TAKEN
    with database.snapshot() as session:
        assert identities_of(session, owner.id) == (ADDRESS,)
        assert identities_of(session, other.id) == ()


def test_what_was_ended_is_not_back_at_the_next_sign_in(database: Database) -> None:
    owner, behind = put_owner(database, address=ADDRESS), f"{CUSTODIAN}/{ADDRESS}"

    def enter() -> tuple[str, ...]:
        proven = prove(database)
        named = (ADDRESS, behind)
        sign_in_with_wallet(database, proven, refuse, lambda _: named, address="", agent="")
        with database.snapshot() as session:
            return identities_of(session, owner.id)

    assert set(enter()) == {ADDRESS, behind}
    with database.transaction() as session:
        end_identity(session, owner.id, behind, "ops")
    assert enter() == (ADDRESS,)


def test_a_wallet_brings_what_statements_call_it(database: Database) -> None:
    owner, other = put_owner(database, address=ADDRESS), put_owner(database, "other")
    behind, foreign = f"{CUSTODIAN}/{ADDRESS}", f"{CUSTODIAN[:-1]}d/{ADDRESS}"
    with database.transaction() as session:
        bind_identity(session, other.id, foreign, Basis.VOUCHED, "ops")
    sign_in_with_wallet(
        database,
        prove(database),
        refuse,
        lambda address: (address, behind, foreign),
        address="",
        agent="",
    )
    with database.snapshot() as session:
        assert set(identities_of(session, owner.id)) == {ADDRESS, behind}
        assert find_account(session, other.id) is not None
        assert identities_of(session, other.id) == (foreign,)

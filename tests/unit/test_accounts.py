"""Accounts without a web page: names, roles, passwords, sessions, attempts, one-time links."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable

import pytest
from argon2 import PasswordHasher, extract_parameters
from sqlalchemy import select, update

from models.accounts import passwords
from models.accounts.attempts import (
    PER_ADDRESS,
    PER_NAME,
    WINDOW_MS,
    Attempt,
    Wait,
    begin_attempt,
    group_address,
    settle_attempt,
)
from models.accounts.keeping import (
    change_role,
    create_account,
    disable_account,
    enable_account,
    set_password_hash,
)
from models.accounts.links import LASTING_MS, LinkPurpose, find_link, make_link, use_link
from models.accounts.passwords import check_password, hash_password, is_outdated
from models.accounts.pseudonyms import show_actors
from models.accounts.records import any_accounts, list_accounts, require_by_name
from models.accounts.roles import MANAGING, NAME_ALONE, PERMISSIONS, Permission, Role
from models.accounts.sessions import (
    IDLE_MS,
    LONGEST_MS,
    TOUCH_MS,
    begin_session,
    end_other_sessions,
    find_session,
    list_sessions,
    touch_session,
)
from models.accounts.signing_in import Begun, Wrong, change_password, sign_in
from models.errors import AccountError
from models.review.audit import read_latest, verify_audit
from models.store.database import Database
from models.store.tables import (
    AccountLinkRow,
    AccountRow,
    AccountSessionRow,
    SignInAttemptRow,
)
from tests.account_parts import PASSWORD, cheap_passwords, put_account

HERE = {"address": "192.0.2.7", "agent": "Firefox"}
__all__ = ["cheap_passwords"]


def enter(database: Database, name: str, password: str = PASSWORD) -> Begun | Wrong | Wait:
    return sign_in(database, name, password, **HERE)


def token_of(database: Database, name: str) -> str:
    begun = enter(database, name)
    assert isinstance(begun, Begun)
    return begun.token


def works(database: Database, token: str) -> bool:
    with database.snapshot() as session:
        return find_session(session, token) is not None


class TestRoles:
    def test_every_role_stands_in_the_table_and_is_looked_after_by_somebody(self) -> None:
        assert set(PERMISSIONS) == {*Role, NAME_ALONE}
        assert set(MANAGING) == set(Role)
        for role in Role:
            assert any(MANAGING[role] in granted for granted in PERMISSIONS.values())

    def test_nobody_with_a_name_alone_looks_after_accounts(self) -> None:
        assert not PERMISSIONS[NAME_ALONE] & set(MANAGING.values())

    def test_owners_see_no_names_and_ops_take_no_rulings(self) -> None:
        assert not PERMISSIONS[Role.OWNER] & {
            Permission.SEE_NAMES,
            Permission.SEE_ITEMS,
            Permission.SEE_TERMS,
            Permission.SEE_MOTIFS,
        }
        assert not PERMISSIONS[Role.OPS] & {
            Permission.RULE_ON_ITEMS,
            Permission.RULE_ON_TERMS,
            Permission.DECIDE_MOTIFS,
        }


class TestPasswords:
    def test_they_are_kept_with_the_parameters_of_rfc_9106(self) -> None:
        kept = extract_parameters(hash_password(PASSWORD))
        assert kept.type.name == "ID"
        assert (kept.time_cost, kept.memory_cost, kept.parallelism) == (3, 65536, 4)
        assert (kept.hash_len, kept.salt_len) == (32, 16)

    def test_the_right_one_is_right_and_no_other(self) -> None:
        kept = hash_password(PASSWORD)
        assert PASSWORD not in kept
        assert check_password(kept, PASSWORD)
        assert not check_password(kept, PASSWORD + "!")
        assert not check_password(None, PASSWORD)
        assert not check_password("damaged", PASSWORD)

    @pytest.mark.parametrize(
        "password", ["short", "x" * 257, "aaaaaaaaaaaaaaab", "", "abababababababab"]
    )
    def test_what_can_be_guessed_is_refused(self, password: str) -> None:
        with pytest.raises(AccountError, match="password"):
            hash_password(password)

    @pytest.mark.usefixtures("cheap_passwords")
    def test_full_width_letters_give_the_same_password(self) -> None:
        assert check_password(hash_password("ｓｅｖｅｎ umbrellas"), "seven umbrellas")

    def test_an_unknown_name_takes_as_long_as_a_known_one(self, sqlite_database: Database) -> None:
        put_account(sqlite_database, "mika")
        put_account(sqlite_database, "invited", password=None)

        def spend(name: str) -> float:
            begin = time.process_time()  # Of all threads: argon2 has its own.
            assert enter(sqlite_database, name, "a wrong password") == Wrong()
            return time.process_time() - begin

        spend("nobody")
        known = min(spend("mika") for _ in range(3))
        unknown = min(spend("nobody") for _ in range(3))
        without = min(spend("invited") for _ in range(3))
        assert known / 2 < unknown < known * 2
        assert known / 2 < without < known * 2

    def test_a_password_kept_with_old_parameters_is_kept_anew_at_the_next_sign_in(
        self, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(1, 8, 1))
        put_account(sqlite_database, "mika")
        monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(2, 16, 1))
        token_of(sqlite_database, "mika")
        with sqlite_database.snapshot() as session:
            kept = session.scalars(select(AccountRow.password_hash)).one()
        assert kept is not None
        assert not is_outdated(kept)
        token_of(sqlite_database, "mika")


@pytest.mark.usefixtures("cheap_passwords")
class TestKeeping:
    def test_the_first_account_is_noticed_even_when_it_is_disabled(
        self, database: Database
    ) -> None:
        with database.snapshot() as session:
            assert not any_accounts(session)
        account = put_account(database, "mika")
        with database.transaction() as session:
            disable_account(session, account.id, "test")
        with database.snapshot() as session:
            assert any_accounts(session)

    @pytest.mark.parametrize("again", ["mika", "MIKA", "ｍｉｋａ", " mika "])
    def test_no_two_names_differ_by_case_or_width_alone(
        self, database: Database, again: str
    ) -> None:
        put_account(database, "mika")
        with pytest.raises(AccountError, match="already"):
            put_account(database, again)

    @pytest.mark.parametrize(
        "name", ["", "a b", "a\0", "x" * 65, "<b>", "a\u202eb", "command line"]
    )
    def test_what_cannot_be_a_name_is_refused(self, database: Database, name: str) -> None:
        with pytest.raises(AccountError, match="cannot be a sign-in name"):
            put_account(database, name)

    def test_pseudonyms_are_distinct_and_say_nothing(self, database: Database) -> None:
        for name in ("mika", "aoi", "水野"):
            put_account(database, name)
        with database.snapshot() as session:
            listed = list_accounts(session)
        assert len({account.pseudonym for account in listed}) == 3
        assert all(account.name not in account.pseudonym for account in listed)

    def test_owners_get_pseudonyms_and_others_names(self, database: Database) -> None:
        mika = put_account(database, "Mika")
        with database.snapshot() as session:
            owner = show_actors(session, ["Mika", "kiyome"], PERMISSIONS[Role.OWNER])
            lead = show_actors(session, ["Mika", "kiyome"], PERMISSIONS[Role.LEAD])
        assert owner == {"Mika": mika.pseudonym, "kiyome": ""}
        assert lead == {"Mika": "Mika", "kiyome": "kiyome"}

    def test_what_happens_to_accounts_is_in_the_audit_chain_without_secrets(
        self, database: Database
    ) -> None:
        account = put_account(database, "mika")
        with database.transaction() as session:
            link = make_link(session, account, "ops")
            change_role(session, account.id, Role.LEAD, "ops")
            disable_account(session, account.id, "ops")
            enable_account(session, account.id, "ops")
        token = token_of(database, "mika")
        with database.snapshot() as session:
            rows = read_latest(session)
            assert verify_audit(session).ok
        assert [row.action for row in reversed(rows)] == [
            "account_created",
            "account_password_set",
            "account_link_made",
            "account_role_changed",
            "account_disabled",
            "account_enabled",
            "account_signed_in",
        ]
        said = repr(rows)
        assert link.token not in said
        assert token not in said
        assert "argon2" not in said

    def test_an_account_that_is_not_there_is_said_in_words(self, database: Database) -> None:
        with database.transaction() as session, pytest.raises(AccountError, match="no such"):
            change_role(session, "0" * 32, Role.LEAD, "ops")
        with database.snapshot() as session, pytest.raises(AccountError, match="no account 'x'"):
            require_by_name(session, "x")

    def test_one_identity_has_one_account(self, database: Database) -> None:
        with database.transaction() as session:
            create_account(session, "a", Role.REVIEWER, "t", issuer="https://i", subject="1")
        with pytest.raises(AccountError, match="same moment"), database.transaction() as session:
            create_account(session, "b", Role.REVIEWER, "t", issuer="https://i", subject="1")


@pytest.mark.usefixtures("cheap_passwords")
class TestSessions:
    def test_only_the_digest_of_a_token_is_kept(self, database: Database) -> None:
        put_account(database, "mika")
        token = token_of(database, "mika")
        assert len(token) == 43
        with database.snapshot() as session:
            (kept,) = session.scalars(select(AccountSessionRow.token_sha256))
            found = find_session(session, token)
        assert kept == hashlib.sha256(token.encode()).hexdigest()
        assert found is not None
        assert (found.account.name, found.stale) == ("mika", False)

    def test_every_sign_in_gets_a_token_of_its_own(self, database: Database) -> None:
        put_account(database, "mika")
        assert token_of(database, "mika") != token_of(database, "MIKA")

    @pytest.mark.parametrize("token", ["", "x", "x" * 43, "é" * 43, "a" * 42 + "\0"])
    def test_what_is_no_token_is_nobodys(self, database: Database, token: str) -> None:
        assert not works(database, token)

    def test_an_idle_session_ends_and_one_in_use_goes_on(self, database: Database) -> None:
        put_account(database, "mika")
        token = token_of(database, "mika")
        age_sessions(database, seen=TOUCH_MS)
        with database.transaction() as session:
            found = find_session(session, token)
            assert found is not None
            assert found.stale
            touch_session(session, found.id)
        age_sessions(database, seen=IDLE_MS - 5000)
        assert works(database, token)
        age_sessions(database, seen=6000)
        assert not works(database, token)

    def test_no_session_lasts_longer_than_a_week(self, database: Database) -> None:
        put_account(database, "mika")
        token = token_of(database, "mika")
        age_sessions(database, created=LONGEST_MS + 1)
        assert not works(database, token)
        token_of(database, "mika")
        with database.snapshot() as session:
            assert len(session.scalars(select(AccountSessionRow.id)).all()) == 1

    @pytest.mark.parametrize(
        "act",
        [
            lambda session, account: change_role(session, account.id, Role.LEAD, "t"),
            lambda session, account: disable_account(session, account.id, "t"),
            lambda session, account: set_password_hash(session, account.id, "x", "t"),
        ],
        ids=["role", "disabled", "password"],
    )
    def test_what_changes_an_account_ends_its_sessions_at_once(
        self, database: Database, act: Callable[..., object]
    ) -> None:
        account = put_account(database, "mika")
        put_account(database, "aoi")
        token, other = token_of(database, "mika"), token_of(database, "aoi")
        with database.transaction() as session:
            act(session, account)
        assert not works(database, token)
        assert works(database, other)

    def test_signing_out_elsewhere_keeps_this_browser(self, database: Database) -> None:
        account = put_account(database, "mika")
        here, there = token_of(database, "mika"), token_of(database, "mika")
        with database.transaction() as session:
            found = find_session(session, here)
            assert found is not None
            assert end_other_sessions(session, account, found.id, "mika") == 1
            assert len(list_sessions(session, account.id)) == 1
        assert (works(database, here), works(database, there)) == (True, False)

    def test_a_browser_may_call_itself_anything(self, database: Database) -> None:
        account = put_account(database, "mika")
        with database.transaction() as session:
            agent = "a\0b\ud800" + "x" * 500
            begin_session(session, account, address="1.2.3.4", agent=agent, how="password")
            (found,) = list_sessions(session, account.id)
        assert found.agent.startswith("ab")
        assert len(found.agent) == 200


@pytest.mark.usefixtures("cheap_passwords")
class TestSigningIn:
    def test_a_disabled_account_is_refused_with_its_right_password(
        self, database: Database
    ) -> None:
        account = put_account(database, "mika")
        with database.transaction() as session:
            disable_account(session, account.id, "t")
        assert enter(database, "mika") == Wrong()

    def test_too_many_failures_lock_a_name_for_a_while(self, database: Database) -> None:
        put_account(database, "mika")
        put_account(database, "aoi")
        for _ in range(PER_NAME):
            assert enter(database, "Mika", "wrong password") == Wrong()
        locked = enter(database, "mika")
        assert isinstance(locked, Wait)
        assert WINDOW_MS / 1000 - 60 < locked.seconds <= WINDOW_MS / 1000
        assert isinstance(enter(database, "aoi"), Begun)
        age_attempts(database, WINDOW_MS)
        assert isinstance(enter(database, "mika"), Begun)

    def test_an_unknown_name_is_locked_just_the_same(self, database: Database) -> None:
        for _ in range(PER_NAME):
            assert enter(database, "nobody\0", "wrong password") == Wrong()
        assert isinstance(enter(database, "nobody\0", "wrong password"), Wait)

    def test_too_many_failures_lock_an_address(self, database: Database) -> None:
        with database.transaction() as session:
            for number in range(PER_ADDRESS):
                assert isinstance(begin_attempt(session, f"n{number}", "192.0.2.7"), Attempt)
            assert isinstance(begin_attempt(session, "mika", "192.0.2.7"), Wait)
            assert isinstance(begin_attempt(session, "mika", "192.0.2.8"), Attempt)

    def test_success_forgets_the_failures_of_the_name_only(self, database: Database) -> None:
        with database.transaction() as session:
            for _ in range(PER_NAME - 1):
                begin_attempt(session, "mika", "a")
                begin_attempt(session, "aoi", "b")
            attempt = begin_attempt(session, "mika", "a")
            assert isinstance(attempt, Attempt)
            settle_attempt(session, attempt, "mika")
            assert isinstance(begin_attempt(session, "mika", "a"), Attempt)
            begin_attempt(session, "aoi", "b")
            assert isinstance(begin_attempt(session, "aoi", "b"), Wait)

    def test_attempts_at_the_same_moment_are_all_counted(self, database: Database) -> None:
        put_account(database, "mika")
        outcomes: list[object] = []
        threads = [
            threading.Thread(target=lambda: outcomes.append(enter(database, "mika", "no way in")))
            for _ in range(PER_NAME + 6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(outcome == Wrong() for outcome in outcomes) == PER_NAME

    def test_names_are_not_kept_as_they_were_typed(self, database: Database) -> None:
        enter(database, "my secret password", "x")
        with database.snapshot() as session:
            (row,) = session.execute(select(SignInAttemptRow.__table__))
        assert "192.0.2.7" in row
        assert "secret" not in repr(row)

    def test_addresses_of_one_network_count_together(self) -> None:
        assert group_address("2001:db8::1") == group_address("2001:db8::ffff:1")
        assert group_address("2001:db8::1") != group_address("2001:db8:0:1::1")
        assert group_address("::ffff:192.0.2.7") == group_address("192.0.2.7")
        assert group_address("testclient") == "testclient"

    def test_a_password_is_changed_by_whoever_knows_it(self, database: Database) -> None:
        account = put_account(database, "mika")
        before = token_of(database, "mika")
        wrong = change_password(database, account, "no", "another long one", **HERE)
        assert wrong == Wrong()
        assert works(database, before)
        changed = change_password(database, account, PASSWORD, "another long one", **HERE)
        assert isinstance(changed, Begun)
        assert (works(database, before), works(database, changed.token)) == (False, True)
        assert isinstance(enter(database, "mika", "another long one"), Begun)


@pytest.mark.usefixtures("cheap_passwords")
class TestLinks:
    def test_a_link_sets_a_password_once(self, database: Database) -> None:
        account = put_account(database, "mika", password=None)
        with database.transaction() as session:
            link = make_link(session, account, "ops")
        assert link.purpose is LinkPurpose.INVITATION
        with database.transaction() as session:
            use_link(session, link.token, hash_password(PASSWORD))
        assert isinstance(enter(database, "mika"), Begun)
        with pytest.raises(AccountError, match="was used"), database.transaction() as session:
            use_link(session, link.token, hash_password("somebody else's"))
        assert isinstance(enter(database, "mika"), Begun)

    def test_two_who_use_one_link_at_once_do_not_both_succeed(self, database: Database) -> None:
        account = put_account(database, "mika", password=None)
        with database.transaction() as session:
            link = make_link(session, account, "ops")
        outcomes: list[str] = []

        def use(password: str) -> None:
            try:
                with database.transaction() as session:
                    use_link(session, link.token, hash_password(password))
                outcomes.append("set")
            except AccountError:
                outcomes.append("refused")

        threads = [threading.Thread(target=use, args=(f"password {n} of six",)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["refused"] * 5 + ["set"]

    def test_a_link_expires(self, database: Database) -> None:
        account = put_account(database, "mika")
        with database.transaction() as session:
            link = make_link(session, account, "ops")
            assert link.purpose is LinkPurpose.RESET
            assert find_link(session, link.token)
            session.execute(
                update(AccountLinkRow).values(
                    expires_ms=AccountLinkRow.expires_ms - LASTING_MS[LinkPurpose.RESET]
                )
            )
            assert find_link(session, link.token) is None

    def test_a_newer_link_ends_the_older_and_disabling_ends_all(self, database: Database) -> None:
        account = put_account(database, "mika")
        with database.transaction() as session:
            old = make_link(session, account, "ops")
            new = make_link(session, account, "ops")
            assert find_link(session, old.token) is None
            assert find_link(session, new.token)
            disable_account(session, account.id, "ops")
            assert find_link(session, new.token) is None
            with pytest.raises(AccountError, match="disabled"):
                make_link(session, account, "ops")
            enable_account(session, account.id, "ops")
            assert find_link(session, new.token) is None

    def test_only_the_digest_of_a_link_is_kept(self, database: Database) -> None:
        account = put_account(database, "mika")
        with database.transaction() as session:
            link = make_link(session, account, "ops")
        with database.snapshot() as session:
            (row,) = session.execute(select(AccountLinkRow.__table__))
        assert account.id in row
        assert link.token not in repr(row)


def age_sessions(database: Database, *, seen: int = 0, created: int = 0) -> None:
    with database.transaction() as session:
        session.execute(
            update(AccountSessionRow).values(
                seen_ms=AccountSessionRow.seen_ms - seen,
                created_ms=AccountSessionRow.created_ms - created,
            )
        )


def age_attempts(database: Database, by: int) -> None:
    with database.transaction() as session:
        session.execute(update(SignInAttemptRow).values(at_ms=SignInAttemptRow.at_ms - by))

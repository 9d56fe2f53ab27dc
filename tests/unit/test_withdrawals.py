"""Withdrawals: whom they keep out, for what, from when, and how they end."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from flows.cli.takedown import takedown
from models.consent.purposes import Purpose
from models.errors import KiyomeError, RequestError
from models.owners.requests import Happened, Withdrawal, ask_takedown, read_request, withdraw
from models.owners.settling import lift, renew_consent
from models.policy import Policy
from models.reasons import Reason
from models.review.audit import verify_audit
from models.store.database import Database, now_ms
from models.store.tables import OutboxRow, OwnerRequestRow, ReleaseRow, TakedownRow
from models.takedowns import lock_refusals, takedown_times
from models.verdicts import Verdict
from models.withdrawals import find_withdrawn, read_withdrawals
from tests.owner_request_parts import SETTER, STRANGER, asset_of, form, put_owner, weigh

A, B = asset_of(1), asset_of(2)
MINING = Policy.model_validate(
    {"name": "m", "version": "1", "consent": {"purposes": ["data_mining"]}}
)


def _withdraw(database: Database, request_id: str = "", **wanted: object) -> str:
    account = put_owner(database, f"o{form()[:8]}", "")
    request_id = request_id or form()
    with database.transaction() as session:
        withdraw(session, account, request_id, Withdrawal(**{"assets": (), **wanted}))  # type: ignore[arg-type]
    return request_id


def _release(created_ms: int) -> ReleaseRow:
    texts = dict.fromkeys(("manifest_sha256", "exclusions_sha256", "folder"), "")
    numbers = {"number": 1, "cleared": 0, "removed": 0, "created_ms": created_ms}
    return ReleaseRow(id="r", dataset="d", **texts, **numbers)


class TestKeepingOut:
    def test_a_withdrawn_work_is_excluded_whatever_grants_it(self, database: Database) -> None:
        assert weigh(database, A, SETTER).verdict is Verdict.CLEAR
        _withdraw(database, assets=[A.asset_id])
        decision = weigh(database, A, SETTER)
        assert (decision.verdict, decision.reasons) == (
            Verdict.EXCLUDE,
            (Reason.CONSENT_WITHDRAWN,),
        )
        assert decision.decided_by == "withdrawal"
        assert weigh(database, B, SETTER).verdict is Verdict.CLEAR

    def test_everything_of_an_identity_covers_works_that_turn_up_later(
        self, database: Database
    ) -> None:
        _withdraw(database, identities=[SETTER])
        assert weigh(database, asset_of(77), SETTER).verdict is Verdict.EXCLUDE
        assert weigh(database, asset_of(77), STRANGER, SETTER).verdict is Verdict.EXCLUDE
        assert weigh(database, asset_of(77), STRANGER).verdict is Verdict.CLEAR

    def test_known_works_stay_out_when_the_statement_is_gone(self, database: Database) -> None:
        _withdraw(database, identities=[SETTER], assets=[A.asset_id])
        assert weigh(database, A, STRANGER).verdict is Verdict.EXCLUDE

    def test_a_purpose_that_was_not_withdrawn_stays_allowed(self, database: Database) -> None:
        _withdraw(database, assets=[A.asset_id], purposes=[Purpose.GENERATIVE_TRAINING])
        assert weigh(database, A, SETTER).reasons == (Reason.CONSENT_WITHDRAWN,)
        other = weigh(database, A, SETTER, policy=MINING)
        assert Reason.CONSENT_WITHDRAWN not in other.reasons

    def test_a_withdrawal_is_believed_from_an_account_without_identities(
        self, database: Database
    ) -> None:
        _withdraw(database, assets=[A.asset_id])
        with database.snapshot() as session:
            assert set(read_withdrawals(session).assets) == {A.asset_id}

    def test_of_several_withdrawals_the_earliest_counts(self, database: Database) -> None:
        _withdraw(database, assets=[A.asset_id])
        with database.snapshot() as session:
            first = read_withdrawals(session)
        _withdraw(database, assets=[A.asset_id])
        with database.snapshot() as session:
            assert read_withdrawals(session) == first


class TestAsking:
    def test_the_same_form_sent_twice_is_one_request(self, database: Database) -> None:
        account, request_id = put_owner(database), form()
        for _ in range(2):
            with database.transaction() as session:
                withdraw(session, account, request_id, Withdrawal([A.asset_id]))
        with database.snapshot() as session:
            assert session.scalar(select(func.count(OwnerRequestRow.id))) == 1
            assert session.scalar(select(func.count(OutboxRow.id))) == 1

    def test_a_form_of_somebody_else_s_is_refused(self, database: Database) -> None:
        request_id = _withdraw(database, assets=[A.asset_id])
        other = put_owner(database, "ben", "")
        with database.transaction() as session, pytest.raises(RequestError, match="another"):
            withdraw(session, other, request_id, Withdrawal([A.asset_id]))

    @pytest.mark.parametrize(
        ("wanted", "said"),
        [
            (Withdrawal([]), "Nothing is chosen"),
            (Withdrawal(["a.png"]), "not named by its SHA-256"),
            (Withdrawal(["0" * 64], purposes=()), "No use is chosen"),
            (Withdrawal([f"{n:064x}" for n in range(501)]), "500 works at most"),
        ],
    )
    def test_what_cannot_be_taken_records_nothing(
        self, sqlite_database: Database, wanted: Withdrawal, said: str
    ) -> None:
        account = put_owner(sqlite_database)
        with pytest.raises(RequestError, match=said), sqlite_database.transaction() as session:
            withdraw(session, account, form(), wanted)
        with sqlite_database.snapshot() as session:
            assert not session.scalar(select(func.count(OwnerRequestRow.id)))
            assert not read_withdrawals(session)

    def test_a_request_its_audit_row_and_its_outbox_row_are_one(self, database: Database) -> None:
        request_id = _withdraw(database, identities=[SETTER])
        with database.snapshot() as session:
            assert verify_audit(session).ok
            request = read_request(session, request_id)
            posted = session.scalars(select(OutboxRow.payload)).one()
        assert request is not None
        assert request.whole
        assert [event.action for event in request.events] == [Happened.ACKNOWLEDGED]
        assert request_id in posted
        assert SETTER not in posted

    def test_an_acknowledgement_is_later_than_every_release_before_it(
        self, database: Database
    ) -> None:
        far = 9_000_000_000_000
        release = _release(far)
        with database.transaction() as session:
            session.add(release)
        request_id = _withdraw(database, assets=[A.asset_id])
        with database.snapshot() as session:
            request = read_request(session, request_id)
            assert request is not None
            assert request.acknowledged_ms == far + 1


class TestEnding:
    def test_consent_given_back_lets_the_work_be_judged_as_before(self, database: Database) -> None:
        account, request_id = put_owner(database), form()
        with database.transaction() as session:
            withdraw(session, account, request_id, Withdrawal([A.asset_id]))
        with database.transaction() as session:
            request = renew_consent(session, account, request_id)
        assert not request.assets
        assert request.ended == {"asset": (A.asset_id,)}
        assert weigh(database, A, SETTER).verdict is Verdict.CLEAR
        with database.snapshot() as session:
            assert verify_audit(session).ok

    def test_a_part_can_be_given_back(self, database: Database) -> None:
        account, request_id = put_owner(database), form()
        with database.transaction() as session:
            withdraw(session, account, request_id, Withdrawal([A.asset_id, B.asset_id]))
        with database.transaction() as session:
            renew_consent(session, account, request_id, [A.asset_id])
        assert weigh(database, A, SETTER).verdict is Verdict.CLEAR
        assert weigh(database, B, SETTER).verdict is Verdict.EXCLUDE

    def test_nobody_else_gives_consent_back(self, database: Database) -> None:
        request_id = _withdraw(database, assets=[A.asset_id])
        other = put_owner(database, "ben", STRANGER)
        with database.transaction() as session, pytest.raises(RequestError, match="Only the acc"):
            renew_consent(session, other, request_id)
        assert weigh(database, A, SETTER).verdict is Verdict.EXCLUDE

    def test_what_another_request_withdraws_stays_out(self, database: Database) -> None:
        account, request_id = put_owner(database), form()
        with database.transaction() as session:
            withdraw(session, account, request_id, Withdrawal([A.asset_id]))
        _withdraw(database, assets=[A.asset_id])
        with database.transaction() as session:
            renew_consent(session, account, request_id)
        assert weigh(database, A, SETTER).verdict is Verdict.EXCLUDE

    def test_what_was_given_back_cannot_be_given_back_again(self, database: Database) -> None:
        account, request_id = put_owner(database), form()
        with database.transaction() as session:
            withdraw(session, account, request_id, Withdrawal([A.asset_id]))
        with database.transaction() as session:
            renew_consent(session, account, request_id)
        with database.transaction() as session, pytest.raises(RequestError, match="Nothing of"):
            renew_consent(session, account, request_id)

    def test_a_takedown_is_lifted_with_a_reason_that_its_owner_reads(
        self, database: Database
    ) -> None:
        account, request_id = put_owner(database), form()
        with database.transaction() as session:
            ask_takedown(session, account, request_id, [A.asset_id, B.asset_id])
        with database.transaction() as session, pytest.raises(KiyomeError, match="a reason"):
            lift(session, A.asset_id, "ops", " ")
        with database.transaction() as session:
            assert lift(session, A.asset_id, "ops", "wrong file").requests == (request_id,)
        with database.snapshot() as session:
            request = read_request(session, request_id)
            assert set(takedown_times(session)) == {B.asset_id}
            assert verify_audit(session).ok
        assert request is not None
        assert request.assets == (B.asset_id,)
        assert (request.events[-1].action, request.events[-1].note) == (
            Happened.LIFTED,
            "wrong file",
        )

    def test_a_takedown_cannot_be_given_back_by_its_owner(self, database: Database) -> None:
        account, request_id = put_owner(database), form()
        with database.transaction() as session:
            ask_takedown(session, account, request_id, [A.asset_id])
        with database.transaction() as session, pytest.raises(RequestError):
            renew_consent(session, account, request_id)
        with database.snapshot() as session:
            assert session.get(TakedownRow, A.asset_id) is not None


def test_a_manifest_is_searched_by_id_by_name_and_by_setter(sqlite_database: Database) -> None:
    import pyarrow as pa

    from models.assets.asset import unread_id

    _withdraw(sqlite_database, assets=[A.asset_id, unread_id("c.png")], identities=[SETTER])
    rows = [
        {"asset_id": f"{n:064x}", "names": [name], "consent": [{"setter": setter}]}
        for n, name, setter in ((1, "a", ""), (2, "b", SETTER), (3, "c.png", ""), (4, "d", "x"))
    ]
    with sqlite_database.snapshot() as session:
        withdrawals = read_withdrawals(session)
    found = find_withdrawn(pa.Table.from_pylist(rows), withdrawals, list(Purpose))
    assert found == {f"{n:064x}" for n in (1, 2, 3)}


def test_a_refusal_waits_for_a_release_that_is_being_recorded_and_is_later_than_it(
    database: Database,
) -> None:
    account, request_id = put_owner(database), form()
    begun, recorded = threading.Event(), threading.Event()
    acknowledged: list[int] = []

    def ask() -> None:
        begun.set()
        with database.transaction() as session:
            request = withdraw(session, account, request_id, Withdrawal([A.asset_id]))
            assert recorded.is_set()
            acknowledged.append(request.acknowledged_ms)

    with database.transaction() as session:
        lock_refusals(session, to_read=True)
        now_ms(session)  # SQLite begins a transaction with its first statement
        thread = threading.Thread(target=ask)
        thread.start()
        begun.wait(30)
        time.sleep(0.5)  # long enough for it to come to the lock
        at = now_ms(session)
        session.add(_release(at))
        recorded.set()
    thread.join(60)
    assert acknowledged
    assert acknowledged[0] > at


class TestLiftingInATerminal:
    def test_a_dry_run_says_what_would_happen_and_changes_nothing(self, tmp_path: Path) -> None:
        assert self._run(tmp_path, "add", A.asset_id, "--by", "Studio").exit_code == 0
        words = ("lift", A.asset_id, "--by", "ops", "--reason", "a mistake")
        dry = self._run(tmp_path, *words, "--dry-run")
        assert dry.output.startswith("Would lift the takedown")
        assert A.asset_id in self._run(tmp_path, "list").output
        done = self._run(tmp_path, *words)
        assert done.output.startswith("Lifted the takedown")
        assert self._run(tmp_path, "list").output == "No takedowns.\n"
        again = self._run(tmp_path, *words)
        assert isinstance(again.exception, KiyomeError)

    def _run(self, tmp_path: Path, *words: str) -> Result:
        where = ["--workspace", str(tmp_path / "workspace")]
        return CliRunner().invoke(takedown, [*words, *where])

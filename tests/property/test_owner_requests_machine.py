"""Whatever owners ask and runs do, in any order: no release is made against what is in force."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, select

from models.accounts.records import Account
from models.consent.purposes import ALL_PURPOSES, Purpose
from models.owners.requests import Withdrawal, ask_takedown, read_request, withdraw
from models.owners.settling import lift, renew_consent
from models.owners.standing import Place, State, find_standing
from models.releases.manifest import MANIFEST, OUTCOMES
from models.releases.publishing import Contents, VerdictsStaleError, publish
from models.review.audit import verify_audit
from models.store.database import Database
from models.store.tables import Base, ReleaseRow
from models.takedowns import takedown_times
from models.verdicts import Verdict
from models.withdrawals import read_withdrawals
from tests.owner_request_parts import TRAINING, asset_of, form, put_owner, weigh

ASSETS = tuple(asset_of(number) for number in range(4))
SETTERS = ("0xa", "0xb")
SPEAKER = {asset.asset_id: SETTERS[n % 2] for n, asset in enumerate(ASSETS)}
IDS = st.sampled_from([asset.asset_id for asset in ASSETS])
PURPOSES = st.sampled_from([(TRAINING,), (Purpose.DATA_MINING,), ALL_PURPOSES])


class RequestMachine(RuleBasedStateMachine):
    """Two owners, four works, and runs that judge now and publish later."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.database = database
        self.workspace = Path(tempfile.mkdtemp(prefix="kiyome-requests-"))
        with database.transaction() as session:
            for table in reversed(Base.metadata.sorted_tables):
                session.execute(delete(table))
        self.owners = [put_owner(database, name, "") for name in ("aoi", "ben")]
        self.withdrawn: dict[str, tuple[Account, set[str], tuple[Purpose, ...]]] = {}
        self.taken_down: dict[str, set[str]] = {}
        self.judged: set[str] | None = None
        self.held: dict[int, set[str]] = {}

    def teardown(self) -> None:
        shutil.rmtree(self.workspace)

    def refused(self) -> set[str]:
        """What must be in no release that is made now."""
        found = set().union(*self.taken_down.values()) if self.taken_down else set()
        for _, about, purposes in self.withdrawn.values():
            if TRAINING in purposes:
                found |= {a for a in SPEAKER if a in about or SPEAKER[a] in about}
        return found

    @rule(who=st.integers(0, 1), assets=st.sets(IDS, min_size=1), purposes=PURPOSES)
    def an_owner_withdraws_works(
        self, who: int, assets: set[str], purposes: tuple[Purpose, ...]
    ) -> None:
        self._withdraw(who, assets, (), purposes)

    @rule(who=st.integers(0, 1), setter=st.sampled_from(SETTERS), purposes=PURPOSES)
    def an_owner_withdraws_everything(
        self, who: int, setter: str, purposes: tuple[Purpose, ...]
    ) -> None:
        self._withdraw(who, (), (setter,), purposes)

    @rule(who=st.integers(0, 1), assets=st.sets(IDS, min_size=1))
    def an_owner_asks_for_a_takedown(self, who: int, assets: set[str]) -> None:
        request_id = form()
        with self.database.transaction() as session:
            ask_takedown(session, self.owners[who], request_id, assets)
        self.taken_down[request_id] = set(assets)

    @precondition(lambda self: self.withdrawn)
    @rule(data=st.data())
    def an_owner_gives_consent_back(self, data: st.DataObject) -> None:
        request_id = data.draw(st.sampled_from(list(self.withdrawn)))
        owner, about, purposes = self.withdrawn[request_id]
        part = data.draw(st.sets(st.sampled_from(sorted(about))))
        with self.database.transaction() as session:
            renew_consent(session, owner, request_id, part)
        left = about - part if part else set()
        self.withdrawn[request_id] = (owner, left, purposes)
        if not left:
            del self.withdrawn[request_id]

    @precondition(lambda self: self.taken_down)
    @rule(data=st.data())
    def ops_lifts_a_takedown(self, data: st.DataObject) -> None:
        asset_id = data.draw(st.sampled_from(sorted(set().union(*self.taken_down.values()))))
        with self.database.transaction() as session:
            lift(session, asset_id, "ops", "a mistake")
        self.taken_down = {
            key: left for key, about in self.taken_down.items() if (left := about - {asset_id})
        }

    @rule()
    def a_run_judges(self) -> None:
        with self.database.snapshot() as session:
            gone = takedown_times(session).keys()
        self.judged = {
            asset.asset_id
            for asset in ASSETS
            if asset.asset_id not in gone
            and weigh(self.database, asset, SPEAKER[asset.asset_id]).verdict is Verdict.CLEAR
        }

    @precondition(lambda self: self.judged is not None)
    @rule()
    def the_run_publishes(self) -> None:
        assert self.judged is not None
        stale = self.judged & self.refused()
        if stale and self._newest() != self.judged:
            with pytest.raises(VerdictsStaleError):
                self._publish(self.judged)
        elif not stale:
            number = self._publish(self.judged)
            self.held[number] = set(self.judged)
        self.judged = None

    @invariant()
    def what_is_in_force_is_what_was_asked(self) -> None:
        with self.database.snapshot() as session:
            withdrawals = read_withdrawals(session)
            down = takedown_times(session).keys()
        found = {
            asset_id
            for asset_id, setter in SPEAKER.items()
            if asset_id in down or TRAINING in withdrawals.find(asset_id, (), (setter,))
        }
        assert found == self.refused()

    @invariant()
    def no_release_is_told_to_hold_what_was_refused_before_it(self) -> None:
        ids = [*self.withdrawn, *self.taken_down]
        with self.database.snapshot() as session:
            assert verify_audit(session).ok
            for request_id in ids:
                request = read_request(session, request_id)
                assert request is not None
                standing = find_standing(session, self.workspace, request)
                assert standing.state is not State.TROUBLE
                newest = max(self.held, default=0)
                holds = self.held.get(newest, set()) & set(request.assets)
                places = {each.place for each in standing.datasets}
                assert bool(places & {Place.STILL, Place.OTHER_PURPOSE}) is bool(holds)

    def _withdraw(
        self, who: int, assets: object, setters: tuple[str, ...], purposes: tuple[Purpose, ...]
    ) -> None:
        request_id, about = form(), {*assets, *setters}  # type: ignore[misc]
        wanted = Withdrawal(about - set(setters), setters, purposes)
        with self.database.transaction() as session:
            withdraw(session, self.owners[who], request_id, wanted)
        self.withdrawn[request_id] = (self.owners[who], about, purposes)

    def _newest(self) -> set[str] | None:
        return self.held[max(self.held)] if self.held else None

    def _publish(self, cleared: set[str]) -> int:
        blank = {"names": ["a"], "captions": [], "reasons": [], "ruling_id": "", "basis": []}
        rows = [
            {
                **blank,
                "asset_id": asset_id,
                "decided_by": "machine",
                "attribution": False,
                "authors": [],
                "consent": [
                    {
                        **dict.fromkeys(
                            ("carrier", "source", "trust", "license_ref", "evidence_sha256"), ""
                        ),
                        "setter": SPEAKER[asset_id],
                    }
                ],
            }
            for asset_id in sorted(cleared)
        ]
        release, _ = publish(
            self.database,
            self.workspace,
            "set",
            Contents(
                pa.Table.from_pylist(rows, schema=MANIFEST),
                OUTCOMES.empty_table(),
                pa.table({"asset_id": pa.array([], pa.string())}),
                {"consent": {"purposes": [TRAINING.value]}},
                lambda folder: None,
                (TRAINING,),
            ),
        )
        listed = pq.read_table(release.path(self.workspace) / "manifest.parquet")
        assert set(listed["asset_id"].to_pylist()) == cleared
        with self.database.snapshot() as session:
            assert session.scalar(select(ReleaseRow.number).order_by(ReleaseRow.number.desc()))
        return release.number


@pytest.mark.timeout(600)
def test_no_release_is_made_against_a_request_that_is_in_force(database: Database) -> None:
    run_state_machine_as_test(
        lambda: RequestMachine(database),
        settings=settings(
            max_examples=25 if database.url.startswith("sqlite") else 10,
            stateful_step_count=14,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

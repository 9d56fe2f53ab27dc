"""An owner's request and the run that carries it out: the release, the ledger, what is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from flows.cleanse import cleanse
from models.accounts.records import Account
from models.canonical import digest_bytes
from models.consent.purposes import Purpose
from models.errors import ReleaseError
from models.ledger.log import UsageLedger
from models.ledger.verification import verify_ledger
from models.owners.known_assets import find_known_assets
from models.owners.requests import OwnerRequest, Withdrawal, ask_takedown, read_request, withdraw
from models.owners.settling import lift, renew_consent
from models.owners.standing import Place, RequestStanding, State, find_standing
from models.releases.drawn import read_released
from models.releases.exporting import export_release
from models.releases.recount import recount
from models.settings import Settings
from models.store.database import Database
from models.store.schema import open_database
from models.store.tables import RevocationRow
from models.summary import Summary
from tests.owner_request_parts import form, put_owner
from tests.pipeline import (
    POLICY,
    draw_dataset,
    draw_picture,
    make_settings,
    outcomes_of,
    release_of,
)

pytestmark = pytest.mark.prefect
HOLDER = "Studio"
"""Who speaks for every picture: the holder of the contract in the policy."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


@pytest.fixture
def store(settings: Settings) -> Iterator[Database]:
    database = open_database(settings.resolved_database_url)
    yield database
    database.dispose()


@pytest.fixture
def owner(store: Database) -> Account:
    return put_owner(store, "aoi", HOLDER)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return draw_dataset(tmp_path / "set", 4)


def run(root: Path, settings: Settings) -> Summary:
    value = cleanse(str(root), dataset="set", settings=settings.model_dump(mode="json"))
    return Summary.from_dict(value)


def id_of(root: Path, name: str) -> str:
    return digest_bytes((root / name).read_bytes())


def ask(store: Database, owner: Account, *assets: str, **wanted: Any) -> OwnerRequest:
    with store.transaction() as session:
        return withdraw(session, owner, form(), Withdrawal(assets, **wanted))


def standing_of(store: Database, settings: Settings, request_id: str) -> RequestStanding:
    with store.snapshot() as session:
        request = read_request(session, request_id)
        assert request is not None
        return find_standing(session, settings.workspace, request)


def released(settings: Settings) -> set[str]:
    folder = release_of(settings, "set").path(settings.workspace)
    return set(pq.read_table(folder / "manifest.parquet")["asset_id"].to_pylist())


def revoked(settings: Settings) -> list[dict[str, Any]]:
    ledger = UsageLedger.open(settings.workspace / "ledger", settings.ledger_origin)
    return [
        opening.record
        for batch in ledger.batches()
        for opening in ledger.openings(batch.batch_id)
        if opening.record["type"] == "revoke"
    ]


def test_a_withdrawn_work_leaves_with_the_next_release_and_the_ledger_says_so(
    root: Path, settings: Settings, store: Database, owner: Account
) -> None:
    run(root, settings)
    asset = id_of(root, "002.png")
    request = ask(store, owner, asset)
    standing = standing_of(store, settings, request.id)
    assert standing.state is State.WAITING
    assert [(s.place, s.release) for s in standing.datasets] == [(Place.STILL, 1)]
    summary = run(root, settings)
    assert (summary.release, summary.removed) == (2, 1)
    assert asset not in released(settings)
    assert outcomes_of(settings, "set")["002.png"] == ("exclude", "consent_withdrawn")
    standing = standing_of(store, settings, request.id)
    assert (standing.state, standing.closed) == (State.IN_FORCE, True)
    assert [(s.place, s.release, s.since) for s in standing.datasets] == [(Place.GONE, 1, 2)]
    (record,) = revoked(settings)
    assert record["asset"]["sha256"] == asset
    assert record["reasons"] == ["consent_withdrawn"]
    ledger = UsageLedger.open(settings.workspace / "ledger", settings.ledger_origin)
    assert record["ownerRef"] == ledger.reference("owner", HOLDER)
    first = ledger.openings(ledger.batches()[0].batch_id)
    assert {o.index: o.record for o in first}[record["prev"]]["asset"]["sha256"] == asset
    assert all(check.ok for check in recount(store, settings.workspace, "set"))
    report = verify_ledger(ledger.public_folder, ledger.vkey, ledger.private_folder)
    assert report.ok, report.failures


def test_running_again_revokes_nothing_twice(
    root: Path, settings: Settings, store: Database, owner: Account
) -> None:
    run(root, settings)
    ask(store, owner, id_of(root, "000.png"))
    for _ in range(3):
        run(root, settings)
    assert len(revoked(settings)) == 1
    with store.transaction() as session:  # the ledger is what counts, and not the note of it
        session.query(RevocationRow).delete()
    run(root, settings)
    assert len(revoked(settings)) == 1


def test_everything_of_an_identity_leaves_and_what_turns_up_later_never_enters(
    root: Path, settings: Settings, store: Database, owner: Account
) -> None:
    run(root, settings)
    known = find_known_assets(store, settings.workspace, [HOLDER])
    assert known == {id_of(root, f"{n:03d}.png") for n in range(4)}
    request = ask(store, owner, *known, identities=[HOLDER])
    draw_picture(root / "late.png", 77)
    summary = run(root, settings)
    assert summary.counts["exclude"] == 5
    assert released(settings) == set()
    assert outcomes_of(settings, "set")["late.png"] == ("exclude", "consent_withdrawn")
    assert len(revoked(settings)) == 4
    assert standing_of(store, settings, request.id).state is State.IN_FORCE


def test_a_work_that_turned_up_after_a_withdrawal_of_everything_is_told_as_kept_out(
    root: Path, settings: Settings, store: Database, owner: Account
) -> None:
    request = ask(store, owner, identities=[HOLDER])
    assert standing_of(store, settings, request.id).state is State.ABSENT
    run(root, settings)
    (found,) = standing_of(store, settings, request.id).datasets
    assert (found.place, found.count) == (Place.KEPT_OUT, 4)


def test_a_withdrawal_that_comes_in_while_the_release_is_made_still_counts(
    root: Path,
    settings: Settings,
    store: Database,
    owner: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[OwnerRequest] = []

    def withdraw_now(name: str) -> None:
        if name == "release-built" and not asked:
            asked.append(ask(store, owner, identities=[HOLDER]))

    monkeypatch.setattr("models.releases.publishing.reach", withdraw_now)
    summary = run(root, settings)
    assert asked
    assert summary.counts == {"clear": 0, "review": 0, "error": 0, "exclude": 4}


def test_a_withdrawal_for_another_use_leaves_the_release_as_it_is(
    root: Path, settings: Settings, store: Database, owner: Account
) -> None:
    run(root, settings)
    request = ask(store, owner, id_of(root, "000.png"), purposes=[Purpose.DATA_MINING])
    summary = run(root, settings)
    assert (summary.release, summary.release_is_new) == (1, False)
    (found,) = standing_of(store, settings, request.id).datasets
    assert found.place is Place.OTHER_PURPOSE
    assert revoked(settings) == []


def test_a_request_about_a_work_that_nobody_has_says_so(
    root: Path, settings: Settings, store: Database, owner: Account
) -> None:
    run(root, settings)
    request = ask(store, owner, "f" * 64)
    assert standing_of(store, settings, request.id) == RequestStanding(State.ABSENT)


def test_consent_given_back_lets_the_work_in_again_and_a_second_withdrawal_revokes_again(
    root: Path, settings: Settings, store: Database, owner: Account
) -> None:
    run(root, settings)
    asset = id_of(root, "001.png")
    request = ask(store, owner, asset)
    run(root, settings)
    with store.transaction() as session:
        renew_consent(session, owner, request.id)
    assert run(root, settings).release == 3
    assert asset in released(settings)
    assert standing_of(store, settings, request.id).state is State.ENDED
    ask(store, owner, asset)
    run(root, settings)
    assert asset not in released(settings)
    assert [record["asset"]["sha256"] for record in revoked(settings)] == [asset, asset]


def test_a_takedown_by_its_owner_is_in_force_and_can_be_lifted_by_ops(
    root: Path, settings: Settings, store: Database, owner: Account
) -> None:
    run(root, settings)
    asset = id_of(root, "003.png")
    with store.transaction() as session:
        request = ask_takedown(session, owner, form(), [asset])
    run(root, settings)
    assert asset not in released(settings)
    assert [record["reasons"] for record in revoked(settings)] == [["takedown"]]
    with store.transaction() as session:
        lift(session, asset, "ops", "it was somebody else's picture")
    run(root, settings)
    assert asset in released(settings)
    assert standing_of(store, settings, request.id).state is State.ENDED


def test_a_release_that_holds_a_withdrawn_work_is_neither_exported_nor_drawn_from(
    root: Path, settings: Settings, store: Database, owner: Account, tmp_path: Path
) -> None:
    run(root, settings)
    asset = id_of(root, "000.png")
    ask(store, owner, asset, purposes=[Purpose.GENERATIVE_TRAINING])
    with pytest.raises(ReleaseError, match="taken down or withdrawn"):
        export_release(store, settings.workspace, "set", tmp_path / "out")
    release = release_of(settings, "set")
    drawn = read_released(store, settings.workspace, release.id)
    assert drawn.withdrawn == {asset: frozenset({Purpose.GENERATIVE_TRAINING})}


def test_a_damaged_manifest_is_never_told_as_good_news(
    root: Path, settings: Settings, store: Database, owner: Account
) -> None:
    run(root, settings)
    request = ask(store, owner, id_of(root, "000.png"))
    manifest = release_of(settings, "set").path(settings.workspace) / "manifest.parquet"
    manifest.write_bytes(b"no manifest")
    assert standing_of(store, settings, request.id).state is State.TROUBLE


def test_a_policy_for_another_use_is_not_kept_from_a_work(
    root: Path, settings: Settings, store: Database, owner: Account
) -> None:
    ask(store, owner, identities=[HOLDER], purposes=[Purpose.GENERATIVE_TRAINING])
    mining = POLICY.replace("generative_training", "data_mining")
    settings.policy.write_text(mining + '\n[consent]\npurposes = ["data_mining"]\n', "utf-8")
    assert run(root, settings).counts["clear"] == 4

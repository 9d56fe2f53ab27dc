"""kill -9 between proposing, approving and publishing a release: published once, or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from models.releases.proposal import ProposalState
from models.review.audit import verify_audit
from models.store.tables import OutboxRow
from tests.pipeline import run_kiyome
from tests.signing_parts import DATASET, SigningStudio

pytestmark = [pytest.mark.kill, pytest.mark.prefect, pytest.mark.timeout(900)]
POINTS = ("signed-moved", "signed-recorded", "ledger.promised", "signed-entered")


@pytest.fixture(scope="module")
def proposed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which a release waits; copied for each test."""
    folder = tmp_path_factory.mktemp("proposed")
    studio = SigningStudio(folder, f"sqlite:///{folder / 'kiyome.db'}")
    studio.cleanse()
    studio.database.dispose()
    return folder


def reopen(proposed: Path, folder: Path) -> SigningStudio:
    shutil.copytree(proposed / "workspace", folder / "workspace")
    for source in proposed.glob("kiyome.db*"):  # with what SQLite has not put into it yet
        shutil.copyfile(source, folder / source.name)
    return SigningStudio(folder, f"sqlite:///{folder / 'kiyome.db'}")


@pytest.mark.parametrize("point", POINTS)
def test_an_approved_release_is_published_once_wherever_it_was_ended(
    proposed: Path, tmp_path: Path, point: str
) -> None:
    studio = reopen(proposed, tmp_path)
    studio.sign("mika")
    env = {
        "KIYOME_WORKSPACE": str(studio.settings.workspace),
        "KIYOME_POLICY": str(studio.settings.policy),
        "KIYOME_DATABASE_URL": studio.database_url,
    }
    words = ("releases", "publish", "--dataset", DATASET)
    killed = run_kiyome(*words, env={**env, "KIYOME_FAILPOINT": point}, timeout=600)
    assert killed.returncode != 0
    again = run_kiyome(*words, env=env, timeout=600)
    assert again.returncode == 0, again.stderr
    (proposal,) = studio.proposals()
    assert proposal.state is ProposalState.PUBLISHED
    released = studio.released()
    assert released is not None
    assert released.id == proposal.release.id
    assert (released.path(studio.settings.workspace) / "manifest.parquet").exists()
    assert studio.batches() == [released.id]
    with studio.database.snapshot() as session:
        assert verify_audit(session).ok
        told = session.scalars(select(OutboxRow.topic)).all()
    assert told.count("release.published") == 1
    assert not list((studio.settings.workspace / "proposed" / DATASET).iterdir())
    studio.database.dispose()

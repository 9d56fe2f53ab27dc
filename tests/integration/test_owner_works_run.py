"""A real run leaves an owner their works, and the ledger what became of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows.cleanse import cleanse
from models.owners.own_ledger import open_own_ledger
from models.owners.usage import BatchKind, UsageHistory
from models.owners.works import find_work, find_works
from models.store.schema import open_database
from models.takedowns import acknowledge_takedown
from tests.pipeline import draw_dataset, make_settings, outcomes_of

pytestmark = pytest.mark.prefect


def test_a_run_indexes_every_work_with_its_verdict_and_a_later_run_mends_it(
    tmp_path: Path,
) -> None:
    settings = make_settings(tmp_path)
    root = draw_dataset(tmp_path / "set", 6)
    given = {"dataset": "set", "settings": settings.model_dump(mode="json")}
    cleanse(str(root), **given)
    page = find_works(settings.workspace, ("Studio",))
    assert {w.name: w.verdict for w in page.works} == {
        name: verdict for name, (verdict, _) in outcomes_of(settings, "set").items()
    }
    assert all(work.may_grant and work.carriers == ("contract",) for work in page.works)

    database = open_database(settings.resolved_database_url)
    asset_id = page.works[0].asset_id
    with database.transaction() as session:
        acknowledge_takedown(session, asset_id, "Studio", "")
    database.dispose()
    cleanse(str(root), **given)
    (work,) = find_work(settings.workspace, ("Studio",), "set", asset_id)
    assert (work.verdict, work.reasons[0]) == ("exclude", "takedown")

    ledger = open_own_ledger(settings.workspace / "ledger")
    assert ledger is not None
    reference = ledger.reference("Studio")
    batches = UsageHistory(ledger).batches_of(reference)
    newest, first = (each for each in batches if each.kind is BatchKind.RELEASE)
    assert (first.used, first.excluded) == (6, 0)
    assert (newest.used, newest.excluded) == (5, 1)
    value = json.loads(ledger.owner_proof(newest.batch_id, reference))
    assert len(value["records"]) == 6

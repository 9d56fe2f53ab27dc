"""The sample dataset: every file gets the verdict and the reason that EXPECTED.csv promises."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from models.assets.asset import Asset
from models.assets.scan import scan_dataset
from models.consent.gathering.gather import gather_evidence
from models.consent.gathering.wanted import Wanted
from models.consent.looking import take_testimony
from models.decisions import Decision
from models.detectors import load_detectors
from models.judging import Bench, gather, hear, select_undecided
from models.motifs.register import add_folder
from models.nouns.importing import import_names
from models.policy import load_policy
from models.settings import Settings
from models.store.database import Database
from models.store.tables import Base
from models.verdicts import Verdict

SAMPLE = Path(__file__).parents[2] / "flows" / "sample"
A_DAY_IN_2026 = 1_790_000_000
with (SAMPLE / "EXPECTED.csv").open(encoding="utf-8") as file:
    EXPECTED = {row["file"]: row for row in csv.DictReader(file)}


def _quietly(_: int) -> None:
    """Tell nobody how far a stage has come."""


@pytest.fixture(scope="module")
def decisions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Asset, Decision]]:
    """The decision on each file, by every detector as the sample's policy and registers ask."""
    workspace = tmp_path_factory.mktemp("workspace")
    settings = Settings(workspace=workspace, policy=SAMPLE / "policy.toml", workers=2)
    database = Database(settings.resolved_database_url)
    Base.metadata.create_all(database.engine)
    with database.transaction() as session:
        names = import_names(session, SAMPLE / "register.csv")
        motifs = add_folder(session, workspace, SAMPLE / "motifs")
    assert not names.problems
    assert not motifs.refused
    policy = load_policy(settings.policy)
    detectors = load_detectors(settings, policy, SAMPLE, database)
    scan = scan_dataset(str(SAMPLE / "dataset"), max_bytes=settings.max_bytes, workers=2)
    outputs = {"consent": detectors.consent.examine(scan.assets, _quietly)}
    wanted = Wanted()
    wanted.add_shard(scan.assets, outputs["consent"])
    gather_evidence(wanted, policy.consent, settings, database, sources=(), as_of=A_DAY_IN_2026)
    bench = Bench(
        policy, {}, A_DAY_IN_2026, {}, frozenset(), take_testimony(database, policy.consent)
    )
    for stage in (detectors.nouns, detectors.features):
        asked = select_undecided(scan.assets, outputs, bench)
        outputs[stage.name] = stage.examine(asked, _quietly)
    asked = select_undecided(scan.assets, outputs, bench)
    outputs["motifs"] = detectors.motifs(outputs["features"]).examine(asked, _quietly)
    observed = hear(gather(scan.assets, outputs), bench.testimony)
    return {
        location.name: (asset, bench.weigh(asset, observed[asset.asset_id])[1])
        for asset in scan.assets
        for location in asset.locations
    }


def test_no_file_is_lost(decisions: dict[str, tuple[Asset, Decision]]) -> None:
    assert decisions.keys() == EXPECTED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_gets_its_verdict_and_reason(
    name: str, decisions: dict[str, tuple[Asset, Decision]]
) -> None:
    _, decision = decisions[name]
    expected = EXPECTED[name]
    assert (decision.verdict.value, decision.reasons[0].value) == (
        expected["verdict"],
        expected["reason"],
    )


def test_files_of_the_same_bytes_are_one_asset_with_one_verdict(
    decisions: dict[str, tuple[Asset, Decision]],
) -> None:
    one = decisions["hoshikage/delivery/room.webp"]
    other = decisions["hoshikage/delivery/IMG_0042.webp"]
    assert one == other
    assert len(one[0].captions) == 2


def test_every_clear_file_is_clear_because_of_a_contract(
    decisions: dict[str, tuple[Asset, Decision]],
) -> None:
    clear = [d for _, d in decisions.values() if d.verdict is Verdict.CLEAR]
    assert len(clear) > 30
    assert {reason.value for d in clear for reason in d.reasons} == {"consent_contract"}

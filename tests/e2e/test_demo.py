"""The demo: what a newcomer sees is what the sample's own list says it must be."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from models.assets.scan import scan_dataset
from models.settings import Settings, load_settings
from tests.pipeline import ROOT, manifest_bytes, outcomes_of, release_of, run_kiyome

SAMPLE = ROOT / "flows" / "sample"
pytestmark = pytest.mark.prefect


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, str]:
    """The demo, run once: its settings and what it printed."""
    folder = tmp_path_factory.mktemp("demo")
    done = run_kiyome("demo", "--folder", folder, own_server=True)
    assert done.returncode == 0, done.stderr
    return load_settings(workspace=folder / "workspace", policy=SAMPLE / "policy.toml"), done.stdout


def test_every_file_of_the_sample_gets_the_verdict_that_its_list_expects(
    demo: tuple[Settings, str],
) -> None:
    with (SAMPLE / "EXPECTED.csv").open(encoding="utf-8", newline="") as file:
        expected = {row["file"]: (row["verdict"], row["reason"]) for row in csv.DictReader(file)}
    assert outcomes_of(demo[0], "sample") == expected


def test_the_summary_shows_counts_reasons_and_where_to_look_next(
    demo: tuple[Settings, str],
) -> None:
    for words in (
        "clear",
        "to review",
        "excluded",
        "error",
        "report.html",
        "review page",
        "ledger",
    ):
        assert words in demo[1]


def test_the_report_opens_without_a_server_and_shows_what_waits_for_review(
    demo: tuple[Settings, str],
) -> None:
    report = demo[0].workspace / "reports" / "sample" / "report.html"
    html = report.read_text(encoding="utf-8")
    assert "builtin:layout" in html
    linked = [part.split('"', 1)[0] for part in html.split('<img src="')[1:]]
    assert linked
    assert all((report.parent / path).is_file() for path in linked)


def test_counts_reconcile_and_the_ledger_verifies(demo: tuple[Settings, str]) -> None:
    for command in (["recount"], ["ledger", "verify"], ["audit", "verify"]):
        done = run_kiyome(*command, "--workspace", demo[0].workspace)
        assert done.returncode == 0, done.stdout
        assert "FAIL" not in done.stdout


def test_a_second_run_finds_nothing_to_do(demo: tuple[Settings, str]) -> None:
    before = manifest_bytes(demo[0], "sample")
    done = run_kiyome("demo", "--folder", demo[0].workspace.parent)
    assert "Nothing has changed since the last run" in done.stdout
    assert manifest_bytes(demo[0], "sample") == before


def test_walking_through_all_stages_again_examines_nothing(demo: tuple[Settings, str]) -> None:
    before = release_of(demo[0], "sample")
    done = run_kiyome("demo", "--folder", demo[0].workspace.parent, "--again")
    assert "newly examined: consent 0, nouns 0, features 0, motifs 0" in done.stdout
    assert release_of(demo[0], "sample") == before


def test_the_release_can_be_exported_as_a_dataset_of_the_same_layout(
    demo: tuple[Settings, str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    workspace = demo[0].workspace
    done = run_kiyome("export", out, "--copy-images", "--workspace", workspace)
    assert done.returncode == 0, done.stderr
    manifest = pq.read_table(out / "manifest.parquet")
    scan = scan_dataset(str(out / "dataset"), max_bytes=10**8, workers=2)
    assert {asset.asset_id for asset in scan.assets} == set(manifest["asset_id"].to_pylist())
    for asset in scan.assets:
        data = Path(asset.locations[0].uri).read_bytes()
        assert hashlib.sha256(data).hexdigest() == asset.asset_id


def test_the_release_names_the_encoders_limits(demo: tuple[Settings, str]) -> None:
    folder = release_of(demo[0], "sample").path(demo[0].workspace)
    assert "it is not CLIP" in (folder / "release.json").read_text(encoding="utf-8")

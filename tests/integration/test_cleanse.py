"""The flow, run for real: what a ruling, a takedown, an edit or a fault changes in the release."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from flows.cleanse import cleanse
from models.assets.asset import unread_id
from models.canonical import digest_bytes
from models.errors import DatasetError, PolicyError, ReleaseError, WorkspaceError
from models.motifs.register import add_motif
from models.nouns.register.storage import add_name
from models.releases.exporting import export_release
from models.releases.recount import recount
from models.review.queue import count_items, decide, lease_next
from models.settings import Settings
from models.store.database import Database
from models.store.schema import open_database
from models.summary import Summary
from models.takedowns import acknowledge_takedown
from tests.pipeline import (
    POLICY,
    draw_dataset,
    draw_picture,
    make_settings,
    manifest_bytes,
    outcomes_of,
    release_of,
)

pytestmark = pytest.mark.prefect
KIRARI = "Hoshino Kirari waves from the platform"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A workspace and policy of this test's own."""
    return make_settings(tmp_path)


@pytest.fixture
def store(settings: Settings) -> Iterator[Database]:
    """The workspace's database, with one protected name."""
    database = open_database(settings.resolved_database_url)
    with database.transaction() as session:
        add_name(session, "Hoshino Kirari", "character")
    yield database
    database.dispose()


def _run(root: Path, settings: Settings, **more: Any) -> Summary:
    value = cleanse(str(root), dataset="set", settings=settings.model_dump(mode="json"), **more)
    return Summary.from_dict(value)


def _rule(database: Database, ruling: str, reason: str) -> str:
    with database.transaction() as session:
        item = lease_next(session, "reviewer", dataset="set")
        assert item is not None
        decide(session, item.id, item.lease_token, item.version, ruling, reason, "", "reviewer")
        return item.asset_id


def _removed(settings: Settings) -> list[dict[str, Any]]:
    folder = release_of(settings, "set").path(settings.workspace)
    rows: list[dict[str, Any]] = pq.read_table(folder / "removed.parquet").to_pylist()
    return rows


def test_a_flagged_asset_waits_is_approved_and_enters_the_next_release(
    tmp_path: Path, settings: Settings, store: Database
) -> None:
    root = draw_dataset(tmp_path / "set", 6, {2: KIRARI})
    first = _run(root, settings)
    assert first.counts == {"clear": 5, "review": 1, "error": 0, "exclude": 0}
    assert first.open_items == 1
    asset_id = _rule(store, "approve", "ordinary_word")
    second = _run(root, settings)
    assert second.counts["clear"] == 6
    assert second.open_items == 0
    assert second.release == 2
    assert outcomes_of(settings, "set")["002.png"] == ("clear", "ruling_approved")
    ids = pq.read_table(release_of(settings, "set").path(settings.workspace) / "manifest.parquet")
    assert asset_id in ids["asset_id"].to_pylist()


def test_an_approved_asset_whose_caption_changes_is_asked_about_again(
    tmp_path: Path, settings: Settings, store: Database
) -> None:
    root = draw_dataset(tmp_path / "set", 4, {1: KIRARI})
    _run(root, settings)
    _rule(store, "approve", "ordinary_word")
    (root / "001.txt").write_text("Hoshino Kirari sleeps", encoding="utf-8")
    assert _run(root, settings).counts == {"clear": 3, "review": 1, "error": 0, "exclude": 0}


def test_a_reviewers_exclusion_keeps_the_asset_out(
    tmp_path: Path, settings: Settings, store: Database
) -> None:
    root = draw_dataset(tmp_path / "set", 4, {1: KIRARI})
    _run(root, settings)
    _rule(store, "exclude", "names_protected")
    _run(root, settings)
    assert outcomes_of(settings, "set")["001.png"] == ("exclude", "ruling_excluded")


def test_a_takedown_removes_the_asset_from_the_next_release_and_says_so(
    tmp_path: Path, settings: Settings, store: Database
) -> None:
    root = draw_dataset(tmp_path / "set", 4)
    _run(root, settings)
    asset_id = digest_bytes((root / "002.png").read_bytes())
    with store.transaction() as session:
        acknowledge_takedown(session, asset_id, "Studio", "by letter")
    summary = _run(root, settings)
    assert (summary.release, summary.removed) == (2, 1)
    assert [(row["asset_id"], row["reasons"]) for row in _removed(settings)] == [
        (asset_id, ["takedown"])
    ]


def test_a_takedown_that_comes_in_while_the_release_is_made_still_counts(
    tmp_path: Path, settings: Settings, store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = draw_dataset(tmp_path / "set", 4)
    asset_id = digest_bytes((root / "002.png").read_bytes())

    def take_down(name: str) -> None:
        if name == "release-built":
            with store.transaction() as session:
                acknowledge_takedown(session, asset_id, "Studio", "")

    monkeypatch.setattr("models.releases.publishing.reach", take_down)
    summary = _run(root, settings)
    assert summary.counts == {"clear": 3, "review": 0, "error": 0, "exclude": 1}
    assert outcomes_of(settings, "set")["002.png"] == ("exclude", "takedown")


def test_a_new_name_and_a_new_motif_look_at_no_picture_again(
    tmp_path: Path, settings: Settings, store: Database
) -> None:
    root = draw_dataset(tmp_path / "set", 6, {2: "the blue lantern of Mizunami"})
    _run(root, settings)
    with store.transaction() as session:
        add_name(session, "Mizunami", "place")
        add_name(session, "blue lantern of Mizunami", "work")
        add_motif(session, settings.workspace, root / "004.png", "A picture", "motif")
    summary = _run(root, settings)
    examined = {stage.stage: stage.examined for stage in summary.stages}
    assert examined["consent"] == examined["features"] == 0
    outcomes = outcomes_of(settings, "set")
    assert outcomes["002.png"] == ("review", "name_protected")
    assert outcomes["004.png"] == ("exclude", "motif_copy")


def test_a_policy_edit_decides_anew_without_examining_anything(
    tmp_path: Path, settings: Settings, store: Database
) -> None:
    root = draw_dataset(tmp_path / "set", 4, {1: KIRARI})
    _run(root, settings)
    stricter = POLICY + '\n[nouns]\ncharacter = "exclude"\n'
    settings.policy.write_text(stricter.replace('version = "1"', 'version = "2"'), "utf-8")
    summary = _run(root, settings)
    assert sum(stage.examined for stage in summary.stages) == 0
    assert outcomes_of(settings, "set")["001.png"] == ("exclude", "name_protected")


def test_what_consent_excludes_is_shown_to_no_further_stage(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, POLICY.replace('folder = "."', 'folder = "granted"'))
    draw_dataset(tmp_path / "set" / "granted", 3)
    draw_dataset(tmp_path / "set" / "silent", 5)
    for n in range(5):
        draw_picture(tmp_path / "set" / "silent" / f"{n:03d}.png", 50 + n)
    summary = _run(tmp_path / "set", settings)
    assert [stage.asked for stage in summary.stages] == [8, 3, 3, 3]
    assert summary.counts == {"clear": 3, "review": 0, "error": 0, "exclude": 5}


def test_a_damaged_picture_is_an_error_of_its_own_and_mended_it_is_cleared(
    tmp_path: Path, settings: Settings
) -> None:
    root = draw_dataset(tmp_path / "set", 5)
    whole = (root / "003.png").read_bytes()
    (root / "003.png").write_bytes(whole[: len(whole) // 2])
    assert _run(root, settings).counts == {"clear": 4, "review": 0, "error": 1, "exclude": 0}
    (root / "003.png").write_bytes(whole)
    assert _run(root, settings).counts == {"clear": 5, "review": 0, "error": 0, "exclude": 0}


def test_a_deleted_stage_output_is_made_again_with_the_same_manifest(
    tmp_path: Path, settings: Settings
) -> None:
    root = draw_dataset(tmp_path / "set", 6)
    _run(root, settings)
    before = manifest_bytes(settings, "set")
    shutil.rmtree(settings.workspace / "stages")
    summary = _run(root, settings)
    assert not summary.release_is_new
    assert manifest_bytes(settings, "set") == before


def test_the_ledger_holds_every_use_and_exclusion_of_each_release_once(
    tmp_path: Path, settings: Settings, store: Database
) -> None:
    root = draw_dataset(tmp_path / "set", 4, {1: KIRARI})
    assert _run(root, settings).ledger_size == 3
    assert _run(root, settings).ledger_size == 3
    _rule(store, "exclude", "names_protected")
    assert _run(root, settings).ledger_size == 3 + 4


def test_a_missing_dataset_ends_the_run_with_its_sentence_and_is_recorded(
    tmp_path: Path, settings: Settings
) -> None:
    with pytest.raises(DatasetError, match="nowhere"):
        _run(tmp_path / "nowhere", settings)
    database = open_database(settings.resolved_database_url)
    with database.snapshot() as session:
        assert count_items(session) == ()
    database.dispose()


def test_an_edit_of_the_policy_while_the_run_goes_on_ends_it(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = draw_dataset(tmp_path / "set", 2)
    from tasks import order

    written = order.write_order

    def edit_then_write(*args: Any, **kwargs: Any) -> Path:
        path = written(*args, **kwargs)
        settings.policy.write_text(POLICY.replace('"1"', '"2"'), encoding="utf-8")
        return path

    monkeypatch.setattr("flows.cleanse.write_order", edit_then_write)
    with pytest.raises((WorkspaceError, PolicyError), match="was edited while the run"):
        _run(root, settings)


def test_notices_about_the_dataset_reach_the_summary(tmp_path: Path, settings: Settings) -> None:
    root = draw_dataset(tmp_path / "set", 2)
    (root / "000.caption").write_text("something else altogether", encoding="utf-8")
    summary = _run(root, settings)
    assert any("000" in json.dumps(notice.names) for notice in summary.notices)


@pytest.mark.postgresql
def test_a_run_on_postgresql_gives_the_same_manifest_as_one_on_sqlite(
    tmp_path: Path, postgresql_url: str
) -> None:
    root = draw_dataset(tmp_path / "set", 6, {2: KIRARI})
    manifests = []
    for kind, url in (("sqlite", ""), ("postgresql", postgresql_url)):
        (tmp_path / kind).mkdir()
        settings = make_settings(tmp_path / kind, database_url=url)
        database = open_database(settings.resolved_database_url)
        with database.transaction() as session:
            add_name(session, "Hoshino Kirari", "character")
        _run(root, settings)
        _rule(database, "approve", "ordinary_word")
        assert _run(root, settings).release == 2
        manifests.append(pq.read_table(_folder(settings) / "manifest.parquet").drop(["ruling_id"]))
        database.dispose()
    assert manifests[0].equals(manifests[1])


def _folder(settings: Settings) -> Path:
    return release_of(settings, "set").path(settings.workspace)


def test_progress_and_summary_are_artifacts_in_prefect(tmp_path: Path, settings: Settings) -> None:
    from prefect.client.orchestration import get_client

    root = draw_dataset(tmp_path / "artifacts", 3)
    cleanse(str(root), dataset="Art_1", settings=settings.model_dump(mode="json"))
    with get_client(sync_client=True) as client:
        found = {a.key: a for a in client.read_artifacts() if a.key and a.key.endswith("art-1")}
    assert found["progress-art-1"].data == 100.0
    assert "| clear | 3 |" in found["cleanse-art-1"].data


def test_a_takedown_of_a_file_that_could_not_be_read_holds_once_it_can(
    tmp_path: Path, settings: Settings, store: Database
) -> None:
    root = draw_dataset(tmp_path / "set", 4)
    (root / "002.png").write_bytes(b"")
    _run(root, settings)
    table = pq.read_table(settings.workspace / "datasets" / "set" / "outcomes.parquet")
    (unread,) = [row["asset_id"] for row in table.to_pylist() if row["names"] == ["002.png"]]
    with store.transaction() as session:
        acknowledge_takedown(session, unread, "Studio", "by letter")
    draw_picture(root / "002.png", 2)
    _run(root, settings)
    assert outcomes_of(settings, "set")["002.png"] == ("exclude", "takedown")


def test_a_takedown_by_name_removes_what_was_released_under_that_name(
    tmp_path: Path, settings: Settings, store: Database
) -> None:
    root = draw_dataset(tmp_path / "set", 4)
    _run(root, settings)
    with store.transaction() as session:
        acknowledge_takedown(session, unread_id("002.png"), "Studio", "")
    with pytest.raises(ReleaseError, match="taken down"):
        export_release(store, settings.workspace, "set", tmp_path / "out")
    assert _run(root, settings).removed == 1
    assert all(check.ok for check in recount(store, settings.workspace, "set"))

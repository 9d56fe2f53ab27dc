"""Re-cleansing gives what cleansing anew gives, and reads nothing of the source for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from models.beginning import settle_workspace
from models.canonical import digest_bytes
from models.errors import WorkspaceError
from models.motifs.register import add_motif
from models.nouns.register.storage import (
    add_name,
    bump_version,
    make_entry,
    name_id,
    remove_name,
    store_entries,
)
from models.releases.recount import recount
from models.review.queue import decide, lease_next
from models.settings import Settings
from models.store.database import Database
from models.takedowns import acknowledge_takedown
from tests.pipeline import outcomes_of, release_of
from tests.recleansing import (
    DATASET,
    FEW_SHARDS,
    KNOWN_POLICY,
    MANY_SHARDS,
    apply,
    cleanse_anew,
    make_known,
    release_bytes,
    run_cleanse,
    run_recleanse,
)

pytestmark = pytest.mark.prefect
Change = Callable[[Database, Settings], None]


def _register(database: Database, settings: Settings) -> None:
    """What is registered before the first cleansing."""
    with database.transaction() as session:
        add_name(session, "Hoshino Kirari", "character")


def _add_name(database: Database, settings: Settings) -> None:
    with database.transaction() as session:
        add_name(session, "Blue Lantern", "character")


def _add_name_with_alias(database: Database, settings: Settings) -> None:
    with database.transaction() as session:
        store_entries(session, [make_entry("Mizunami Karakuri", "character", ["水波カラクリ"])])
        bump_version(session)


def _remove_name(database: Database, settings: Settings) -> None:
    with database.transaction() as session:
        assert remove_name(session, name_id("Hoshino Kirari", "character"))


def _change_name(database: Database, settings: Settings) -> None:
    with database.transaction() as session:
        store_entries(session, [make_entry("Hoshino Kirari", "character", ["Lantern Mizunami"])])
        bump_version(session)


def _add_motif(database: Database, settings: Settings) -> None:
    root = settings.policy.parent
    while not (root / DATASET / "003.png").exists():
        root = root.parent
    picture = root / DATASET / "003.png"
    with database.transaction() as session:
        add_motif(session, settings.workspace, picture, "Circles", "character")


def _edit_policy(database: Database, settings: Settings) -> None:
    text = KNOWN_POLICY.replace('version = "1"', 'version = "2"') + 'character = "exclude"\n'
    settings.policy.write_text(text, encoding="utf-8")


def _end_contract(database: Database, settings: Settings) -> None:
    text = KNOWN_POLICY.replace('folder = "."', 'folder = "elsewhere"')
    settings.policy.write_text(text, encoding="utf-8")


CHANGES: dict[str, Change] = {
    "a new name": _add_name,
    "a new name with another spelling": _add_name_with_alias,
    "a name removed": _remove_name,
    "a name with another spelling": _change_name,
    "a new motif": _add_motif,
    "an edited policy": _edit_policy,
    "a contract that covers nothing any more": _end_contract,
}


@pytest.mark.parametrize("what", list(CHANGES))
def test_recleansing_after_a_change_gives_the_bytes_that_cleansing_anew_gives(
    tmp_path: Path, what: str
) -> None:
    change = CHANGES[what]
    shard_size = MANY_SHARDS if what in ("a new name", "a new motif") else FEW_SHARDS
    root, settings = make_known(tmp_path, shard_size=shard_size)
    apply(settings, _register)
    run_cleanse(root, settings)
    apply(settings, change)
    done = run_recleanse(settings)

    def both(database: Database, fresh: Settings) -> None:
        _register(database, fresh)
        change(database, fresh)

    fresh, summary = cleanse_anew(root, settings, tmp_path / "anew", both)
    assert done.summary.counts == summary.counts
    assert release_bytes(settings) == release_bytes(fresh)


def test_the_source_may_be_gone_when_a_name_is_added(tmp_path: Path) -> None:
    root, settings = make_known(tmp_path)
    apply(settings, _register)
    run_cleanse(root, settings)
    root.rename(tmp_path / "away")
    apply(settings, _add_name)
    done = run_recleanse(settings)
    assert done.difference is not None
    assert done.difference.withdrawn
    assert outcomes_of(settings, DATASET)["005.png"][0] == "review"


def test_the_stages_examine_only_what_the_new_name_may_concern(tmp_path: Path) -> None:
    root, settings = make_known(tmp_path)
    run_cleanse(root, settings)
    apply(settings, _add_name)
    examined = {stage.stage: stage.examined for stage in run_recleanse(settings).summary.stages}
    assert 0 < examined["nouns"] <= 4
    assert examined["consent"] == examined["features"] == examined["motifs"] == 0


def test_a_cleansing_after_a_recleansing_publishes_nothing_new(tmp_path: Path) -> None:
    root, settings = make_known(tmp_path)
    run_cleanse(root, settings)
    apply(settings, _add_name)
    first = run_recleanse(settings).summary
    again = run_cleanse(root, settings)
    assert (again.release, again.release_is_new) == (first.release, False)


def test_recleansing_twice_publishes_once(tmp_path: Path) -> None:
    root, settings = make_known(tmp_path)
    run_cleanse(root, settings)
    apply(settings, _edit_policy)
    first, second = run_recleanse(settings), run_recleanse(settings)
    assert second.summary.release == first.summary.release
    assert not second.summary.release_is_new
    assert second.difference is None


def test_a_takedown_is_applied_and_told_as_the_reason(tmp_path: Path) -> None:
    root, settings = make_known(tmp_path)
    run_cleanse(root, settings)
    asset_id = digest_bytes((root / "007.png").read_bytes())
    apply(settings, lambda database, _: _take_down(database, asset_id))
    done = run_recleanse(settings)
    assert done.difference is not None
    assert dict(done.difference.withdrawn) == {"takedown": 1}
    folder = release_of(settings, DATASET).path(settings.workspace)
    rows = pq.read_table(folder / "difference.parquet").to_pylist()
    assert [(row["asset_id"], row["change"]) for row in rows] == [(asset_id, "withdrawn")]


def _take_down(database: Database, asset_id: str) -> None:
    with database.transaction() as session:
        acknowledge_takedown(session, asset_id, "Studio", "")


def test_a_takedown_that_comes_in_while_it_goes_on_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, settings = make_known(tmp_path)
    run_cleanse(root, settings)
    asset_id = digest_bytes((root / "007.png").read_bytes())

    def take_down(name: str) -> None:
        if name == "release-built":
            apply(settings, lambda database, _: _take_down(database, asset_id))

    apply(settings, _add_name)
    monkeypatch.setattr("models.releases.publishing.reach", take_down)
    run_recleanse(settings)
    assert outcomes_of(settings, DATASET)["007.png"] == ("exclude", "takedown")


def test_a_ruling_is_applied(tmp_path: Path) -> None:
    root, settings = make_known(tmp_path)
    apply(settings, _register)
    waiting = run_cleanse(root, settings).counts["review"]
    assert waiting

    def approve(database: Database, _: Settings) -> None:
        with database.transaction() as session:
            item = lease_next(session, "reviewer", dataset=DATASET)
            assert item is not None
            decide(
                session, item.id, item.lease_token, item.version, "approve", "ordinary_word", "",
                "reviewer",
            )  # fmt: skip

    apply(settings, approve)
    done = run_recleanse(settings)
    assert done.summary.counts["review"] == waiting - 1
    assert done.difference is not None
    assert done.difference.counts["added"] == 1


def test_counts_reconcile_after_a_recleansing(tmp_path: Path) -> None:
    root, settings = make_known(tmp_path)
    run_cleanse(root, settings)
    apply(settings, _add_name)
    run_recleanse(settings)
    apply(settings, lambda database, _: _check(database, settings))


def _check(database: Database, settings: Settings) -> None:
    checks = recount(database, settings.workspace, DATASET)
    assert [check for check in checks if not check.ok] == []


def test_a_dataset_that_was_never_cleansed_is_refused(tmp_path: Path) -> None:
    _, settings = make_known(tmp_path)
    with pytest.raises(WorkspaceError, match="Run `kiyome cleanse` first"):
        run_recleanse(settings)
    with pytest.raises(WorkspaceError, match="has not been cleansed"):
        run_recleanse(settle_workspace(settings))


def test_a_recleansing_on_postgresql_publishes_the_same_manifest_as_one_on_sqlite(
    tmp_path: Path, postgresql_url: str
) -> None:
    found = []
    for kind, url in (("sqlite", ""), ("postgresql", postgresql_url)):
        (tmp_path / kind).mkdir()
        root, settings = make_known(tmp_path / kind, shard_size=MANY_SHARDS, database_url=url)
        run_cleanse(root, settings)
        apply(settings, _add_name)
        run_recleanse(settings)
        found.append(release_bytes(settings))
    assert found[0] == found[1]

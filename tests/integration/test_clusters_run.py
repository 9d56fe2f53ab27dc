"""Near-identical pictures in a run: found, kept while nothing changes, listed, ruled on."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image

from flows.cleanse import cleanse
from flows.cli.duplicates import duplicates
from models.duplicates.storing import duplicates_path, read_duplicates
from models.errors import WorkspaceError
from models.nouns.register.storage import add_name
from models.releases.report import report_path
from models.review.queue import count_items, decide_alike, effective_rulings, find_alike, lease_next
from models.settings import Settings
from models.store.database import Database
from models.store.schema import open_database
from models.summary import Summary
from tests.pipeline import draw_dataset, make_settings, outcomes_of

pytestmark = pytest.mark.prefect
KIRARI = "Hoshino Kirari waves from the platform"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


@pytest.fixture
def store(settings: Settings) -> Iterator[Database]:
    database = open_database(settings.resolved_database_url)
    with database.transaction() as session:
        add_name(session, "Hoshino Kirari", "character")
    yield database
    database.dispose()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Five pictures; two are smaller copies of the third, in other shards."""
    folder = draw_dataset(tmp_path / "set", 5, {2: KIRARI})
    for number, side in ((7, 90), (8, 84)):
        picture = Image.open(folder / "002.png").resize((side, side), Image.Resampling.LANCZOS)
        picture.save(folder / f"00{number}.jpg", quality=95)
        (folder / f"00{number}.txt").write_text(KIRARI, encoding="utf-8")
    return folder


def run(root: Path, settings: Settings) -> Summary:
    return Summary.from_dict(
        cleanse(str(root), dataset="set", settings=settings.model_dump(mode="json"))
    )


def test_copies_are_found_listed_reported_and_ruled_on_together(
    root: Path, settings: Settings, store: Database, tmp_path: Path
) -> None:
    summary = run(root, settings)
    assert (summary.duplicates, summary.duplicates_failure) == ((1, 2, 3), "")
    _, table = read_duplicates(settings.workspace, "set")
    assert table.num_rows == 3
    report = report_path(settings.workspace, "set").read_text(encoding="utf-8")
    assert "1 cluster, 2 pictures besides their representatives" in report

    file = tmp_path / "out.csv"
    workspace = ["--workspace", str(settings.workspace)]
    listed = CliRunner().invoke(duplicates, workspace, catch_exceptions=False)
    assert "1 cluster, 2 pictures besides" in listed.output
    CliRunner().invoke(duplicates, [*workspace, "--csv", str(file)], catch_exceptions=False)
    rows = list(csv.DictReader(file.open(encoding="utf-8", newline="")))
    assert {row["name"] for row in rows} == {"002.png", "007.jpg", "008.jpg"}

    with store.transaction() as session:
        item = lease_next(session, "mika")
        assert item is not None
        alike = find_alike(session, item, "mika")
        assert alike is not None
        others = [(each.id, each.version) for each in alike.free]
        decide_alike(
            session,
            item.id,
            item.lease_token,
            item.version,
            "approve",
            "other_name",
            "",
            "mika",
            others,
        )
        assert len(effective_rulings(session, "set")) == 3
    again = run(root, settings)
    assert again.duplicates == (1, 2, 3)
    assert all(verdict == "clear" for verdict, _ in outcomes_of(settings, "set").values())


def test_nothing_is_searched_again_while_no_picture_has_changed(
    root: Path, settings: Settings, store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(root, settings)
    before = duplicates_path(settings.workspace, "set").stat().st_mtime_ns
    (root / "000.txt").write_text("another caption", encoding="utf-8")

    def refuse(*_: Any) -> None:
        raise AssertionError("it was searched again")

    monkeypatch.setattr("tasks.duplicates.find_clusters", refuse)
    summary = run(root, settings)
    assert (summary.duplicates, summary.duplicates_failure) == ((1, 2, 3), "")
    assert duplicates_path(settings.workspace, "set").stat().st_mtime_ns == before


def test_a_search_that_fails_stops_nothing_and_is_said(
    root: Path, settings: Settings, store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise MemoryError("no room for the bands")

    monkeypatch.setattr("tasks.duplicates.find_clusters", fail)
    summary = run(root, settings)
    assert sum(summary.counts.values()) == 7
    assert "no room for the bands" in summary.duplicates_failure
    with pytest.raises(WorkspaceError, match="no room"):
        read_duplicates(settings.workspace, "set")
    with store.snapshot() as session:
        assert sum(each.waiting for each in count_items(session)) == 3

"""What two releases of a dataset differ in, from their files."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.errors import ReleaseError
from models.releases.difference import DIFFERENCE, Difference, compare_releases
from models.releases.manifest import GONE
from models.releases.publishing import publish
from models.releases.release import Release
from models.store.database import Database
from tests.signing_parts import DATASET, make_contents

CLEAR, REFUSED = ("clear", "consent_granted"), ("exclude", "consent_refused")
TAKEN, ASKED = ("exclude", "takedown"), ("review", "motif_resembles")
FIRST = {**dict.fromkeys(range(20), CLEAR), **dict.fromkeys(range(20, 30), REFUSED)}
_NOW = {0: TAKEN, 19: TAKEN, 20: CLEAR, 29: ASKED, 40: CLEAR, 41: REFUSED}
SECOND = {number: said for number, said in FIRST.items() if number not in (5, 25)} | _NOW


@pytest.fixture
def releases(sqlite_database: Database, tmp_path: Path) -> tuple[Release, Release]:
    """The second lacks two assets of the first, has two more, and says other things of four."""
    first, second = (
        publish(sqlite_database, tmp_path, DATASET, make_contents(verdicts))[0]
        for verdicts in (FIRST, SECOND)
    )
    return first, second


def test_every_asset_of_either_release_is_counted_once(
    releases: tuple[Release, Release], tmp_path: Path
) -> None:
    difference, rows = compare_releases(*releases, tmp_path)
    assert difference.counts == {
        "withdrawn": 3,
        "added": 2,
        "changed": 0,
        "decided": 3,
        "unchanged": 24,
    }
    told = [(int(row["asset_id"], 16), row["change"]) for row in rows.to_pylist()]
    withdrawn, added, decided = (
        [number for number, change in told if change == wanted]
        for wanted in ("withdrawn", "added", "decided")
    )
    assert (withdrawn, added, decided) == ([0, 5, 19], [20, 40], [25, 29, 41])


def test_each_row_says_what_either_release_said(
    releases: tuple[Release, Release], tmp_path: Path
) -> None:
    _, rows = compare_releases(*releases, tmp_path)
    of = {int(row["asset_id"], 16): row for row in rows.to_pylist()}
    assert of[0]["reasons_before"] == ["consent_granted"]
    assert of[0]["explanation_en"] == "It is exclude because of takedown."
    assert (of[5]["verdict_after"], of[5]["names"]) == (GONE, ["005.png"])
    assert of[5]["explanation_en"] == "The dataset no longer holds this asset."
    assert (of[40]["verdict_before"], of[40]["reasons_before"]) == (GONE, [])


@pytest.mark.parametrize("size", [1, 3, 7])
def test_how_the_outcomes_are_cut_into_row_groups_changes_nothing(
    releases: tuple[Release, Release], tmp_path: Path, size: int
) -> None:
    whole = compare_releases(*releases, tmp_path)
    for release in releases:
        path = release.path(tmp_path) / "outcomes.parquet"
        pq.write_table(pq.read_table(path), path, row_group_size=size)
    assert _same(compare_releases(*releases, tmp_path), whole)


def test_a_first_release_adds_all_that_it_holds(
    releases: tuple[Release, Release], tmp_path: Path
) -> None:
    difference, rows = compare_releases(None, releases[0], tmp_path)
    assert (difference.counts["added"], difference.counts["decided"]) == (20, 10)
    assert rows.num_rows == 30


def test_outcomes_that_are_damaged_are_told_with_their_file(
    releases: tuple[Release, Release], tmp_path: Path
) -> None:
    path = releases[0].path(tmp_path) / "outcomes.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ReleaseError, match=r"outcomes\.parquet cannot be read"):
        compare_releases(*releases, tmp_path)


def _same(one: tuple[Difference, pa.Table], other: tuple[Difference, pa.Table]) -> bool:
    assert one[1].schema == DIFFERENCE
    return one[0] == other[0] and one[1].equals(other[1])

"""A database whose clock is hours apart from this machine's, or goes back: nothing rests on either.

SQLite is told another time through a function of its own, so that it and this process disagree.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from flows.diagnosis import Health
from flows.doctoring_around import check_clock
from flows.recleanse import recleanse_known
from models.canonical import digest_bytes
from models.nouns.register.storage import add_name
from models.releases.recount import recount
from models.runs import start_run
from models.settings import Settings
from models.store import database as store
from models.store.database import now_ms
from models.store.schema import open_database
from models.takedowns import acknowledge_takedown
from tests.pipeline import make_settings, manifest_bytes, release_of
from tests.recleansing import DATASET, KNOWN_POLICY, make_known, run_cleanse

pytestmark = pytest.mark.prefect
HOUR_S = 3600
_UNIX = 2440587.5


class Clock:
    """The time that databases opened from now on have, as seconds apart from this machine's."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def prepare(self, connection: Any, record: Any) -> None:
        """Do what is done with a new connection, and give it this clock."""
        _PREPARE(connection, record)
        connection.create_function("julianday", 1, self._julianday)

    def _julianday(self, of: str) -> float:
        assert of == "now"
        return _UNIX + (_NOW() + self.ahead_s) / 86400


_PREPARE, _NOW = store._prepare_sqlite, time.time


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of SQLite."""
    made = Clock()
    monkeypatch.setattr(store, "_prepare_sqlite", made.prepare)
    return made


@pytest.fixture(scope="module")
def cleansed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A dataset that has been cleansed, and its folder."""
    folder = tmp_path_factory.mktemp("cleansed")
    root, settings = make_known(folder, 6, shard_size=64)
    run_cleanse(root, settings)
    return folder, root


def _copy(cleansed: Path, folder: Path) -> Settings:
    folder.mkdir()
    shutil.copytree(cleansed / "workspace", folder / "workspace")
    return make_settings(folder, KNOWN_POLICY, shard_size=64)


def _change(settings: Settings, asset: str, name: str = "Blue Lantern") -> tuple[int, int]:
    """Take an asset down and protect a name; the times of before and of the acknowledgement."""
    database = open_database(settings.resolved_database_url)
    with database.transaction() as session:
        before = now_ms(session)
        at = acknowledge_takedown(session, asset, "Studio", "letter")
        add_name(session, name, "character")
    database.dispose()
    return before, at


def _holds(settings: Settings) -> set[str]:
    folder = release_of(settings, DATASET).path(settings.workspace)
    return set(pq.read_table(folder / "manifest.parquet")["asset_id"].to_pylist())


def test_sqlite_is_told_another_time(clock: Clock, tmp_path: Path) -> None:
    clock.ahead_s = 6 * HOUR_S
    database = open_database(f"sqlite:///{tmp_path / 'kiyome.db'}")
    with database.snapshot() as session:
        ahead = now_ms(session) / 1000 - time.time()
    database.dispose()
    assert 5.9 * HOUR_S < ahead < 6.1 * HOUR_S


@pytest.mark.parametrize("hours", [-6, 6], ids=["behind", "ahead"])
def test_a_release_is_the_same_whatever_the_clocks_say_of_each_other(
    clock: Clock, tmp_path: Path, cleansed: tuple[Path, Path], hours: int
) -> None:
    folder, root = cleansed
    asset = digest_bytes((root / "000.png").read_bytes())
    together, apart = _copy(folder, tmp_path / "together"), _copy(folder, tmp_path / "apart")
    _change(together, asset)
    recleanse_known(DATASET, together)
    clock.ahead_s = hours * HOUR_S
    before, at = _change(apart, asset)
    assert at >= before
    recleanse_known(DATASET, apart)
    assert asset not in _holds(apart)
    assert manifest_bytes(apart, DATASET) == manifest_bytes(together, DATASET)
    database = open_database(apart.resolved_database_url)
    assert all(check.ok for check in recount(database, apart.workspace, DATASET))
    database.dispose()


def test_a_takedown_after_the_clock_went_back_is_later_than_the_release_before_it(
    clock: Clock, tmp_path: Path, cleansed: tuple[Path, Path]
) -> None:
    folder, root = cleansed
    settings = _copy(folder, tmp_path / "back")
    first, second = (digest_bytes((root / f"00{n}.png").read_bytes()) for n in range(2))
    clock.ahead_s = 6 * HOUR_S
    _change(settings, first)
    recleanse_known(DATASET, settings)
    made = release_of(settings, DATASET).created_ms
    clock.ahead_s = 0
    _, at = _change(settings, second, "Mizunami")
    assert at > made
    recleanse_known(DATASET, settings)
    assert not {first, second} & _holds(settings)


def test_the_doctor_says_that_a_clock_is_wrong_or_was(
    clock: Clock, tmp_path: Path, cleansed: tuple[Path, Path]
) -> None:
    settings = _copy(cleansed[0], tmp_path / "told")
    assert check_clock(settings).health is Health.GOOD
    clock.ahead_s = 6 * HOUR_S
    told = check_clock(settings)
    assert told.health is Health.WARNING
    assert "21,600 s ahead of this machine's" in told.found
    database = open_database(settings.resolved_database_url)
    start_run(database, DATASET)
    database.dispose()
    clock.ahead_s = 0
    told = check_clock(settings)
    assert told.health is Health.WARNING
    assert "the clock was ahead then" in told.found

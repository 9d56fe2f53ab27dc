"""A disk that is full at any stage: a sentence, nothing lost, and the next run goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.cleanse import cleanse
from models import files
from models.errors import KiyomeError
from models.ledger.verification import verify_ledger
from models.nouns.register.storage import add_name
from models.releases.recount import recount
from models.review.audit import verify_audit
from models.settings import Settings
from models.store.schema import open_database
from models.takedowns import acknowledge_takedown, takedown_times
from tests.chaos.disks import fill
from tests.pipeline import draw_dataset, make_settings, manifest_bytes, outcomes_of

pytestmark = [pytest.mark.kill, pytest.mark.prefect]
CAPTIONS = {3: "Hoshino Kirari waves", 7: "hoshino_kirari, 1girl"}
TAKEN_DOWN = "ab" * 32
PLACES = (
    "runs",
    "datasets/set",
    "datasets/set/shards",
    "stages/consent",
    "stages/nouns",
    "stages/features",
    "stages/motifs",
    "stages/verdict",
    "derivatives",
    "releases/set",
    "ledger",
    "reports",
)
"""Where files are written, in the order in which a run comes to them."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, that can be filled."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256m", "tmpfs", str(folder)]
    if os.getuid() or shutil.which("mount") is None:
        pytest.skip("only root can mount a small disk")
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("no small disk can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True, capture_output=True)


class Filling:
    """Fills the disk when the first file of a folder is about to be written."""

    def __init__(self, disk: Path) -> None:
        self._disk, self._filler = disk, disk / "filler"
        self.place: Path | None = None

    @property
    def reached(self) -> bool:
        return self._filler.exists()

    def mkstemp(self, *given: Any, dir: Path, **more: Any) -> tuple[int, str]:  # noqa: A002
        if self.place is not None and not self.reached and Path(dir).is_relative_to(self.place):
            fill(self._filler)
        return tempfile.mkstemp(*given, dir=dir, **more)

    def empty(self) -> None:
        self.place = None
        self._filler.unlink()


def _run(root: Path, settings: Settings) -> None:
    cleanse(str(root), dataset="set", settings=settings.model_dump(mode="json"))


def _prepare(settings: Settings) -> None:
    database = open_database(settings.resolved_database_url)
    with database.transaction() as session:
        add_name(session, "Hoshino Kirari", "character")
        acknowledge_takedown(session, TAKEN_DOWN, "Studio", "letter")
    database.dispose()


@pytest.mark.timeout(3600)
def test_a_disk_that_is_full_at_every_stage_in_turn_costs_nothing(
    tmp_path: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = draw_dataset(tmp_path / "set", 8, CAPTIONS)
    (tmp_path / "whole").mkdir()
    whole = make_settings(tmp_path / "whole")
    settings = make_settings(tmp_path, workspace=small_disk / "workspace")
    _prepare(whole)
    settings.workspace.mkdir()
    _prepare(settings)
    filling = Filling(small_disk)
    with monkeypatch.context() as patched:
        patched.setattr(files, "tempfile", filling)
        for place in PLACES:
            filling.place = settings.workspace / place
            with pytest.raises(KiyomeError, match=r"(?i)space|disk is full") as told:
                _run(root, settings)
            assert filling.reached, place
            assert "Free some" in told.value.remedy, f"{place}: {told.value}"
            filling.empty()
    _run(root, whole)
    _run(root, settings)
    assert manifest_bytes(settings, "set") == manifest_bytes(whole, "set")
    assert outcomes_of(settings, "set") == outcomes_of(whole, "set")
    ledger = settings.workspace / "ledger"
    assert verify_ledger(ledger / "public", None, ledger / "private").ok
    database = open_database(settings.resolved_database_url)
    with database.snapshot() as session:
        assert verify_audit(session).ok
        assert TAKEN_DOWN in takedown_times(session)
    assert all(check.ok for check in recount(database, settings.workspace, "set"))
    database.dispose()

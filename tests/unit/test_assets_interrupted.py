"""A scan that is interrupted stops at once, and what it has hashed is not hashed again."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from models.assets import hashing, scan
from models.assets.asset import Location
from models.assets.scan import scan_dataset

FILES = 400


class Hashing:
    """Counts the files that are hashed; each takes a moment."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def __call__(self, location: Location, max_bytes: int) -> tuple[str, int]:
        time.sleep(0.005)
        self.names.append(location.name)
        return hashing.hash_location(location, max_bytes)


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> Hashing:
    """What is hashed from here on; files are never too new to be remembered."""
    counting = Hashing()
    monkeypatch.setattr(scan, "hash_location", counting)
    monkeypatch.setattr(hashing, "_RACY_NS", -(10**15))
    return counting


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with many files that are named like pictures."""
    folder = tmp_path / "set"
    folder.mkdir()
    for number in range(FILES):
        (folder / f"{number:04d}.png").write_bytes(b"%d" % number)
    return folder


def test_an_interrupted_scan_hashes_no_more_than_what_is_in_hand(
    root: Path, tmp_path: Path, hashed: Hashing
) -> None:
    begun: list[int] = []

    def interrupt(done: int, _total: int) -> None:
        if done:
            begun.append(len(hashed.names))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan_dataset(
            str(root),
            hash_cache=tmp_path / "hashes",
            max_bytes=1000,
            workers=2,
            progress=interrupt,
        )
    assert len(hashed.names) - begun[0] < scan._BATCH
    at_the_end = len(hashed.names)
    time.sleep(0.05)
    assert len(hashed.names) == at_the_end
    hashed.names.clear()
    scan_dataset(str(root), hash_cache=tmp_path / "hashes", max_bytes=1000, workers=2)
    assert len(hashed.names) == FILES - at_the_end

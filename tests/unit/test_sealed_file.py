"""The file of sealed records: every way of reading it tells the same, or that it is damaged."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.errors import LedgerError
from models.ledger.owners.sealed import Frame, SealedFile, SealedWriter

RECORDS = [(bytes([number]) * 16, bytes([number]) * (17 + 5 * number)) for number in range(1, 7)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "batch.sealed"
    with made.open("wb") as file:
        writer = SealedWriter(file, b"n" * 16)
        writer.add(RECORDS[:4])
        writer.add(RECORDS[4:])
        writer.finish()
    return made


def test_records_are_read_alike_in_order_one_by_one_and_by_their_places(path: Path) -> None:
    frames = [Frame(place, *record) for place, record in enumerate(RECORDS)]
    with SealedFile(path) as file:
        assert list(file.frames()) == frames
        assert [file.frame(place) for place in range(6)] == frames
        assert list(file.frames_at([5, 0, 3])) == [frames[5], frames[0], frames[3]]


@pytest.mark.parametrize("place", [-1, 6])
def test_a_place_that_is_not_there_is_named(path: Path, place: int) -> None:
    with SealedFile(path) as file:
        with pytest.raises(LedgerError, match=f"record {place}"):
            file.frame(place)
        with pytest.raises(LedgerError, match=f"record {place}"):
            list(file.frames_at([place]))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(at=st.integers(0, 1 << 16), value=st.integers(0, 255))
def test_a_changed_byte_is_refused_or_read_and_nothing_else_happens(
    path: Path, at: int, value: int
) -> None:
    data = bytearray(path.read_bytes())
    data[at % len(data)] = value
    changed = path.with_suffix(".changed")
    changed.write_bytes(data)
    with suppress(LedgerError), SealedFile(changed) as file:
        for place in range(6):
            with suppress(LedgerError):
                (frame,) = file.frames_at([place])
                assert frame == file.frame(place)

"""The features table: what goes in comes out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.errors import EncoderError
from models.motifs.encoder import Seen
from models.motifs.features import dimension_of, features_schema, pack_seen, read_features
from models.stages import store_table

DIMENSION = 8


def seen(parts: int, boxes: int | None = None) -> Seen:
    dice = np.random.default_rng(parts)
    return Seen(
        dice.normal(size=DIMENSION),
        dice.normal(size=(parts, DIMENSION)),
        dice.random((parts if boxes is None else boxes, 4)),
    )


def table(*pictures: Seen | None) -> pa.Table:
    """One row a picture; None for one with a fault."""
    rows = []
    for number, picture in enumerate(pictures):
        row: dict[str, object] = {"asset_id": f"{number:064x}"}
        if picture is None:
            row["fault_code"] = "image_damaged"
        else:
            row |= {"pdq": bytes([number]) * 32, "pdq_quality": 90, "points": b"points"}
            row |= pack_seen(picture)
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=features_schema(DIMENSION))


def test_every_sound_picture_comes_back_with_its_own_parts() -> None:
    pictures = (seen(2), None, seen(0), seen(3))
    read = list(read_features(table(*pictures)))
    assert [each.asset_id for each in read] == [f"{i:064x}" for i in (0, 2, 3)]
    for given, found in zip((pictures[0], pictures[2], pictures[3]), read, strict=True):
        assert given is not None
        assert np.allclose(found.seen.whole, given.whole, atol=1e-2)
        assert np.allclose(found.seen.parts, given.parts, atol=1e-2)
        assert np.allclose(found.seen.boxes, given.boxes, atol=1e-6)
    assert read[2].pdq.bits == bytes([3]) * 32
    assert read[2].points == b"points"


def test_a_table_of_faults_only_holds_no_pictures() -> None:
    assert list(read_features(table(None, None))) == []


def test_the_schema_tells_the_length_of_an_embedding() -> None:
    assert dimension_of(features_schema(DIMENSION)) == DIMENSION


@pytest.mark.parametrize("boxes", [0, 1, 3])
def test_parts_without_their_boxes_are_refused(boxes: int) -> None:
    with pytest.raises(EncoderError, match="do not belong together"):
        list(read_features(table(seen(2, boxes))))


def test_bytes_are_stored_as_they_are_and_texts_shrunk(tmp_path: Path) -> None:
    name, _ = store_table(tmp_path, "f" * 64, table(seen(2), None))
    group = pq.ParquetFile(tmp_path / name).metadata.row_group(0)
    found = {
        group.column(i).path_in_schema: group.column(i).compression
        for i in range(group.num_columns)
    }
    packed = {path for path, compression in found.items() if compression == "UNCOMPRESSED"}
    assert packed == {"pdq", "embedding", "parts", "part_boxes", "points"}
    assert found["findings.list.element"] == "ZSTD"

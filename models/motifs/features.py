"""What is kept of each picture, so that later searches need not look at it again.

One row of Arrow a picture. The numbers of embeddings are in half precision: measured, the cosines
of them differ from those of single precision by less than 0.001. They are kept as bytes, because
Parquet has no lists of a fixed size and takes ten times as long to read lists.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.errors import EncoderError
from models.motifs.encoder import Seen
from models.motifs.fingerprints import PDQ_BYTES, PdqHash
from models.stages import BASE_FIELDS

HALF: Final = np.dtype("<f2")
SINGLE: Final = np.dtype("<f4")
_BOX = 4


@dataclass(frozen=True, slots=True)
class Features:
    """What was seen of one asset's picture.

    Attributes:
        asset_id: the asset.
        pdq: its fingerprint.
        seen: what the encoder saw of it, whole and in parts, in half precision.
        points: packed local features (``models.motifs.local``); empty where there are none.
    """

    asset_id: str
    pdq: PdqHash
    seen: Seen
    points: bytes = b""


def features_schema(dimension: int) -> pa.Schema:
    """The columns of a features table; ``dimension`` is the length of an embedding."""
    return pa.schema(
        [
            *BASE_FIELDS,
            pa.field("width", pa.int32()),
            pa.field("height", pa.int32()),
            pa.field("format", pa.string()),
            pa.field("frames", pa.int32()),
            pa.field("pdq", pa.binary(PDQ_BYTES)),
            pa.field("pdq_quality", pa.int16()),
            pa.field("embedding", pa.binary(HALF.itemsize * dimension)),
            pa.field("parts", pa.binary()),
            pa.field("part_boxes", pa.binary()),
            pa.field("points", pa.binary()),
            pa.field("findings", pa.list_(pa.string())),
        ]
    )


def dimension_of(schema: pa.Schema) -> int:
    """The length of an embedding in a features table."""
    return int(schema.field("embedding").type.byte_width) // HALF.itemsize


def read_features(table: pa.Table) -> Iterator[Features]:
    """The pictures of a features table that could be examined, in its order.

    Raises:
        EncoderError: what is kept of a picture does not belong together.
    """
    dimension = dimension_of(table.schema)
    sound = table.filter(pc.is_null(table["fault_code"]))
    columns = ["asset_id", "pdq", "pdq_quality", "embedding", "parts", "part_boxes", "points"]
    for row in sound.select(columns).to_pylist():
        try:
            whole = np.frombuffer(row["embedding"], HALF)
            parts = np.frombuffer(row["parts"], HALF).reshape(-1, dimension)
            boxes = np.frombuffer(row["part_boxes"], SINGLE).reshape(len(parts), _BOX)
        except (ValueError, TypeError) as error:
            raise EncoderError(
                f"The parts kept of the picture {row['asset_id']} do not belong together.",
                "Delete the workspace's folder stages/features and run again.",
            ) from error
        pdq = PdqHash(row["pdq"], row["pdq_quality"])
        yield Features(row["asset_id"], pdq, Seen(whole, parts, boxes), row["points"])


def pack_seen(seen: Seen) -> dict[str, bytes]:
    """The columns of a features table that hold what an encoder saw."""
    return {
        "embedding": seen.whole.astype(HALF).tobytes(),
        "parts": seen.parts.astype(HALF).tobytes(),
        "part_boxes": seen.boxes.astype(SINGLE).tobytes(),
    }
